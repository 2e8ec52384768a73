import { DestroyRef, Service, inject, signal } from '@angular/core';

const TICK_MS = 1000;
const SLOW_TICK_MS = 10_000;

/** The time, as signals and calls that tick. One timer for the whole console. */
@Service()
export class Clock {
  readonly #now = signal(Date.now());
  readonly #slow = signal(Date.now());
  readonly #listeners = new Set<(now: number) => void>();

  /** Every second, in milliseconds since 1970. */
  readonly now = this.#now.asReadonly();
  /** Every ten seconds: enough for `5 min ago`, and a list of them stays cheap. */
  readonly slow = this.#slow.asReadonly();

  constructor() {
    const fast = setInterval(() => this.#tick(Date.now()), TICK_MS);
    const slow = setInterval(() => this.#slow.set(Date.now()), SLOW_TICK_MS);
    inject(DestroyRef).onDestroy(() => {
      clearInterval(fast);
      clearInterval(slow);
    });
  }

  /** Calls back every second. For what writes a text by itself: no view is looked over for it. Answers what ends it. */
  eachSecond(listener: (now: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tick(now: number): void {
    this.#now.set(now);
    for (const listener of this.#listeners) listener(now);
  }
}
