import type { Reader, SqlValue } from '@dfs/database';
import type { SignedRecord } from '@dfs/protocol';
import { idBounds, leafOf, LEAF_BITS, type Fingerprints, type IdRange, type SetRoot } from './fingerprints.js';
import { storedIds } from './receive.js';
import { BLOBS, toHex } from './rows.js';
import { IN_SET } from './schema.js';

/** Records read at once. */
const RECORDS_PER_READ = 500;

interface RecordRow {
  seq: number;
  id: Uint8Array;
  body: Uint8Array;
  signature: Uint8Array;
}

/** The set of records that all members are to hold, as sync sees it: committed state only. */
export class RecordSet {
  constructor(
    private readonly db: Reader,
    private readonly prints: Fingerprints,
  ) {}

  root(): SetRoot {
    return this.prints.root();
  }

  count(range: IdRange): number {
    return this.prints.count(range);
  }

  /** Salted fingerprint of a range, 8 bytes. */
  print(range: IdRange, salt: Uint8Array): Uint8Array {
    return this.prints.print(range, salt);
  }

  /** Ids in a range, in order. */
  async idsIn(range: IdRange): Promise<string[]> {
    const { where, params } = within(range);
    const rows = await this.db.query<{ id: Uint8Array }>(
      `SELECT id FROM catalogue_record WHERE ${where} AND state <= ${IN_SET} ORDER BY id`,
      params,
    );
    return rows.map((row) => toHex(row.id));
  }

  /** Those that are not stored here, in whatever state. */
  async missing(ids: readonly string[]): Promise<string[]> {
    const here = await storedIds(this.db, ids);
    return ids.filter((id) => !here.has(id));
  }

  /** Records by id, as far as they are in the set, in the order in which they came here: parents mostly first. */
  async *byId(ids: readonly string[]): AsyncIterable<SignedRecord> {
    for (let at = 0; at < ids.length; at += RECORDS_PER_READ) {
      yield* await this.db.query<RecordRow>(
        `SELECT body, signature FROM catalogue_record WHERE id IN ${BLOBS} AND state <= ${IN_SET} ORDER BY seq`,
        [JSON.stringify(ids.slice(at, at + RECORDS_PER_READ))],
      );
    }
  }

  /** All records of these ranges, each at most as fine as a leaf, in the order in which they came here. */
  async *inRanges(ranges: readonly IdRange[]): AsyncIterable<SignedRecord> {
    const leaves = new Set(ranges.flatMap(leavesOf));
    for (let after = 0; ;) {
      const rows = await this.db.query<RecordRow>(
        `SELECT seq, id, body, signature FROM catalogue_record WHERE seq > ? AND state <= ${IN_SET} ORDER BY seq LIMIT ?`,
        [after, RECORDS_PER_READ],
      );
      for (const row of rows) if (leaves.has(leafOf(row.id))) yield row;
      if (rows.length < RECORDS_PER_READ) return;
      after = rows.at(-1)?.seq ?? after;
    }
  }
}

function leavesOf({ bits, index }: IdRange): number[] {
  const width = 2 ** (LEAF_BITS - bits);
  return Array.from({ length: width }, (_, offset) => index * width + offset);
}

function within(range: IdRange): { where: string; params: SqlValue[] } {
  const { from, to } = idBounds(range);
  return to === null ? { where: 'id >= ?', params: [from] } : { where: 'id >= ? AND id < ?', params: [from, to] };
}
