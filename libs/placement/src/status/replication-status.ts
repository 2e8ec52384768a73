import type { HolderList, LocalState, Replication } from '@dfs/contracts';
import type { Cid } from '@dfs/protocol';
import { fewestExtents, isEmpty, mostExtents } from '../plan/extents.js';
import type { ExtentHolders, Holdings } from '../pins/member-pins.js';
import type { NetworkView } from '../plan/members-now.js';
import type { PeerView } from '../ports.js';
import { localOf, stateOf, stateOfEmpty } from './replication-state.js';
import type { ExtentCounts } from '../replicate/find-wants.js';

/** Extents of one content that are listed: of 256 TiB, which is more than anybody has. */
const MOST_LISTED = 2 ** 18;

/** The parts from which the state of a content is worked out. */
export interface ReplicationViewComponents {
  holdings: Holdings;
  counts: ExtentCounts;
  network: NetworkView;
  peers: Pick<PeerView, 'nameOf'>;
  /** Heard of only now: its holders may not have been heard of yet. */
  isNews: (content: Cid) => boolean;
}

/** The facts known of a content, here and elsewhere. */
export interface ContentStanding {
  replication: Replication;
  local: LocalState;
}

/** Copies and states of contents, derived when asked for from what members hold and who is here. */
export class ReplicationView {
  constructor(private readonly components: ReplicationViewComponents) {}

  /** Two queries for any page. */
  async of(contents: readonly { contentId: Cid; size: number }[]): Promise<Map<Cid, Replication>> {
    const standings = await this.standings(contents);
    return new Map([...standings].map(([contentId, { replication }]) => [contentId, replication]));
  }

  /** The same, and how much of each content is here. */
  async standings(contents: readonly { contentId: Cid; size: number }[]): Promise<Map<Cid, ContentStanding>> {
    const { holdings, counts, network, isNews } = this.components;
    const { self, target, live, willing, reachable } = network.now();
    const states = new Map<Cid, ContentStanding>();
    const filled = contents.filter(({ contentId }) => !isEmpty(contentId));
    const ids = [...new Set(filled.map(({ contentId }) => contentId))];
    const [holders, extentCounts] = await Promise.all([holdings.holders(ids), counts.of(filled)]);
    for (const { contentId, size } of contents) {
      if (isEmpty(contentId)) {
        states.set(contentId, { replication: stateOfEmpty(target), local: 'whole' });
        continue;
      }
      const held = holders.get(contentId)!;
      const { count, more } = reach(extentCounts.get(contentId), size, held);
      const extents = spokenOf(held, count);
      const news = isNews(contentId);
      const replication = stateOf({ self, target, live, willing, reachable, extents, more, news });
      states.set(contentId, { replication, local: localOf({ extents, self, more }) });
    }
    return states;
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
function spokenOf(held: ExtentHolders, count: number): string[][] {
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
