import { API_PREFIX } from '@dfs/contracts';
import type { Scope } from '@dfs/files';
import { isDavPath } from '@dfs/webdav';
import { S3_PREFIX } from '@dfs/s3';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
/** These look at things too, under /dav. */
const DAV_READS = new Set(['PROPFIND', 'REPORT']);
/** By which the access of others is changed. */
const OF_ACCESS = /^\/(keys|sessions)(\/|$)/;
/** The disk of this node, to look at it too. */
const OF_THE_DISK = /^\/live-folders(\/|$)/;
/** Questions that are too long for an address, and what is fetched in one piece. */
const QUESTIONS = /^\/files\/(lookup|archive)$/;
/** Acts on files, and those of them that go on: whose they are is looked at where one is cancelled. */
const OF_FILES = /^\/(files|folders|uploads|transfers)(\/|$)/;
/** Past versions that no other node has are gone with it. */
const RELEASE = /^\/files\/[^/]+\/versions$/;

const RANK: Record<Scope, number> = { read: 0, write: 1, admin: 2 };

/** Whether a request may end the very key or session by which it came. @param path without query */
export function isOfAccess(path: string): boolean {
  const below = belowApi(path);
  return OF_ACCESS.test(below) || /^\/session\/?$/.test(below);
}

/** Whether a request is for the S3 front, as the routes see it. @param path without query, in whatever case */
export function isOfS3(path: string): boolean {
  const lower = path.toLowerCase();
  return lower === S3_PREFIX || lower.startsWith(`${S3_PREFIX}/`);
}

/** The least scope of a request to a front whose methods say what they do. */
export function scopeOfMethod(method: string): Scope {
  return SAFE_METHODS.has(method) ? 'read' : 'write';
}

function belowApi(path: string): string {
  const lower = path.toLowerCase();
  // A slash at the end changes nothing for routes.
  return lower.startsWith(API_PREFIX) ? lower.slice(API_PREFIX.length).replace(/\/$/, '') : '';
}

/** The least scope of a request. @param path without query, in whatever case */
export function scopeFor(method: string, path: string): Scope {
  if (isDavPath(path.toLowerCase())) return SAFE_METHODS.has(method) || DAV_READS.has(method) ? 'read' : 'write';
  const below = belowApi(path);
  if (OF_ACCESS.test(below) || OF_THE_DISK.test(below)) return 'admin';
  if (SAFE_METHODS.has(method)) return 'read';
  if (QUESTIONS.test(below)) return 'read';
  if (method === 'DELETE' && RELEASE.test(below)) return 'admin';
  return OF_FILES.test(below) ? 'write' : 'admin';
}

/** Whether one who has a scope may do what takes another. */
export function covers(has: Scope, takes: Scope): boolean {
  return RANK[has] >= RANK[takes];
}
