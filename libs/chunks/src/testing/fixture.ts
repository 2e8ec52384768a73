import { readdir } from 'node:fs/promises';
import { cidOf, type Cid } from '@dfs/protocol';
import type { Database } from '@dfs/database';
import type { Timers } from '@dfs/runtime';
import { eventually, tempDatabase } from '@dfs/testing';
import type { Block } from '../manifest/builder.js';
import { chunksEntities, chunksMigrations } from '../schema.js';
import type { FileSystemSize } from '../store/admission/admission.js';
import type { BlockBatch } from '../store/batch.js';
import { ChunkStore } from '../store/chunk-store.js';

/** A store on a real database in a folder of its own, with a look at its files. */
export class StoreFixture implements AsyncDisposable {
  /** The file system as the store sees it; set before `reopen`. */
  disk = { totalBytes: 2 ** 40, freeBytes: 2 ** 40 };
  /** By which the store waits for the disk; set before `reopen`. */
  timers: Timers | undefined;

  private constructor(
    private readonly temp: Awaited<ReturnType<typeof tempDatabase>>,
    readonly dir: string,
    public store: ChunkStore,
    private readonly quotaBytes: number,
    private readonly reserveBytes: number,
  ) {}

  static async open({ quotaBytes = 2 ** 40, reserveBytes = 0 } = {}): Promise<StoreFixture> {
    const temp = await tempDatabase(chunksMigrations, chunksEntities);
    const dir = temp.dir.file('chunks');
    const fixture = new StoreFixture(temp, dir, undefined as unknown as ChunkStore, quotaBytes, reserveBytes);
    await fixture.reopen();
    return fixture;
  }

  get db(): Database {
    return this.temp.db;
  }

  async reopen(): Promise<void> {
    await (this.store as ChunkStore | undefined)?.close();
    const fileSystem: FileSystemSize = async () => this.disk;
    this.store = await ChunkStore.open({
      dir: this.dir,
      db: this.db,
      quotaBytes: this.quotaBytes,
      reserveBytes: this.reserveBytes,
      fileSystem,
      ...(this.timers && { timers: this.timers }),
    });
  }

  /** Adds, flushes and commits. */
  async put(blocks: readonly Block[]): Promise<void> {
    const batch = this.store.batch('local');
    for (const block of blocks) await batch.add(block);
    await batch.flush();
    await this.commit(batch);
  }

  commit(batch: BlockBatch): Promise<void> {
    return this.db.write((tx) => batch.commit(tx));
  }

  /**
   * Three batches of a block each, flushed side by side, of which the last two share a pack. Whether they do is a matter of the
   * moment: `work` runs each time, until they did.
   */
  async withSharedPack(
    make: () => Block[],
    work: (batches: readonly BlockBatch[], put: readonly Block[]) => Promise<void>,
  ): Promise<void> {
    await eventually(async () => {
      const before = (await this.packs()).length;
      const put = make();
      const batches = put.map(() => this.store.batch('local'));
      await Promise.all(batches.map((batch, index) => batch.add(put[index]!)));
      await Promise.all(batches.map((batch) => batch.flush()));
      const isShared = (await this.packs()).length < before + put.length;
      await work(batches, put);
      return isShared;
    });
  }

  async packs(): Promise<string[]> {
    return readdir(`${this.dir}/packs`);
  }
  async temporary(): Promise<string[]> {
    return readdir(`${this.dir}/tmp`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
    await this.temp.remove();
  }
}

export function blockOf(bytes: Uint8Array): Block {
  return { id: cidOf(bytes), bytes };
}

export async function readAll(blocks: AsyncIterable<Block>): Promise<Block[]> {
  const list: Block[] = [];
  for await (const block of blocks) list.push(block);
  return list;
}

export function idsOf(blocks: readonly Block[]): Cid[] {
  return blocks.map(({ id }) => id);
}
