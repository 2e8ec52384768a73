import type { ChunkInfo, HolderList, Replication, VersionInfo } from '@dfs/contracts';
import type { Database, Tx } from '@dfs/database';
import type { Cid } from '@dfs/protocol';

// What files needs of the layers below, and no more: their classes fit these as they are.

/** Where bytes are put before a record names them. */
export interface Batch {
  add(block: { id: Cid; bytes: Uint8Array }): Promise<void>;
  get(id: Cid): Promise<Uint8Array | undefined>;
  flush(): Promise<void>;
  commit(tx: Tx): Promise<void>;
  abort(): Promise<void>;
}
export interface ContentStore {
  batch(purpose: 'local'): Batch;
}

/** Cuts a stream into chunks and puts them, and the manifest that lists them, into a batch. */
export type StoreContent = (
  batch: Batch,
  source: AsyncIterable<Uint8Array>,
  options?: { signal?: AbortSignal; digest?: boolean; onProgress?(bytes: number): void },
) => Promise<StoredBytes>;
export interface StoredBytes {
  contentId: Cid;
  size: number;
  chunkCount: number;
  /** Of all the bytes, when `digest` was asked for. */
  sha256?: Uint8Array;
}

/** A path's shown version. */
export interface Entry {
  fileId: string;
  path: string;
  recordId: string;
  contentId: Cid;
  size: number;
  mediaType: string;
  author: string;
  /** Milliseconds since 1970. */
  createdAt: number;
  modifiedAt: number;
  deleted: boolean;
  conflict: boolean;
}
/** A version that is to be written. */
export interface Draft {
  kind: 'file' | 'deletion' | 'folder';
  path: string;
  contentId?: Cid;
  size?: number;
  mediaType?: string;
  replaces?: 'shown' | 'all';
  ifMatch?: Cid[] | '*';
  ifNoneMatch?: '*';
  from?: string;
}
export type CommitOutcome = 'created' | 'updated' | 'unchanged' | 'deleted';

export interface CatalogueReader {
  get(fileId: string): Promise<Entry | undefined>;
  byPath(path: string): Promise<Entry | undefined>;
  list(query: {
    prefix?: string;
    q?: string;
    sort?: 'path' | '-path' | 'size' | '-size' | 'modifiedAt' | '-modifiedAt';
    limit: number;
    cursor?: string;
    state?: 'current' | 'deleted' | 'conflict';
  }): Promise<{ items: Entry[]; nextCursor: string | null; total: number }>;
  versions(fileId: string): Promise<VersionInfo[]>;
}
export interface CatalogueWriter extends CatalogueReader {
  commit(tx: Tx, drafts: readonly Draft[]): Promise<{ outcome: CommitOutcome; entry: Entry }[]>;
}

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
  chunks: ContentStore;
  storeContent: StoreContent;
  catalogue: CatalogueWriter;
  placement: Placement;
}
