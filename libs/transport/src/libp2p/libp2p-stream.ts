import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface';
import type { MemoryBudget } from '../limits/memory-budget.js';
import { StreamLostError, type ByteStream } from '../channel/byte-stream.js';
import type { EarlyNegotiation } from './early-negotiation.js';
import { READ_HIGH_WATER, STREAM_WINDOW_MAX } from '../constants.js';

/**
 * A libp2p stream with back-pressure both ways. libp2p's own async iterator takes in whatever comes, without limit;
 * here the stream is paused when too much waits to be read, so that the peer's window runs out.
 */
export class Libp2pStream implements ByteStream {
  readonly #lost = new AbortController();
  #chunks: Uint8Array[] = [];
  /** Bytes in #chunks, plus a whole window while paused: what the budget counts. */
  #counted = 0;
  #unread = 0;
  #paused = false;
  #resuming = false;
  /** The other side has said that it is done … */
  #finished = false;
  /** … and all it said has come. */
  #complete = false;
  /** This side is done. */
  #ended = false;
  #reader: PromiseWithResolvers<undefined> | undefined;
  #writer: PromiseWithResolvers<undefined> | undefined;

  constructor(
    private readonly stream: Stream,
    private readonly peerId: string,
    private readonly budget: MemoryBudget,
    /** Of a stream that this side opened and whose protocol the other has not agreed to yet. */
    private readonly agreement?: EarlyNegotiation,
  ) {
    if (stream.status !== 'open') {
      this.#lose(new StreamLostError('the stream was closed before it was used'));
      return;
    }
    if (agreement) stream.send(agreement.proposal);
    this.#finished = stream.remoteWriteStatus === 'closed';
    this.#noteComplete();
    // Nothing here may throw: an error in a listener of an EventTarget ends the process.
    stream.addEventListener('remoteCloseWrite', () => {
      this.#finished = true;
      this.#noteComplete();
    });
    stream.addEventListener('close', (event) => this.#onClose(event));
    stream.addEventListener('drain', () => this.#writer?.resolve(undefined));
    stream.addEventListener('idle', () => this.#writer?.resolve(undefined));
    // Last: it may bring data at once.
    stream.addEventListener('message', (event) => this.#onMessage(event));
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#lost.signal.throwIfAborted();
    this.stream.send(bytes);
    while (this.stream.writableNeedsDrain || this.stream.writeBufferLength > 0) {
      this.#writer ??= Promise.withResolvers<undefined>();
      await this.#writer.promise;
      this.#writer = undefined;
      this.#lost.signal.throwIfAborted();
    }
  }

  async read(): Promise<readonly Uint8Array[] | undefined> {
    for (;;) {
      if (this.#chunks.length > 0) return this.#takeAll();
      if (this.#complete) return undefined;
      this.#lost.signal.throwIfAborted();
      this.#reader ??= Promise.withResolvers<undefined>();
      await this.#reader.promise;
      this.#reader = undefined;
    }
  }

  async closeWrite(): Promise<void> {
    this.#lost.signal.throwIfAborted();
    this.#ended = true;
    await this.stream.close();
  }

  abort(error: Error): void {
    try {
      this.stream.abort(error);
    } catch {
      // It is gone already.
    }
    this.#lose(error);
  }

  #onMessage(event: StreamMessageEvent): void {
    const { data } = event;
    let taken: number;
    try {
      taken = data instanceof Uint8Array ? this.#take(data) : sum(Array.from(data, (chunk) => this.#take(chunk)));
    } catch (error) {
      this.abort(error as Error);
      return;
    }
    this.#unread += taken;
    this.#reader?.resolve(undefined);
    this.#noteComplete();
    if (!this.#count(taken)) this.abort(new StreamLostError('more than this node can hold'));
    else if (!this.#resuming) this.#pauseIfFull();
  }

  /** @returns how many of the bytes are for the reader @throws DfsError `peer-misbehaved` */
  #take(bytes: Uint8Array): number {
    const rest = !this.agreement || this.agreement.isMade ? bytes : this.agreement.takeOff(bytes);
    if (rest.length > 0) this.#chunks.push(rest);
    return rest.length;
  }

  /** Not left to the `end` event: it is told too early when the other side ends while the protocol is negotiated. */
  #noteComplete(): void {
    if (!this.#finished || this.stream.readBufferLength > 0) return;
    this.#complete = true;
    this.#reader?.resolve(undefined);
  }

  #onClose(event: StreamCloseEvent): void {
    const whole = this.#finished && !event.error;
    // All that was said has come, though not all of it was read.
    if (whole && this.stream.readBufferLength > 0) this.#resume();
    this.#noteComplete();
    if (whole && this.#ended) return;
    this.#lose(event.error ?? new StreamLostError('the connection was closed'), whole);
  }

  #lose(error: Error, readable = false): void {
    if (this.#lost.signal.aborted) return;
    if (!readable) {
      this.#chunks = [];
      this.#count(-this.#counted);
    }
    this.#lost.abort(error);
    this.#reader?.resolve(undefined);
    this.#writer?.resolve(undefined);
  }

  #takeAll(): Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#count(-this.#unread);
    this.#unread = 0;
    if (this.#paused) this.#resume();
    return chunks;
  }

  #pauseIfFull(): void {
    if (this.#unread < READ_HIGH_WATER || this.#paused || this.#finished) return;
    try {
      this.stream.pause();
    } catch {
      return; // It is closing: nothing more comes.
    }
    this.#paused = true;
    if (!this.#count(STREAM_WINDOW_MAX)) this.abort(new StreamLostError('more than this node can hold'));
  }

  #resume(): void {
    if (this.#paused) this.#count(-STREAM_WINDOW_MAX);
    this.#paused = false;
    // To be paused again in the middle of resuming leaves yamux believing that it is not.
    this.#resuming = true;
    try {
      this.stream.resume();
    } catch {
      // The bytes so far were handed over; that more may come can no longer be said.
    }
    this.#resuming = false;
    this.#pauseIfFull();
  }

  #count(change: number): boolean {
    this.#counted += change;
    if (change > 0) return this.budget.take(this.peerId, change);
    if (change < 0) this.budget.release(this.peerId, -change);
    return true;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
