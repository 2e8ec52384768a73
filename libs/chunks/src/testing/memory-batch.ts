import type { Cid } from '@dfs/protocol';
import type { Block } from '../manifest/builder.js';
import type { GetBlock } from '../manifest/reader.js';
import type { BlockBatch } from '../store/batch.js';

/** A batch that keeps its blocks in a Map, and what it takes to read them back. */
export class MemoryBatch implements BlockBatch {
  readonly blocks = new Map<Cid, Uint8Array>();

  async add({ id, bytes }: Block, released?: () => void): Promise<void> {
    this.blocks.set(id, new Uint8Array(bytes));
    released?.();
  }
  async get(id: Cid): Promise<Uint8Array | undefined> {
    return this.blocks.get(id);
  }
  async flush(): Promise<void> {}
  async commit(): Promise<void> {}
  async abort(): Promise<void> {
    this.blocks.clear();
  }

  /** Ids that were asked for, in order. */
  readonly asked: Cid[] = [];
  readonly getBlock: GetBlock = async (id) => {
    this.asked.push(id);
    const bytes = this.blocks.get(id);
    if (!bytes) throw new Error(`not stored: ${id}`);
    return bytes;
  };
}
