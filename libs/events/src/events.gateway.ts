import { Inject } from '@nestjs/common';
import { WebSocketGateway, type OnGatewayConnection, type OnGatewayInit } from '@nestjs/websockets';
import type { Namespace, Socket } from 'socket.io';
import { EVENTS_NAMESPACE, type AnyEvent, type ClientToServerEvents, type ServerToClientEvents } from '@dfs/contracts';
import { DfsError, second, type Log } from '@dfs/runtime';
import { ClientFeed, type FeedSink } from './client-feed.js';
import { EventLog } from './event-log.js';
import { EVENTS_ACCESS, EVENTS_LOG, type ClientPass, type EventsAccess } from './events-access.js';
import { parseHandshake } from './handshake.js';
import { bothViews, topicsView } from './topics.js';
import { namespaceProblem } from './socket-problems.js';

type Nothing = Record<string, never>;
type Client = Socket<ClientToServerEvents, ServerToClientEvents, Nothing, { pass: ClientPass }>;
type Clients = Namespace<ClientToServerEvents, ServerToClientEvents, Nothing, { pass: ClientPass }>;

/** Consoles and scripts that listen at once. */
const MAX_CLIENTS = 256;
/** A client that hears of some events alone is told how far the others are. */
const POSITION_EVERY = 15 * second;
/** About what an event weighs on the wire, and a file in it. */
const EVENT_BYTES = 300;
const FILE_BYTES = 500;

/** Socket.IO namespace `/events`: the event log, live, to those who may see it. */
@WebSocketGateway({ namespace: EVENTS_NAMESPACE })
export class EventsGateway implements OnGatewayInit<Clients>, OnGatewayConnection<Client> {
  private clients = 0;
  private namespace: Clients | undefined;
  private stopped = false;

  constructor(
    private readonly events: EventLog,
    @Inject(EVENTS_ACCESS) private readonly access: EventsAccess,
    @Inject(EVENTS_LOG) private readonly log: Log,
  ) {}

  afterInit(namespace: Clients): void {
    this.namespace = namespace;
    namespace.use((socket, next) => {
      this.admit(socket).then(
        () => next(),
        (error: unknown) => next(namespaceProblem(error, socket)),
      );
    });
  }

  handleConnection(client: Client): void {
    const { topics, ...from } = parseHandshake(client.handshake.auth);
    const view = bothViews(topics === undefined ? undefined : topicsView(topics), client.data.pass.view);
    const feed = new ClientFeed(this.events, sinkOf(client), from, view);
    const timer = view && setInterval(() => feed.tellPosition(), POSITION_EVERY);
    this.clients += 1;
    client.once('disconnect', () => {
      this.clients -= 1;
      clearInterval(timer);
      feed.stop();
    });
    client.once(
      'disconnect',
      client.data.pass.onEnd(() => client.disconnect(true)),
    );
    if (client.disconnected) return;
    // Nothing is asked of clients but their handshake: whatever else they say is a mistake or worse.
    client.onAny(() => client.disconnect(true));
    feed.start().catch((error: unknown) => {
      this.log.error({ err: error }, 'the event log could not be read for a client');
      client.disconnect(true);
    });
  }

  /** Sends all clients away, and lets none in: they come back when the node is up again, and catch up. */
  stop(): void {
    this.stopped = true;
    this.namespace?.disconnectSockets(true);
  }

  /** @throws DfsError why the client may not listen */
  private async admit({ handshake, data }: Client): Promise<void> {
    if (this.stopped) throw new DfsError('shutting-down', 'The node is shutting down: come back later.');
    const { token } = parseHandshake(handshake.auth);
    data.pass = await this.access.checkClient(handshake.headers, token, handshake.address);
    if (this.clients >= MAX_CLIENTS) {
      throw new DfsError('too-many-requests', `${MAX_CLIENTS} clients are already listening: close some.`);
    }
  }
}

function sinkOf(client: Client): FeedSink {
  const { conn } = client;
  let bytes = 0;
  conn.on('drain', () => (bytes = 0));
  return {
    event: (event) => {
      bytes += weightOf(event);
      client.emit('event', event);
    },
    ready: (position) => client.emit('ready', position),
    resync: (position) => client.emit('resync', position),
    position: (position) => client.emit('position', position),
    backlog: () => bytes,
    drained: () =>
      new Promise((resolve) => {
        if (bytes === 0 || conn.readyState !== 'open') return resolve();
        const done = (): void => {
          conn.off('drain', done);
          conn.off('close', done);
          resolve();
        };
        conn.once('drain', done);
        conn.once('close', done);
      }),
    drop: () => client.disconnect(true),
  };
}

function weightOf(event: AnyEvent): number {
  return EVENT_BYTES + ('files' in event.data ? event.data.files.length * FILE_BYTES : 0);
}
