import { randomUUID } from 'node:crypto';
import { STATUS_CODES, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Socket } from 'node:net';
import { ExpressAdapter } from '@nestjs/platform-express';
import { SOCKET_PATH } from '@dfs/events';
import { DfsError, KiB, minute, second, toProblem } from '@dfs/runtime';
import { takeSigned } from '@dfs/s3';
import type { Proxies } from '../access/proxies.js';
import type { TlsFiles } from '../start/tls.js';
import { takeBasePath } from './base-path.js';
import { takeAbsoluteForm } from './message.js';

/** A path of 1,024 bytes fits three times over, percent-encoded. */
const MAX_HEADER_BYTES = 16 * KiB;
const HEADERS_TIMEOUT = 20 * second;
/** More than the 60 s of nginx and others: a proxy that uses a connection we are closing answers 502. */
const KEEP_ALIVE_TIMEOUT = 75 * second;
/** A client that does not take its answer, such as one whose download is paused. */
const IDLE_TIMEOUT = 5 * minute;
/** After so long without traffic the system begins to ask whether the other side is there: it may be gone without a word. */
const PROBE_AFTER = minute;
/** Time a client has to read its answer while the rest of a body nobody wants runs into the void. */
const LINGER_TIME = 5 * second;
const MAX_REQUESTS_PER_SOCKET = 100_000;
const MAX_CONNECTIONS = 4096;

/** Times of the server, in milliseconds. */
export interface HttpTimes {
  /** For so long a client need not take any of its answer. */
  idle: number;
  /** For so long a connection stays open for the next request. */
  keepAlive: number;
}

/** How the server is reached. */
export interface Entrance {
  /** HTTPS, where there are some. */
  tls?: TlsFiles | undefined;
  /** Where it stands behind a proxy. */
  basePath?: string;
  proxies?: Proxies;
}

/** Events that bring a request. */
const REQUEST_EVENTS = new Set<string | symbol>(['request', 'checkContinue', 'checkExpectation', 'upgrade']);

/**
 * Express over an HTTP server with limits of our own: bodies may take as long as they move, headers may not. A request that
 * the node is working at has no limit.
 */
export class HttpServerAdapter extends ExpressAdapter {
  private readonly times: HttpTimes;

  constructor(
    times: Partial<HttpTimes> = {},
    private readonly entrance: Entrance = {},
  ) {
    super();
    this.times = { idle: IDLE_TIMEOUT, keepAlive: KEEP_ALIVE_TIMEOUT, ...times };
  }

  override initHttpServer(): void {
    const listener = this.getInstance<(request: IncomingMessage, response: ServerResponse) => void>();
    const { tls, basePath = '', proxies } = this.entrance;
    const options = {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT,
      // It would cover the whole body, and cut honest long uploads; slow ones are met by their pace.
      requestTimeout: 0,
      keepAliveTimeout: this.times.keepAlive,
      keepAlive: true,
      keepAliveInitialDelay: PROBE_AFTER,
      // Answered by us, as every other refusal.
      requireHostHeader: false,
      // Curl and Java offer HTTP/2 like this; a server may pass it over, and what takes WebSockets would cut them off.
      // And one at any other address than that of the sockets would end without an answer.
      shouldUpgradeCallback: ({ headers, url }: IncomingMessage): boolean =>
        /^websocket$/i.test(headers.upgrade ?? '') &&
        [SOCKET_PATH, basePath + SOCKET_PATH].some((path) => (url ?? '').startsWith(path)) &&
        server.listenerCount('upgrade') > 0,
    };
    const server: Server = tls ? createSecureServer({ ...options, ...tls }) : createServer(options);
    // Before anybody reads what is asked for: Socket.IO looks at it first.
    const emit = server.emit.bind(server) as (event: string | symbol, ...args: unknown[]) => boolean;
    server.emit = (event: string | symbol, ...args: unknown[]): boolean => {
      if (REQUEST_EVENTS.has(event)) {
        const request = args[0] as IncomingMessage;
        takeAbsoluteForm(request);
        proxies?.takeForwardedHost(request);
        takeBasePath(request, basePath);
        takeSigned(request);
      }
      return emit(event, ...args);
    };
    server.timeout = this.times.idle;
    server.maxRequestsPerSocket = MAX_REQUESTS_PER_SOCKET;
    server.maxConnections = MAX_CONNECTIONS;
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      linger(request, response);
      // In place of Node's own answer to a quiet connection, which is to cut it.
      response.on('timeout', () => cutStalled(request, response));
      listener(request, response);
    };
    server.on('request', handle);
    // A client that asks before it sends (curl, for large files) is told to go on once something reads what it sends.
    server.on('checkContinue', handle);
    // Node alone would answer 417 without a word; what it does not know a server may pass over.
    server.on('checkExpectation', handle);
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) =>
      answerClientError(error, socket, basePath),
    );
    this.setHttpServer(server);
  }
}

/**
 * An answer that comes before the body has (a refusal) must still be read: closing at once would reset the connection
 * and take the answer with it. So the rest is let run for a while, and then cut.
 */
function linger(request: IncomingMessage, response: ServerResponse): void {
  response.once('finish', () => {
    if (request.complete || request.destroyed) return;
    const timer = setTimeout(() => request.socket.destroy(), LINGER_TIME);
    timer.unref();
    const settled = (): void => clearTimeout(timer);
    request.once('end', settled).once('close', settled);
  });
}

/** A quiet connection is waited for where the node is at work; a body that does not come is met by its reader. */
function cutStalled(request: IncomingMessage, response: ServerResponse): void {
  if (response.writableLength > 0) request.socket.destroy();
}

/** Bytes that are no HTTP, or too much of it, never reach the application. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket, base: string): void {
  const answering = (socket as Socket & { _httpMessage?: ServerResponse })._httpMessage;
  if (error.code === 'ECONNRESET' || !socket.writable || answering?.headersSent) {
    socket.destroy();
    return;
  }
  const problem = toProblem(clientProblem(error.code), { requestId: randomUUID(), base });
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${problem.requestId}`,
    'X-Content-Type-Options: nosniff',
    "Content-Security-Policy: default-src 'none'; sandbox",
    'Cache-Control: no-store',
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroySoon());
}

function clientProblem(code: string | undefined): DfsError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new DfsError(
        'header-too-large',
        `The address and headers are larger than ${MAX_HEADER_BYTES / KiB} KiB together.`,
      );
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new DfsError('request-timeout', 'The request did not arrive in time.');
    default:
      return new DfsError('bad-request', 'The request is not valid HTTP/1.1.');
  }
}
