import type { Log, Unsubscribe } from './ambient.js';

/** Listeners to one kind of event. One that throws is logged and disturbs no other. */
export class Listeners<A extends unknown[]> {
  readonly #listeners = new Set<(...args: A) => void>();

  constructor(private readonly log: Log) {}

  add(listener: (...args: A) => void): Unsubscribe {
    // Wrapped, so that the same function may listen twice and be taken away once.
    const entry = (...args: A): void => listener(...args);
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  tell(...args: A): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(...args);
      } catch (error) {
        this.log.error({ err: error }, 'a listener failed');
      }
    }
  }
}
