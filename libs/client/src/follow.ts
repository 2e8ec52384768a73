import type { Client } from './generated/client/index.js';
import type { AnyEvent, StreamEventsData } from './generated/types.gen.js';
import { DfsProblem, toError } from './problem.js';

/** After a lost connection the next one is tried so soon, and then each time after twice as long. */
const FIRST_WAIT = 1000;
const MAX_WAIT = 30_000;
/** A node says something every 15 s: where nothing has come for this long the connection is dead. */
const SILENCE = 60_000;

/** Up to where a client has heard of events. */
export interface EventPosition {
  stream: string;
  seq: number;
}

/** Where events are followed from, and which. */
export interface FollowOptions {
  /** Gives the events after this one; where left out, those from now on. A number alone counts in whatever stream the node has. */
  after?: EventPosition | number;
  /** Types of events, or families of them such as `file`; all where left out. */
  topics?: readonly string[];
  signal?: AbortSignal;
}

/**
 * One step of following: an event; that all that was missed has come (`ready`), or that it is gone (`resync`: what the client
 * knows is to be read anew); that the connection was lost, and is made again.
 */
export type Followed =
  | { type: 'event'; event: AnyEvent }
  | { type: 'ready' | 'resync'; position: EventPosition }
  | { type: 'lost'; error: unknown };

/** A message of server-sent events. */
interface Message {
  id?: string;
  event?: string;
  data?: string;
  retry?: number;
}

/**
 * `GET /events/stream`, for as long as it is read: each numbered event once and in order, over every loss of the connection.
 * @throws DfsProblem a refusal that will not pass; whatever keeps the first connection from being made
 */
export async function* follow(client: Client, { after, topics, signal }: FollowOptions): AsyncGenerator<Followed> {
  let position = after === undefined || typeof after === 'number' ? after?.toString() : `${after.stream}:${after.seq}`;
  let first = FIRST_WAIT;
  let wait = first;
  for (let wasOpen = false; ;) {
    let error: unknown;
    try {
      const query = {
        ...(position === undefined ? {} : { after: position }),
        ...(topics === undefined ? {} : { topics: topics.join(',') }),
      };
      for await (const message of open(client, query, signal)) {
        wasOpen = true;
        first = message.retry ?? first;
        wait = first;
        position = message.id ?? position;
        const told = toldBy(message);
        if (told) yield told;
      }
    } catch (thrown) {
      error = thrown;
    }
    if (signal?.aborted) return;
    if (error !== undefined && (!wasOpen || (error instanceof DfsProblem && !error.retryable))) throw error as Error;
    yield { type: 'lost', error };
    await sleep(wait, signal);
    wait = Math.min(MAX_WAIT, 2 * wait);
  }
}

async function* open(
  client: Client,
  query: StreamEventsData['query'] & object,
  signal: AbortSignal | undefined,
): AsyncGenerator<Message> {
  const control = new AbortController();
  const stop = (): void => control.abort(signal?.reason);
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) stop();
  try {
    const { data, error, response } = await client.get<ReadableStream<Uint8Array>>({
      security: [{ scheme: 'bearer', type: 'http' }],
      url: '/api/v1/events/stream',
      ...{ query, parseAs: 'stream', signal: control.signal },
    });
    if (!response?.ok) throw toError(error, response);
    yield* messages(data as unknown as ReadableStream<Uint8Array>, control);
  } finally {
    signal?.removeEventListener('abort', stop);
    control.abort();
  }
}

/** As WHATWG HTML has them (9.2.6). A line ends with CR, LF or both, also where the two come apart. */
async function* messages(body: ReadableStream<Uint8Array>, control: AbortController): AsyncGenerator<Message> {
  const decoder = new TextDecoder();
  let rest = '';
  let message: Message = {};
  const silent = (): void => control.abort(new Error(`Nothing has come from the node for ${SILENCE / 1000} s.`));
  let timer = setTimeout(silent, SILENCE);
  try {
    for await (const bytes of body as unknown as AsyncIterable<Uint8Array>) {
      clearTimeout(timer);
      timer = setTimeout(silent, SILENCE);
      const lines = (rest + decoder.decode(bytes, { stream: true })).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line !== '') take(message, line);
        else {
          yield message;
          message = {};
        }
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

function take(message: Message, line: string): void {
  const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
  if (field === 'id') message.id = value;
  else if (field === 'event') message.event = value;
  else if (field === 'data') message.data = message.data === undefined ? value : `${message.data}\n${value}`;
  else if (field === 'retry' && /^\d+$/.test(value)) message.retry = Number(value);
}

function toldBy({ event, data }: Message): Followed | undefined {
  if (data === undefined) return undefined;
  const told: unknown = JSON.parse(data);
  if (event === 'ready' || event === 'resync') return { type: event, position: told as EventPosition };
  return { type: 'event', event: told as AnyEvent };
}

function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener('abort', end, { once: true });
  });
}
