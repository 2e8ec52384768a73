import { DfsError, isDfsError, type Timers } from '@dfs/runtime';
import type { WireValue } from '@dfs/protocol';
import type { ChannelContext } from '../channel/channel.js';
import { encodeFrame, FRAME_PREFIX_BYTES } from '../channel/frame.js';
import type { ServedChannel } from '../channel/handlers.js';
import type { Frame } from '../transport.js';
import { BULK_KIND, encodeAnswer, encodeLost, encodeSign } from './bulk-message.js';
import type { BulkWriter } from './bulk-writer.js';

/** The question, and the terms of the answer. */
export interface BulkAnswerOptions {
  readonly peerId: string;
  readonly request: number;
  readonly header: WireValue;
  /** Bytes that may be sent, with the frame that passes them, until more are allowed. */
  readonly credit: number;
  /** A wait for that which brings nothing for so many milliseconds ends the answer. */
  readonly idleMs: number;
  readonly limited: boolean;
  readonly timers: Timers;
  /** Told once: nothing more is sent. */
  onDone(): void;
}

/** One request that came over a bulk connection, and the frames of its answer. */
export class BulkAnswer implements ServedChannel {
  readonly peerId: string;
  readonly #lost = new AbortController();
  #credit: number;
  #waiting: PromiseWithResolvers<undefined> | undefined;
  #sending: Promise<void> = Promise.resolve();
  #hasAsked = false;
  #isDone = false;

  constructor(
    private readonly writer: BulkWriter,
    private readonly context: ChannelContext,
    private readonly options: BulkAnswerOptions,
  ) {
    this.peerId = options.peerId;
    this.#credit = options.credit;
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** So many bytes more may be sent. */
  allow(bytes: number): void {
    this.#credit += bytes;
    if (this.#credit > 0) this.#waiting?.resolve(undefined);
  }

  /** Nobody waits for it any more. */
  lose(error: DfsError): void {
    if (this.#isDone || this.signal.aborted) return;
    this.#lost.abort(error);
    this.#waiting?.reject(error);
  }

  async send(header: WireValue, payload?: Uint8Array | readonly Uint8Array[]): Promise<void> {
    if (this.#isDone) throw new TypeError('this side of the channel has ended');
    await this.#post(encodeFrame(header, payload));
  }

  /** The one frame that was asked. */
  async *frames(): AsyncIterable<Frame> {
    if (this.#hasAsked) return;
    this.#hasAsked = true;
    yield { header: this.options.header, payload: new Uint8Array(0) };
  }

  async end(): Promise<void> {
    await this.#finish(encodeSign(BULK_KIND.end, this.options.request));
  }

  async finish(): Promise<void> {
    await this.end();
  }

  async refuse(error: unknown): Promise<void> {
    try {
      await this.#finish(encodeLost(this.options.request, this.signal.aborted ? undefined : error));
    } catch {
      // The connection is gone.
    }
  }

  abort(error: Error): void {
    const known = isDfsError(error) ? error : undefined;
    this.lose(known ?? new DfsError('aborted', 'The exchange with the peer was given up.', { cause: error }));
    void this.refuse(error);
  }

  /** @param last message of the answer */
  async #finish(last: Uint8Array): Promise<void> {
    if (this.#isDone) return;
    this.#isDone = true;
    try {
      await this.#sending;
      await this.writer.send([last]);
    } finally {
      this.options.onDone();
    }
  }

  /** One frame after the other, whoever calls, as far as the asker allows it. */
  #post(pieces: readonly Uint8Array[]): Promise<void> {
    const size = pieces.reduce((sum, { length }) => sum + length, 0);
    if (!this.context.sendBudget.take(this.peerId, size)) this.context.onOverweight();
    const sent = this.#sending
      .then(async () => {
        if (this.#credit <= 0) await this.#allowed();
        this.signal.throwIfAborted();
        this.#credit -= size - FRAME_PREFIX_BYTES;
        await this.writer.send(encodeAnswer(this.options.request, pieces), this.options.limited);
      })
      .finally(() => this.context.sendBudget.release(this.peerId, size));
    this.#sending = sent.catch(() => {});
    return sent;
  }

  async #allowed(): Promise<void> {
    this.signal.throwIfAborted();
    this.#waiting = Promise.withResolvers<undefined>();
    const callOff = this.options.timers.after(this.options.idleMs, () =>
      this.abort(new DfsError('timeout', 'The peer takes nothing of what it asked for.')),
    );
    try {
      await this.#waiting.promise;
    } finally {
      callOff();
      this.#waiting = undefined;
    }
  }
}
