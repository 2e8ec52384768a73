import type { Cid, ExtentId } from '@dfs/protocol';
import { second } from '@dfs/runtime';

/** Blocks of which it is remembered who was given them: the oldest are forgotten. */
const MAX_HANDOUTS = 16_384;
/** Extents of which it is counted what was given of them. */
const MAX_COUNTS = 1024;
/** Of the blocks of an extent that were given, those that may be given again soon, since somebody insists. */
const AGAIN_SHARE = 0.5;
/** … and for so long: on a busy machine one who has been given a block may take that long to pass it on. */
export const PASS_TIME = 30 * second;

interface Handout {
  readonly extent: string;
  readonly to: string;
  readonly at: number;
}

/** Blocks of an extent that were given, and those that were given again before they had to be. */
interface Count {
  once: number;
  again: number;
}

/** A request for chunks of an extent that others may fetch, too. */
export interface Claim {
  readonly asker: string;
  readonly extent: ExtentId;
  /** The asker waits in vain for those who were given them. */
  readonly insist: boolean;
}

/** Where it is known who fetches an extent, and may pass it on. */
export interface Passers {
  isFetching(content: Cid, extent: number, peerId: string): boolean;
}

/**
 * Remembers which asker was given which chunk, so that askers of the same extent each get another part of it, and the rest from
 * each other, whatever the order in which they ask. One that insists is given what others have, but not more than a
 * share of all that was given, until that is a while ago.
 */
export class Handouts {
  private readonly given = new Map<Cid, Handout>();
  private readonly counts = new Map<string, Count>();

  constructor(
    private readonly passers: Passers,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Of these blocks, those that the asker has to get elsewhere; all others count as given to it. */
  claim(ids: readonly Cid[], claim: Claim): Set<Cid> {
    const elsewhere = new Set<Cid>();
    for (const id of ids) if (!this.give(id, claim)) elsewhere.add(id);
    return elsewhere;
  }

  /** These were not sent after all. */
  takeBack(ids: Iterable<Cid>, asker: string): void {
    for (const id of ids) if (this.given.get(id)?.to === asker) this.given.delete(id);
  }

  private give(id: Cid, { asker, extent, insist }: Claim): boolean {
    const key = `${extent.content}/${extent.extent}`;
    const known = this.given.get(id);
    const count = this.countOf(key);
    if (known?.extent === key && known.to !== asker && this.passesOn(known, extent)) {
      const isOld = this.now() - known.at > PASS_TIME;
      if (!insist || (!isOld && count.again + 1 > count.once * AGAIN_SHARE)) return false;
      count.again++;
    } else {
      count.once++;
    }
    // Anew, so that the oldest stand first.
    this.given.delete(id);
    this.given.set(id, { extent: key, to: asker, at: this.now() });
    forgetOldest(this.given, MAX_HANDOUTS);
    return true;
  }

  private passesOn({ to }: Handout, { content, extent }: ExtentId): boolean {
    return this.passers.isFetching(content, extent, to);
  }

  private countOf(key: string): Count {
    const count = this.counts.get(key) ?? { once: 0, again: 0 };
    this.counts.delete(key);
    this.counts.set(key, count);
    forgetOldest(this.counts, MAX_COUNTS);
    return count;
  }
}

function forgetOldest(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
}
