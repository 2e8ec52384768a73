import type { Response } from 'express';
import { routes, type FileInfo } from '@dfs/contracts';
import { etagOf } from '../headers/preconditions.js';

/** It is done; but the bytes are with others still, fewer of them than there should be. */
export const ACCEPTED = 202;
/** The meaning of ACCEPTED, for the API document. */
export const FETCHING = 'Done; its bytes are not kept here or by enough members yet, and are being fetched.';

/** Tells the record id of a version: `If-Match: "v:<it>"` names it, and no other of the same bytes. */
export const VERSION_HEADER = 'X-DFS-Version';

/** The answer to a write: the file and, in the headers, where it is and what it is; of a deleted one there is neither. */
export function answerFile<F extends FileInfo>(response: Response, status: number, file: F): F {
  response.status(status);
  response.setHeader(VERSION_HEADER, file.version);
  if (file.deleted) return file;
  response.setHeader('Location', routes.file(file.id));
  response.setHeader('ETag', etagOf(file.contentId));
  return file;
}
