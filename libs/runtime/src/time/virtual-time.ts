import type { Clock, Unsubscribe } from '../ambient.js';
import { sleepOn, type Timers } from './timers.js';

interface Waiting {
  at: number;
  /** Milliseconds between two calls; undefined where there is one. */
  readonly again: number | undefined;
  readonly callback: () => void;
}

/** A clock and timers on which time passes only when it is told to: for tests, and for simulations that repeat exactly. */
export class VirtualTime implements Clock, Timers {
  #ticks = 0;
  readonly #waiting = new Set<Waiting>();

  /** @param start milliseconds since 1970 */
  constructor(private readonly start: number = Date.UTC(2026, 0, 1)) {}

  now(): number {
    return this.start + this.#ticks;
  }

  ticks(): number {
    return this.#ticks;
  }

  after(milliseconds: number, callback: () => void): Unsubscribe {
    return this.#wait(milliseconds, undefined, callback);
  }

  every(milliseconds: number, callback: () => void): Unsubscribe {
    // As setInterval does it.
    const pace = Math.max(1, milliseconds);
    return this.#wait(pace, pace, callback);
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, milliseconds, signal);
  }

  /** How many wait for their time. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Lets so many milliseconds pass: what is due in them is called back, each at its time, the earliest first. */
  advance(milliseconds: number): void {
    const until = this.#ticks + Math.max(0, milliseconds);
    for (let next = this.#next(until); next; next = this.#next(until)) {
      this.#ticks = Math.max(this.#ticks, next.at);
      if (next.again === undefined) this.#waiting.delete(next);
      else next.at += next.again;
      next.callback();
    }
    this.#ticks = until;
  }

  #wait(milliseconds: number, again: number | undefined, callback: () => void): Unsubscribe {
    const waiting = { at: this.#ticks + Math.max(0, milliseconds), again, callback };
    this.#waiting.add(waiting);
    return () => this.#waiting.delete(waiting);
  }

  /** Of those that are due at the same time the one that has waited for longest. */
  #next(until: number): Waiting | undefined {
    let next: Waiting | undefined;
    for (const waiting of this.#waiting) {
      if (waiting.at <= until && (!next || waiting.at < next.at)) next = waiting;
    }
    return next;
  }
}
