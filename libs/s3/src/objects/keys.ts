import type { Conditions } from '@dfs/catalogue';
import { versionTag } from '@dfs/catalogue';
import { sees, type Caller, type Files } from '@dfs/files';
import { normalisePath } from '@dfs/protocol';
import type { IncomingHttpHeaders } from 'node:http';
import { bareTag, etagOf } from '../answers/etag.js';
import { noSuchKey, requireCurrent, s3Error } from '../errors.js';
import type { Query } from '../http/address.js';

/** The thing that a key names: a file by its path, or a folder, whose key ends with a slash, by its path without that. */
export interface Named {
  path: string;
  isFolder: boolean;
}

const MAX_TAGS = 32;

/**
 * The path that a key names, in its one form.
 * @throws DfsError `invalid-path`; of S3 `NoSuchKey` for one beyond the end of the caller's network
 */
export function namedBy(caller: Caller, key: string): Named {
  const isFolder = key.endsWith('/');
  const path = normalisePath(isFolder ? key.slice(0, -1) : key);
  if (sees(caller, isFolder ? `${path}/` : path)) return { path, isFolder };
  throw noSuchKey();
}

/** Parameters of an address that belong to its signature or to statistics of the client, and those that uploads in parts have. */
const OF_WRITES = /^(?:x-.*|uploadId|partNumber|uploads|delete)$/i;

/**
 * Before something is written: an address that asks for a thing that is not here would be taken for one that means all of a file.
 * @throws DfsError of S3 `NotImplemented`, `NoSuchVersion`, `InvalidArgument`
 */
export function requirePlainWrite(query: Query): void {
  for (const [name, value] of query.pairs) {
    if (name === 'versionId') requireCurrent(value);
    else if (!OF_WRITES.test(name)) {
      throw s3Error('NotImplemented', `Writes know no ?${name.slice(0, 64)} here: leave it out of the address.`);
    }
  }
  if (query.has('partNumber') && !query.has('uploadId')) {
    throw s3Error('InvalidArgument', 'A part belongs to an upload: name that by uploadId.');
  }
}

/**
 * `If-Match` and `If-None-Match` of a write, as conditions on records.
 * @throws DfsError of S3 `PreconditionFailed`, `NoSuchKey`, `NotImplemented`
 */
export async function writeConditions(
  files: Pick<Files, 'shownAt'>,
  path: string,
  { 'if-match': ifMatch, 'if-none-match': ifNoneMatch }: IncomingHttpHeaders,
): Promise<Conditions> {
  if (ifNoneMatch !== undefined && ifNoneMatch.trim() !== '*') {
    throw s3Error(
      'NotImplemented',
      'If-None-Match of a write takes only *, which means that the key must not exist yet.',
    );
  }
  // Clients take a file that they alone could make for a lock.
  const other = { ...(ifNoneMatch !== undefined && { ifNoneMatch: '*' as const }), strictly: true };
  if (ifMatch === undefined) return other;
  if (ifMatch.trim() === '*') return { ifMatch: '*', ...other };
  const entry = await files.shownAt(path);
  if (!entry) throw noSuchKey();
  const tags = ifMatch.split(',', MAX_TAGS).map(bareTag);
  // That very record: what comes between is met by the commit.
  if (tags.includes(etagOf(entry))) return { ifMatch: [versionTag(entry.recordId)], ...other };
  throw s3Error('PreconditionFailed', 'The file is not in the version that If-Match names: read it again.');
}
