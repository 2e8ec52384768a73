import { randomUUID } from 'node:crypto';
import { STATUS_CODES, ServerResponse, type IncomingMessage } from 'node:http';
import type { Socket } from 'socket.io';
import { EVENTS_NAMESPACE, type Problem } from '@dfs/contracts';
import { basePathOf, DfsError, toProblem } from '@dfs/runtime';

/** Where Socket.IO is spoken, on the engine's own server. */
export const SOCKET_PATH = '/socket.io/';

/** Refusals of Engine.IO by its own numbers, see `BaseServer.errors` there. */
const ENGINE_REFUSALS: Record<number, string> = {
  0: 'The parameter transport must be polling or websocket.',
  1: 'This session is not known: it has ended, or the node was started anew. Connect again.',
  3: 'The request does not fit the session, or is malformed. Connect again.',
  5: 'This node speaks version 4 of Engine.IO (EIO=4), as Socket.IO clients from 3 on do.',
};

/** Engine.IO's reason for a request that it refuses. */
export interface EngineRefusal {
  req: IncomingMessage & { res?: ServerResponse | null };
  code: number;
}

/** A refusal of Engine.IO, as one of ours. */
export function engineProblem(code: number): DfsError {
  // Only GET opens a session.
  if (code === 2) return new DfsError('method-not-allowed', 'A session is opened by GET.');
  return new DfsError('bad-request', ENGINE_REFUSALS[code] ?? 'The request is not valid Socket.IO.');
}

/** Answers a request of Engine.IO by a problem, whether it has a response or wants to be upgraded. */
export function answerProblem(request: IncomingMessage, response: unknown, error: unknown): void {
  const problem = toProblem(error, { requestId: randomUUID(), base: basePathOf(request), instance: SOCKET_PATH });
  const { socket } = request;
  if (response instanceof ServerResponse) {
    if (response.headersSent) return;
    for (const [name, value] of headersOf(problem)) response.setHeader(name, value);
    response.writeHead(problem.status).end(request.method === 'HEAD' ? undefined : JSON.stringify(problem));
    return;
  }
  // Written by hand: an upgrade has a socket and no response.
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    ...headersOf(problem).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.on('error', () => undefined);
  if (socket.writable) socket.end(`${head.join('\r\n')}\r\n\r\n${JSON.stringify(problem)}`);
}

/** From now on a bare error of Engine.IO is answered by a problem. */
export function explainErrors(request: IncomingMessage, response: ServerResponse): void {
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse;
  response.writeHead = (status: number, ...rest: unknown[]): ServerResponse => {
    if (status < 400 || response.getHeader('Content-Type') !== undefined) return writeHead(status, ...rest);
    const known =
      status === 413
        ? new DfsError('payload-too-large', 'Clients send a handshake and nothing else.')
        : engineProblem(3);
    answerProblem(request, response, known);
    return response;
  };
}

/** As Socket.IO wants a refusal within a namespace: the code as the message, the whole problem as `data`. */
export function namespaceProblem(error: unknown, { id, request }: Pick<Socket, 'id' | 'request'>): Error {
  const problem = toProblem(error, { requestId: id, base: basePathOf(request), instance: EVENTS_NAMESPACE });
  return Object.assign(new Error(problem.code), { data: problem });
}

function headersOf(problem: Problem): [string, string | number][] {
  return [
    ['Content-Type', 'application/problem+json; charset=utf-8'],
    ['Content-Length', Buffer.byteLength(JSON.stringify(problem))],
    ['X-Request-Id', problem.requestId],
    ['X-Content-Type-Options', 'nosniff'],
    ['Cache-Control', 'no-store'],
    ['Connection', 'close'],
    ...(problem.status === 405 ? [['Allow', 'GET'] satisfies [string, string]] : []),
  ];
}
