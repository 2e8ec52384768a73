import type { Catalogue } from '@dfs/catalogue';
import type { ChunkStore } from '@dfs/chunks';
import type { ChunkInfo, HolderList, Replication } from '@dfs/contracts';
import type { Database, Tx } from '@dfs/database';
import type { Cid } from '@dfs/protocol';

// What files needs of the layers below, and no more.

/** Reads what the network's files are. */
export type CatalogueReader = Pick<Catalogue, 'get' | 'byPath' | 'list' | 'versions'>;
/** Writes new versions of them. */
export type CatalogueWriter = CatalogueReader & Pick<Catalogue, 'commit'>;

/** Where contents are, and how to get at them. */
export interface Placement {
  pinLocal(tx: Tx, contents: readonly { contentId: Cid; size: number; chunkCount: number }[]): Promise<void>;
  fetch(
    contentId: Cid,
    size: number,
    options: { offset?: number; length?: number; signal?: AbortSignal; path?: string },
  ): AsyncIterable<Uint8Array>;
  replication(contents: readonly { contentId: Cid; size: number }[]): Promise<Map<Cid, Replication>>;
  chunkList(
    contentId: Cid,
    size: number,
    options: { after?: number; limit: number },
  ): Promise<{ items: ChunkInfo[]; total: number; next: number | null }>;
  holders(contentId: Cid, size: number): Promise<HolderList>;
}

/** What the facade is made of. */
export interface FilesComponents {
  db: Pick<Database, 'write'>;
  chunks: Pick<ChunkStore, 'batch'>;
  catalogue: CatalogueWriter;
  placement: Placement;
}
