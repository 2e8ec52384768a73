import type { ServerResponse } from 'node:http';
import type { AnyEvent } from '@dfs/contracts';
import { DfsError, invalidField, second, type Log } from '@dfs/runtime';
import { ClientFeed, type FeedSink, type Position } from './client-feed.js';
import type { EventLog } from './event-log.js';
import type { EventView } from './events-access.js';

/** A proxy takes a connection on which nothing comes for dead. */
const COMMENT_EVERY = 15 * second;
/** After which a client comes back, if it has not been told otherwise. */
const RETRY_AFTER = 2 * second;
const MAX_STREAMS = 256;
const POSITION = /^(?:([\w-]{1,64}):)?(\d{1,15})$/;

/** Where a client wants to go on. */
export interface StreamFrom {
  stream?: string;
  after?: number;
}

/**
 * Reads `<stream>:<seq>`, as ids of events have it, or the number alone.
 * @param field for the message of the error
 * @throws DfsError `validation-failed`
 */
export function streamFrom(field: string, text: string | undefined): StreamFrom {
  if (text === undefined || text === '') return {};
  const [, stream, seq] = POSITION.exec(text) ?? [];
  if (seq === undefined) throw invalidField(field, 'must be a sequence number, or the id of an event');
  return { after: Number(seq), ...(stream === undefined ? {} : { stream }) };
}

/**
 * Events as they come, by server-sent events: for clients without Socket.IO. The same feed as that of a socket; each numbered
 * event has its position as id, and where nothing comes that concerns the client, its position moves on all the same.
 */
export class EventStreams {
  private readonly open = new Set<ServerResponse>();
  private stopped = false;

  constructor(
    private readonly events: Pick<EventLog, 'since' | 'subscribe' | 'stream' | 'onRenewed'>,
    private readonly log: Log,
    private readonly commentEvery = COMMENT_EVERY,
  ) {}

  /**
   * Answers with events until the client goes, or is sent away.
   * @throws DfsError `too-many-requests`, `shutting-down`
   */
  serve(response: ServerResponse, from: StreamFrom, view?: EventView): void {
    if (this.stopped) throw new DfsError('shutting-down', 'The node is shutting down: come back later.');
    if (this.open.size >= MAX_STREAMS) {
      throw new DfsError('too-many-requests', `${MAX_STREAMS} clients are listening already: close some.`);
    }
    const feed = new ClientFeed(this.events, sinkOf(response), from, view);
    this.open.add(response);
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      // nginx would gather what should come at once.
      'X-Accel-Buffering': 'no',
    });
    response.write(`retry: ${RETRY_AFTER}\n\n`);
    const timer = setInterval(() => {
      if (!feed.tellPosition()) response.write(':\n\n');
    }, this.commentEvery);
    response.once('close', () => {
      clearInterval(timer);
      feed.stop();
      this.open.delete(response);
    });
    feed.start().catch((error: unknown) => {
      this.log.error({ err: error }, 'the event log could not be read for a client');
      response.destroy();
    });
  }

  /** Sends all away: they come back, and catch up. */
  stop(): void {
    this.stopped = true;
    for (const response of this.open) response.end();
  }
}

function sinkOf(response: ServerResponse): FeedSink {
  const send = (type: string, data: unknown, position?: Position): void => {
    const id = position ? `id: ${position.stream}:${position.seq}\n` : '';
    response.write(`${id}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  return {
    event: (event: AnyEvent) =>
      send(event.type, event, event.seq === null ? undefined : { stream: event.stream, seq: event.seq }),
    ready: (position) => send('ready', position, position),
    resync: (position) => send('resync', position, position),
    position: ({ stream, seq }) => void response.write(`id: ${stream}:${seq}\n\n`),
    backlog: () => response.writableLength,
    drained: () =>
      new Promise((resolve) => {
        if (!response.writableNeedDrain || response.closed) return resolve();
        const done = (): void => {
          response.off('drain', done).off('close', done);
          resolve();
        };
        response.once('drain', done).once('close', done);
      }),
    drop: () => void response.end(),
  };
}
