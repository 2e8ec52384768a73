import { setImmediate as nextTurn } from 'node:timers/promises';
import { millisecond } from '../units.js';

/** How long others may have to wait for the event loop. */
const TURN = 5 * millisecond;

/** Lets others have the event loop now and then, between the steps of work that never waits. */
export class Turns {
  #began = performance.now();

  /** @param longest milliseconds between two turns of others */
  constructor(private readonly longest = TURN) {}

  /** Whether others have waited for long: `next` is to be awaited. */
  get isDue(): boolean {
    return performance.now() - this.#began >= this.longest;
  }

  async next(): Promise<void> {
    if (!this.isDue) return;
    await nextTurn();
    this.#began = performance.now();
  }
}
