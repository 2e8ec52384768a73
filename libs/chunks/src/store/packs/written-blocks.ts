import type { Database } from '@dfs/database';
import { offsetsInPack, type ChunkRow } from '../index/chunk-index.js';
import type { PackFile } from './pack-file.js';
import type { PackFiles } from './pack-files.js';
import type { PackWriter } from './pack-writer.js';

/** A pack that a batch writes to: first in the making, then whole. */
export interface Part {
  writer?: PackWriter;
  becomingWhole?: Promise<void>;
  pack?: PackFile;
}

/** Rows of an insert: bounds what is built in memory at once. */
const ROWS_PER_STEP = 5000;

/** The blocks that a batch has written, and where: about a hundred bytes a block, for a batch may be a terabyte. */
export class WrittenBlocks {
  readonly parts: Part[] = [];
  /** Key of the CID → place in the three lists. */
  readonly #entries = new Map<string, number>();
  readonly #partOf: number[] = [];
  readonly #offsetOf: number[] = [];
  readonly #sizeOf: number[] = [];

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Whether every pack is whole. */
  get whole(): boolean {
    return this.parts.every(({ pack }) => pack !== undefined);
  }

  /** Packs that are whole. */
  get packs(): PackFile[] {
    return this.parts.flatMap(({ pack }) => pack ?? []);
  }

  /** Packs in the making: also one that waits for another that has failed. */
  get unfinished(): PackWriter[] {
    return this.parts.flatMap(({ pack, writer }) => (pack || !writer ? [] : writer));
  }

  /** A block that is in the last of the parts. */
  note(key: string, offset: number, size: number): void {
    this.#entries.set(key, this.#partOf.length);
    this.#partOf.push(this.parts.length - 1);
    this.#offsetOf.push(offset);
    this.#sizeOf.push(size);
  }

  /** Bytes of a block, from the pack in the making or the whole one. */
  async read(key: string, files: PackFiles): Promise<Uint8Array | undefined> {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const part = this.parts[this.#partOf[entry]!]!;
    const [offset, size] = [this.#offsetOf[entry]!, this.#sizeOf[entry]!];
    if (!part.pack) {
      // It may become whole, and so be closed, while it is read.
      try {
        return await part.writer!.read(offset, size);
      } catch (error) {
        await part.becomingWhole;
        if (!part.pack) throw error;
      }
    }
    const bytes = Buffer.allocUnsafeSlow(size);
    await files.read(part.pack.row.name, (handle) => handle.read(bytes, 0, size, offset));
    return bytes;
  }

  /** Rows for all blocks, some at a time. Every pack must be whole. */
  *rows(): Generator<ChunkRow[], void, undefined> {
    let rows: ChunkRow[] = [];
    for (const [key, entry] of this.#entries) {
      rows.push({
        cid: Buffer.from(key, 'latin1'),
        pack: this.parts[this.#partOf[entry]!]!.pack!.row.id,
        offset: this.#offsetOf[entry]!,
        size: this.#sizeOf[entry]!,
      });
      if (rows.length < ROWS_PER_STEP) continue;
      yield rows;
      rows = [];
    }
    if (rows.length > 0) yield rows;
  }

  /** How many of the blocks have a row that names just this place; undefined when that cannot be told. */
  async committedRows(db: Database): Promise<number | undefined> {
    let rows = 0;
    for (const [index, { pack }] of this.parts.entries()) {
      if (!pack) continue;
      const offsets = await offsetsInPack(db, pack.row.id).catch(() => undefined);
      if (!offsets) return undefined;
      this.#offsetOf.forEach((offset, entry) => {
        if (this.#partOf[entry] === index && offsets.has(offset)) rows++;
      });
    }
    return rows;
  }
}
