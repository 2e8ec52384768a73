import { chunksFrom, summarise } from '@dfs/chunks';
import type { ChunkInfo } from '@dfs/contracts';
import { abortError, DfsError } from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import type { Arrivals } from '../ahead/arrivals.js';
import { hasRoomForCache } from './read-cache.js';
import { ContentReader, localOrRemote } from './content-reader.js';
import { DownloadTransfer, type Transfers } from '@dfs/transfer';
import { isEmpty } from '../plan/extents.js';
import { SHARED_BYTES } from '../limits.js';
import { FetchSession, type FetchSessionComponents } from './fetch-session.js';
import type { Replicator } from '../replicate/replicator.js';
import { ReadSharing, type ReadSharingComponents } from './read-sharing.js';
import { ReplicationTap } from './replication-tap.js';

/** A part of a content, in bytes; all of it when left out. */
export interface FetchOptions {
  offset?: number;
  length?: number;
  signal?: AbortSignal;
  /** For people, in the list of transfers. */
  path?: string;
}

/** `next` is the offset of the first chunk of the next page. */
export interface ChunkPage {
  items: ChunkInfo[];
  total: number;
  next: number | null;
}

/** The parts by which a read finds, fetches and shows its blocks. */
export type ContentFetchComponents = FetchSessionComponents &
  ReadSharingComponents & {
    transfers: Transfers;
    replicator: Replicator;
    arrivals: Pick<Arrivals, 'settleUnlessHere'>;
    /** Ends all reads. */
    signal: AbortSignal;
  };

/** Contents as bytes, from here and from other members. */
export class ContentFetch {
  /** Reads that have ended and of which something is being made durable. */
  private readonly keeping = new Set<Promise<void>>();

  constructor(private readonly components: ContentFetchComponents) {}

  /** As Placement. */
  async *fetch(content: Cid, size: number, options: FetchOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const offset = Math.max(0, options.offset ?? 0);
    const length = Math.max(0, Math.min(options.length ?? Infinity, size - offset));
    if (isEmpty(content) || length === 0) return;
    const { chunks, replicator, transfers, arrivals } = this.components;
    await arrivals.settleUnlessHere(content);
    const transfer = new DownloadTransfer(transfers, { contentId: content, bytes: length, path: options.path });
    const signals = [this.components.signal, transfer.signal, ...(options.signal ? [options.signal] : [])];
    const signal = AbortSignal.any(signals);
    const shared = this.share(content, size, length, signal);
    const remote = this.remote(content, signal, (bytes, peerId) => transfer.received(bytes, peerId), shared);
    replicator.hurry(content);
    try {
      const parts = { chunks, remote: new ReplicationTap(replicator, remote, signal) };
      for await (const bytes of new ContentReader(parts, content, size, { offset, length }, signal).read()) {
        transfer.delivered(bytes.length);
        yield bytes;
      }
      transfer.finish();
    } catch (error) {
      const reason = signal.aborted ? abortError(signal) : error;
      transfer.fail(reason);
      throw reason;
    } finally {
      transfer.fail(new DfsError('aborted', 'The reader has gone.'));
      remote.close();
      if (shared) this.closeShared(shared);
    }
  }

  /** As Placement. */
  async chunkList(content: Cid, size: number, options: { after?: number; limit: number }): Promise<ChunkPage> {
    const { chunks, signal } = this.components;
    const offset = options.after ?? 0;
    const remote = this.remote(content, signal);
    try {
      const parts = { chunks, remote };
      const get = (id: Cid): Promise<Uint8Array> => localOrRemote(parts, id, signal);
      const { chunkCount } = await summarise(content, size, get);
      const places = [];
      for await (const place of chunksFrom(content, size, get, { offset, length: size - offset }, signal)) {
        if (places.push(place) > options.limit) break;
      }
      const here = await chunks.has(places.map(({ id }) => id));
      const items = places.slice(0, options.limit).map((place) => ({
        id: place.id,
        offset: place.offset,
        size: place.size,
        here: here.has(place.id),
      }));
      return { items, total: chunkCount, next: places[options.limit]?.offset ?? null };
    } finally {
      remote.close();
    }
  }

  /** Waits for what is being committed of reads that have ended. */
  async ended(): Promise<void> {
    await Promise.all(this.keeping);
  }

  private remote(
    content: Cid,
    signal: AbortSignal,
    onReceived?: (bytes: number, peerId: string) => void,
    shared?: ReadSharing,
  ): FetchSession {
    return new FetchSession(this.components, {
      content,
      signal,
      ...(onReceived && { onReceived }),
      ...(shared && { shared }),
    });
  }

  /** A large read is kept where there is room, and shared with others who fetch the same. */
  private share(content: Cid, size: number, length: number, signal: AbortSignal): ReadSharing | undefined {
    if (length < SHARED_BYTES || !hasRoomForCache(this.components.chunks, SHARED_BYTES)) return undefined;
    return new ReadSharing(this.components, { content, size, signal });
  }

  private closeShared(shared: ReadSharing): void {
    const closed = shared.close().finally(() => this.keeping.delete(closed));
    this.keeping.add(closed);
  }
}
