import { IDS_PER_QUERY, type Database } from '@dfs/database';
import { findPlaces } from './chunk-index.js';
import type { Damage } from '../damage/damage.js';
import { keyOf } from '../packs/format.js';
import { Grouped } from './grouped.js';

/**
 * Answers "already here", and keeps its word: a block so answered stays until the batch that asked has committed or
 * given up. Reclaiming takes the same lock, so no block goes between the answer and the promise.
 */
export class Presence {
  readonly #leases = new Map<string, number>();
  readonly #questions: Grouped<Uint8Array, boolean>;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly db: Database,
    private readonly damage: Damage,
  ) {
    this.#questions = new Grouped((cids) => this.exclusively(() => this.#lease(cids)), IDS_PER_QUERY);
  }

  /** Whether the store has the block. If so it is leased, until `release`. */
  claim(cid: Uint8Array): Promise<boolean> {
    return this.#questions.get(cid);
  }

  release(keys: Iterable<string>): void {
    for (const key of keys) {
      const count = this.#leases.get(key) ?? 0;
      if (count > 1) this.#leases.set(key, count - 1);
      else this.#leases.delete(key);
    }
  }

  isLeased(cid: Uint8Array): boolean {
    return this.#leases.has(keyOf(cid));
  }

  /** Runs `work` while nobody is told "already here". It must not wait for a unit of work to begin. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#tail.then(work);
    this.#tail = run.catch(() => undefined);
    return run;
  }

  /** The same as two steps, for work that ends with a commit: gives the key that unlocks. */
  async lock(): Promise<() => void> {
    return new Promise((locked) => {
      void this.exclusively(() => new Promise<void>((unlock) => locked(unlock)));
    });
  }

  async #lease(cids: Uint8Array[]): Promise<boolean[]> {
    const places = await findPlaces(this.db, cids);
    return cids.map((cid) => {
      const key = keyOf(cid);
      const place = places.get(key);
      if (!place || this.damage.isDamaged(place)) return false;
      this.#leases.set(key, (this.#leases.get(key) ?? 0) + 1);
      return true;
    });
  }
}
