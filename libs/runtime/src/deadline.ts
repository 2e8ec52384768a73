import { DfsError, abortError } from './errors.js';

/**
 * A signal that aborts after a time, or with another one; let go of when its block ends. AbortSignal.any would keep its
 * sources' listeners until they are collected.
 */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #onAbort: () => void;

  constructor(
    milliseconds: number | undefined,
    private readonly outer: AbortSignal | undefined,
  ) {
    this.#onAbort = () => this.#controller.abort(abortError(outer as AbortSignal));
    outer?.addEventListener('abort', this.#onAbort, { once: true });
    if (outer?.aborted) this.#onAbort();
    if (milliseconds === undefined) return;
    const expire = (): void => this.#controller.abort(new DfsError('timeout', 'The peer did not answer in time.'));
    this.#timer = setTimeout(expire, milliseconds);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.outer?.removeEventListener('abort', this.#onAbort);
  }
}
