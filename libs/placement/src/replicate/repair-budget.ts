import { MiB, TokenBucket, pause } from '@dfs/runtime';

/**
 * Bytes a second, and at once, that one node fetches for extents of which more than one copy is left: repair goes on for
 * hours after a large loss, and what people do meanwhile comes first.
 */
const REPAIR_RATE = 64 * MiB;
const REPAIR_BURST = 256 * MiB;

/**
 * Bytes that this node may fetch for extents of which there are copies enough to wait: a bucket that fills at `rate` up to
 * `burst`. New extents, and those with one copy left, do not count against it.
 */
export class RepairBudget {
  private readonly bucket: TokenBucket;

  /**
   * @param rate bytes a second
   * @param now milliseconds of a clock that nobody sets
   */
  constructor(rate = REPAIR_RATE, burst = REPAIR_BURST, now?: () => number) {
    this.bucket = new TokenBucket(rate, burst, now);
  }

  /** Takes bytes that have come. @returns milliseconds after which the next may */
  charge(bytes: number): number {
    this.bucket.take(bytes);
    return this.bucket.wait;
  }

  /** The same, and waits. @throws the reason of the signal */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    const wait = this.charge(bytes);
    // Longer timers than this there are none.
    if (wait > 0) await pause(Math.min(wait, LONGEST_TIMER), signal);
  }
}

const LONGEST_TIMER = 2 ** 31 - 1;
