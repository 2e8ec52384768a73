import type { Database, Tx } from '@dfs/database';
import type { Cid } from '@dfs/protocol';
import type { BlockReader } from '@dfs/transfer';
import { needsOf } from '../pins/extent-blocks.js';
import type { PinLog, PinnedExtent } from '../pins/pin-log.js';

/** Ids that are looked up together, about. */
const LOOK_UP = 10_000;

/** The parts by which whole extents without a pin get one. `pin` runs in the given unit of work. */
export interface PinAgainComponents {
  db: Database;
  chunks: Pick<BlockReader, 'has' | 'get'>;
  pins: Pick<PinLog, 'pages'>;
  pin(tx: Tx, extents: readonly PinnedExtent[]): Promise<void>;
  /** Which of these contents are to be let go of, whole or not. */
  purged(contents: readonly Cid[]): Promise<Set<Cid>>;
}

/**
 * Promises again what was promised once, is not now, and has every block here again, of old versions too: only what
 * current files have is fetched and promised by itself.
 * @returns how many extents
 */
export async function pinAgain(components: PinAgainComponents, signal: AbortSignal): Promise<number> {
  let pinned = 0;
  for await (const page of components.pins.pages(['dropped'])) {
    const purged = await components.purged([...new Set(page.map(({ content }) => content))]);
    pinned += await pinThose(
      components,
      page.filter(({ content }) => !purged.has(content)),
      signal,
    );
  }
  return pinned;
}

/** The same of these extents. */
export async function pinThose(
  components: Omit<PinAgainComponents, 'pins' | 'purged'>,
  extents: readonly PinnedExtent[],
  signal: AbortSignal,
): Promise<number> {
  const group = new Map<PinnedExtent, Cid[]>();
  let pinned = 0;
  let ids = 0;
  for (const extent of extents) {
    const needs = await needsOf(components, extent, signal);
    if (!needs) continue;
    group.set(extent, needs);
    ids += needs.length;
    if (ids < LOOK_UP) continue;
    pinned += await pinWhole(components, group);
    group.clear();
    ids = 0;
  }
  return pinned + (await pinWhole(components, group));
}

/** In one unit of work, so that nothing of it is freed in between. */
async function pinWhole(
  components: Pick<PinAgainComponents, 'db' | 'chunks' | 'pin'>,
  group: ReadonlyMap<PinnedExtent, Cid[]>,
): Promise<number> {
  const { db, chunks } = components;
  const ids = [...new Set([...group.values()].flat())];
  const isWhole = (here: ReadonlySet<Cid>): PinnedExtent[] =>
    [...group].filter(([, needs]) => needs.every((id) => here.has(id))).map(([extent]) => extent);
  if (isWhole(await chunks.has(ids)).length === 0) return 0;
  return db.write(async (tx) => {
    const whole = isWhole(await chunks.has(ids, tx));
    await components.pin(tx, whole);
    return whole.length;
  });
}
