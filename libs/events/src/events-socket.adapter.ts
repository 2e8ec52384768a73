import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { Server, type ServerOptions } from 'socket.io';
import { KiB, second, toProblem } from '@dfs/protocol';
import type { EventsAccess } from './events-access.js';

/** Clients send a handshake and nothing else. */
const MAX_MESSAGE_BYTES = 8 * KiB;
const CONNECT_TIMEOUT = 10 * second;

/** Socket.IO on the engine's own HTTP server, behind the same door: host, origin, size and time of what comes in. */
export class EventsSocketAdapter extends IoAdapter {
  constructor(
    app: INestApplicationContext,
    private readonly access: EventsAccess,
  ) {
    super(app);
  }

  // Nest brings a Socket.IO of its own, of another patch: ours is the one whose version this workspace pins.
  override createIOServer(_port: number, options?: object): ReturnType<IoAdapter['createIOServer']> {
    const io = new Server(this.httpServer as HttpServer, {
      ...options,
      serveClient: false,
      maxHttpBufferSize: MAX_MESSAGE_BYTES,
      connectTimeout: CONNECT_TIMEOUT,
      perMessageDeflate: false,
      httpCompression: false,
    } satisfies Partial<ServerOptions>);
    io.engine.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
      try {
        this.access.checkRequest(request);
      } catch (error) {
        return refuse(request, error);
      }
      response.setHeader('X-Content-Type-Options', 'nosniff');
      response.setHeader('X-Request-Id', randomUUID());
      next();
    });
    // Socket.IO lets anyone into its root namespace unless told otherwise.
    io.use((_socket, next) => next(new Error('not-found')));
    return io;
  }
}

/** Written by hand: an upgrade has a socket and no response. */
function refuse(request: IncomingMessage, error: unknown): void {
  const problem = toProblem(error, { requestId: randomUUID(), instance: '/socket.io/' });
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${problem.requestId}`,
    'X-Content-Type-Options: nosniff',
    'Cache-Control: no-store',
    'Connection: close',
  ];
  request.socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
