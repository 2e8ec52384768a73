import { IDS_PER_QUERY, type Database } from '@dfs/database';
import { abortError, type Log } from '@dfs/runtime';
import { insertChunks, noteRead, unreadPacks, type PackRow } from '../index/chunk-index.js';
import type { Damage } from '../damage/damage.js';
import { entriesOf, isWhole, type FoundEntry } from '../packs/pack-entries.js';
import type { PackFiles } from '../packs/pack-files.js';

/** The parts by which found packs are read and entered. */
export interface TakeInComponents {
  db: Database;
  files: PackFiles;
  damage: Damage;
  log: Log;
  /** Told how many blocks were added. */
  onAdded: (chunks: number) => void;
}

/**
 * Reads the entries of packs that were found at this start or an earlier one, and enters their blocks. A block that is
 * in use
 * already stays where it is. Goes on where it was cut short; a pack that cannot be read is tried again at the next start.
 * @throws DfsError `aborted` when the signal fires
 */
export async function takeIn(store: TakeInComponents, signal: AbortSignal): Promise<void> {
  const packs = await unreadPacks(store.db);
  if (packs.length === 0) return;
  let chunks = 0;
  for (const pack of packs) {
    try {
      chunks += await takeInPack(store, pack, signal);
    } catch (error) {
      if (signal.aborted) throw abortError(signal);
      store.log.error(
        { err: error, pack: pack.name },
        'a pack that was found cannot be read; the next start tries again',
      );
    }
  }
  store.log.info({ packs: packs.length, chunks }, 'packs that were found are taken in');
}

async function takeInPack(
  store: TakeInComponents,
  pack: PackRow & { from: number },
  signal: AbortSignal,
): Promise<number> {
  return store.files.read(pack.name, async (handle) => {
    let chunks = 0;
    let group: FoundEntry[] = [];
    const enter = async (from: number | null): Promise<void> => {
      chunks += await enterGroup(store, pack.id, group, from);
      group = [];
    };
    for await (const entry of entriesOf(handle, pack.bytes, pack.from)) {
      if (signal.aborted) throw abortError(signal);
      // Bytes that were found damaged may be just these.
      if (store.damage.isKnown(entry.cid) && !(await isWhole(handle, entry))) continue;
      group.push(entry);
      if (group.length >= IDS_PER_QUERY) await enter(entry.offset + entry.size);
    }
    await enter(null);
    return chunks;
  });
}

function enterGroup(
  { db, damage, onAdded }: TakeInComponents,
  pack: number,
  entries: readonly FoundEntry[],
  from: number | null,
): Promise<number> {
  return db.write(async (tx) => {
    await damage.heal(
      tx,
      entries.map(({ cid }) => cid),
    );
    const rows = entries.map(({ cid, offset, size }) => ({ cid, pack, offset, size }));
    const added = await insertChunks(tx, rows, 'ignore');
    await noteRead(tx, pack, from);
    tx.afterCommit(() => onAdded(added));
    return added;
  });
}
