import { performance } from 'node:perf_hooks';
import type { Database } from '@dfs/database';

/** Milliseconds that pass while the process runs, on a clock that nobody sets and that stands still in sleep. */
export type Stopwatch = () => number;

/**
 * How long this node has run in all, kept across restarts: what retention is counted in. A clock that is set ahead, sleep
 * and time switched off add nothing to it, and a crash takes away what was not stored: it may be too little, never too
 * much.
 */
export class RunningTime {
  private readonly begun: number;

  private constructor(
    private readonly db: Pick<Database, 'write'>,
    private readonly before: number,
    private readonly stopwatch: Stopwatch,
  ) {
    this.begun = stopwatch();
  }

  static async open(
    db: Pick<Database, 'query' | 'write'>,
    stopwatch: Stopwatch = () => performance.now(),
  ): Promise<RunningTime> {
    const [row] = await db.query<{ ms: number }>('SELECT ms FROM catalogue_running');
    return new RunningTime(db, row?.ms ?? 0, stopwatch);
  }

  /** Milliseconds. */
  now(): number {
    return this.before + Math.max(0, Math.floor(this.stopwatch() - this.begun));
  }

  /** To be called now and then, and at the end. */
  async store(): Promise<void> {
    await this.db.write((tx) => tx.later('UPDATE catalogue_running SET ms = max(ms, ?)', [this.now()]));
  }
}
