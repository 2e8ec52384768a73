import type { Cid } from '@dfs/protocol';
import { pages } from '@dfs/runtime';
import type { MemberPins } from '../pins/member-pins.js';
import { SCAN_PAGE } from '../limits.js';
import type { MembersNow } from '../plan/members-now.js';
import type { ContentRef, Contents } from '../ports.js';
import type { PinLog, PinnedExtent } from '../pins/pin-log.js';

/** The parts by which extents with too few promises are recognised. */
export interface ForsakenComponents {
  pins: PinLog;
  catalogue: Pick<Contents, 'everyContent' | 'purged'>;
  holdings: Pick<MemberPins, 'holders'>;
  network: Pick<MembersNow, 'now'>;
}

/**
 * Extents that this node promised once and does not now, since part of them is damaged or it has let them go, of versions
 * that count, old ones too, and that fewer members promise than should: what is left of them may be the last there is, and
 * is kept.
 */
export async function* forsaken(components: ForsakenComponents): AsyncGenerator<PinnedExtent, void, undefined> {
  const { pins, catalogue, holdings, network } = components;
  if ((await pins.walk(null, 1, ['dropped', 'letGo'])).length === 0) return;
  const everyContent = (after: Cid | null): Promise<ContentRef[]> => catalogue.everyContent(after, SCAN_PAGE);
  for await (const page of pages(SCAN_PAGE, everyContent, ({ contentId }) => contentId)) {
    const contents = page.map(({ contentId }) => contentId);
    const gone = await catalogue.purged(contents);
    const extents = (await pins.of(contents, ['dropped', 'letGo'])).filter(({ content }) => !gone.has(content));
    const holders = await holdings.holders([...new Set(extents.map(({ content }) => content))]);
    const { self, live, leaving, target } = network.now();
    const stays = (peerId: string): boolean => peerId !== self && live.has(peerId) && !leaving.has(peerId);
    for (const pin of extents) {
      const promised = holders.get(pin.content)?.get(pin.extent) ?? [];
      if (promised.filter(stays).length < target) yield pin;
    }
  }
}
