import type { Cid } from '@dfs/protocol';
import { Oldest } from '@dfs/runtime';

/** Blocks that were read last, which reclaiming keeps longer. */
const RECENT_READS = 32_768;

/** The blocks that were read last, so that reclaiming frees others first. Bounded; forgotten with the process. */
export class RecentReads {
  readonly #ids = new Set<Cid>();
  readonly #oldest = new Oldest(this.#ids);

  note(ids: readonly Cid[]): void {
    for (const id of ids) {
      // The set is in the order in which they were read.
      this.#ids.delete(id);
      this.#ids.add(id);
      if (this.#ids.size > RECENT_READS) this.#ids.delete(this.#oldest.next() as Cid);
    }
  }

  /** Those since this was asked last. */
  take(): Cid[] {
    const ids = [...this.#ids];
    this.#ids.clear();
    return ids;
  }
}
