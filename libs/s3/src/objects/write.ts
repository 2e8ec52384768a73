import type { Request, Response } from 'express';
import { goneSignal, type Caller, type Files } from '@dfs/files';
import { isDfsError } from '@dfs/runtime';
import { etagOf } from '../answers/etag.js';
import { sendNothing } from '../answers/xml.js';
import type { Signed } from '../auth/verify.js';
import { Payload } from '../body/payload.js';
import { s3Error } from '../errors.js';
import { metaOf, refuseHeaders } from '../http/object-headers.js';
import { namedBy, writeConditions } from './keys.js';

/** A write of an object, its signature found right. */
export interface Write {
  caller: Caller;
  key: string;
  signed: Signed;
}

/**
 * PUT of an object: by the intake of the API. Nothing appears before all that was announced of the bytes is found right.
 * @throws DfsError as an upload of files; of S3, as `Payload`
 */
export async function putObject(
  files: Pick<Files, 'upload' | 'shownAt' | 'folders'>,
  { caller, key, signed }: Write,
  request: Request,
  response: Response,
): Promise<void> {
  const { path, isFolder } = namedBy(caller, key);
  refuseHeaders(request);
  const payload = Payload.of(request, signed);
  if (isFolder) return putFolder(files, path, payload, response);
  const mediaType = request.headers['content-type'];
  const { outcome, file } = await files.upload({
    path,
    body: payload,
    size: payload.size,
    ...(mediaType === undefined ? {} : { mediaType }),
    attributes: metaOf(request),
    found: () => ({ md5: payload.md5, ...(payload.sha256 && { sha256: payload.sha256 }) }),
    ...(await writeConditions(files, path, request.headers)),
    signal: goneSignal(response),
  });
  // Of equal bytes that were there before, another tag may be known.
  const there = outcome === 'unchanged' ? await files.shownAt(file.path) : undefined;
  const tag = there ? etagOf(there) : payload.md5.toString('hex');
  sendNothing(response, 200, { ETag: `"${tag}"`, ...payload.told() });
}

/** A key that ends with a slash and has no bytes is a folder. */
async function putFolder(
  files: Pick<Files, 'folders'>,
  path: string,
  payload: Payload,
  response: Response,
): Promise<void> {
  if (payload.size > 0) {
    throw s3Error('InvalidArgument', 'A key that ends with / is a folder, which has no bytes: leave the slash out.');
  }
  await payload.whole(0);
  await files.folders.make(path);
  sendNothing(response, 200, { ETag: `"${payload.md5.toString('hex')}"`, ...payload.told() });
}

/**
 * DELETE of an object. One that is not there is deleted already; of a folder its record alone, whatever is in it.
 * @throws DfsError as a removal of files
 */
export async function deleteObject(
  files: Pick<Files, 'shownAt' | 'remove' | 'removeFolderRecord'>,
  { caller, key }: Pick<Write, 'caller' | 'key'>,
  request: Request,
  response: Response,
): Promise<void> {
  const { path, isFolder } = namedBy(caller, key);
  refuseConditions(request);
  if (isFolder) await files.removeFolderRecord(path);
  else await deleteFile(files, caller, path, request);
  sendNothing(response, 204);
}

async function deleteFile(
  files: Pick<Files, 'shownAt' | 'remove'>,
  caller: Caller,
  path: string,
  request: Request,
): Promise<void> {
  const conditions = await writeConditions(files, path, request.headers);
  const entry = await files.shownAt(path);
  if (!entry) return;
  try {
    await files.remove(entry.fileId, { by: caller, ...conditions });
  } catch (error) {
    // Somebody else was faster.
    if (!isDfsError(error, 'file-not-found')) throw error;
  }
}

/** A deletion that passed over a condition would delete what was not meant. @throws DfsError of S3 `NotImplemented` */
function refuseConditions({ headers }: Request): void {
  const found = Object.keys(headers).find((name) => name.startsWith('x-amz-if-match-'));
  if (found !== undefined) throw s3Error('NotImplemented', `${found} is not looked at here: name an ETag by If-Match.`);
}
