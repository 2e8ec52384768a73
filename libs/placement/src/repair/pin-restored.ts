import { isNotHere, summarise } from '@dfs/chunks';
import type { Database } from '@dfs/database';
import { cidToBytes, isManifestCid, type Cid } from '@dfs/protocol';
import { isDfsError, pages } from '@dfs/runtime';
import { SCAN_PAGE } from '../limits.js';
import { PIN_STATES, PinLog, pinsOf, type PinnedExtent, type PinState } from '../pins/pin-log.js';
import { isEmpty, isLarge, extentKey } from '../plan/extents.js';
import type { BlockReader } from '@dfs/transfer';
import type { ContentRef, Contents, FoundBlocks } from '../ports.js';
import { capacityClass } from '../replicate/headroom.js';
import { pinThose, type PinAgainComponents } from './repin.js';
import { areWhole } from '../pins/extent-blocks.js';

/** A restored database, and the store whose blocks it does not know yet. */
export interface PinRestoredComponents {
  db: Database;
  chunks: Pick<BlockReader, 'has' | 'get'> & { usage(): { quotaBytes: number } };
  catalogue: Pick<Contents, 'everyContent' | 'purged'>;
}

/** Extents. */
export interface PinsRestored {
  /** Promised that were not. */
  added: number;
  /** Not promised any more, since they are not whole here. */
  dropped: number;
}

/**
 * Sets the promises of a node right whose database was restored while it does not run: every content of a version that counts
 * is promised where it is whole here, and nothing that is not.
 */
export async function pinRestored(components: PinRestoredComponents, signal: AbortSignal): Promise<PinsRestored> {
  const { db, chunks, catalogue } = components;
  const pins = await PinLog.open(db, capacityClass(chunks.usage().quotaBytes));
  const dropped = await dropBroken(components, pins, signal);
  let added = 0;
  const everyContent = (after: Cid | null): Promise<ContentRef[]> => catalogue.everyContent(after, SCAN_PAGE);
  for await (const page of pages(SCAN_PAGE, everyContent, ({ contentId }) => contentId)) {
    const contents = page.map(({ contentId }) => contentId);
    const gone = await catalogue.purged(contents);
    const pinned = new Set((await pins.of(contents)).map(({ content, extent }) => extentKey(content, extent)));
    const extents: PinnedExtent[] = [];
    for (const { contentId: content, size } of page) {
      if (gone.has(content) || isEmpty(content)) continue;
      const all = await extentsWithin(components, content, size);
      extents.push(...all.filter(({ extent }) => !pinned.has(extentKey(content, extent))));
    }
    added += await pinThose({ db, chunks, pin: (tx, whole) => pins.add(tx, whole) }, extents, signal);
  }
  return { added, dropped };
}

/** The same for packs that a running node has found. */
export interface PinFoundComponents extends Pick<PinAgainComponents, 'db' | 'pin'> {
  chunks: Pick<BlockReader, 'has' | 'get'> & Pick<FoundBlocks, 'foundBlocks'>;
  catalogue: Pick<Contents, 'named' | 'purged'>;
}

const ANY_STATE = Object.keys(PIN_STATES) as PinState[];

/**
 * Promises what records name of the packs that were found, where it is whole here and nothing is known of a promise: the
 * database that knew of that is gone. Its future holders then know where it is, and it is not freed as if nobody needed
 * it. Surplus copies go again once others have them.
 * @returns how many extents
 */
export async function pinFound(components: PinFoundComponents, signal: AbortSignal): Promise<number> {
  const { db, chunks, catalogue } = components;
  let pinned = 0;
  const found = (after: Cid | null): Promise<{ id: Cid }[]> => chunks.foundBlocks(after, SCAN_PAGE);
  for await (const page of pages(SCAN_PAGE, found, ({ id }) => id)) {
    const named = await catalogue.named(page.map(({ id }) => id));
    const contents = [...named.keys()].filter((content) => !isEmpty(content));
    const gone = await catalogue.purged(contents);
    const known = Map.groupBy(await pinsOf(db, contents, ANY_STATE), ({ content }) => content);
    const extents: PinnedExtent[] = [];
    for (const content of contents) {
      signal.throwIfAborted();
      const size = named.get(content)!;
      const here = new Set(known.get(content)?.map(({ extent }) => extent));
      if (gone.has(content) || (here.size > 0 && !isLarge(size))) continue;
      const all = await extentsWithin(components, content, size);
      extents.push(...all.filter(({ extent }) => !here.has(extent)));
    }
    pinned += await pinThose(components, extents, signal);
  }
  return pinned;
}

async function dropBroken({ db, chunks }: PinRestoredComponents, pins: PinLog, signal: AbortSignal): Promise<number> {
  let dropped = 0;
  for await (const page of pins.pages()) {
    const broken: PinnedExtent[] = [];
    for (const extent of page) if (!(await areWhole({ chunks }, [extent], signal))) broken.push(extent);
    if (broken.length > 0) await db.write((tx) => pins.drop(tx, broken));
    dropped += broken.length;
  }
  return dropped;
}

/** All extents of a content, by its root; none where that is not here. Notes how many a large one has. */
async function extentsWithin(
  { db, chunks }: { db: Database; chunks: Pick<BlockReader, 'get'> },
  content: Cid,
  size: number,
): Promise<PinnedExtent[]> {
  if (!isManifestCid(content)) return [{ content, size, extent: 0 }];
  try {
    const { extentCount } = await summarise(content, size, (id) => chunks.get(id));
    if (isLarge(size)) {
      await db.write((tx) =>
        tx.insertMany('placement_large', ['content', 'extents'], [[cidToBytes(content), extentCount]], 'ignore'),
      );
    }
    return Array.from({ length: extentCount }, (_, extent) => ({ content, size, extent }));
  } catch (error) {
    // A member may have said a size that the content does not have: that is no reason to leave all others.
    if (isNotHere(error) || isDfsError(error, 'content-unavailable')) return [];
    throw error;
  }
}
