import { readExtent } from '@dfs/chunks';
import { hashesTo, type Cid } from '@dfs/protocol';
import { localOrRemote } from './content-reader.js';
import { ReadCache, type ReadCacheComponents } from './read-cache.js';
import { CoFetchers, type Gainer, type CoFetchersComponents } from '@dfs/transfer';

/** The parts by which a read is kept as cache and shared with co-fetchers. */
export interface ReadSharingComponents extends ReadCacheComponents, CoFetchersComponents {}

/** The content that is read. `signal` ends sharing with the read. */
export interface ReadSharingOptions {
  content: Cid;
  size: number;
  signal: AbortSignal;
}

/** A large read that is kept as cache, and shared with others who read or fetch the same. */
export class ReadSharing {
  private readonly keeper: ReadCache;
  private readonly extents = new Map<number, CoFetchers>();
  private closed = false;

  constructor(
    private readonly components: ReadSharingComponents,
    private readonly options: ReadSharingOptions,
  ) {
    this.keeper = new ReadCache(components);
  }

  /** Takes a block from a peer. Waits while the disk is behind; never throws. */
  async keep(id: Cid, bytes: Uint8Array): Promise<void> {
    await this.keeper.add({ id, bytes });
    for (const partners of this.extents.values()) partners.arrived();
  }

  /**
   * Something of an extent is wanted from peers: those who fetch it too are met.
   * @param get a manifest block from a peer
   * @returns whether there may be others
   */
  open(extent: number, key: string, swarm: Gainer, get: GetRemote): boolean {
    // Of two nodes neither has anyone to share with.
    if (this.closed || this.extents.has(extent) || this.components.others().length < 2) return false;
    // A reader goes forward: nobody is asked any more about what it has passed.
    for (const [other, partners] of this.extents) if (other < extent - 1) partners.close();
    let chunks: Cid[] | undefined;
    const here = new Set<Cid>();
    const partners = new CoFetchers(this.components, {
      ...{ ...this.options, extent, key, swarm },
      own: {
        chunks: () => chunks,
        has: (id) => here.has(id) || this.keeper.has(id),
        read: (id) => this.keeper.read(id),
      },
    });
    this.extents.set(extent, partners);
    const learn = async (): Promise<void> => {
      const { content, size } = this.options;
      const found = await readExtent(content, size, extent, (id) => this.manifestBlock(id, get));
      const ids = found.chunks.map(({ id }) => id);
      for (const id of await this.components.chunks.has(ids)) here.add(id);
      chunks = ids;
      partners.chunksKnown();
    };
    learn().catch((error: unknown) => {
      this.components.log.debug({ err: error, extent }, 'what is read is shared with nobody');
    });
    return true;
  }

  /** These hold the extent, and may know of others who fetch it. */
  askAt(extent: number, holders: readonly string[]): void {
    this.extents.get(extent)?.askAt(holders);
  }

  /** Makes durable what was kept; it is served meanwhile. Never throws. */
  async close(): Promise<void> {
    this.closed = true;
    for (const partners of this.extents.values()) partners.close();
    await this.keeper.finish();
    for (const partners of this.extents.values()) partners.leave();
  }

  /** The reader has just got it: it is kept, or on this node's disk. */
  private async manifestBlock(id: Cid, get: GetRemote): Promise<Uint8Array> {
    const kept = await this.keeper.read(id);
    if (kept && hashesTo(kept, id)) return kept;
    return localOrRemote({ chunks: this.components.chunks, remote: { get } }, id, this.options.signal);
  }
}

type GetRemote = (id: Cid) => Promise<Uint8Array>;
