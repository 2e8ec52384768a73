import { abortError, DfsError } from '@dfs/runtime';

/**
 * The bytes of a request, taken segment by segment. Where they end before their time, because the client has gone or somebody
 * ends it, what came before is given all the same, and `fault` says why no more comes.
 */
export class Body {
  /** Bytes that were given so far. */
  bytes = 0;
  fault: Error | undefined;
  private ended = false;
  private readonly source: AsyncIterator<Uint8Array>;

  /** @param most bytes that may come */
  constructor(
    body: AsyncIterable<Uint8Array>,
    private readonly most: number,
    private readonly signal: AbortSignal,
  ) {
    this.source = body[Symbol.asyncIterator]();
  }

  /** Nothing more comes. */
  get isOver(): boolean {
    return this.ended;
  }

  /** Until about so many bytes have come, or so much time (ms) has passed; or all that is left. */
  async *segment(limit: { bytes: number; ms: number }): AsyncGenerator<Uint8Array> {
    const until = this.bytes + limit.bytes;
    const began = performance.now();
    while (!this.ended && this.bytes < until && performance.now() - began < limit.ms) {
      const piece = await this.next();
      if (piece) yield piece;
    }
  }

  /** The source is given up. */
  async close(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    // Not awaited: a source that hangs in `next` would never answer.
    void this.source.return?.().catch(() => undefined);
  }

  private async next(): Promise<Uint8Array | undefined> {
    try {
      const { value, done } = await this.step();
      if (done) {
        this.ended = true;
        return undefined;
      }
      if (this.bytes + value.length > this.most) {
        throw new DfsError('payload-too-large', 'More bytes came than the upload was announced with.');
      }
      this.bytes += value.length;
      return value;
    } catch (error) {
      this.fault = error instanceof Error ? error : new Error(String(error));
      await this.close();
      return undefined;
    }
  }

  private step(): Promise<IteratorResult<Uint8Array, undefined>> {
    const { signal } = this;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(abortError(signal));
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      (this.source.next() as Promise<IteratorResult<Uint8Array, undefined>>)
        .then(resolve, reject)
        .finally(() => signal.removeEventListener('abort', onAbort));
    });
  }
}
