import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { DfsError, hour, invalidField, minute, second } from '@dfs/runtime';
import { momentOfSeconds } from '@dfs/files';
import { addressOfUri, type Address } from './address.js';

/** How far a request goes down. */
export type Depth = '0' | '1' | 'infinity';

/** A lock is held no longer without being refreshed: an editor that crashed locks nobody out for long. */
const MAX_LOCK_TIME = hour;
/** Where a client says nothing. */
const DEFAULT_LOCK_TIME = 10 * minute;
const LONGEST_TIMES = 8;

/** @throws DfsError `validation-failed` for a depth that this method does not know */
export function depthOf({ depth }: IncomingHttpHeaders, known: readonly Depth[], fallback: Depth): Depth {
  if (depth === undefined) return fallback;
  const said = String(depth).trim().toLowerCase();
  const found = known.find((one) => one === said);
  if (found === undefined) throw invalidField('Depth', `must be ${known.join(' or ')} for this method`);
  return found;
}

/** Whether what is at the destination may be replaced. @throws DfsError `validation-failed` */
export function overwriteOf({ overwrite }: IncomingHttpHeaders): boolean {
  const said = String(overwrite ?? 'T')
    .trim()
    .toUpperCase();
  if (said !== 'T' && said !== 'F') throw invalidField('Overwrite', 'must be T or F');
  return said === 'T';
}

/**
 * The place that a copy or move goes to.
 * @throws DfsError `validation-failed`, `foreign-destination`; as `addressOf`
 */
export function destinationOf(request: IncomingMessage): Address {
  const { destination } = request.headers;
  if (typeof destination !== 'string') throw invalidField('Destination', 'must name the address to go to');
  const address = addressOfUri(destination.trim(), request);
  if (address !== undefined) return address;
  throw new DfsError(
    'foreign-destination',
    'The Destination is not below the WebDAV address of this node, and nothing can be sent elsewhere: download the file, and upload it there.',
  );
}

/** For how long a lock is wanted, in milliseconds: the first time of the list that is one, cut to what is granted. */
export function lockTimeOf({ timeout }: IncomingHttpHeaders): number {
  for (const one of String(timeout ?? '')
    .split(',')
    .slice(0, LONGEST_TIMES)) {
    if (/^infinite$/i.test(one.trim())) return MAX_LOCK_TIME;
    const [, seconds] = /^second-(\d{1,10})$/i.exec(one.trim()) ?? [];
    if (seconds !== undefined) return Math.min(MAX_LOCK_TIME, Math.max(1, Number(seconds)) * second);
  }
  return DEFAULT_LOCK_TIME;
}

/** The token that UNLOCK names. @throws DfsError `validation-failed` */
export function lockTokenOf(headers: IncomingHttpHeaders): string {
  const [, token] = /^\s*<([^<>\s]{1,200})>\s*$/.exec(String(headers['lock-token'] ?? '')) ?? [];
  if (token === undefined) throw invalidField('Lock-Token', 'must name a lock, as <urn:uuid:…>');
  return token;
}

/** The time of change that a client of Nextcloud announces, in milliseconds; undefined for none. @throws DfsError `validation-failed` */
export function announcedMtime(headers: IncomingHttpHeaders): number | undefined {
  const value = headers['x-oc-mtime'];
  if (value === undefined) return undefined;
  const mtime = momentOfSeconds(String(value).trim());
  if (mtime === undefined) throw invalidField('X-OC-Mtime', 'must be seconds since 1970');
  return mtime;
}
