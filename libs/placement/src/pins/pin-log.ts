import { randomBytes } from 'node:crypto';
import { BLOBS, byIds, type Database, type Reader, type Tx } from '@dfs/database';
import { cidFromBytes, cidToBytes, MAX_PINS_PER_FRAME, STORE_NONCE_BYTES, type Cid, type Pin } from '@dfs/protocol';
import { bufferOf, Listeners, pages, silentLog, type Log } from '@dfs/runtime';
import { SCAN_PAGE } from '../limits.js';
import { PinStoreEntity } from './pins.entity.js';

/** An extent that is held whole. `size` is that of the content, in bytes; extents count from 0. */
export interface PinnedExtent {
  content: Cid;
  /** Of the content. */
  size: number;
  extent: number;
}

/** This node's intent with an extent whose blocks it has had: the number in `placement_pin.held`. */
export const PIN_STATES = {
  /** Promised no longer, since part of it is damaged or nobody needs it. */
  dropped: 0,
  promised: 1,
  /** Promised no longer, and kept until others have promised it: what it needs is not cache yet. */
  releasing: 2,
  /** Others have promised it: what is still here is cache. */
  letGo: 3,
  /** The same, where room was short: of what nothing shows any more. It is not promised anew by itself. */
  gaveWay: 4,
} as const;
/** How an extent stands in the log: promised, being released, or given up. */
export type PinState = keyof typeof PIN_STATES;

/** Extents of which every block is to be here. */
const KEPT: readonly PinState[] = ['promised', 'releasing'];

/** With its number in the log. */
export interface NumberedPin extends PinnedExtent {
  number: number;
}

/**
 * The numbered log of what this node promises to keep, one entry for each extent: its newest. A pin is added in the same
 * unit of work as the index rows of its last block, and only when all of them are there: the callers see to that.
 */
export class PinLog {
  private next: number;
  private readonly listeners: Listeners<[readonly Pin[]]>;

  private constructor(
    private readonly db: Database,
    private currentNonce: Uint8Array,
    private committed: number,
    private currentCapacity: number,
    log: Log,
  ) {
    this.listeners = new Listeners(log);
    this.next = committed + 1;
  }

  /**
   * @param capacity the class this store has when it is new
   * @param renew numbers may have been given before, as where the database was restored from a copy: another nonce
   */
  static async open(db: Database, capacity: number, renew = false, log: Log = silentLog): Promise<PinLog> {
    const store = await db.write(async (tx) => {
      const stores = tx.repository(PinStoreEntity);
      const known = await stores.findOne({ one: 1 });
      if (known && !renew) return known;
      const store = { one: 1, capacity, ...known, nonce: randomBytes(STORE_NONCE_BYTES) };
      await stores.put(store);
      return store;
    });
    const [last] = await db.query<{ number: number | null }>('SELECT max(number) AS number FROM placement_pin');
    return new PinLog(db, store.nonce, last?.number ?? 0, store.capacity, log);
  }

  /** Of this store: another nonce, another log. */
  get nonce(): Uint8Array {
    return this.currentNonce;
  }

  /** Number of the newest entry. */
  get number(): number {
    return this.committed;
  }

  /** Capacity class, as published. */
  get capacity(): number {
    return this.currentCapacity;
  }

  async setCapacity(capacity: number): Promise<void> {
    await this.db.write((tx) => tx.repository(PinStoreEntity).update({ one: 1 }, { capacity }));
    this.currentCapacity = capacity;
  }

  /** Someone knows more of this log than there is: it was restored from an old copy, and starts anew. */
  async startAnew(): Promise<void> {
    const nonce = randomBytes(STORE_NONCE_BYTES);
    await this.db.write((tx) => tx.repository(PinStoreEntity).update({ one: 1 }, { nonce }));
    this.currentNonce = nonce;
  }

  /** Entries that are new, after they are committed. */
  onEntries(listener: (pins: readonly Pin[]) => void): void {
    this.listeners.add(listener);
  }

  /** Promises these extents. Pinning what is pinned changes nothing. */
  async add(tx: Tx, extents: readonly PinnedExtent[]): Promise<void> {
    await this.write(tx, extents, PIN_STATES.promised);
  }

  /** Promises them no longer. */
  async drop(tx: Tx, extents: readonly PinnedExtent[]): Promise<void> {
    await this.write(tx, extents, PIN_STATES.dropped);
  }

  /** Promises no longer those of these that are promised, and keeps them all the same. @returns which these were */
  async release(tx: Tx, extents: readonly PinnedExtent[]): Promise<PinnedExtent[]> {
    return this.change(tx, extents, 'promised', 'releasing');
  }

  /** Promises again those of these that are being released. */
  async restore(tx: Tx, extents: readonly PinnedExtent[]): Promise<PinnedExtent[]> {
    return this.change(tx, extents, 'releasing', 'promised');
  }

  /** Makes cache of those of these that are being released: others have promised them. */
  async letGo(tx: Tx, extents: readonly PinnedExtent[]): Promise<PinnedExtent[]> {
    return this.change(tx, extents, 'releasing', 'letGo');
  }

  /** Makes cache of those of these that are being released, for want of room: they are no longer kept for others' sake. */
  async giveWay(tx: Tx, extents: readonly PinnedExtent[]): Promise<PinnedExtent[]> {
    return this.change(tx, extents, 'releasing', 'gaveWay');
  }

  /** Extents of these contents that are in one of these states, in the order of contents within each part: as `pinsOf`. */
  of(
    contents: readonly Cid[],
    states: readonly PinState[] = ['promised'],
    reader: Reader = this.db,
  ): Promise<PinnedExtent[]> {
    return pinsOf(reader, contents, states);
  }

  /** Whether this node promises an extent. */
  async isPinned(content: Cid, extent: number): Promise<boolean> {
    return (await this.of([content])).some((pin) => pin.extent === extent);
  }

  /** A page of the log after entry `after`; `to` is the log with it. */
  async page(after: number, limit = MAX_PINS_PER_FRAME): Promise<{ pins: Pin[]; to: number; last: boolean }> {
    const newest = this.committed;
    const rows = await this.db.query<{ content: Uint8Array; extent: number; number: number; held: number }>(
      'SELECT content, extent, number, held FROM placement_pin WHERE number > ? ORDER BY number LIMIT ?',
      [after, limit],
    );
    const pins = rows.map((row) => ({
      content: cidFromBytes(row.content),
      extent: row.extent,
      held: row.held === 1,
    }));
    const last = rows.length < limit;
    const to = rows.at(-1)?.number ?? after;
    // Numbers may be missing, the newest too.
    return { pins, to: last ? Math.max(to, newest) : to, last };
  }

  /** Extents in these states, in the order of their contents, after `after`: as `walkPins`. */
  walk(after: PinnedExtent | null, limit: number, states?: readonly PinState[]): Promise<PinnedExtent[]> {
    return walkPins(this.db, after, limit, states);
  }

  /** All of them, a page after another: as `pinPages`. */
  pages(states?: readonly PinState[]): AsyncGenerator<readonly PinnedExtent[], void, undefined> {
    return pinPages(this.db, states);
  }

  /** Extents that are to be here and of which an entry came after this one, in the order of the log. */
  async since(number: number, limit: number): Promise<NumberedPin[]> {
    const rows = await this.db.query<{ content: Uint8Array; extent: number; size: number; number: number }>(
      `SELECT content, extent, size, number FROM placement_pin
       WHERE number > ? AND held IN (${numbersOf(KEPT).join()}) ORDER BY number LIMIT ?`,
      [number, limit],
    );
    return rows.map((row) => ({ ...row, content: cidFromBytes(row.content) }));
  }

  private async change(
    tx: Tx,
    extents: readonly PinnedExtent[],
    from: PinState,
    to: PinState,
  ): Promise<PinnedExtent[]> {
    const rows = await byIds<PinRow & { number: number }>(
      tx,
      `UPDATE placement_pin SET held = ?2, number = these.number FROM
         (SELECT unhex(value ->> 0) AS content, value ->> 1 AS extent, value ->> 2 AS number FROM json_each(?1)) these
       WHERE placement_pin.content = these.content AND placement_pin.extent = these.extent AND held = ?3
       RETURNING placement_pin.content, placement_pin.extent, size, placement_pin.number`,
      extents.map(({ content, extent }) => [cidToBytes(content), extent, this.next++]),
      numbersOf([to, from]),
    );
    const changed = rows.map(extentOf);
    const numbers = rows.map(({ number }) => number);
    this.tellAfterCommit(tx, changed, to, numbers);
    return changed;
  }

  private async write(tx: Tx, extents: readonly PinnedExtent[], held: 0 | 1): Promise<void> {
    const rows = await byIds<{ number: number }>(
      tx,
      `INSERT INTO placement_pin (content, extent, size, number, held)
       SELECT unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 3, ?2 FROM json_each(?1) WHERE true
       ON CONFLICT (content, extent) DO UPDATE SET number = excluded.number, held = excluded.held
       WHERE held <> excluded.held RETURNING number`,
      extents.map(({ content, extent, size }) => [cidToBytes(content), extent, size, this.next++]),
      [held],
    );
    const numbers = rows.map(({ number }) => number);
    this.tellAfterCommit(tx, extents, held === PIN_STATES.promised ? 'promised' : 'dropped', numbers);
  }

  /**
   * @param numbers of the entries that were written. The newest must be on disk: numbers that others were told of and that
   * are given anew after a restart would be entries they never read.
   */
  private tellAfterCommit(tx: Tx, extents: readonly PinnedExtent[], state: PinState, numbers: readonly number[]): void {
    if (extents.length === 0) return;
    const newest = numbers.reduce((most, number) => Math.max(most, number), 0);
    const pins = extents.map(({ content, extent }) => ({ content, extent, held: state === 'promised' }));
    tx.afterCommit(() => {
      this.committed = Math.max(this.committed, newest);
      this.listeners.tell(pins);
    });
  }
}

/**
 * Extents of a store in the order of their contents, after `after`: for walks over all of them.
 * @param states those of which every block is to be here when left out
 */
export async function walkPins(
  reader: Reader,
  after: PinnedExtent | null,
  limit: number,
  states = KEPT,
): Promise<PinnedExtent[]> {
  const rows = await reader.query<PinRow>(
    `SELECT content, extent, size FROM placement_pin
     WHERE held IN (${numbersOf(states).join()}) AND (content, extent) > (?, ?) ORDER BY content, extent LIMIT ?`,
    [after ? cidToBytes(after.content) : new Uint8Array(0), after?.extent ?? -1, limit],
  );
  return rows.map(extentOf);
}

/** Extents of these contents that are in one of these states, ordered by content and extent among ids looked up together. */
export async function pinsOf(
  reader: Reader,
  contents: readonly Cid[],
  states: readonly PinState[],
): Promise<PinnedExtent[]> {
  const rows = await byIds<PinRow>(
    reader,
    `SELECT content, extent, size FROM placement_pin
     WHERE held IN (${numbersOf(states).join()}) AND content IN ${BLOBS} ORDER BY content, extent`,
    contents.map(cidToBytes),
  );
  return rows.map(extentOf);
}

/** All extents of a store in these states, a page after another. */
export function pinPages(
  reader: Reader,
  states?: readonly PinState[],
): AsyncGenerator<readonly PinnedExtent[], void, undefined> {
  return pages(
    SCAN_PAGE,
    (after: PinnedExtent | null) => walkPins(reader, after, SCAN_PAGE, states),
    (last) => last,
  );
}

interface PinRow {
  content: Uint8Array;
  extent: number;
  size: number;
}

function extentOf({ content, extent, size }: PinRow): PinnedExtent {
  return { content: cidFromBytes(content), extent, size };
}

function numbersOf(states: readonly PinState[]): number[] {
  return states.map((state) => PIN_STATES[state]);
}

/** A blob as a key of a Map. */
export function keyOf(bytes: Uint8Array): string {
  return bufferOf(bytes).toString('latin1');
}
