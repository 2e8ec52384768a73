import { isManifestCid, type Cid } from '@dfs/protocol';
import type { Log } from '@dfs/runtime';
import { SCAN_PAGE } from '../limits.js';
import { needsOf } from '../pins/extent-blocks.js';
import type { PinnedExtent } from '../pins/pin-log.js';
import { NeededBlocks, type NeededBlocksComponents } from '../release/needed-blocks.js';
import type { ExtentCounts } from '../replicate/find-wants.js';
import type { BlockStore } from '../ports.js';

/** The parts by which cache is dropped. */
export interface FreeingComponents extends NeededBlocksComponents {
  chunks: Pick<BlockStore, 'get' | 'drop' | 'usage'>;
  counts: ExtentCounts;
  log: Log;
}

/** Contents whose blocks are freed by one look over all pins, since each look reads the manifests of all that is kept. */
interface Round {
  readonly contents: Map<Cid, number>;
  readonly done: Promise<void>;
}

/** Frees at once what is here of contents and needed by no pin, which otherwise stays for a day as cache. */
export class Freeing {
  private tail: Promise<unknown> = Promise.resolve();
  private next: Round | undefined;

  constructor(
    private readonly components: FreeingComponents,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * Frees what nothing needs of this content. Calls that come while another one is at work are done together.
   * @throws DfsError whatever keeps a manifest of what is kept from being read: then nothing is freed; `shutting-down`
   */
  drop(content: Cid, size: number): Promise<void> {
    this.next ??= this.begin();
    this.next.contents.set(content, size);
    return this.next.done;
  }

  /** Waits for what is at work. */
  async ended(): Promise<void> {
    await this.tail;
  }

  private begin(): Round {
    const contents = new Map<Cid, number>();
    const done = this.tail.then(() => {
      this.next = undefined;
      return this.run(contents);
    });
    this.tail = done.catch(() => undefined);
    return { contents, done };
  }

  private async run(contents: ReadonlyMap<Cid, number>): Promise<void> {
    const { chunks, log } = this.components;
    this.signal.throwIfAborted();
    const live = await NeededBlocks.find(this.components, 2 * chunks.usage().chunks, this.signal);
    const isLive = (ids: Cid[]): Promise<Set<Cid>> => live.among(ids);
    let bytes = 0;
    // By the blocks of a manifest the next ones are found: they go last.
    const manifests = new Set<Cid>();
    for await (const blocks of this.blocksOf(contents)) {
      for (const id of blocks) if (isManifestCid(id)) manifests.add(id);
      const freed = await chunks.drop(
        blocks.filter((id) => !isManifestCid(id)),
        isLive,
      );
      bytes += freed.bytes;
    }
    bytes += (await chunks.drop([...manifests], isLive)).bytes;
    log.info({ contents: contents.size, bytes }, 'content was freed, as a person asked');
  }

  /** Blocks of each extent, as far as the manifests here tell; of small contents many at a time. */
  private async *blocksOf(contents: ReadonlyMap<Cid, number>): AsyncGenerator<Cid[], void, undefined> {
    const refs = [...contents].map(([contentId, size]) => ({ contentId, size }));
    const counts = await this.components.counts.of(refs);
    let blocks: Cid[] = [];
    for (const { contentId: content, size } of refs) {
      for (let extent = 0; extent < (counts.get(content) ?? 1); extent++) {
        const pin: PinnedExtent = { content, size, extent };
        blocks.push(...((await needsOf(this.components, pin, this.signal)) ?? []));
        if (blocks.length < SCAN_PAGE) continue;
        yield blocks;
        blocks = [];
      }
    }
    yield blocks;
  }
}
