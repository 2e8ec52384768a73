import { isNotHere, type Reclaimed, type ReclaimOptions } from '@dfs/chunks';
import { day, minute, hour, Recurring, second, type Clock, type Log, type Ran, type WorkStatus } from '@dfs/runtime';
import { ROOM_AGAIN } from '../limits.js';
import { NeededBlocks, type NeededBlocksComponents } from './needed-blocks.js';
import type { BlockStore } from '../ports.js';
import type { Headroom } from '../replicate/headroom.js';

/** How often it is looked whether reclaiming is due, and how often it is: while there is room, and while it is short. */
const RECLAIM_CHECK = 30 * second;
const RECLAIM_EVERY = 6 * hour;
const RECLAIM_PRESSED_EVERY = 5 * minute;
/** After a start, so that a node that never runs for long reclaims too. */
const RECLAIM_FIRST = 15 * minute;
/** A run is followed by a rest of so many times its duration at least: it reads the manifests of all that is kept. */
const RECLAIM_REST = 50;
/** Cache is kept so long: while there is room, and while it is short. */
const CACHE_GRACE = 1 * day;
const PRESSED_GRACE = 10 * minute;

/** The parts by which reclaiming decides when to run, and what it may free. */
export interface ReclaimerComponents extends NeededBlocksComponents {
  chunks: BlockStore;
  room: Pick<Headroom, 'isFull'>;
  clock: Clock;
  log: Log;
}

/** In milliseconds. */
export interface ReclaimTimes {
  /** Between two looks whether it is due. */
  check: number;
  /** From the start to the first run, and between two runs. */
  first: number;
  every: number;
  /** Between two runs while room is short. */
  pressedEvery: number;
}

const TIMES: ReclaimTimes = {
  check: RECLAIM_CHECK,
  first: RECLAIM_FIRST,
  every: RECLAIM_EVERY,
  pressedEvery: RECLAIM_PRESSED_EVERY,
};

/** Sums of reclaiming since this process began. */
export interface ReclaimStatus {
  readonly runs: number;
  readonly chunks: number;
  /** Of the disk. */
  readonly bytes: number;
  /** When the last run ended well, in milliseconds since 1970; null before that. */
  readonly lastAt: number | null;
}

/**
 * Frees blocks that no pin needs, now and then, and soon when room is short. A block that was needed once is cache for
 * a while: it may be
 * pinned again, or be part of what is being fetched.
 */
export class Reclaimer {
  private readonly looking: Recurring;
  private figures: ReclaimStatus = { runs: 0, chunks: 0, bytes: 0, lastAt: null };
  /** When a run that was due last began, and how long that took; on a clock that nobody sets. */
  private begunAt = -Infinity;
  private took = 0;

  constructor(
    private readonly components: ReclaimerComponents,
    private readonly times: ReclaimTimes = TIMES,
  ) {
    this.looking = new Recurring(
      {
        name: 'free what nothing needs',
        every: times.check,
        failed: 'what nothing needs could not be freed',
        run: () => this.runIfDue(),
      },
      { log: components.log },
    );
  }

  start(): void {
    const { first, every } = this.times;
    this.begunAt = performance.now() + first - every;
    this.looking.start();
  }

  stop(): Promise<void> {
    return this.looking.stop();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.looking.status();
  }

  status(): ReclaimStatus {
    return this.figures;
  }

  /**
   * Frees what no pin has needed for a while. Uploads and readers go on meanwhile.
   * @param graceMs how long a while is, from the run that first finds something unneeded, or read; by itself CACHE_GRACE, and
   * less for what was not read for longest while room is short
   * @throws DfsError `aborted`, and whatever keeps a manifest from being read: then nothing is freed
   */
  async run(graceMs?: number): Promise<Reclaimed> {
    const { chunks, clock } = this.components;
    const { signal } = this.looking;
    // Twice as many as there are: some come while it runs.
    const live = await NeededBlocks.find(this.components, 2 * chunks.usage().chunks, signal);
    const freed = await chunks.reclaim((ids) => live.among(ids), { ...this.graces(graceMs), clock, signal });
    this.figures = {
      runs: this.figures.runs + 1,
      chunks: this.figures.chunks + freed.chunks,
      bytes: this.figures.bytes + freed.bytes,
      lastAt: clock.now(),
    };
    return freed;
  }

  private async runIfDue(): Promise<Ran> {
    const { every, pressedEvery } = this.times;
    const pause = Math.max(this.took * RECLAIM_REST, this.isPressed() ? pressedEvery : every);
    const began = performance.now();
    if (began - this.begunAt < pause) return 'idle';
    this.begunAt = began;
    const { log } = this.components;
    try {
      const freed = await this.run();
      if (freed.chunks > 0 || freed.bytes > 0) log.info(freed, 'what nothing needs any more was freed');
    } catch (error) {
      if (!isNotHere(error)) throw error;
      log.info({ err: error }, 'nothing is freed until the manifests of all that is kept can be read');
    } finally {
      this.took = performance.now() - began;
    }
    return 'idle';
  }

  private graces(graceMs: number | undefined): Pick<ReclaimOptions, 'graceMs' | 'short'> {
    if (graceMs !== undefined) return { graceMs };
    if (!this.isPressed()) return { graceMs: CACHE_GRACE };
    const tooMuch = this.tooMuch();
    // Full though the quota is not: the disk is, or something large is waited for.
    return { graceMs: CACHE_GRACE, short: { graceMs: PRESSED_GRACE, bytes: tooMuch > 0 ? tooMuch : Infinity } };
  }

  private isPressed(): boolean {
    return this.components.room.isFull() || this.tooMuch() > 0;
  }

  /** Bytes that are to go before peers' data is taken again. */
  private tooMuch(): number {
    const { bytes, quotaBytes } = this.components.chunks.usage();
    return bytes - quotaBytes * ROOM_AGAIN;
  }
}
