import type { Reader, SqlValue } from '@dfs/database';
import { SYNC_PARTS, SYNC_STEP_BITS } from '@dfs/protocol';
import { idBounds, indexOf, LEAF_BITS, printOf, type Fingerprints, type IdRange } from './fingerprints.js';
import { THE_SET, type RecordSource } from './record-source.js';

/** An id that is stored here. */
export interface StoredId {
  id: Uint8Array;
  /** Outside the set it waits, or is void. */
  inSet: boolean;
}

/** One of the parts of a range: what this node has of it. */
export interface RangePart {
  range: IdRange;
  count: number;
  /** Salted; all zero for an empty one. */
  print: Uint8Array;
}

/**
 * Ids and fingerprints by range, for one walk over ranges in ascending order. Down to the leaves fingerprints are kept;
 * below them they are computed from the ids of the leaf, which are read once for all its parts that are asked for in turn.
 */
export class RangeReader {
  private leaf: { index: number; ids: StoredId[] } | undefined;

  constructor(
    private readonly db: Reader,
    private readonly prints: Fingerprints,
    private readonly source: RecordSource = THE_SET,
  ) {}

  /** The 64 parts of a range. */
  async parts(range: IdRange, salt: Uint8Array): Promise<RangePart[]> {
    const bits = range.bits + SYNC_STEP_BITS;
    const parts = Array.from({ length: SYNC_PARTS }, (_, part) => ({ bits, index: range.index * SYNC_PARTS + part }));
    if (bits <= LEAF_BITS) {
      return parts.map((part) => ({
        range: part,
        count: this.prints.count(part),
        print: this.prints.print(part, salt),
      }));
    }
    const ids = parts.map((): Uint8Array[] => []);
    for (const { id, inSet } of await this.ids(range)) if (inSet) ids[indexOf(id, bits) % SYNC_PARTS]!.push(id);
    return parts.map((part, nth) => ({ range: part, count: ids[nth]!.length, print: printOf(ids[nth]!, salt) }));
  }

  /** All ids in a range that are stored here, in order. */
  async ids(range: IdRange): Promise<StoredId[]> {
    if (range.bits < LEAF_BITS) return this.read(range);
    const index = range.index >>> (range.bits - LEAF_BITS);
    if (this.leaf?.index !== index) this.leaf = { index, ids: await this.read({ bits: LEAF_BITS, index }) };
    return this.leaf.ids.filter(({ id }) => indexOf(id, range.bits) === range.index);
  }

  private async read(range: IdRange): Promise<StoredId[]> {
    const { from, to } = idBounds(range);
    const params: SqlValue[] = to === null ? [from] : [from, to];
    const rows = await this.db.query<{ id: Uint8Array; kept: number }>(
      `${this.source.ids} WHERE id >= ?${to === null ? '' : ' AND id < ?'} ORDER BY id`,
      params,
    );
    return rows.map(({ id, kept }) => ({ id, inSet: kept === 1 }));
  }
}
