import type { Database } from '@dfs/database';
import { cidToBytes, type Cid } from '@dfs/protocol';
import { isEmpty, isLarge } from './extents.js';
import type { HolderFinder } from './holder-finder.js';
import type { ExtentHolders, Holdings } from './holdings.js';
import type { NetworkView, Snapshot } from './network-view.js';
import type { ContentRef } from './parts.js';
import { keyOf, marks } from './pin-log.js';
import type { WantedExtent } from './wants.js';

const IDS_PER_QUERY = 2000;

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
    for (let at = 0; at < large.length; at += IDS_PER_QUERY) {
      const part = large.slice(at, at + IDS_PER_QUERY);
      const keys = part.map(cidToBytes);
      const rows = await this.db.query<{ content: Uint8Array; extents: number }>(
        `SELECT content, extents FROM placement_large WHERE content IN (${marks(part.length)})`,
        keys,
      );
      const byKey = new Map(rows.map((row) => [keyOf(row.content), row.extents]));
      keys.forEach((key, index) => {
        const extents = byKey.get(keyOf(key));
        if (extents !== undefined) counts.set(part[index]!, extents);
      });
    }
    return counts;
  }

  async learn(contentId: Cid, extents: number): Promise<void> {
    await this.db.write((tx) =>
      tx.insertMany('placement_large', ['content', 'extents'], [[cidToBytes(contentId), extents]], 'ignore'),
    );
  }
}

export interface SurveyComponents {
  holdings: Holdings;
  counts: ExtentCounts;
  network: NetworkView;
  finder: HolderFinder;
}

/** What this node lacks of what placement says it should hold, among some contents. */
export interface Lacking {
  wants: WantedExtent[];
  /** Of the wants, those of which no holder can be reached. */
  unsourced: WantedExtent[];
}

/**
 * Looks a page of contents over, in two queries.
 * @param heldBy leaves out what none of these members holds
 */
export async function survey(
  components: SurveyComponents,
  refs: readonly ContentRef[],
  heldBy?: ReadonlySet<string>,
): Promise<Lacking> {
  const { holdings, counts, network, finder } = components;
  const found: Lacking = { wants: [], unsourced: [] };
  const now = network.now();
  const contents = refs.filter(({ contentId }) => !isEmpty(contentId));
  const extents = await counts.of(contents);
  const holders = await holdings.holders(contents.map(({ contentId }) => contentId));
  for (const { contentId, size, author } of contents) {
    const held = holders.get(contentId)!;
    const counts = (extent: number): boolean =>
      !heldBy || (held.get(extent) ?? []).some((peerId) => heldBy.has(peerId));
    if (heldBy && ![...held.keys()].some(counts)) continue;
    const count = extents.get(contentId);
    const numbers = count === undefined ? [null] : lackingExtents(now, contentId, count, held).filter(counts);
    if (numbers.length === 0) continue;
    const known = finder.among(contentId, held, author);
    for (const extent of numbers) {
      const pinned = extent === null ? [] : (known.extents.get(extent) ?? []);
      const sources = [...new Set([...pinned, ...known.any])];
      const want = { content: contentId, size, extent, holders: sources, copies: pinned.length };
      (sources.length > 0 ? found.wants : found.unsourced).push(want);
    }
  }
  return found;
}

function lackingExtents(now: Snapshot, content: Cid, count: number, held: ExtentHolders): number[] {
  const lacking: number[] = [];
  for (let extent = 0; extent < count; extent++) {
    const holders = held.get(extent) ?? [];
    if (!holders.includes(now.self) && now.shouldHold(now.self, content, extent, holders)) lacking.push(extent);
  }
  return lacking;
}
