import type { IncomingMessage, ServerResponse } from 'node:http';
import { basePathOf, toProblem, type DfsError } from '@dfs/runtime';
import { isOfS3 } from '../access/scopes.js';
import { S3_PREFIX, s3Problem, s3Status } from '@dfs/s3';
import { DAV_ROOT, davProblem, davStatus, isDavPath } from '@dfs/webdav';

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
  const path = pathOf(request);
  const {
    status,
    type,
    challenge,
    text,
    headers = {},
  } = formAt(path)(error, {
    ...{ requestId, base: basePathOf(request), instance: path.slice(0, MAX_INSTANCE_LENGTH) },
  });
  const body = Buffer.from(text);
  for (const name of OF_THE_OTHER_ANSWER) response.removeHeader(name);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (error.status === 401) response.setHeader('WWW-Authenticate', challenge);
  // The rest of the body may still come: the connection is not good for another request.
  if (error.status === 408) response.setHeader('Connection', 'close');
  if (error.status === 416) response.setHeader('Content-Range', `bytes */${Number(error.facts?.['size'] ?? 0)}`);
  if (error.status === 429 || error.status === 503)
    response.setHeader('Retry-After', error.retryAfter ?? RETRY_SECONDS);
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Content-Type', type);
  response.setHeader('Content-Length', body.length);
  response.statusCode = status;
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** A problem in the form that clients of an address understand. */
interface ProblemForm {
  status: number;
  type: string;
  /** Of a refusal for want of a token. */
  challenge: string;
  text: string;
  headers?: Record<string, string>;
}
type FormContext = { requestId: string; base: string; instance: string };

function formAt(path: string): (error: DfsError, context: FormContext) => ProblemForm {
  if (isOfS3(path)) return s3Form;
  return isDavPath(path) ? davForm : jsonForm;
}

function s3Form(error: DfsError, context: FormContext): ProblemForm {
  const type = 'application/xml; charset=utf-8';
  // Its clients sign without being asked to, and log that id.
  const headers = { 'x-amz-request-id': context.requestId };
  return { status: s3Status(error), type, challenge: 'AWS4-HMAC-SHA256', text: s3Problem(error, context), headers };
}

function jsonForm(error: DfsError, context: FormContext): ProblemForm {
  const type = 'application/problem+json; charset=utf-8';
  return { status: error.status, type, challenge: 'Bearer', text: JSON.stringify(toProblem(error, context)) };
}

function davForm(error: DfsError, context: FormContext): ProblemForm {
  const type = 'application/xml; charset=utf-8';
  return { status: davStatus(error), type, challenge: 'Basic realm="DFS"', text: davProblem(error, context) };
}

/** Path of the request for a log: below the roots of WebDAV and S3 it is the name of a file, which goes into none. */
export function loggedPath(request: IncomingMessage): string {
  const path = pathOf(request);
  if (isOfS3(path)) return `${S3_PREFIX}/…`;
  return isDavPath(path.toLowerCase()) ? `${DAV_ROOT}/…` : path;
}

/** Path of the request as it was asked for, without its query: that may say more than a log or an answer should. */
export function pathOf(request: IncomingMessage): string {
  const { originalUrl, url } = request as IncomingMessage & { originalUrl?: string };
  return (originalUrl ?? url ?? '').split('?', 1)[0] ?? '';
}
