import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Cid } from '@dfs/protocol';
import type { ExtentHolders } from '../pins/extent-holders.js';
import { EXTENTS_FOUND } from '../limits.js';
import type { Snapshot } from '../plan/members-now.js';

/** Extents of one content that one look is spent on: 32 TiB; the next begins elsewhere. */
export const EXTENTS_LOOKED_AT = 2 ** 15;
/** Extents that are ranked before others have their turn: about a millisecond. */
export const RANKS_PER_TURN = 256;

/** The result of one look at a content. */
export interface LackingExtents {
  extents: number[];
  /** There may be others: another look finds them, once these are here. */
  more: boolean;
}

/** How one look is narrowed or widened. */
export interface LackingOptions {
  /** Leaves out what none of these members holds. */
  heldBy?: ReadonlySet<string> | undefined;
  /** Takes in what placement does not give to this node, too: a person wants it here. */
  all?: boolean;
}

interface Looked {
  content: Cid;
  extent: number;
  holders: readonly string[];
  all: boolean;
}

/**
 * Finds extents that this node should hold and lacks. A manifest of a few kilobytes may claim millions of extents: a look
 * at one content ends after EXTENTS_FOUND or EXTENTS_LOOKED_AT of them, and others have their turn meanwhile.
 */
export class LackingFinder {
  private ranked = 0;

  constructor(
    private readonly now: Snapshot,
    private readonly signal: AbortSignal,
    private readonly random: () => number = Math.random,
  ) {}

  /** Those that somebody holds come first, the fewest copies before others. */
  async among(
    content: Cid,
    count: number,
    held: ExtentHolders,
    { heldBy, all = false }: LackingOptions = {},
  ): Promise<LackingExtents> {
    const { self } = this.now;
    const found: LackingExtents = { extents: [], more: false };
    const open = [...held].filter(([extent, holders]) => extent < count && !holders.includes(self));
    const good = heldBy ? open.filter(([, holders]) => holders.some((peerId) => heldBy.has(peerId))) : open;
    good.sort(([a, { length: least }], [b, { length: more }]) => least - more || a - b);
    let looked = 0;
    for (const [extent, holders] of good) {
      if (looked++ >= EXTENTS_LOOKED_AT || !(await this.look(found, { content, extent, holders, all }))) {
        found.more = true;
        return found;
      }
    }
    // Nobody holds the others, as far as is known.
    let unheld = heldBy ? 0 : count - [...held.keys()].filter((extent) => extent < count).length;
    // Each look begins elsewhere where it cannot see everything.
    let extent = count > EXTENTS_LOOKED_AT ? Math.floor(this.random() * count) : 0;
    for (; unheld > 0; extent = (extent + 1) % count) {
      if (held.has(extent)) continue;
      if (looked++ >= EXTENTS_LOOKED_AT || !(await this.look(found, { content, extent, holders: [], all }))) {
        found.more = true;
        return found;
      }
      unheld--;
    }
    return found;
  }

  /** Takes it in if this node should hold it. @returns false when there is no room for it */
  private async look(found: LackingExtents, { content, extent, holders, all }: Looked): Promise<boolean> {
    if (++this.ranked % RANKS_PER_TURN === 0) {
      await nextTurn();
      this.signal.throwIfAborted();
    }
    if (!all && !this.now.shouldHold(this.now.self, content, extent, holders)) return true;
    if (found.extents.length >= EXTENTS_FOUND) return false;
    found.extents.push(extent);
    return true;
  }
}
