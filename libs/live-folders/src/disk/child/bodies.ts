import type { ReadEnd } from '../root-disk.js';
import { tellError, toldError, WINDOW, WITH_CALL_BYTES, type BodyPart } from './protocol.js';
import { SendWindow } from './send-window.js';

/** Bytes that have come; `counts`: with them a piece was taken. */
interface Arrived {
  readonly bytes: Uint8Array;
  readonly counts: boolean;
}

/** A body that comes in parts from the other process: at most a window of pieces waits here. */
export class IncomingBody implements AsyncIterable<Uint8Array> {
  /** Resolves after the last piece, with what came with it; rejects as the body does. */
  readonly end: Promise<ReadEnd | undefined>;
  readonly #pieces: Arrived[] = [];
  /** Frames that came before the beginning did, by another way. */
  #early: Arrived[] | undefined = [];
  #frames = 0;
  #last: BodyPart | undefined;
  readonly #settle: { resolve: (end: ReadEnd | undefined) => void; reject: (error: unknown) => void };
  #isOver = false;
  #isStopped = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  /** @param told of each piece that was taken, and that the rest is not wanted */
  constructor(private readonly told: { taken: () => void; stop: () => void }) {
    const { promise, resolve, reject } = Promise.withResolvers<ReadEnd | undefined>();
    // The reader of the body has met the failure already.
    promise.catch(() => undefined);
    this.end = promise;
    this.#settle = { resolve, reject };
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Takes the first part of a body, which came with the call or the answer. */
  begin({ pieces = [], ...last }: BodyPart): void {
    this.#pieces.push(...pieces.map((bytes) => ({ bytes, counts: true })), ...(this.#early ?? []));
    this.#early = undefined;
    this.finish(last);
  }

  takeBytes(bytes: Uint8Array, isLast: boolean): void {
    if (this.#isStopped) return;
    (this.#early ?? this.#pieces).push({ bytes, counts: isLast });
    if (isLast) this.#frames++;
    if (this.#last) this.finish(this.#last);
    this.#wake?.();
  }

  /** How it ends, once all frames before that have come. */
  finish(last: BodyPart): void {
    const { ended, failed, frames = 0 } = last;
    if (this.#frames < frames) this.#last = last;
    else if (failed) this.fail(toldError(failed));
    else if (ended) this.#over(() => this.#settle.resolve(ended.end));
    this.#wake?.();
  }

  /** Ends the body with an error. Pieces that have come are still given. */
  fail(error: Error): void {
    this.#over(() => {
      this.#failure = error;
      this.#settle.reject(error);
    });
    this.#wake?.();
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return {
      next: () => this.#next(),
      return: () => {
        this.stop();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  stop(): void {
    if (this.#isStopped || this.#isOver) return;
    this.#isStopped = true;
    this.told.stop();
  }

  async #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece) {
        if (piece.counts && !this.#isOver) this.told.taken();
        return { done: false, value: piece.bytes };
      }
      if (this.#failure) throw this.#failure;
      if (this.#isOver || this.#isStopped) return { done: true, value: undefined };
      await new Promise<void>((wake) => (this.#wake = wake));
    }
  }

  #over(settle: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    settle();
  }
}

/**
 * A body that goes in parts to the other process, which says when it has taken them. A piece of it need not stay as it is once the
 * next one is asked for: its memory may be used again.
 */
export class OutgoingBody {
  #failure: unknown;
  readonly #window = new SendWindow(WINDOW);
  readonly #source: AsyncIterator<Uint8Array>;

  constructor(
    body: AsyncIterable<Uint8Array>,
    private readonly end: () => Promise<ReadEnd | undefined> = () => Promise.resolve(undefined),
  ) {
    this.#source = body[Symbol.asyncIterator]();
  }

  /** The error that the body itself has ended in: not one of the disk. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Its beginning, and its end too if it is short: to go with the call or with the answer. */
  async first(): Promise<BodyPart> {
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    while (bytes < WITH_CALL_BYTES && pieces.length < WINDOW) {
      const part = await this.#part();
      if (!part.pieces) return { ...part, pieces };
      // Others may be asked for before these go.
      pieces.push(...part.pieces.map((piece) => Uint8Array.from(piece)));
      bytes += part.pieces.reduce((sum, { length }) => sum + length, 0);
    }
    this.#window.sent(pieces.length);
    return { pieces };
  }

  /**
   * All that follows: frames of bytes, then how it ended.
   * @param sendBytes resolves when the memory of the bytes may be used again
   */
  async rest(sendBytes: (bytes: Uint8Array) => Promise<void>, sendEnd: (part: BodyPart) => void): Promise<void> {
    for (let frames = 0; ; frames++) {
      await this.#window.room();
      if (this.#window.isStopped) break;
      const { pieces, ...end } = await this.#part();
      if (this.#window.isStopped) break;
      if (!pieces) return sendEnd({ ...end, frames });
      this.#window.sent(1);
      for (const bytes of pieces) {
        let isSent = false;
        void sendBytes(bytes).then(() => {
          isSent = true;
          this.#window.wake();
        });
        await this.#window.until(() => isSent);
      }
    }
    await this.#source.return?.();
  }

  taken(count: number): void {
    this.#window.taken(count);
  }

  stop(): void {
    this.#window.stop();
  }

  async #part(): Promise<BodyPart> {
    try {
      const step = await this.#source.next();
      if (!step.done) return { pieces: [step.value] };
      const end = await this.end();
      return { ended: end ? { end } : {} };
    } catch (error) {
      this.#failure = error;
      return { failed: tellError(error) };
    }
  }
}
