import { minute, second, type Timers } from '@dfs/runtime';
import type { DiskPath } from '../names.js';

/** Between two looks that are to be equal, and the first wait behind one that was not (rule 9). */
export const LOOKS_APART = 100;
const LONGEST_WAIT = 10 * second;
/** Changes longer ago count no more. */
const REMEMBERED = minute;
/** More files than this that change at once are forgotten, the oldest first: they begin anew. */
const MOST_FILES = 10_000;

interface Unsteady {
  since: number;
  last: number;
  changes: number;
}

/** Which files did not stand still lately: how long each is to be left alone before the next look. */
export class Steadiness {
  /** In the order of their last change. */
  readonly #unsteady = new Map<DiskPath, Unsteady>();

  constructor(private readonly timers: Timers) {}

  /** It has changed between two looks, or while it was read. */
  changed(path: DiskPath): void {
    const now = this.timers.ticks();
    const before = this.#current(path, now);
    this.#unsteady.delete(path);
    this.#unsteady.set(path, { since: before?.since ?? now, last: now, changes: (before?.changes ?? 0) + 1 });
    for (const [oldest, { last }] of this.#unsteady) {
      if (this.#unsteady.size <= MOST_FILES && now - last < REMEMBERED) break;
      this.#unsteady.delete(oldest);
    }
  }

  /** Milliseconds until it is to be looked at again, none where it may be now; and for how long it has been changing. */
  wait(path: DiskPath): { retryAfter: number; changing: number } {
    const now = this.timers.ticks();
    const unsteady = this.#current(path, now);
    if (!unsteady) return { retryAfter: 0, changing: 0 };
    const wait = Math.min(LONGEST_WAIT, LOOKS_APART * 2 ** unsteady.changes);
    return { retryAfter: Math.max(0, unsteady.last + wait - now), changing: now - unsteady.since };
  }

  #current(path: DiskPath, now: number): Unsteady | undefined {
    const unsteady = this.#unsteady.get(path);
    return unsteady && now - unsteady.last < REMEMBERED ? unsteady : undefined;
  }
}
