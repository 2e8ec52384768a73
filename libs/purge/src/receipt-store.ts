import { MiB } from '@dfs/runtime';
import { BLOBS, byIds, type Database, type SqlValue, type Tx } from '@dfs/database';
import { peerIdFromBytes, peerIdToBytes, type Receipt, type ReceiptMark, type SignedRecord } from '@dfs/protocol';

/** Receipts kept of one author: two million deletions. */
const MAX_RECEIPT_BYTES_PER_AUTHOR = 64 * MiB;

/** Receipts read at once. */
const RECEIPTS_PER_READ = 20;

interface Signatory {
  readonly ordinal: number;
  /** Of its newest receipt. */
  readonly time: number;
  /** Of its receipts. */
  readonly bytes: number;
}

/** A receipt that was read, and the bytes that its author has signed. */
export interface StoredReceipt {
  receipt: Receipt;
  signed: SignedRecord;
}

/** Receipts of members for a deletion: whether each of them keeps some of its content. */
export type Statements = Map<string, { kept: boolean }>;

/** The receipts there are of whomever, kept on disk; of each author in the order of their times. */
export class ReceiptStore {
  private readonly signatories = new Map<string, Signatory>();
  private readonly names = new Map<number, string>();

  private constructor(
    private readonly db: Database,
    private readonly maxBytes: number,
  ) {}

  /** @param maxBytes kept of one author */
  static async open(db: Database, maxBytes = MAX_RECEIPT_BYTES_PER_AUTHOR): Promise<ReceiptStore> {
    const store = new ReceiptStore(db, maxBytes);
    const rows = await db.query<Signatory & { peer: Uint8Array }>('SELECT * FROM placement_signatory');
    for (const { peer, ordinal, time, bytes } of rows) store.remember(peerIdFromBytes(peer), { ordinal, time, bytes });
    return store;
  }

  /** Time of the newest receipt of this author; 0 when there is none. */
  newest(author: string): number {
    return this.signatories.get(author)?.time ?? 0;
  }

  /** Of all authors of whom there are receipts, and who fit. */
  marks(isAuthor: (peerId: string) => boolean): ReceiptMark[] {
    return [...this.signatories].flatMap(([author, { time }]) => (isAuthor(author) ? [{ author, time }] : []));
  }

  /**
   * Stores those that are later than what there is of their author, as long as there is room for it.
   * @returns how many
   */
  async add(tx: Tx, receipts: readonly StoredReceipt[]): Promise<number> {
    const changed = new Map<string, Signatory>();
    let added = 0;
    for (const { receipt, signed } of receipts) {
      const { author, time } = receipt;
      const before = changed.get(author) ?? this.signatories.get(author);
      const bytes = (before?.bytes ?? 0) + signed.body.length;
      if (time <= (before?.time ?? 0) || bytes > this.maxBytes) continue;
      const ordinal = await saveSignatory(tx, author, { ordinal: before?.ordinal, time, bytes });
      changed.set(author, { ordinal, time, bytes });
      await tx.insertMany(
        'placement_receipt',
        ['author', 'time', 'body', 'signature'],
        [[ordinal, time, signed.body, signed.signature]],
      );
      await tx.insertMany('placement_purge', ['deletion', 'author', 'kept'], statementsOf(receipt, ordinal), 'replace');
      added++;
    }
    tx.afterCommit(() => changed.forEach((signatory, author) => this.remember(author, signatory)));
    return added;
  }

  /** Receipts of an author that are later than `after`, in order. */
  async *since(author: string, after: number): AsyncIterable<SignedRecord> {
    const ordinal = this.signatories.get(author)?.ordinal;
    if (ordinal === undefined) return;
    for (let at = after; ;) {
      const rows = await this.db.query<SignedRecord & { time: number }>(
        'SELECT time, body, signature FROM placement_receipt WHERE author = ? AND time > ? ORDER BY time LIMIT ?',
        [ordinal, at, RECEIPTS_PER_READ],
      );
      yield* rows.map(({ body, signature }) => ({ body, signature }));
      if (rows.length < RECEIPTS_PER_READ) return;
      at = rows.at(-1)!.time;
    }
  }

  /** Receipts for these deletions, by record id. */
  async statements(deletions: readonly string[]): Promise<Map<string, Statements>> {
    const found = new Map<string, Statements>(deletions.map((deletion) => [deletion, new Map()]));
    const rows = await byIds<{ deletion: Uint8Array; author: number; kept: number }>(
      this.db,
      `SELECT deletion, author, kept FROM placement_purge WHERE deletion IN ${BLOBS}`,
      deletions,
    );
    for (const { deletion, author, kept } of rows) {
      const peerId = this.names.get(author);
      if (peerId !== undefined) found.get(Buffer.from(deletion).toString('hex'))?.set(peerId, { kept: kept === 1 });
    }
    return found;
  }

  /** Forgets all, within the unit of work in which this node goes over to another network. */
  async clear(tx: Tx): Promise<void> {
    for (const table of ['purge', 'receipt', 'signatory']) await tx.later(`DELETE FROM placement_${table}`);
    tx.afterCommit(() => {
      this.signatories.clear();
      this.names.clear();
    });
  }

  private remember(author: string, signatory: Signatory): void {
    this.signatories.set(author, signatory);
    this.names.set(signatory.ordinal, author);
  }
}

async function saveSignatory(
  tx: Tx,
  author: string,
  { ordinal, time, bytes }: { ordinal: number | undefined; time: number; bytes: number },
): Promise<number> {
  if (ordinal === undefined) {
    const values = [peerIdToBytes(author), time, bytes];
    return (await tx.run('INSERT INTO placement_signatory (peer, time, bytes) VALUES (?, ?, ?)', values)).lastId;
  }
  await tx.later('UPDATE placement_signatory SET time = ?, bytes = ? WHERE ordinal = ?', [time, bytes, ordinal]);
  return ordinal;
}

function statementsOf({ purged, kept }: Receipt, author: number): SqlValue[][] {
  const row = (deletion: string, isKept: 0 | 1): SqlValue[] => [Buffer.from(deletion, 'hex'), author, isKept];
  return [...purged.map((deletion) => row(deletion, 0)), ...kept.map((deletion) => row(deletion, 1))];
}
