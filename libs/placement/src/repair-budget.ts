import { second } from '@dfs/protocol';
import { REPAIR_BURST, REPAIR_RATE } from './limits.js';
import { pause } from './signals.js';

/**
 * Bytes that this node may fetch for extents of which there are copies enough to wait: a bucket that fills at `rate` up to
 * `burst`. What is new, and what has one copy left, is not counted against it.
 */
export class RepairBudget {
  private level: number;
  private filledAt: number;

  /**
   * @param rate bytes a second
   * @param now milliseconds of a clock that nobody sets
   */
  constructor(
    private readonly rate = REPAIR_RATE,
    private readonly burst = REPAIR_BURST,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.level = burst;
    this.filledAt = now();
  }

  /** Takes bytes that have come. @returns milliseconds after which the next may */
  charge(bytes: number): number {
    const now = this.now();
    this.level = Math.min(this.burst, this.level + ((now - this.filledAt) / second) * this.rate) - bytes;
    this.filledAt = now;
    return this.level >= 0 ? 0 : (-this.level / this.rate) * second;
  }

  /** The same, and waits. @throws the reason of the signal */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    const wait = this.charge(bytes);
    // Longer timers than this there are none.
    if (wait > 0) await pause(Math.min(wait, LONGEST_TIMER), signal);
  }
}

const LONGEST_TIMER = 2 ** 31 - 1;
