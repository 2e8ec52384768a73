import { cidFromBytes, type Cid } from '@dfs/protocol';
import { Listeners, systemClock, type Log, type Unsubscribe } from '@dfs/runtime';
import type { Database, Tx } from '@dfs/database';
import { findDamaged, forgetDamaged, moveToDamaged, takeBack, type Place } from '../index/chunk-index.js';
import { keyOf } from '../packs/format.js';

/**
 * Blocks whose bytes were found wrong. They count as absent from the moment they are found, and until they are added
 * anew; the database learns of it soon after.
 */
export class Damage {
  /** Where the damaged bytes are; no place when that was known before the start. */
  readonly #damaged = new Map<string, Place | undefined>();
  readonly #listeners: Listeners<[Cid]>;
  #writing: Promise<unknown> = Promise.resolve();
  /** Told how many blocks went out of use; fewer than none when some are back. */
  onTakenOut: (chunks: number) => void = () => {};

  constructor(
    private readonly db: Database,
    private readonly log: Log,
    cids: readonly Uint8Array[],
  ) {
    this.#listeners = new Listeners(log);
    for (const cid of cids) this.#damaged.set(keyOf(cid), undefined);
  }

  get count(): number {
    return this.#damaged.size;
  }

  ids(): Cid[] {
    return [...this.#damaged.keys()].map((key) => cidFromBytes(Buffer.from(key, 'latin1')));
  }

  onDamaged(listener: (id: Cid) => void): Unsubscribe {
    return this.#listeners.add(listener);
  }

  /** Whether just these bytes are known to be wrong. */
  isDamaged(place: Place): boolean {
    const known = this.#damaged.get(keyOf(place.cid));
    return known !== undefined && known.pack === place.pack && known.offset === place.offset;
  }

  isKnown(cid: Uint8Array): boolean {
    return this.#damaged.has(keyOf(cid));
  }

  /** Takes a block out of use and tells it. */
  report(place: Place, cause?: unknown): void {
    if (this.isDamaged(place)) return;
    const id = cidFromBytes(place.cid);
    this.#damaged.set(keyOf(place.cid), place);
    this.log.error({ chunk: id, pack: place.pack, offset: place.offset, err: cause }, 'a chunk is damaged');
    const written = this.db
      .write((tx) => this.#moveOut(tx, place))
      .catch((error: unknown) => this.log.error({ err: error, chunk: id }, 'the damage could not be noted'));
    this.#writing = Promise.all([this.#writing, written]);
    this.#listeners.tell(id);
  }

  /** Where the wrong bytes of a block are, if it has been found damaged. */
  async placeOf(cid: Uint8Array): Promise<Place | undefined> {
    if (!this.isKnown(cid)) return undefined;
    return this.#damaged.get(keyOf(cid)) ?? findDamaged(this.db, cid);
  }

  /** Its bytes have been read well after all: takes it into use again. Gives whether it is. */
  async wasWrong(place: Place): Promise<boolean> {
    return this.db.write(async (tx) => {
      const isBack = this.isKnown(place.cid) && (await takeBack(tx, place));
      if (isBack) {
        tx.afterCommit(() => {
          this.#damaged.delete(keyOf(place.cid));
          this.onTakenOut(-1);
          this.log.warn({ chunk: cidFromBytes(place.cid), pack: place.pack }, 'a chunk found damaged reads well again');
        });
      }
      return isBack;
    });
  }

  /** In the unit of work that adds these blocks, before they are added: room is made for what heals. */
  async heal(tx: Tx, cids: readonly Uint8Array[]): Promise<void> {
    const healed = this.#damaged.size === 0 ? [] : cids.filter((cid) => this.isKnown(cid));
    if (healed.length === 0) return;
    for (const cid of healed) {
      const place = this.#damaged.get(keyOf(cid));
      if (place) await this.#moveOut(tx, place);
    }
    await forgetDamaged(tx, healed);
    tx.afterCommit(() => {
      for (const cid of healed) this.#damaged.delete(keyOf(cid));
    });
  }

  /** In the unit of work that drops these blocks: nobody wants them any more. */
  async forget(tx: Tx, cids: readonly Uint8Array[]): Promise<void> {
    await forgetDamaged(tx, cids);
    tx.afterCommit(() => {
      for (const cid of cids) this.#damaged.delete(keyOf(cid));
    });
  }

  /** Waits until the database knows all that was reported. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #moveOut(tx: Tx, place: Place): Promise<void> {
    if (await moveToDamaged(tx, place, systemClock.now())) tx.afterCommit(() => this.onTakenOut(1));
  }
}
