import { BLOBS, byIds, slices, type Reader } from '@dfs/database';
import { toHex, type SignedRecord } from '@dfs/protocol';
import { pages } from '@dfs/runtime';
import { indexOf, LEAF_BITS, type Fingerprints, type IdRange, type SetRoot } from './fingerprints.js';
import { RangeReader } from './range-reader.js';
import { THE_SET, type RecordSource } from './record-source.js';

/** Records read at once. */
const RECORDS_PER_READ = 500;
/** Of the set: where more is asked for by range, it is read from end to end, in the order in which it came. */
const MOST = 1 / 4;

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
    private readonly source: RecordSource = THE_SET,
  ) {}

  root(): SetRoot {
    return this.prints.root();
  }

  /** For one walk over ranges. */
  ranges(): RangeReader {
    return new RangeReader(this.db, this.prints, this.source);
  }

  /** Records by id, as far as they are in the set, in the order in which they came here: parents mostly first. */
  async *byId(ids: readonly string[]): AsyncIterable<SignedRecord> {
    const of = `r.id IN ${BLOBS} AND ${this.source.where} ORDER BY r.seq`;
    const sql = `SELECT r.body, r.signature FROM catalogue_record r WHERE ${of}`;
    for (const part of slices(ids, RECORDS_PER_READ)) yield* await byIds<RecordRow>(this.db, sql, part);
  }

  /** All records of these ranges, none of which is within another. */
  async *inRanges(ranges: readonly IdRange[]): AsyncIterable<SignedRecord> {
    const coarse = ranges.filter((range) => range.bits <= LEAF_BITS);
    const size = coarse.reduce((sum, range) => sum + this.prints.count(range), 0);
    if (size < MOST * this.root().count) {
      yield* this.rangeByRange(ranges);
      return;
    }
    yield* this.fromEndToEnd(coarse);
    yield* this.rangeByRange(ranges.filter((range) => range.bits > LEAF_BITS));
  }

  private async *rangeByRange(ranges: readonly IdRange[]): AsyncIterable<SignedRecord> {
    const reader = this.ranges();
    let ids: string[] = [];
    for (const range of ranges) {
      for (const { id, inSet } of await reader.ids(range)) if (inSet) ids.push(toHex(id));
      if (ids.length < RECORDS_PER_READ) continue;
      yield* this.byId(ids);
      ids = [];
    }
    yield* this.byId(ids);
  }

  private async *fromEndToEnd(ranges: readonly IdRange[]): AsyncIterable<SignedRecord> {
    const wanted = new Map<number, Set<number>>();
    for (const { bits, index } of ranges) wanted.set(bits, (wanted.get(bits) ?? new Set()).add(index));
    const isWanted = (id: Uint8Array): boolean => [...wanted].some(([bits, indexes]) => indexes.has(indexOf(id, bits)));
    const { from, seq, where } = this.source;
    const sql = `SELECT r.seq, r.id, r.body, r.signature FROM ${from} WHERE ${seq} > ? AND ${where} ORDER BY ${seq} LIMIT ?`;
    const read = (after: number | null): Promise<RecordRow[]> => this.db.query(sql, [after ?? 0, RECORDS_PER_READ]);
    for await (const rows of pages(RECORDS_PER_READ, read, (row) => row.seq)) {
      for (const row of rows) if (isWanted(row.id)) yield row;
    }
  }
}
