import { copyBytes, DfsError, abortError, isDfsError } from '@dfs/runtime';
import type { WireValue } from '@dfs/protocol';
import type { MemoryBudget } from '../limits/memory-budget.js';
import type { ByteStream } from './byte-stream.js';
import { COPY_SLICE_BYTES, INLINE_PAYLOAD_BYTES, LINGER, SEND_SLICE_BYTES } from '../constants.js';
import { FrameReader, encodeErrorFrame, encodeFrame, errorOf } from './frame.js';
import type { Pace, Paces } from '../limits/rate-limit.js';
import type { RateMeter } from '../limits/rate-meter.js';
import type { ServedChannel } from './handlers.js';
import type { Frame } from '../transport.js';

/** The parts that the channels of one transport share. */
export interface ChannelContext {
  readonly traffic: RateMeter;
  readonly receiveBudget: MemoryBudget;
  readonly sendBudget: MemoryBudget;
  /** The limits of limited channels. */
  readonly paces: Paces;
  /** More is waiting to be sent than may be. */
  onOverweight(): void;
}

/** One stream to one peer, and its limits. */
export interface FrameChannelOptions {
  readonly peerId: string;
  /** A wait for the other side that brings nothing for so many milliseconds ends the channel with `timeout`. */
  readonly idleMs: number;
  readonly signal?: AbortSignal;
  /** It keeps to the limits that are set. */
  readonly limited?: boolean;
  /** As for `Transport.open`. */
  readonly allocate?: (size: number) => Uint8Array;
  /** The peer sent what is no frame. */
  onOffence(): void;
  /** Told once: nothing more comes or goes. */
  onDone?(): void;
}

/** Frames over a stream of bytes. */
export class FrameChannel implements ServedChannel {
  readonly peerId: string;
  readonly #lost = new AbortController();
  readonly #reader: FrameReader;
  readonly #onAbort: () => void;
  /** Why this side gave up; undefined when the stream was lost by itself. */
  #failure: DfsError | undefined;
  #sending: Promise<void> = Promise.resolve();
  #ended = false;
  #remoteEnded = false;
  #done = false;
  /** Bytes that the receive budget counts for this channel. */
  #counted = 0;

  constructor(
    private readonly stream: ByteStream,
    private readonly context: ChannelContext,
    private readonly options: FrameChannelOptions,
  ) {
    this.peerId = options.peerId;
    this.#reader = new FrameReader(options.allocate);
    this.#onAbort = () => this.#fail(abortError(options.signal as AbortSignal));
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
    const onLost = (): void => {
      this.#forget();
      this.#lost.abort(this.#reason());
    };
    stream.signal.addEventListener('abort', onLost, { once: true });
    if (stream.signal.aborted) onLost();
    else if (options.signal?.aborted) this.#onAbort();
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  async send(header: WireValue, payload?: Uint8Array | readonly Uint8Array[]): Promise<void> {
    if (this.#ended) throw new TypeError('this side of the channel has ended');
    await this.#post(encodeFrame(header, payload));
  }

  async *frames(): AsyncIterable<Frame> {
    for (;;) {
      const frame = await this.#receive();
      if (!frame) return;
      yield frame;
    }
  }

  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#sending;
    await this.#within(this.stream.closeWrite());
    if (this.#remoteEnded) this.#forget();
  }

  abort(error: Error): void {
    this.#fail(
      isDfsError(error) ? error : new DfsError('aborted', 'The exchange with the peer was given up.', { cause: error }),
    );
  }

  /** Ends this side and lets the other come to its end: what it still sends is thrown away, for a short time. */
  async finish(): Promise<void> {
    await this.end();
    if (this.#remoteEnded) return;
    const timer = setTimeout(() => this.#fail(new DfsError('timeout', 'The peer did not stop sending.')), LINGER);
    try {
      while (await this.stream.read());
      this.#remoteEnded = true;
    } finally {
      clearTimeout(timer);
      this.#forget();
    }
  }

  /** Tells the other side why, in the last frame of this one. Never throws. */
  async refuse(error: unknown): Promise<void> {
    try {
      if (!this.#ended && !this.signal.aborted) await this.#post(encodeErrorFrame(error));
      await this.finish();
    } catch {
      this.abort(new DfsError('aborted', 'The exchange with the peer was given up.', { cause: error }));
    }
  }

  /** One frame after the other, whoever calls: frames never mix. */
  #post(pieces: Uint8Array[]): Promise<void> {
    const size = sizeOf(pieces);
    if (!this.context.sendBudget.take(this.peerId, size)) this.context.onOverweight();
    const sent = this.#sending
      .then(() => this.#write(pieces))
      .finally(() => this.context.sendBudget.release(this.peerId, size));
    this.#sending = sent.catch(() => {});
    return sent;
  }

  async #write(pieces: Uint8Array[]): Promise<void> {
    const pace = this.#paceOf('send', sizeOf(pieces));
    for (const piece of pieces) {
      const isShared = piece.buffer instanceof SharedArrayBuffer;
      const step = pace?.turn ?? (isShared ? COPY_SLICE_BYTES : SEND_SLICE_BYTES);
      for (let at = 0; at < piece.length; at += step) {
        const part = piece.subarray(at, at + step);
        if (pace) await this.#inTurn(pace, part.length);
        const slice = isShared ? copyOf(part) : part;
        await this.#within(this.stream.write(slice));
        this.context.traffic.sent(this.peerId, slice.length);
      }
    }
  }

  async #receive(): Promise<Frame | undefined> {
    for (;;) {
      const frame = this.#nextFrame();
      if (frame) return frame;
      if (this.#remoteEnded) return undefined;
      const chunks = await this.#within(this.stream.read());
      if (!chunks) {
        this.#remoteEnded = true;
        if (this.#ended) this.#forget();
        if (this.#reader.pending > 0) throw this.#offence('ended in the middle of a message');
        return undefined;
      }
      const pace = this.#paceOf('receive', sizeOf(chunks));
      for (const chunk of chunks) {
        const step = pace?.turn ?? chunk.length;
        for (let at = 0; at < chunk.length; at += step) {
          const part = chunk.subarray(at, at + step);
          if (pace) await this.#inTurn(pace, part.length);
          this.#reader.push(part);
          this.context.traffic.received(this.peerId, part.length);
        }
      }
    }
  }

  /** The wait of these bytes. A question waits for nothing, nor does a short answer: they count all the same. */
  #paceOf(direction: 'send' | 'receive', bytes: number): Pace | undefined {
    const pace = this.context.paces[direction];
    if (!this.options.limited || pace.rate === undefined) return undefined;
    if (bytes > INLINE_PAYLOAD_BYTES) return pace;
    pace.count(bytes);
    return undefined;
  }

  async #inTurn(pace: Pace, bytes: number): Promise<void> {
    try {
      await pace.take(bytes, this.signal);
    } catch (cause) {
      throw this.#reason(cause);
    }
  }

  #nextFrame(): Frame | undefined {
    let frame: Frame | undefined;
    try {
      frame = this.#reader.next();
    } catch (cause) {
      throw this.#offence('sent what is not a message', cause);
    }
    this.#count();
    const error = frame && errorOf(frame);
    if (error) throw error;
    return frame;
  }

  #offence(what: string, cause?: unknown): DfsError {
    const error = new DfsError('peer-misbehaved', `The peer ${what}.`, { cause });
    this.#fail(error);
    this.options.onOffence();
    return error;
  }

  /** Keeps the budget at what this channel really holds. */
  #count(): void {
    const pending = this.signal.aborted ? 0 : this.#reader.pending;
    const change = pending - this.#counted;
    this.#counted = pending;
    if (change < 0) this.context.receiveBudget.release(this.peerId, -change);
    if (change > 0 && !this.context.receiveBudget.take(this.peerId, change)) {
      this.#fail(new DfsError('too-many-requests', 'The peer sends more at once than this node can hold.'));
    }
  }

  /** Waits for a step of the other side, no longer than it may take. */
  async #within<T>(step: Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      this.#fail(new DfsError('timeout', 'The peer did not answer in time.'));
    }, this.options.idleMs);
    try {
      return await step;
    } catch (cause) {
      throw this.#reason(cause);
    } finally {
      clearTimeout(timer);
    }
  }

  #reason(cause: unknown = this.stream.signal.reason): DfsError {
    const known = this.#failure ?? (isDfsError(cause) ? cause : undefined);
    return known ?? new DfsError('peer-unreachable', 'The connection to the peer was lost.', { cause });
  }

  #fail(error: DfsError): void {
    if (this.#ended && this.#remoteEnded) return;
    this.#failure ??= error;
    this.stream.abort(error);
  }

  /** Nothing more to wait for: lets go of what would keep this channel in memory, and of its share of the budget. */
  #forget(): void {
    this.options.signal?.removeEventListener('abort', this.#onAbort);
    if (this.#counted > 0) this.context.receiveBudget.release(this.peerId, this.#counted);
    this.#counted = 0;
    if (!this.#done) this.options.onDone?.();
    this.#done = true;
  }
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

/** Of its own, rather than a slice of a pool: it is gone as soon as it is sent. */
function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copyBytes(copy, 0, bytes);
  return copy;
}
