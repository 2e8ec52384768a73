import type { Response } from 'express';
import { DfsError } from '@dfs/runtime';

/** The methods that there are for what stands at an address. */
const ALLOWED = {
  file: 'OPTIONS, GET, HEAD, PROPFIND, PROPPATCH, PUT, DELETE, COPY, MOVE, LOCK, UNLOCK',
  folder: 'OPTIONS, PROPFIND, PROPPATCH, DELETE, COPY, MOVE, LOCK, UNLOCK',
} as const;

/** A method that is none for what stands at the address; `Allow` tells which there are. */
export function notAllowed(response: Response, there: keyof typeof ALLOWED, detail: string): DfsError {
  response.setHeader('Allow', ALLOWED[there]);
  return new DfsError('method-not-allowed', detail);
}
