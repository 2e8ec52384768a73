import type { HolderList, Replication } from '@dfs/contracts';
import type { Cid } from '@dfs/protocol';
import { minute, type Unsubscribe } from '@dfs/runtime';
import { fewestExtents, isEmpty, mostExtents } from '../plan/extents.js';
import type { ExtentHolders } from '../pins/extent-holders.js';
import type { MemberPins } from '../pins/member-pins.js';
import type { MembersNow } from '../plan/members-now.js';
import type { PeerView } from '../ports.js';
import { EMPTY_SET, HolderSets } from './holder-sets.js';
import type { ContentStanding } from './replication-state.js';
import type { ExtentCounts } from '../replicate/find-wants.js';

/** Extents of one content that are listed: of 256 TiB, which is more than anybody has. */
const MOST_LISTED = 2 ** 18;
/** Holder sets that are kept, many times those that there can be at once. */
const MOST_SETS = 100_000;
/** They are given up no more often than that: reading all contents anew is what follows. */
const SETS_LAST = 10 * minute;

/** The parts from which the state of a content is worked out. */
export interface ReplicationStatusComponents {
  holdings: MemberPins;
  counts: ExtentCounts;
  network: MembersNow;
  peers: Pick<PeerView, 'nameOf'>;
  /** Heard of only now: its holders may not have been heard of yet. */
  isNews: (content: Cid) => boolean;
}

/** A content by its id, with its size in bytes. */
export interface SizedContent {
  contentId: Cid;
  size: number;
}

/** Numbers of holder sets, and the sets by which they are told what they mean. */
export interface SetsOfContents {
  sets: HolderSets;
  numbers: Map<Cid, number>;
}

/** Copies and states of contents, derived when asked for from what members hold and who is here. */
export class ReplicationStatus {
  private sets = new HolderSets();
  private madeAt = performance.now();
  private readonly listeners = new Set<(contents: Iterable<Cid> | 'all') => void>();

  constructor(private readonly components: ReplicationStatusComponents) {}

  /** Two queries for any page. */
  async of(contents: readonly SizedContent[]): Promise<Map<Cid, Replication>> {
    const standings = await this.standings(contents);
    return new Map([...standings].map(([contentId, { replication }]) => [contentId, replication]));
  }

  /** The same, and how much of each content is here. */
  async standings(contents: readonly SizedContent[]): Promise<Map<Cid, ContentStanding>> {
    const { sets, numbers } = await this.setsOf(contents);
    this.look(sets);
    return new Map([...numbers].map(([contentId, number]) => [contentId, sets.standing(number)]));
  }

  /**
   * The holder set of each content, for those who keep many of them: they ask anew for what `onChange` tells. Two queries
   * for any page.
   */
  async setsOf(contents: readonly SizedContent[]): Promise<SetsOfContents> {
    const { holdings, counts, isNews } = this.components;
    const filled = contents.filter(({ contentId }) => !isEmpty(contentId));
    const ids = [...new Set(filled.map(({ contentId }) => contentId))];
    const [holders, extentCounts] = await Promise.all([holdings.holders(ids), counts.of(filled)]);
    // Sets that nobody has any more are given up with all others, by those who ask.
    if (this.sets.size > MOST_SETS && performance.now() - this.madeAt > SETS_LAST) {
      this.sets = new HolderSets();
      this.madeAt = performance.now();
    }
    const { sets } = this;
    const numbers = new Map<Cid, number>();
    /** Of contents of one extent, which share what is held of them. */
    const shared = new Map<ExtentHolders, number>();
    for (const { contentId, size } of contents) {
      if (isEmpty(contentId)) {
        numbers.set(contentId, EMPTY_SET);
        continue;
      }
      const held = holders.get(contentId)!;
      const known = extentCounts.get(contentId);
      const isShared = known === 1 && held.has(0);
      const alike = isShared ? shared.get(held) : undefined;
      if (alike !== undefined) {
        numbers.set(contentId, alike);
        continue;
      }
      const { count, more } = reach(known, size, held);
      const extents = spokenOf(held, count);
      // Where holders are known of every part, nothing depends on how new it is.
      const news = extents.some((peerIds) => peerIds.length === 0) && isNews(contentId);
      const number = sets.numberOf({ extents, more, news });
      numbers.set(contentId, number);
      if (isShared) shared.set(held, number);
    }
    return { sets, numbers };
  }

  /** Has these sets follow who is here now. */
  look(sets: HolderSets): void {
    sets.look(this.components.network.now());
  }

  /** The holders of these contents may be others than they were. */
  onChange(listener: (contents: Iterable<Cid> | 'all') => void): Unsubscribe {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** To be called when holders have changed, or how many extents there are. */
  changed(contents: Iterable<Cid> | 'all'): void {
    for (const listener of this.listeners) listener(contents);
  }

  /** Per extent, who pins it. */
  async holders(contentId: Cid, size: number): Promise<HolderList> {
    const { holdings, counts, network, peers } = this.components;
    if (isEmpty(contentId)) return { extents: [] };
    const { self, live, reachable } = network.now();
    const held = (await holdings.holders([contentId])).get(contentId)!;
    const { count } = reach((await counts.of([{ contentId, size }])).get(contentId), size, held);
    const extents = Array.from({ length: Math.min(count, MOST_LISTED) }, (_, index) => ({
      index,
      holders: (held.get(index) ?? []).map((peerId) => ({
        peerId,
        name: peers.nameOf(peerId) ?? '',
        live: live.has(peerId),
        reachable: reachable.has(peerId),
        self: peerId === self,
      })),
    }));
    return { extents };
  }
}

/** Holders of each extent; all that nobody holds are one: a record may claim any size, and so millions of them. */
function spokenOf(held: ExtentHolders, count: number): (readonly string[])[] {
  // Nearly all contents have one.
  if (count === 1) return [held.get(0) ?? []];
  const extents = [...held].filter(([extent]) => extent < count).map(([, holders]) => holders);
  return extents.length < count ? [...extents, []] : extents;
}

/** How many extents are spoken of, and whether there may be more: until a manifest is read, those that someone holds. */
function reach(known: number | undefined, size: number, held: ExtentHolders): { count: number; more: boolean } {
  if (known !== undefined) return { count: known, more: false };
  const most = mostExtents(size);
  const heardOf = [...held.keys()].reduce((most, extent) => Math.max(most, extent + 1), fewestExtents(size));
  const count = Math.min(most, heardOf);
  return { count, more: count < most };
}
