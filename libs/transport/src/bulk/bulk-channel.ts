import { DfsError, abortError, isDfsError } from '@dfs/runtime';
import type { WireValue } from '@dfs/protocol';
import { CHANNEL_IDLE_TIMEOUT } from '../constants.js';
import type { Channel, Frame, OpenOptions } from '../transport.js';
import type { Asking, BulkAsker } from './bulk-asker.js';

const fresh = (size: number): Uint8Array => Buffer.allocUnsafeSlow(size);

/** The subject and the terms of a request over a bulk connection. */
export interface BulkChannelOptions extends OpenOptions {
  readonly protocol: string;
  readonly limited: boolean;
  /** Asks another way: where the connection was lost before anything of the answer came. */
  readonly instead: () => Promise<Channel>;
}

/** One request over a bulk connection: one frame without payload, and the frames that come in answer. */
export class BulkChannel implements Channel, Asking {
  readonly peerId: string;
  readonly limited: boolean;
  readonly allocate: (size: number) => Uint8Array;
  readonly #lost = new AbortController();
  readonly #frames: { readonly frame: Frame; readonly bytes: number }[] = [];
  readonly #onAbort: () => void;
  #request: number | undefined;
  #asked: WireValue | undefined;
  #ended = false;
  #hasCome = false;
  #heardAt = 0;
  /** Nothing more comes. */
  #over = false;
  #failure: DfsError | undefined;
  #waiting: PromiseWithResolvers<undefined> | undefined;
  #other: Channel | undefined;

  constructor(
    private readonly connection: BulkAsker,
    private readonly options: BulkChannelOptions,
  ) {
    this.peerId = connection.peerId;
    this.limited = options.limited;
    this.allocate = options.allocate ?? fresh;
    this.#onAbort = () => this.abort(abortError(options.signal as AbortSignal));
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (options.signal?.aborted) this.#onAbort();
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  async send(header: WireValue, payload?: Uint8Array | readonly Uint8Array[]): Promise<void> {
    if (this.#ended || this.#asked !== undefined || (payload && payload.length > 0)) {
      throw new TypeError('one frame without payload is asked over a bulk connection');
    }
    if (this.#failure) throw this.#failure;
    this.#asked = header;
    if (this.connection.isOver) return;
    this.#request = this.connection.ask(this.options.protocol, header, this);
  }

  async *frames(): AsyncIterable<Frame> {
    for (;;) {
      if (this.#other) {
        yield* this.#other.frames();
        return;
      }
      const next = this.#frames.shift();
      if (next) {
        if (this.#request !== undefined) this.connection.taken(this.#request, next.bytes);
        yield next.frame;
      } else if (this.#over) {
        if (this.#failure) throw this.#failure;
        return;
      } else if (this.#asked !== undefined && this.connection.isOver && !this.#hasCome) {
        await this.#askInstead();
      } else {
        await this.#news();
      }
    }
  }

  async end(): Promise<void> {
    this.#ended = true;
  }

  abort(error: Error): void {
    const known = isDfsError(error) ? error : undefined;
    const failure = known ?? new DfsError('aborted', 'The exchange with the peer was given up.', { cause: error });
    this.#other?.abort(failure);
    if (this.#request !== undefined) {
      this.connection.cancel(this.#request);
      for (const { bytes } of this.#frames.splice(0)) this.connection.taken(this.#request, bytes);
    }
    if (this.#over) return;
    this.over(failure);
    this.#lost.abort(failure);
  }

  comes(): void {
    this.#hasCome = true;
    this.#heardAt = performance.now();
  }

  frame(frame: Frame, bytes: number): void {
    this.#frames.push({ frame, bytes });
    this.#wake();
  }

  over(error?: DfsError): void {
    if (this.#over) return;
    this.#failure = error;
    this.#over = true;
    this.#forget();
  }

  lost(error: DfsError): void {
    if (this.#over) return;
    // Nobody has given the answer up: the one who reads it asks for it once more, another way.
    if (this.connection.isOver && !this.#hasCome) return this.#wake();
    this.over(error);
    this.#lost.abort(error);
  }

  #forget(): void {
    this.options.signal?.removeEventListener('abort', this.#onAbort);
    this.#wake();
  }

  async #askInstead(): Promise<void> {
    const other = await this.options.instead();
    this.#other = other;
    other.signal.addEventListener('abort', () => this.#lost.abort(other.signal.reason), { once: true });
    if (this.#failure) other.abort(this.#failure);
    await other.send(this.#asked as WireValue);
    await other.end();
  }

  /** Waits for something to come, no longer than the peer may take for it. */
  async #news(): Promise<void> {
    const idleMs = this.options.timeoutMs ?? CHANNEL_IDLE_TIMEOUT;
    this.#waiting = Promise.withResolvers<undefined>();
    this.#heardAt = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const check = (): void => {
      const left = this.#heardAt + idleMs - performance.now();
      if (left <= 0) this.abort(new DfsError('timeout', 'The peer did not answer in time.'));
      else timer = setTimeout(check, Math.ceil(left));
    };
    timer = setTimeout(check, idleMs);
    try {
      await this.#waiting.promise;
    } finally {
      clearTimeout(timer);
      this.#waiting = undefined;
    }
  }

  #wake(): void {
    this.#waiting?.resolve(undefined);
  }
}
