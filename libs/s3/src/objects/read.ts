import type { Request, Response } from 'express';
import { makeInert, sendContent, type Caller, type Files } from '@dfs/files';
import { EMPTY_TAG, etagOf } from '../answers/etag.js';
import { noSuchKey, requireCurrent, s3Error } from '../errors.js';
import type { Query } from '../http/address.js';
import { headersOf, overridesOf } from '../http/object-headers.js';
import { namedBy } from './keys.js';

/** A read of an object, its signature found right. */
export interface Read {
  caller: Caller;
  key: string;
  query: Query;
  isPresigned: boolean;
}

/**
 * GET and HEAD of an object: by the code by which the API sends contents, with the tags and headers of S3.
 * @throws DfsError as that; of S3 `NoSuchKey`, `NoSuchVersion`, `InvalidPartNumber`
 */
export async function sendObject(
  files: Pick<Files, 'openShown' | 'keys'>,
  { caller, key, query, isPresigned }: Read,
  request: Request,
  response: Response,
): Promise<void> {
  makeInert(response);
  requireWhole(query);
  const { path, isFolder } = namedBy(caller, key);
  if (isFolder) {
    await requireFolderRecord(files, key);
    response.setHeader('ETag', `"${EMPTY_TAG}"`);
    response.setHeader('Content-Type', 'application/x-directory');
    response.setHeader('Content-Length', 0);
    response.end();
    return;
  }
  const { entry, content } = await files.openShown(path);
  const { type, headers } = overridesOf(query, content.mediaType, isPresigned);
  await sendContent(request, response, content, null, {
    tag: etagOf(entry),
    type,
    headers: { ...checksumOf(request, content.sha256), ...headersOf(entry.attributes), ...headers },
  });
}

/** Of the whole, which is not told beside a part of it: clients would hold it against that. */
function checksumOf({ headers }: Request, sha256: Uint8Array | undefined): Record<string, string> {
  const isWanted = String(headers['x-amz-checksum-mode'] ?? '').toUpperCase() === 'ENABLED';
  if (!isWanted || sha256 === undefined || headers.range !== undefined) return {};
  return { 'x-amz-checksum-sha256': Buffer.from(sha256).toString('base64'), 'x-amz-checksum-type': 'FULL_OBJECT' };
}

/** @throws DfsError of S3 */
function requireWhole(query: Query): void {
  requireCurrent(query.get('versionId'));
  const part = query.get('partNumber');
  if (part !== undefined && part !== '1') {
    throw s3Error('InvalidPartNumber', 'A file is one part once it is stored: read all of it, or a range.');
  }
}

/** A folder with files in it, and no record of its own, is no object: only its files have keys. */
async function requireFolderRecord(files: Pick<Files, 'keys'>, key: string): Promise<void> {
  const { items } = await files.keys({ prefix: key.normalize('NFC'), within: '', limit: 1 });
  const [first] = items;
  if (first === undefined || !('key' in first) || first.key !== key.normalize('NFC')) throw noSuchKey();
}
