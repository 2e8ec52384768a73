import { MiB } from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import { extentKey } from '../plan/extents.js';
import { EXTENTS_FOUND, MAX_WANTS } from '../limits.js';

/** Of what can wait for the repair budget: a scan goes on without the rest, to find what cannot wait. */
const MAX_WAITING = 10_000;
/** Of these so few are left to look for more. */
const FEW_WANTS = EXTENTS_FOUND / 4;
/** Extents and bytes fetched and committed together. */
const GROUP_EXTENTS = 2048;
const GROUP_BYTES = 32 * MiB;

/** An extent that this node should hold and lacks. */
export interface WantedExtent {
  content: Cid;
  /** Of the content. */
  size: number;
  /** Null where it must first be learned how many there are. */
  extent: number | null;
  /** Members that may have it, by what was known when it was queued. */
  holders: string[];
  /** Copies that can be reached: the fewest are fetched first. */
  copies: number;
  /** There are copies enough, reached or not, and none of them is about to leave. */
  isSafe?: boolean;
  /** A person wants it here. */
  isWished?: boolean;
  /** It can wait for the repair budget: it is not new, and more than one copy is left. */
  canWait?: boolean;
}

/** From so many copies on all are equally safe. */
const CLASSES = 4;

/**
 * Extents to be fetched, what can wait last, otherwise the fewest copies first, then in order of arrival. Bounded: a scan
 * finds again what is left out.
 */
export class WantQueue {
  private readonly urgent = new Map<string, WantedExtent>();
  private readonly classes = Array.from({ length: CLASSES }, () => new Map<string, WantedExtent>());
  private readonly waiting = Array.from({ length: CLASSES }, () => new Map<string, WantedExtent>());

  /** @param mostWaiting so many that can wait are queued, and no more: they take no room from the others */
  constructor(private readonly mostWaiting = MAX_WAITING) {}

  get size(): number {
    return this.pressing + this.waits;
  }

  /** Of those, which cannot wait … */
  get pressing(): number {
    return sizeOf([this.urgent, ...this.classes]);
  }

  /** … and which can. */
  get waits(): number {
    return sizeOf(this.waiting);
  }

  /** Few enough of these are left to look for more. */
  get isFew(): boolean {
    return this.pressing <= FEW_WANTS && this.waits <= this.mostWaiting / 4;
  }

  /** @returns false when there is no room */
  add(want: WantedExtent): boolean {
    if (want.canWait ? this.waits >= this.mostWaiting : this.pressing >= MAX_WANTS) return false;
    const key = wantKey(want);
    const classes = want.canWait ? this.waiting : this.classes;
    // A want that could wait and is news now, or about to be lost, waits no longer.
    if (!want.canWait) for (const queue of this.waiting) queue.delete(key);
    if (!this.queues().some((queue) => queue.has(key))) classes[Math.min(want.copies, CLASSES - 1)]!.set(key, want);
    return true;
  }

  /** Those of these contents of which something is wanted. */
  of(contents: ReadonlySet<Cid>): Set<Cid> {
    const found = new Set<Cid>();
    for (const queue of this.queues()) {
      for (const { content } of queue.values()) if (contents.has(content)) found.add(content);
    }
    return found;
  }

  /** Someone reads these contents. @returns whether one of them is wanted */
  hurry(contents: ReadonlySet<Cid>): boolean {
    let found = false;
    for (const queue of [...this.classes, ...this.waiting]) {
      for (const [key, want] of queue) {
        if (!contents.has(want.content)) continue;
        queue.delete(key);
        this.urgent.set(key, want);
        found = true;
      }
    }
    return found;
  }

  /** Takes out what is wanted of a content, as far as nobody but these members may have it. */
  drop(content: Cid, holders: readonly string[]): void {
    const theirs = new Set(holders);
    for (const queue of this.queues()) {
      for (const [key, want] of queue) {
        if (want.content === content && want.holders.every((peerId) => theirs.has(peerId))) queue.delete(key);
      }
    }
  }

  /**
   * The next group to be fetched and committed together: one large extent, or many small ones. Wants that can wait are
   * in no group with
   * what cannot.
   * @param all what can wait, too
   */
  takeGroup(all = true): WantedExtent[] {
    const group = this.takeFrom([this.urgent, ...this.classes]);
    return group.length > 0 || !all ? group : this.takeFrom(this.waiting);
  }

  private takeFrom(queues: readonly Map<string, WantedExtent>[]): WantedExtent[] {
    const group: WantedExtent[] = [];
    let bytes = 0;
    for (const queue of queues) {
      for (const [key, want] of queue) {
        if (group.length >= GROUP_EXTENTS) return group;
        if (group.length > 0 && bytes + want.size > GROUP_BYTES) continue;
        queue.delete(key);
        group.push(want);
        bytes += want.size;
        if (bytes >= GROUP_BYTES) return group;
      }
    }
    return group;
  }

  private queues(): Map<string, WantedExtent>[] {
    return [this.urgent, ...this.classes, ...this.waiting];
  }
}

function sizeOf(queues: readonly Map<string, WantedExtent>[]): number {
  return queues.reduce((sum, queue) => sum + queue.size, 0);
}

/** Tells wants apart: by content alone as long as nobody knows its extents. */
export function wantKey(want: WantedExtent): string {
  return want.extent === null ? want.content : extentKey(want.content, want.extent);
}
