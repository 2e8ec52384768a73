import type { Conditions } from '@dfs/catalogue';
import { versionTag } from '@dfs/catalogue';
import { sees, type Caller, type Files } from '@dfs/files';
import { normalisePath } from '@dfs/protocol';
import type { IncomingHttpHeaders } from 'node:http';
import { etagOf } from '../answers/etag.js';
import { s3Error } from '../errors.js';

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

/** There is nothing under this key, for the one who asks. */
export function noSuchKey(): Error {
  return s3Error('NoSuchKey', 'There is no file with this key: it may have been deleted or moved.');
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
  const other = ifNoneMatch === undefined ? {} : { ifNoneMatch: '*' as const };
  if (ifMatch === undefined) return other;
  if (ifMatch.trim() === '*') return { ifMatch: '*', ...other };
  const entry = await files.shownAt(path);
  if (!entry) throw noSuchKey();
  const tags = ifMatch.split(',', MAX_TAGS).map((tag) => tag.trim().replace(/^"(.*)"$/, '$1'));
  // That very record: what comes between is met by the commit.
  if (tags.includes(etagOf(entry))) return { ifMatch: [versionTag(entry.recordId)], ...other };
  throw s3Error('PreconditionFailed', 'The file is not in the version that If-Match names: read it again.');
}
