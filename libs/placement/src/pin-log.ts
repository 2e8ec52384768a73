import { randomBytes } from 'node:crypto';
import type { Database, Reader, Tx } from '@dfs/database';
import { cidFromBytes, cidToBytes, MAX_PINS_PER_FRAME, STORE_NONCE_BYTES, type Cid, type Pin } from '@dfs/protocol';

/** Rows of one statement: few enough for SQLite's variables, many enough that statements do not count. */
const ROWS_PER_STATEMENT = 2000;
const IDS_PER_QUERY = 2000;

export interface PinnedExtent {
  content: Cid;
  /** Of the content. */
  size: number;
  extent: number;
}

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
  private readonly listeners = new Set<(pins: readonly Pin[]) => void>();

  private constructor(
    private readonly db: Database,
    private currentNonce: Uint8Array,
    private committed: number,
    private currentCapacity: number,
  ) {
    this.next = committed + 1;
  }

  /** @param capacity the class this store has when it is new */
  static async open(db: Database, capacity: number): Promise<PinLog> {
    const store = await db.write(async (tx) => {
      const [known] = await tx.query<{ nonce: Uint8Array; capacity: number }>(
        'SELECT nonce, capacity FROM placement_store',
      );
      if (known) return known;
      const nonce = randomBytes(STORE_NONCE_BYTES);
      await tx.run('INSERT INTO placement_store (one, nonce, capacity) VALUES (1, ?, ?)', [nonce, capacity]);
      return { nonce, capacity };
    });
    const [last] = await db.query<{ number: number | null }>('SELECT max(number) AS number FROM placement_pin');
    return new PinLog(db, store.nonce, last?.number ?? 0, store.capacity);
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
    await this.db.write((tx) => tx.run('UPDATE placement_store SET capacity = ?', [capacity]));
    this.currentCapacity = capacity;
  }

  /** Someone knows more of this log than there is: it was restored from an old copy, and starts anew. */
  async startAnew(): Promise<void> {
    const nonce = randomBytes(STORE_NONCE_BYTES);
    await this.db.write((tx) => tx.run('UPDATE placement_store SET nonce = ?', [nonce]));
    this.currentNonce = nonce;
  }

  /** Entries that are new, after they are committed. */
  onEntries(listener: (pins: readonly Pin[]) => void): void {
    this.listeners.add(listener);
  }

  /** Promises these extents. Pinning what is pinned changes nothing. */
  async add(tx: Tx, extents: readonly PinnedExtent[]): Promise<void> {
    await this.write(tx, extents, 1);
  }

  /** Promises them no longer. */
  async drop(tx: Tx, extents: readonly PinnedExtent[]): Promise<void> {
    await this.write(tx, extents, 0);
  }

  /** Which extents of these contents are pinned. Contents without a pin are left out. */
  async pinned(contents: readonly Cid[], reader: Reader = this.db): Promise<Map<Cid, Set<number>>> {
    const found = new Map<Cid, Set<number>>();
    for (let at = 0; at < contents.length; at += IDS_PER_QUERY) {
      const part = contents.slice(at, at + IDS_PER_QUERY);
      const byKey = new Map(part.map((content) => [keyOf(cidToBytes(content)), content]));
      const rows = await reader.query<{ content: Uint8Array; extent: number }>(
        `SELECT content, extent FROM placement_pin WHERE held = 1 AND content IN (${marks(part.length)})`,
        part.map(cidToBytes),
      );
      for (const row of rows) {
        const content = byKey.get(keyOf(row.content))!;
        const extents = found.get(content);
        if (extents) extents.add(row.extent);
        else found.set(content, new Set([row.extent]));
      }
    }
    return found;
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

  /**
   * Pinned extents in the order of their contents, after `after`: for walks over all of them.
   * @param held false for those that were pinned once and are not now
   */
  walk(after: PinnedExtent | null, limit: number, options?: { held?: boolean }): Promise<PinnedExtent[]> {
    return walkPins(this.db, after, limit, options);
  }

  /** Extents that were pinned by entries after this one and still are, in the order of the log. */
  async since(number: number, limit: number): Promise<NumberedPin[]> {
    const rows = await this.db.query<{ content: Uint8Array; extent: number; size: number; number: number }>(
      'SELECT content, extent, size, number FROM placement_pin WHERE number > ? AND held = 1 ORDER BY number LIMIT ?',
      [number, limit],
    );
    return rows.map((row) => ({ ...row, content: cidFromBytes(row.content) }));
  }

  /** Some contents of which extents were pinned once and are not now. */
  async dropped(limit: number): Promise<Cid[]> {
    const rows = await this.db.query<{ content: Uint8Array }>(
      'SELECT DISTINCT content FROM placement_pin WHERE held = 0 LIMIT ?',
      [limit],
    );
    return rows.map(({ content }) => cidFromBytes(content));
  }

  private async write(tx: Tx, extents: readonly PinnedExtent[], held: 0 | 1): Promise<void> {
    for (let at = 0; at < extents.length; at += ROWS_PER_STATEMENT) {
      const part = extents.slice(at, at + ROWS_PER_STATEMENT);
      await tx.run(
        `INSERT INTO placement_pin (content, extent, size, number, held) VALUES ${rowMarks(part.length)}
         ON CONFLICT (content, extent) DO UPDATE SET number = excluded.number, held = excluded.held
         WHERE held <> excluded.held`,
        part.flatMap(({ content, extent, size }) => [cidToBytes(content), extent, size, this.next++, held]),
      );
    }
    if (extents.length === 0) return;
    const newest = this.next - 1;
    const pins = extents.map(({ content, extent }) => ({ content, extent, held: held === 1 }));
    tx.afterCommit(() => {
      this.committed = newest;
      for (const listener of this.listeners) listener(pins);
    });
  }
}

/** As `PinLog.walk`, of any database. */
export async function walkPins(
  reader: Reader,
  after: PinnedExtent | null,
  limit: number,
  { held = true }: { held?: boolean } = {},
): Promise<PinnedExtent[]> {
  const rows = await reader.query<{ content: Uint8Array; extent: number; size: number }>(
    'SELECT content, extent, size FROM placement_pin WHERE held = ? AND (content, extent) > (?, ?) ORDER BY content, extent LIMIT ?',
    [held ? 1 : 0, after ? cidToBytes(after.content) : new Uint8Array(0), after?.extent ?? -1, limit],
  );
  return rows.map(({ content, extent, size }) => ({ content: cidFromBytes(content), extent, size }));
}

/** A blob as a key of a Map. */
export function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** `?,?,?` */
export function marks(count: number): string {
  return '?,'.repeat(count).slice(0, -1);
}

function rowMarks(count: number): string {
  return '(?,?,?,?,?),'.repeat(count).slice(0, -1);
}
