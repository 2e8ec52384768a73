import type { Database } from '@dfs/database';
import type { Cid } from '@dfs/protocol';
import type { Log } from '@dfs/runtime';
import type { Block, BlockStore } from '../ports.js';
import { RotatingBatch } from '../rotating-batch.js';

/** Share of the quota up to which a reader keeps what it got: less than what stops the data of others. */
export const CACHE_SHARE = 0.7;
/** Of what is free on the disk, the share a reader may fill. */
const CACHE_FREE_SHARE = 0.5;

/** The store in which cache is kept, and the database whose unit of work commits it. */
export interface ReadCacheComponents {
  chunks: BlockStore;
  db: Database;
  log: Log;
}

/** Whether so many bytes more may be kept as cache: they never stop what others' data needs. */
export function hasRoomForCache(chunks: Pick<BlockStore, 'usage' | 'room'>, more: number): boolean {
  const { bytes, quotaBytes } = chunks.usage();
  return bytes + more <= quotaBytes * CACHE_SHARE && more <= chunks.room() * CACHE_FREE_SHARE;
}

/**
 * Keeps what a reader got from peers: unpinned, as cache, which is the first to go when room is short. Others who read the
 * same are served from it at once.
 */
export class ReadCache {
  private made: RotatingBatch | undefined;
  private readonly kept = new Set<Cid>();
  private over = false;

  constructor(private readonly components: ReadCacheComponents) {}

  /** Waits while the disk is behind. Never throws: what cannot be kept is not. */
  async add(block: Block): Promise<void> {
    if (this.over) return;
    try {
      if (!hasRoomForCache(this.components.chunks, block.bytes.length)) return this.giveUp();
      this.made ??= new RotatingBatch(this.components.chunks, this.components.db);
      await this.made.add(block);
      this.kept.add(block.id);
    } catch (error) {
      this.giveUp(error);
    }
  }

  has(id: Cid): boolean {
    return this.kept.has(id);
  }

  /** A block that was kept, until it is committed. */
  async read(id: Cid): Promise<Uint8Array | undefined> {
    return this.made?.get(id);
  }

  /** Makes it durable. Never throws. */
  async finish(): Promise<void> {
    if (this.kept.size > 0) await this.made?.finish(async () => undefined).catch((error) => this.giveUp(error));
    await this.made?.abort();
  }

  private giveUp(error?: unknown): void {
    this.over = true;
    if (error !== undefined) this.kept.clear();
    this.components.log.debug({ err: error }, 'what a reader gets is not kept');
  }
}
