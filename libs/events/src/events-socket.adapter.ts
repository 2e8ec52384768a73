import { randomUUID } from 'node:crypto';
import { ServerResponse, type IncomingMessage, type Server as HttpServer } from 'node:http';
import type { INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { Server, type ServerOptions } from 'socket.io';
import { EVENTS_NAMESPACE } from '@dfs/contracts';
import { DfsError, KiB, second } from '@dfs/runtime';
import type { EventsAccess } from './events-access.js';
import {
  SOCKET_PATH,
  answerProblem,
  engineProblem,
  explainErrors,
  namespaceProblem,
  type EngineRefusal,
} from './socket-problems.js';

/** Clients send a handshake and nothing else. */
const MAX_MESSAGE_BYTES = 8 * KiB;
const CONNECT_TIMEOUT = 10 * second;

/** Engine.IO's number of it. */
const UNSUPPORTED_VERSION = 5;

/** Engine.IO has read the query. */
type EngineRequest = IncomingMessage & { _query: Record<string, string | undefined> };

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
      path: SOCKET_PATH,
      // Those of names that nobody serves, see below.
      cleanupEmptyChildNamespaces: true,
      serveClient: false,
      maxHttpBufferSize: MAX_MESSAGE_BYTES,
      connectTimeout: CONNECT_TIMEOUT,
      perMessageDeflate: false,
      httpCompression: false,
    } satisfies Partial<ServerOptions>);
    io.engine.use((request: EngineRequest, response: ServerResponse, next: () => void) => {
      try {
        this.access.checkRequest(request);
        // After an upgrade it would be too late for an answer.
        if (request._query['EIO'] !== '4') throw engineProblem(UNSUPPORTED_VERSION);
      } catch (error) {
        return answerProblem(request, response, error);
      }
      if (response instanceof ServerResponse) explainErrors(request, response);
      response.setHeader('X-Content-Type-Options', 'nosniff');
      response.setHeader('X-Request-Id', randomUUID());
      next();
    });
    // Told before Engine.IO answers in its own way; where there is an answer already, it leaves it at that.
    io.engine.on('connection_error', ({ req, code }: EngineRefusal) =>
      answerProblem(req, req.res, engineProblem(code)),
    );
    // Socket.IO lets anyone into its root namespace unless told otherwise, and refuses others without saying more.
    // By a function: one that is named later would be attached to an expression that matches it.
    const unknown = io.of((_name, _auth, next) => next(null, true));
    for (const namespace of [io, unknown]) {
      namespace.use((socket, next) => next(namespaceProblem(unknownNamespace(), socket)));
    }
    return io;
  }
}

function unknownNamespace(): DfsError {
  return new DfsError('not-found', `There is no such namespace here: events are in ${EVENTS_NAMESPACE}.`);
}
