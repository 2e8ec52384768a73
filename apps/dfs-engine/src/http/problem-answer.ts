import type { IncomingMessage, ServerResponse } from 'node:http';
import { basePathOf, toProblem, type DfsError } from '@dfs/runtime';

/** Headers that were meant for the answer that did not come about. */
const OF_THE_OTHER_ANSWER = [
  'Content-Length',
  'Content-Range',
  'Content-Disposition',
  'ETag',
  'Last-Modified',
  'Repr-Digest',
  'Location',
  'X-DFS-Version',
];
const MAX_INSTANCE_LENGTH = 512;
const RETRY_SECONDS = 5;

/** Answers with the problem that an error stands for. Nothing of the answer may have been sent. */
export function sendProblem(request: IncomingMessage, response: ServerResponse, error: DfsError): void {
  const requestId = String(response.getHeader('X-Request-Id') ?? '');
  const instance = pathOf(request).slice(0, MAX_INSTANCE_LENGTH);
  const problem = toProblem(error, { requestId, base: basePathOf(request), instance });
  const body = Buffer.from(JSON.stringify(problem));
  for (const name of OF_THE_OTHER_ANSWER) response.removeHeader(name);
  if (error.status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
  // The rest of the body may still come: the connection is not good for another request.
  if (error.status === 408) response.setHeader('Connection', 'close');
  if (error.status === 416) response.setHeader('Content-Range', `bytes */${Number(error.facts?.['size'] ?? 0)}`);
  if (error.status === 429 || error.status === 503)
    response.setHeader('Retry-After', error.retryAfter ?? RETRY_SECONDS);
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Content-Type', 'application/problem+json; charset=utf-8');
  response.setHeader('Content-Length', body.length);
  response.statusCode = error.status;
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** Path of the request as it was asked for, without its query: that may say more than a log or an answer should. */
export function pathOf(request: IncomingMessage): string {
  const { originalUrl, url } = request as IncomingMessage & { originalUrl?: string };
  return (originalUrl ?? url ?? '').split('?', 1)[0] ?? '';
}
