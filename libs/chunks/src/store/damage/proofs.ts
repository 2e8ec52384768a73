import { setTimeout as delay } from 'node:timers/promises';
import { cidToBytes, type Cid } from '@dfs/protocol';
import { hour } from '@dfs/runtime';
import { findPlaces, packIdOf, type Place } from '../index/chunk-index.js';
import { keyOf } from '../packs/format.js';
import { scrubSlice, type ScrubComponents } from './scrub.js';

/** A pack that was hashed, or written, so long ago is as good as hashed now: as long as a promise lasts. */
const PROOF_TIME = 1 * hour;
/** Between two packs, as a multiple of the time that the last one took: the disk is there for others first. */
const REST = 1;

/**
 * Which packs were hashed lately, so that more can be said of a block than that the index knows it. Forgotten with the
 * process: what was on the disk before may have rotted since.
 */
export class Proofs {
  /** By performance.now(), in the order in which they were proven. */
  readonly #provenAt = new Map<string, number>();
  #tail: Promise<unknown> = Promise.resolve();

  constructor(private readonly components: ScrubComponents) {}

  /** This process has just written it, from bytes that were hashed. */
  written(pack: string): void {
    this.#provenAt.delete(pack);
    this.#provenAt.set(pack, performance.now());
    for (const [name, at] of this.#provenAt) {
      if (performance.now() - at < PROOF_TIME) break;
      this.#provenAt.delete(name);
    }
  }

  /**
   * Those of the ids whose bytes are right: packs of the others are read and hashed until the time is over, and count the next
   * time. A damaged block is taken out of use.
   * @param timeMs for packs that have to be read
   */
  async prove(ids: readonly Cid[], timeMs: number, signal: AbortSignal): Promise<Set<Cid>> {
    const { db, damage } = this.components;
    const deadline = performance.now() + timeMs;
    const cids = ids.map(cidToBytes);
    const packs = new Set([...(await findPlaces(db, cids)).values()].map(({ pack }) => pack));
    for (const pack of packs) if (!this.#isProven(pack)) await this.#inTurn(pack, deadline, signal);
    const now = await findPlaces(db, cids);
    const isRight = (place: Place | undefined): boolean =>
      place !== undefined && this.#isProven(place.pack) && !damage.isDamaged(place);
    return new Set(ids.filter((_, index) => isRight(now.get(keyOf(cids[index]!)))));
  }

  /** Waits for what is being read. */
  async settled(): Promise<void> {
    await this.#tail;
  }

  #isProven(pack: string): boolean {
    return performance.now() - (this.#provenAt.get(pack) ?? -Infinity) < PROOF_TIME;
  }

  /** One pack after another, whoever asks. */
  async #inTurn(pack: string, deadline: number, signal: AbortSignal): Promise<void> {
    const run = this.#tail.then(async () => {
      if (performance.now() >= deadline || signal.aborted || this.#isProven(pack)) return;
      const began = performance.now();
      await this.#read(pack, signal);
      const rest = REST * (performance.now() - began);
      this.#tail = this.#tail.then(() => delay(rest, undefined, { signal, ref: false }).catch(() => undefined));
    });
    this.#tail = run.catch(() => undefined);
    await run;
  }

  async #read(pack: string, signal: AbortSignal): Promise<void> {
    const id = await packIdOf(this.components.db, pack);
    if (id === undefined) return;
    const all = { lastPack: id, bytes: Infinity, signal };
    const { unreadable } = await scrubSlice(this.components, { pack: id, offset: 0 }, all);
    if (unreadable === 0) this.written(pack);
  }
}
