import { cidToBytes, type Cid } from '@dfs/protocol';
import { isDfsError, pages } from '@dfs/runtime';
import { forsaken, type ForsakenComponents } from '../repair/forsaken.js';
import { SCAN_PAGE } from '../limits.js';
import { CidFilter } from './cid-filter.js';
import type { BlockReader } from '@dfs/transfer';
import { ExtentBlocks } from '../pins/extent-blocks.js';
import type { NumberedPin, PinnedExtent } from '../pins/pin-log.js';

/** The sources that tell which blocks are needed: pins, damage, and fetches under way. */
export interface NeededBlocksComponents extends ForsakenComponents {
  chunks: Pick<BlockReader, 'get'>;
  /** A block is part of what is being fetched: it gets its pin with the last of it. */
  isUnderWay: (id: Cid) => boolean;
}

/**
 * The blocks that pins need: every chunk of each pinned extent, and the manifest blocks that lead to it. Pins that are
 * dropped while it is made still count; pins that are added count from their commit on. Blocks left of extents that are
 * damaged here counts as long as nobody else has them, and what has come of a replication until that ends.
 */
export class NeededBlocks {
  private readonly set: CidFilter;
  /** Entries of the pin log up to this one are in it. */
  private absorbed: number;
  private readonly blocks: ExtentBlocks;

  private constructor(
    private readonly components: NeededBlocksComponents,
    expected: number,
    private readonly signal: AbortSignal,
  ) {
    this.set = new CidFilter(expected);
    this.blocks = new ExtentBlocks((id) => components.chunks.get(id, { signal }));
    this.absorbed = components.pins.number;
  }

  /**
   * Reads the manifests of all that is pinned.
   * @param expected blocks there may be
   * @throws DfsError when a manifest cannot be read: what it leads to is not known then
   */
  static async find(components: NeededBlocksComponents, expected: number, signal: AbortSignal): Promise<NeededBlocks> {
    const live = new NeededBlocks(components, expected, signal);
    for await (const page of components.pins.pages()) for (const pin of page) await live.add(pin);
    for await (const extent of forsaken(components)) await live.addWhatIsLeft(extent);
    return live;
  }

  /** Those of the ids that are needed, by what is committed now; a few others may be among them. */
  async among(ids: readonly Cid[]): Promise<Set<Cid>> {
    // Before the pins are looked at: it may end, and be pinned, meanwhile.
    const underWay = ids.filter((id) => this.components.isUnderWay(id));
    await this.absorb();
    return new Set([...underWay, ...ids.filter((id) => this.set.has(cidToBytes(id)))]);
  }

  private async absorb(): Promise<void> {
    const read = (after: number | null): Promise<NumberedPin[]> =>
      this.components.pins.since(after ?? this.absorbed, SCAN_PAGE);
    for await (const page of pages(SCAN_PAGE, read, ({ number }) => number)) {
      for (const pin of page) await this.add(pin);
      this.absorbed = page.at(-1)!.number;
    }
  }

  private async add(extent: PinnedExtent): Promise<void> {
    this.signal.throwIfAborted();
    for (const id of await this.blocks.of(extent)) this.set.add(cidToBytes(id));
  }

  /**
   * If the manifest was never fetched, there is nothing to lose. A manifest that is damaged or cannot be
   * read now may read well another time: until then nothing is freed, since what it leads to may be the last there is.
   */
  private async addWhatIsLeft(extent: PinnedExtent): Promise<void> {
    this.set.add(cidToBytes(extent.content));
    try {
      await this.add(extent);
    } catch (error) {
      this.signal.throwIfAborted();
      if (!isDfsError(error, 'chunk-not-found')) throw error;
      for (const id of this.blocks.wanted) this.set.add(cidToBytes(id));
    }
  }
}
