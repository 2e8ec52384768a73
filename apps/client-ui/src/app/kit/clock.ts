import { DestroyRef, Service, inject, signal } from '@angular/core';

const TICK_MS = 1000;
const SLOW_TICK_MS = 10_000;

/** The time, as signals that tick. One clock for the whole console. */
@Service()
export class Clock {
  readonly #now = signal(Date.now());
  readonly #slow = signal(Date.now());

  /** Every second, in milliseconds since 1970. To be read only while a second makes a difference: a view that reads it is looked over each time. */
  readonly now = this.#now.asReadonly();
  /** Every ten seconds: enough for `5 min ago`, and a list of them stays cheap. */
  readonly slow = this.#slow.asReadonly();

  constructor() {
    const fast = setInterval(() => this.#now.set(Date.now()), TICK_MS);
    const slow = setInterval(() => this.#slow.set(Date.now()), SLOW_TICK_MS);
    inject(DestroyRef).onDestroy(() => {
      clearInterval(fast);
      clearInterval(slow);
    });
  }
}
