import { summarise } from '@dfs/chunks';
import { isDfsError, type Log } from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import { askBlocks, type Opener, type RequestSlots, MAX_LOT_BLOCKS } from '@dfs/transfer';
import type { ExtentCounts } from './find-wants.js';
import type { WantedExtent } from './want-queue.js';

/** Streams to holders, and the table of counts that is filled. */
export interface ExtentCountLearnerComponents {
  transport: Opener;
  slots: RequestSlots;
  counts: Pick<ExtentCounts, 'learn'>;
  onLearned: (content: Cid) => void;
  /** Some could not be had now. */
  onLeft: () => void;
  /** A holder sent what is not the manifest's. */
  onLied: (content: Cid, peerId: string) => void;
  log: Log;
}

/**
 * Learns how many extents large contents have, from the roots of their manifests, and keeps nothing else of them: a node
 * that has no room for a content is still to know what counts as a copy of it.
 */
export class ExtentCountLearner {
  private working: Promise<void> | undefined;

  constructor(private readonly components: ExtentCountLearnerComponents) {}

  /**
   * Asks for them in the background; while it is at that, what more it is told is left to the next scan.
   * @returns whether it took them
   */
  learn(wants: readonly WantedExtent[], signal: AbortSignal): boolean {
    if (this.working || wants.length === 0) return false;
    this.working = this.work(wants, signal)
      .catch((error: unknown) => {
        if (!signal.aborted) this.components.log.warn({ err: error }, 'the lengths of large contents were not learned');
      })
      .finally(() => (this.working = undefined));
    return true;
  }

  /** Resolves when it has ended. */
  async idle(): Promise<void> {
    await this.working;
  }

  /** Each of its holders in turn, many contents in one request. */
  private async work(wants: readonly WantedExtent[], signal: AbortSignal): Promise<void> {
    const open = new Map(wants.map((want) => [want.content, want]));
    const asked = new Map<Cid, number>();
    for (let lot = lotOf(open, asked); lot; lot = lotOf(open, asked)) {
      const { peerId, contents } = lot;
      for (const content of contents) asked.set(content, (asked.get(content) ?? 0) + 1);
      try {
        await this.askFor(peerId, contents, open, signal);
      } catch (error) {
        signal.throwIfAborted();
        const block = isDfsError(error, 'peer-misbehaved') ? error.facts?.['block'] : undefined;
        if (block !== undefined) this.components.onLied(String(block), peerId);
        this.components.log.debug({ err: error, peerId }, 'a holder did not send the roots of manifests');
      }
    }
    if (open.size > 0) this.components.onLeft();
  }

  private async askFor(
    peerId: string,
    contents: readonly Cid[],
    open: Map<Cid, WantedExtent>,
    signal: AbortSignal,
  ): Promise<void> {
    const { transport, slots, counts, onLearned } = this.components;
    const release = await slots.acquire(peerId, 'bulk', signal);
    try {
      for await (const answers of askBlocks(transport, peerId, contents, { signal })) {
        for (const { id, bytes } of answers) {
          const want = open.get(id);
          if (!bytes || !want) continue;
          open.delete(id);
          const { extentCount } = await summarise(id, want.size, () => Promise.resolve(bytes));
          await counts.learn(id, extentCount);
          onLearned(id);
        }
      }
    } finally {
      release();
    }
  }
}

/** The next request: all contents that their next holder may have. */
function lotOf(
  open: ReadonlyMap<Cid, WantedExtent>,
  asked: ReadonlyMap<Cid, number>,
): { peerId: string; contents: Cid[] } | undefined {
  const nextOf = ({ content, holders }: WantedExtent): string | undefined => holders[asked.get(content) ?? 0];
  const peerId = [...open.values()].map(nextOf).find((next) => next !== undefined);
  if (peerId === undefined) return undefined;
  const theirs = [...open.values()].filter((want) => nextOf(want) === peerId);
  return { peerId, contents: theirs.slice(0, MAX_LOT_BLOCKS).map(({ content }) => content) };
}
