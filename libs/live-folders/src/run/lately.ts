import { minute } from '@dfs/runtime';
import type { Lately } from '../base/folder-store.js';

/** Deletions are counted over so many milliseconds (rule 5). */
export const WINDOW = 10 * minute;

/**
 * The deletions of the last ten minutes, and the most paths that there were in them: at their begin, or after more came. By a
 * clock that nobody sets.
 */
export class SlidingCount {
  private readonly samples: { at: number; paths: number; deleted: number }[] = [];

  /** @param before as it was stored: it counts as if it had just been */
  constructor(before: Lately, now: number) {
    if (before.paths > 0) this.samples.push({ at: now, paths: before.paths, deleted: before.deleted });
  }

  /** So many paths there are now. */
  look(now: number, paths: number): Lately {
    while (this.samples[0] !== undefined && this.samples[0].at < now - WINDOW) this.samples.shift();
    this.samples.push({ at: now, paths, deleted: 0 });
    return this.now();
  }

  delete(count: number): void {
    const last = this.samples.at(-1);
    if (last) last.deleted += count;
  }

  now(): Lately {
    return {
      deleted: this.samples.reduce((sum, { deleted }) => sum + deleted, 0),
      paths: Math.max(0, ...this.samples.map(({ paths }) => paths)),
    };
  }
}
