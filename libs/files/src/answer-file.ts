import type { Response } from 'express';
import { routes, type FileInfo } from '@dfs/contracts';
import { etagOf } from './preconditions.js';

/** The answer to a write: the file and, in the headers, where it is and what it is; of a deleted one there is neither. */
export function answerFile<F extends FileInfo>(response: Response, status: number, file: F): F {
  response.status(status);
  if (file.deleted) return file;
  response.setHeader('Location', routes.file(file.id));
  response.setHeader('ETag', etagOf(file.contentId));
  return file;
}
