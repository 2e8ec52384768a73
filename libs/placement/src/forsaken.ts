import type { Cid } from '@dfs/protocol';
import type { Holdings } from './holdings.js';
import { MAX_FORSAKEN, SCAN_PAGE } from './limits.js';
import type { NetworkView } from './network-view.js';
import type { Contents } from './parts.js';
import type { PinLog, PinnedExtent } from './pin-log.js';

export interface ForsakenComponents {
  pins: PinLog;
  catalogue: Pick<Contents, 'everyContent' | 'purged'>;
  holdings: Pick<Holdings, 'holders'>;
  network: Pick<NetworkView, 'now'>;
}

/**
 * Extents that this node promised once and does not now, most likely since part of them is damaged, of versions that
 * count, old ones too, and that fewer members promise than should: what is left of them may be the last there is, and is
 * kept.
 */
export async function* forsaken(components: ForsakenComponents): AsyncGenerator<PinnedExtent, void, undefined> {
  const { pins, holdings, network } = components;
  const counts = await countingAmongDropped(components);
  for (let after: PinnedExtent | null = null; ;) {
    const page: PinnedExtent[] = await pins.walk(after, SCAN_PAGE, { held: false });
    const gone = await components.catalogue.purged([...new Set(page.map(({ content }) => content))]);
    const extents = page.filter(({ content }) => counts(content) && !gone.has(content));
    const holders = await holdings.holders([...new Set(extents.map(({ content }) => content))]);
    const { self, live, leaving, target } = network.now();
    const stays = (peerId: string): boolean => peerId !== self && live.has(peerId) && !leaving.has(peerId);
    for (const pin of extents) {
      const promised = holders.get(pin.content)?.get(pin.extent) ?? [];
      if (promised.filter(stays).length < target) yield pin;
    }
    if (page.length < SCAN_PAGE) return;
    after = page.at(-1)!;
  }
}

/** Of the contents whose pins were dropped, which some version has: all of them when they are too many to tell. */
async function countingAmongDropped({ pins, catalogue }: ForsakenComponents): Promise<(content: Cid) => boolean> {
  const dropped = new Set(await pins.dropped(MAX_FORSAKEN + 1));
  if (dropped.size > MAX_FORSAKEN) return () => true;
  const known = new Set<Cid>();
  if (dropped.size === 0) return () => false;
  for (let after: Cid | null = null; ;) {
    const page: { contentId: Cid }[] = await catalogue.everyContent(after, SCAN_PAGE);
    for (const { contentId } of page) if (dropped.has(contentId)) known.add(contentId);
    if (page.length === 0) return (content) => known.has(content);
    after = page.at(-1)!.contentId;
  }
}
