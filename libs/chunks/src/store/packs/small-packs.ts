import { minute, type Timers } from '@dfs/runtime';
import type { PackRow } from '../index/chunk-index.js';
import { SMALL_PACK_BYTES, SMALL_PACKS, TOO_MANY_SMALL_PACKS } from '../limits.js';

/** Small packs are put together once none has come for so long: uploads and a start have the disk for themselves until then. */
const QUIET = 1 * minute;

/**
 * Small uploads, one after another, make a small pack each. They are put together at once where they come in too great a number, and
 * fewer of them in a quiet minute.
 */
export class SmallPacks {
  /** Since they were last put together, or somewhat more. */
  private count = 0;
  private cameAt = 0;
  private waiting: (() => void) | undefined;

  constructor(
    private readonly join: () => void,
    private readonly timers: Timers,
  ) {}

  /** Packs that were there when the store was opened: they wait for a quiet minute, however many they are. */
  found(packs: readonly PackRow[]): void {
    this.count += countSmall(packs);
    this.cameAt = this.timers.ticks();
    this.waitForQuiet();
  }

  /** Packs that were committed. */
  came(packs: readonly PackRow[]): void {
    const small = countSmall(packs);
    if (small === 0) return;
    this.count += small;
    this.cameAt = this.timers.ticks();
    if (this.count >= TOO_MANY_SMALL_PACKS) this.joinNow();
    else this.waitForQuiet();
  }

  close(): void {
    this.waiting?.();
  }

  private joinNow(): void {
    this.count = 0;
    this.join();
  }

  private waitForQuiet(milliseconds: number = QUIET): void {
    if (this.count < SMALL_PACKS) return;
    this.waiting ??= this.timers.after(milliseconds, () => {
      this.waiting = undefined;
      const left = QUIET - (this.timers.ticks() - this.cameAt);
      if (left > 0) this.waitForQuiet(left);
      else if (this.count >= SMALL_PACKS) this.joinNow();
    });
  }
}

function countSmall(packs: readonly PackRow[]): number {
  return packs.filter(({ bytes }) => bytes < SMALL_PACK_BYTES).length;
}
