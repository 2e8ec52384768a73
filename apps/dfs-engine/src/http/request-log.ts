import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { pinoHttp, type HttpLogger } from 'pino-http';
import { loggedPath } from './problem-answer.js';

/** Methods that change nothing. */
const LOOKS = new Set(['GET', 'HEAD', 'OPTIONS', 'PROPFIND']);
const SANE_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** Gives every request an id (its own, if it brought a sane one), tells it in the answer, and logs one line at the end. */
export function requestLog(logger: Logger): HttpLogger {
  return pinoHttp({
    logger,
    genReqId: (request, response) => identify(request, response),
    wrapSerializers: false,
    // No headers, no query: those are where tokens, cookies and the names of files are.
    serializers: {
      req: (request: IncomingMessage) => ({
        id: request.id,
        method: request.method,
        path: loggedPath(request),
        from: request.socket.remoteAddress,
      }),
      res: (response: ServerResponse) => ({ status: response.statusCode }),
    },
    customLogLevel: (request, response, error) => {
      if (error || response.statusCode >= 500) return 'warn';
      // The limit of guesses writes one line for all of them.
      if (response.statusCode === 401) return 'debug';
      return LOOKS.has(request.method ?? '') ? 'debug' : 'info';
    },
  });
}

/** Sets `X-Request-Id` of the answer and returns it. */
export function identify(request: IncomingMessage, response: Pick<ServerResponse, 'setHeader'>): string {
  const given = request.headers['x-request-id'];
  const id = typeof given === 'string' && SANE_ID.test(given) ? given : randomUUID();
  response.setHeader('X-Request-Id', id);
  return id;
}
