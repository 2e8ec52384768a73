import { abortError } from './errors.js';

/** A bounded number of places for each key; who comes later waits in order. */
export class Slots {
  readonly #taken = new Map<string, number>();
  readonly #waiting = new Map<string, Set<PromiseWithResolvers<undefined>>>();

  constructor(private readonly limit: number) {}

  /** Resolves with the function that gives the place back, which may be called more than once. */
  async take(key: string, signal?: AbortSignal): Promise<() => void> {
    if (signal?.aborted) throw abortError(signal);
    const taken = this.#taken.get(key) ?? 0;
    if (taken < this.limit) this.#taken.set(key, taken + 1);
    else await this.#wait(key, signal);
    let given = false;
    return () => {
      if (!given) this.#give(key);
      given = true;
    };
  }

  async #wait(key: string, signal: AbortSignal | undefined): Promise<void> {
    const turn = Promise.withResolvers<undefined>();
    const queue = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, queue.add(turn));
    const onAbort = (): void => {
      queue.delete(turn);
      turn.reject(abortError(signal as AbortSignal));
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      await turn.promise;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Hands the place on, or gives it back. */
  #give(key: string): void {
    const queue = this.#waiting.get(key);
    const [next] = queue ?? [];
    if (next) {
      queue?.delete(next);
      if (queue?.size === 0) this.#waiting.delete(key);
      next.resolve(undefined);
      return;
    }
    const left = (this.#taken.get(key) ?? 1) - 1;
    if (left === 0) this.#taken.delete(key);
    else this.#taken.set(key, left);
  }
}
