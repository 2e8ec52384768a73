import type { Request, Response } from 'express';
import { readCondition, mediaTypeFor, type Caller, type Files, type OpenContent } from '@dfs/files';
import type { Entry } from '@dfs/catalogue';
import { EMPTY_TAG, etagOf, ofBytes } from '../answers/etag.js';
import { documentOf, field, sendXml } from '../answers/xml.js';
import { s3Error } from '../errors.js';
import { copySourceOf } from '../http/address.js';
import { metaOf, refuseHeaders } from '../http/object-headers.js';
import { namedBy, writeConditions } from './keys.js';

const SOURCE = 'x-amz-copy-source';
const CONDITIONS = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'] as const;

/**
 * CopyObject: a copy in place of what the key names, without moving a byte. Onto itself it says something else of a file.
 * @throws DfsError as a copy of files; of S3
 */
export async function copyObject(
  files: Pick<Files, 'openShown' | 'shownAt' | 'copyOver' | 'folders'>,
  caller: Caller,
  key: string,
  request: Request,
  response: Response,
): Promise<void> {
  const target = namedBy(caller, key);
  refuseHeaders(request);
  const source = namedBy(caller, copySourceOf(String(request.headers[SOURCE])));
  if (source.isFolder !== target.isFolder) {
    throw s3Error('InvalidRequest', 'A folder is copied to a key that ends with /, and a file to one that does not.');
  }
  if (source.isFolder) {
    const { folder } = await files.folders.make(target.path);
    return answer(response, EMPTY_TAG, folder.newest ?? new Date().toISOString());
  }
  const found = await openSource(files, source.path, request);
  const isReplaced = replaces(request);
  if (source.path === target.path && !isReplaced) {
    throw s3Error(
      'InvalidRequest',
      'A copy onto itself must say something else: send x-amz-metadata-directive: REPLACE.',
    );
  }
  const copied = await files.copyOver(
    found.entry.fileId,
    target.path,
    { version: found.entry.recordId, ...(isReplaced ? saidAnew(request, target.path, found.entry) : {}) },
    await writeConditions(files, target.path, request.headers),
  );
  answer(response, etagOf(copied), new Date(copied.modifiedAt).toISOString());
}

/**
 * The file that a copy is made of, under the conditions that the request sets on it.
 * @throws DfsError `file-not-found`; of S3 `PreconditionFailed`
 */
export async function openSource(
  files: Pick<Files, 'openShown'>,
  path: string,
  { headers }: Pick<Request, 'headers'>,
): Promise<{ entry: Entry; content: OpenContent }> {
  const found = await files.openShown(path);
  const conditions = Object.fromEntries(
    CONDITIONS.flatMap((name) => {
      const value = headers[`${SOURCE}-${name}`];
      return value === undefined ? [] : [[name, quoted(name, String(value))]];
    }),
  );
  const isMet = await readCondition(conditions, { ...found.content, alias: etagOf(found.entry) });
  if (isMet) return found;
  throw s3Error('PreconditionFailed', 'The source is not as the conditions of the copy ask for.');
}

/** Some clients leave the quotes of tags out. */
function quoted(name: string, value: string): string {
  return /^if-(none-)?match$/.test(name) && /^[^"*]+$/.test(value) ? `"${value.trim()}"` : value;
}

/** @throws DfsError of S3 `InvalidArgument` */
function replaces({ headers }: Request): boolean {
  const directive = String(headers['x-amz-metadata-directive'] ?? 'COPY').toUpperCase();
  if (directive === 'COPY' || directive === 'REPLACE') return directive === 'REPLACE';
  throw s3Error('InvalidArgument', 'x-amz-metadata-directive must be COPY or REPLACE.');
}

function saidAnew(request: Request, path: string, { attributes }: Entry) {
  return {
    attributes: { ...ofBytes(attributes), ...metaOf(request) },
    mediaType: mediaTypeFor(path, request.headers['content-type']),
  };
}

function answer(response: Response, tag: string, modifiedAt: string): void {
  sendXml(response, documentOf('CopyObjectResult', field('LastModified', modifiedAt), field('ETag', `"${tag}"`)));
}
