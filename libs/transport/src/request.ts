import { DfsError, abortError } from '@dfs/runtime';
import type { WireValue } from '@dfs/protocol';
import { CHANNEL_IDLE_TIMEOUT } from './constants.js';
import type { Channel, Frame, OpenOptions, Transport } from './transport.js';

/** A request with raw bytes after its header, if there are any. */
export interface RequestOptions {
  payload?: Uint8Array | readonly Uint8Array[];
  signal?: AbortSignal;
  /** Milliseconds that a wait for the peer may bring nothing; for `ask`, that the whole may take. */
  timeoutMs?: number;
  /** As for `open`. */
  allocate?: OpenOptions['allocate'];
  /** As for `open`. */
  bulk?: OpenOptions['bulk'];
}

/**
 * Sends one frame on a stream of its own and yields the frames that come back. Leaving the loop early tells the peer
 * to stop.
 * @throws DfsError what the peer answered with, and all that `open` and `frames` throw.
 */
export async function* request(
  transport: Pick<Transport, 'open'>,
  peerId: string,
  protocol: string,
  header: WireValue,
  options: RequestOptions = {},
): AsyncGenerator<Frame, void, undefined> {
  const { payload, ...limits } = options;
  const channel = await transport.open(peerId, protocol, limits);
  let complete = false;
  try {
    // Not awaited before reading: a peer may answer while it is still being told.
    const sent = say(channel, header, payload);
    sent.catch(() => {});
    yield* channel.frames();
    await sent;
    complete = true;
  } finally {
    if (!complete) channel.abort(new DfsError('aborted', 'The answer is no longer wanted.'));
  }
}

/**
 * Sends one frame and answers the one that comes back.
 * @throws DfsError as `request`; `peer-misbehaved` when there is no answer in the stream.
 */
export async function ask(
  transport: Pick<Transport, 'open'>,
  peerId: string,
  protocol: string,
  header: WireValue,
  options: RequestOptions = {},
): Promise<Frame> {
  const timeoutMs = options.timeoutMs ?? CHANNEL_IDLE_TIMEOUT;
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(new DfsError('timeout', 'The peer did not answer in time.')), timeoutMs);
  const onAbort = (): void => limit.abort(abortError(options.signal as AbortSignal));
  options.signal?.addEventListener('abort', onAbort, { once: true });
  if (options.signal?.aborted) onAbort();
  try {
    const frames = request(transport, peerId, protocol, header, { ...options, timeoutMs, signal: limit.signal });
    const first = await frames.next();
    if (first.done) throw new DfsError('peer-misbehaved', 'The peer ended its answer without giving one.');
    void close(frames);
    return first.value;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
  }
}

/** The first frame of a channel: what a handler is asked. @throws DfsError `bad-request` when there is none. */
export async function firstFrame(channel: Channel): Promise<Frame> {
  for await (const frame of channel.frames()) return frame;
  throw new DfsError('bad-request', 'The request is empty.');
}

/** Comes to the end of an answer that is known: in order if it ends there, at once if there is more. */
async function close(frames: AsyncGenerator<Frame, void, undefined>): Promise<void> {
  try {
    const more = await frames.next();
    if (!more.done) await frames.return();
  } catch {
    // The answer came before; how its stream ended no longer matters.
  }
}

async function say(channel: Channel, header: WireValue, payload: RequestOptions['payload']): Promise<void> {
  await channel.send(header, payload);
  await channel.end();
}
