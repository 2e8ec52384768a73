import { MAX_WANTS } from '../limits.js';
import { BLOBS, byIds, type Database } from '@dfs/database';
import { cidToBytes, type Cid } from '@dfs/protocol';
import { isEmpty, isLarge } from '../plan/extents.js';
import type { HolderFinder } from '../pins/holder-finder.js';
import type { Wishes } from '../keep/wishes.js';
import type { MemberPins } from '../pins/member-pins.js';
import { LackingFinder } from './lacking.js';
import type { MembersNow, Snapshot } from '../plan/members-now.js';
import type { ContentRef } from '../ports.js';
import { keyOf } from '../pins/pin-log.js';
import type { WantedExtent } from './want-queue.js';

/** Wants of one step of a scan, about: the queue has room for them when it begins. */
export const MAX_FOUND = MAX_WANTS / 2;

/** How many extents large contents have, as their manifests say: kept, since others than their holders ask too. */
export class ExtentCounts {
  constructor(private readonly db: Database) {}

  /** Extents of each content; a large one that is not known yet is left out. */
  async of(contents: readonly { contentId: Cid; size: number }[]): Promise<Map<Cid, number>> {
    const counts = new Map<Cid, number>();
    const large: Cid[] = [];
    for (const { contentId, size } of contents) {
      if (isLarge(size)) large.push(contentId);
      else counts.set(contentId, 1);
    }
    const keys = large.map(cidToBytes);
    const rows = await byIds<{ content: Uint8Array; extents: number }>(
      this.db,
      `SELECT content, extents FROM placement_large WHERE content IN ${BLOBS}`,
      keys,
    );
    const byKey = new Map(rows.map((row) => [keyOf(row.content), row.extents]));
    keys.forEach((key, index) => {
      const extents = byKey.get(keyOf(key));
      if (extents !== undefined) counts.set(large[index]!, extents);
    });
    return counts;
  }

  async learn(contentId: Cid, extents: number): Promise<void> {
    await this.db.write((tx) =>
      tx.insertMany('placement_large', ['content', 'extents'], [[cidToBytes(contentId), extents]], 'ignore'),
    );
  }
}

/** The parts by which wants are worked out. */
export interface SurveyComponents {
  holdings: MemberPins;
  counts: ExtentCounts;
  network: MembersNow;
  finder: HolderFinder;
  wishes: Pick<Wishes, 'among'>;
}

/** The wants of this node among some contents. */
export interface Lacking {
  wants: WantedExtent[];
  /** Of the wants, those of which no holder can be reached. */
  unsourced: WantedExtent[];
  /** So many of the contents were looked at: as much was found as can be wanted at once. */
  looked: number;
  /** Not all of their extents were. */
  more: boolean;
}

/** How one look over contents is narrowed and ended. */
export interface SurveyOptions {
  signal: AbortSignal;
  /** Leaves out what none of these members holds. */
  heldBy?: ReadonlySet<string> | undefined;
}

/** Looks a page of contents over, in two queries; ends early when it has found about MAX_FOUND extents. */
export async function survey(
  components: SurveyComponents,
  refs: readonly ContentRef[],
  { signal, heldBy }: SurveyOptions,
): Promise<Lacking> {
  const { holdings, counts, network, finder, wishes } = components;
  const found: Lacking = { wants: [], unsourced: [], looked: refs.length, more: false };
  const contents = refs.filter(({ contentId }) => !isEmpty(contentId));
  const extents = await counts.of(contents);
  const holders = await holdings.holders(contents.map(({ contentId }) => contentId));
  const wished = await wishes.among(contents.map(({ contentId }) => contentId));
  const now = network.now();
  const lacking = new LackingFinder(now, signal);
  for (const [index, { contentId, size, author }] of refs.entries()) {
    if (isEmpty(contentId)) continue;
    if (found.wants.length + found.unsourced.length >= MAX_FOUND) return { ...found, looked: index };
    const held = holders.get(contentId)!;
    if (heldBy && ![...held.values()].some((peerIds) => peerIds.some((peerId) => heldBy.has(peerId)))) continue;
    const count = extents.get(contentId);
    const all = wished.has(contentId);
    const numbers = count === undefined ? UNKNOWN : await lacking.among(contentId, count, held, { heldBy, all });
    found.more ||= numbers.more;
    if (numbers.extents.length === 0) continue;
    const known = finder.among(contentId, held, author);
    for (const extent of numbers.extents) {
      const pinned = extent === null ? [] : (known.extents.get(extent) ?? []);
      const sources = [...new Set([...pinned, ...known.any])];
      const isSafe = !all && isEnough(extent === null ? [] : (held.get(extent) ?? []), now);
      const copies = pinned.length;
      const want = { content: contentId, size, extent, holders: sources, copies, isSafe, isWished: all };
      (sources.length > 0 ? found.wants : found.unsourced).push(want);
    }
  }
  return found;
}

function isEnough(holders: readonly string[], { live, leaving, target }: Snapshot): boolean {
  return (
    holders.filter((peerId) => live.has(peerId)).length >= target && !holders.some((peerId) => leaving.has(peerId))
  );
}

/** How many extents there are is to be learned first. */
const UNKNOWN = { extents: [null], more: false };
