import type { Reader, SqlValue, Tx } from '@dfs/database';
import { sha256 } from '@dfs/protocol';

/** Bits of an id that name its bucket: the finest range whose fingerprint is kept. That of a finer one is computed. */
export const LEAF_BITS = 12;
const LEAVES = 1 << LEAF_BITS;
/** 256-bit sums as eight words, the least significant first. */
const WORDS = 8;
const ID_BYTES = 32;
/** Length of the fingerprint of a whole set: the heartbeat carries it, and an equal one ends a comparison. */
export const ROOT_BYTES = 16;
/**
 * Length of the fingerprint of a range. Short, since many travel, each with a salt that its exchange chose at random.
 */
export const PRINT_BYTES = 8;

/** Size and fingerprint of the whole set. */
export interface SetRoot {
  count: number;
  /** 16 bytes; all zero for the empty set. */
  print: Uint8Array;
}

/** Ids with the same first `bits` bits, which read as a number are `index`. */
export interface IdRange {
  bits: number;
  index: number;
}

/** Where they are kept: those of the set, and those of the void records. */
export type FingerprintTable = 'catalogue_fingerprint' | 'catalogue_void_fingerprint';

/**
 * Fingerprints of the set of record ids, by prefix. Kept with each commit, never rebuilt from the records: a bucket holds
 * the number of its ids and their sum modulo 2^256, to which an id can be added and taken away; a wider range is the
 * sum of its buckets. Sums of ids as fingerprints are those of negentropy, a form of range-based set reconciliation.
 */
export class Fingerprints {
  private readonly counts = new Int32Array(LEAVES);
  private readonly sums = new Uint32Array(LEAVES * WORDS);
  /** Of all ids. */
  private readonly total: Bucket = { count: 0, sum: new Uint32Array(WORDS) };
  private readonly pending = new WeakMap<Tx, Delta>();
  private known: SetRoot | undefined;

  private constructor(private readonly table: FingerprintTable) {}

  static async load(reader: Reader, table: FingerprintTable = 'catalogue_fingerprint'): Promise<Fingerprints> {
    const prints = new Fingerprints(table);
    const rows = await reader.query<{ bucket: number; count: number; sum: Uint8Array }>(
      `SELECT bucket, count, sum FROM ${table}`,
    );
    for (const { bucket, count, sum } of rows) {
      prints.counts[bucket] = count;
      addBytes(prints.sums, bucket * WORDS, sum);
      prints.total.count += count;
      addBytes(prints.total.sum, 0, sum);
    }
    return prints;
  }

  /** Writes a change within the unit of work; it shows here once that is committed. */
  async apply(tx: Tx, delta: Delta): Promise<void> {
    if (delta.buckets.size === 0) return;
    const all = this.pending.get(tx) ?? new Delta();
    this.pending.set(tx, all);
    all.merge(delta);
    const rows: SqlValue[][] = [];
    for (const bucket of delta.buckets.keys()) {
      const change = all.buckets.get(bucket) as Bucket;
      const sum = this.sums.slice(bucket * WORDS, bucket * WORDS + WORDS);
      addWords(sum, 0, change.sum);
      rows.push([bucket, (this.counts[bucket] as number) + change.count, toBytes(sum)]);
    }
    await tx.insertMany(this.table, ['bucket', 'count', 'sum'], rows, 'replace');
    tx.afterCommit(() => this.add(delta));
  }

  /** Empties the set within the unit of work. */
  async clear(tx: Tx): Promise<void> {
    await tx.later(`DELETE FROM ${this.table}`);
    tx.afterCommit(() => {
      this.counts.fill(0);
      this.sums.fill(0);
      this.total.count = 0;
      this.total.sum.fill(0);
      this.known = undefined;
    });
  }

  root(): SetRoot {
    this.known ??= this.rootNow();
    return this.known;
  }

  count(range: IdRange): number {
    const [from, to] = leaves(range);
    let count = 0;
    for (let leaf = from; leaf < to; leaf++) count += this.counts[leaf] as number;
    return count;
  }

  /**
   * Fingerprint of a range, 8 bytes, all zero for an empty one. Salted anew in each exchange: two different sets that
   * once looked alike do not do so again, and nobody can prepare such sets.
   */
  print(range: IdRange, salt: Uint8Array): Uint8Array {
    const count = this.count(range);
    if (count === 0) return new Uint8Array(PRINT_BYTES);
    const [from, to] = leaves(range);
    return digest(this.sum(from, to), count, salt).subarray(0, PRINT_BYTES);
  }

  private rootNow(): SetRoot {
    const { count, sum } = this.total;
    if (count === 0) return { count, print: new Uint8Array(ROOT_BYTES) };
    return { count, print: digest(sum, count).subarray(0, ROOT_BYTES) };
  }

  private sum(from: number, to: number): Uint32Array {
    const sum = new Uint32Array(WORDS);
    for (let leaf = from; leaf < to; leaf++) {
      addWords(sum, 0, this.sums.subarray(leaf * WORDS, leaf * WORDS + WORDS));
    }
    return sum;
  }

  private add(delta: Delta): void {
    for (const [bucket, change] of delta.buckets) {
      this.counts[bucket] = (this.counts[bucket] as number) + change.count;
      addWords(this.sums, bucket * WORDS, change.sum);
      this.total.count += change.count;
      addWords(this.total.sum, 0, change.sum);
    }
    this.known = undefined;
  }
}

interface Bucket {
  count: number;
  sum: Uint32Array;
}

/** Ids that come into the set and leave it in one unit of work. */
export class Delta {
  readonly buckets = new Map<number, Bucket>();

  add(id: Uint8Array): void {
    const bucket = this.bucket(leafOf(id));
    bucket.count++;
    addBytes(bucket.sum, 0, id);
  }

  remove(id: Uint8Array): void {
    const bucket = this.bucket(leafOf(id));
    bucket.count--;
    subtractBytes(bucket.sum, id);
  }

  merge(other: Delta): void {
    for (const [leaf, change] of other.buckets) {
      const bucket = this.bucket(leaf);
      bucket.count += change.count;
      addWords(bucket.sum, 0, change.sum);
    }
  }

  private bucket(leaf: number): Bucket {
    let bucket = this.buckets.get(leaf);
    if (bucket === undefined) {
      bucket = { count: 0, sum: new Uint32Array(WORDS) };
      this.buckets.set(leaf, bucket);
    }
    return bucket;
  }
}

/** Fingerprint of some ids, as `Fingerprints.print` of a range that has no others. */
export function printOf(ids: readonly Uint8Array[], salt: Uint8Array): Uint8Array {
  if (ids.length === 0) return new Uint8Array(PRINT_BYTES);
  const sum = new Uint32Array(WORDS);
  for (const id of ids) addBytes(sum, 0, id);
  return digest(sum, ids.length, salt).subarray(0, PRINT_BYTES);
}

/** Bounds of the ids in a range, for a query by blob: from (inclusive), to (exclusive; null for the end). */
export function idBounds({ bits, index }: IdRange): { from: Uint8Array; to: Uint8Array | null } {
  return { from: prefixBytes(bits, index), to: index + 1 === 2 ** bits ? null : prefixBytes(bits, index + 1) };
}

/** Index of the range of so many bits, at most 24, that an id is in. */
export function indexOf(id: Uint8Array, bits: number): number {
  const first = ((id[0] as number) << 16) | ((id[1] as number) << 8) | (id[2] as number);
  return first >>> (24 - bits);
}

/** The bucket that an id is in: its first LEAF_BITS bits as a number. */
export function leafOf(id: Uint8Array): number {
  return indexOf(id, LEAF_BITS);
}

function leaves({ bits, index }: IdRange): [number, number] {
  const width = 1 << (LEAF_BITS - bits);
  return [index * width, (index + 1) * width];
}

function prefixBytes(bits: number, index: number): Uint8Array {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(index * 2 ** (32 - bits));
  return out;
}

function digest(sum: Uint32Array, count: number, salt: Uint8Array = new Uint8Array(0)): Uint8Array {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(count);
  return sha256(Buffer.concat([salt, head, toBytes(sum)]));
}

/** The sum as 32 bytes, least significant first: what is stored, and what is hashed into a fingerprint. */
export function toBytes(sum: Uint32Array): Uint8Array {
  const out = Buffer.alloc(ID_BYTES);
  for (let word = 0; word < WORDS; word++) out.writeUInt32LE(sum[word] as number, word * 4);
  return out;
}

function addWords(into: Uint32Array, at: number, words: Uint32Array): void {
  let carry = 0;
  for (let word = 0; word < WORDS; word++) {
    const sum = (into[at + word] as number) + (words[word] as number) + carry;
    into[at + word] = sum >>> 0;
    carry = sum > 0xffffffff ? 1 : 0;
  }
}

function addBytes(into: Uint32Array, at: number, bytes: Uint8Array): void {
  let carry = 0;
  for (let word = 0; word < WORDS; word++) {
    const sum = (into[at + word] as number) + wordOf(bytes, word) + carry;
    into[at + word] = sum >>> 0;
    carry = sum > 0xffffffff ? 1 : 0;
  }
}

function subtractBytes(from: Uint32Array, bytes: Uint8Array): void {
  let borrow = 0;
  for (let word = 0; word < WORDS; word++) {
    const difference = (from[word] as number) - wordOf(bytes, word) - borrow;
    from[word] = difference >>> 0;
    borrow = difference < 0 ? 1 : 0;
  }
}

function wordOf(bytes: Uint8Array, word: number): number {
  const at = word * 4;
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}
