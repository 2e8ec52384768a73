import { StreamLostError, type ByteStream } from '../channel/byte-stream.js';
import { READ_HIGH_WATER } from '../constants.js';

/** The way of bytes from one node to the other: how long it takes, and whether they arrive at all. */
export interface Link {
  /** Milliseconds from here to there; 0 is the next turn of the event loop. */
  latency(): number;
  /** Called for every piece that arrives: false when the connection has dropped instead. */
  carries(): boolean;
}

/** The two ends of a stream in one process. */
export function memoryStreamPair(link: Link): [MemoryStream, MemoryStream] {
  const there = new Pipe(link);
  const back = new Pipe(link);
  const a = new MemoryStream(back, there);
  const b = new MemoryStream(there, back);
  a.other = b;
  b.other = a;
  return [a, b];
}

/** One end of a stream within the process, with the back-pressure of a real one. */
export class MemoryStream implements ByteStream {
  /** Set once, by memoryStreamPair. */
  other!: MemoryStream;
  readonly #lost = new AbortController();
  /** Told once, when nothing more can come or go. */
  onClosed: () => void = () => {};

  constructor(
    private readonly incoming: Pipe,
    private readonly outgoing: Pipe,
  ) {
    incoming.onEnded = () => this.#maybeClosed();
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#lost.signal.throwIfAborted();
    // Copied: the sender may use its memory again before the bytes arrive.
    await this.outgoing.write(Uint8Array.from(bytes));
  }

  async read(): Promise<readonly Uint8Array[] | undefined> {
    this.#lost.signal.throwIfAborted();
    return this.incoming.read();
  }

  async closeWrite(): Promise<void> {
    this.#lost.signal.throwIfAborted();
    this.outgoing.end();
    this.#maybeClosed();
  }

  abort(error: Error): void {
    if (this.#lost.signal.aborted || this.#closed()) return;
    this.lose(error);
    this.outgoing.after(() => this.other.lose(new StreamLostError('the peer has reset the stream')));
  }

  /** The stream is gone on this side. */
  lose(error: Error): void {
    if (this.#lost.signal.aborted || this.#closed()) return;
    this.#lost.abort(error);
    this.incoming.failReader(error);
    this.outgoing.failWriter(error);
    this.onClosed();
  }

  #closed(): boolean {
    return this.incoming.ended && this.outgoing.ending;
  }

  #maybeClosed(): void {
    if (this.#closed()) this.onClosed();
  }
}

/** One direction. */
class Pipe {
  /** The reader knows that the writer has ended. */
  ended = false;
  /** The writer has ended. */
  ending = false;
  onEnded: () => void = () => {};
  #readFailure: Error | undefined;
  #writeFailure: Error | undefined;
  #arrived: Uint8Array[] = [];
  /** Bytes written and not yet read. */
  #unread = 0;
  #finArrived = false;
  #reader: PromiseWithResolvers<undefined> | undefined;
  #writers: PromiseWithResolvers<undefined>[] = [];
  readonly #underWay: (() => void)[] = [];
  #lastArrival = 0;

  constructor(private readonly link: Link) {}

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#writeFailure) throw this.#writeFailure;
    this.#unread += bytes.length;
    this.after(() => {
      if (this.#readFailure || !this.link.carries()) return;
      this.#arrived.push(bytes);
      this.#reader?.resolve(undefined);
    });
    while (this.#unread > READ_HIGH_WATER) {
      const room = Promise.withResolvers<undefined>();
      this.#writers.push(room);
      await room.promise;
    }
  }

  async read(): Promise<readonly Uint8Array[] | undefined> {
    for (;;) {
      if (this.#readFailure) throw this.#readFailure;
      if (this.#arrived.length > 0) return this.#takeAll();
      if (this.#finArrived) {
        this.ended = true;
        this.onEnded();
        return undefined;
      }
      this.#reader = Promise.withResolvers<undefined>();
      await this.#reader.promise;
    }
  }

  end(): void {
    this.ending = true;
    this.after(() => {
      this.#finArrived = true;
      this.#reader?.resolve(undefined);
    });
  }

  failReader(error: Error): void {
    this.#readFailure = error;
    this.#arrived = [];
    this.#reader?.resolve(undefined);
  }

  failWriter(error: Error): void {
    this.#writeFailure = error;
    for (const writer of this.#writers.splice(0)) writer.reject(error);
  }

  /** Runs `arrive` when what is sent now is there. */
  after(arrive: () => void): void {
    this.#underWay.push(arrive);
    const latency = this.link.latency();
    // Bytes sent first arrive first, whichever timer fires next.
    const next = (): void => this.#underWay.shift()?.();
    // Read once: between two looks the time of the last arrival may pass, and the wait for it be negative.
    const now = performance.now();
    if (latency === 0 && this.#lastArrival <= now) {
      setImmediate(next);
      return;
    }
    this.#lastArrival = Math.max(this.#lastArrival, now + latency);
    setTimeout(next, this.#lastArrival - now);
  }

  #takeAll(): Uint8Array[] {
    const chunks = this.#arrived;
    this.#arrived = [];
    for (const chunk of chunks) this.#unread -= chunk.length;
    if (this.#unread <= READ_HIGH_WATER) for (const writer of this.#writers.splice(0)) writer.resolve(undefined);
    return chunks;
  }
}
