import { systemClock, type Log } from '@dfs/runtime';
import type { Database, Reader, Tx } from '@dfs/database';
import { allPacks, insertFoundPacks, moveMissingPacks } from '../index/chunk-index.js';
import type { PackFiles } from '../packs/pack-files.js';

/**
 * Sets files and rows right at a start: takes out of use what is gone from the disk, and into use again what was gone and
 * is back, as when the disk with the chunks was not mounted. A file that no row names is removed where the database is
 * proven to be the newest, since it was not finished; elsewhere it may have been acknowledged, and is entered: its entries
 * are then to be read.
 */
export async function sweep(
  { db, files, log }: { db: Database; files: PackFiles; log: Log },
  isProven: boolean,
): Promise<void> {
  await forgetWithoutBlocks(db);
  const known = (await allPacks(db)).map(({ name }) => name);
  const gone = await missingPacks(db);
  const named = new Set([...known, ...gone]);
  if (isProven) await removeUnfinished(files, named, log);
  const missing = await files.missing(named);
  const back = await withBytes(
    files,
    gone.filter((name) => !missing.has(name)),
  );
  if (back.length > 0) {
    const chunks = await db.write((tx) => takeBack(tx, back));
    log.info({ packs: back.length, chunks }, 'packs that were gone from the disk are back');
  }
  const lost = known.filter((name) => missing.has(name));
  if (lost.length > 0) {
    const chunks = await db.write((tx) => moveMissingPacks(tx, lost, systemClock.now()));
    log.error(
      { packs: lost.length, chunks },
      'packs are gone from the disk: is the disk with the chunks mounted? They are used again at the first start at which they are back',
    );
  }
  if (!isProven) await enterUnknown({ db, files, log }, named);
}

async function removeUnfinished(files: PackFiles, named: ReadonlySet<string>, log: Log): Promise<void> {
  const removed = await files.sweep(named);
  if (removed > 0) log.info({ files: removed }, 'files of unfinished uploads were swept');
}

/** From now on they are named, so that no later start sweeps them, whenever their entries are read. */
async function enterUnknown(
  { db, files, log }: { db: Database; files: PackFiles; log: Log },
  named: ReadonlySet<string>,
): Promise<void> {
  const found = await withBytes(files, await files.unknown(named));
  if (found.length === 0) return;
  await db.write((tx) => insertFoundPacks(tx, found, systemClock.now()));
  log.warn({ packs: found.length }, 'packs that the database does not know are taken in from their own entries');
}

function withBytes(files: PackFiles, names: readonly string[]): Promise<{ name: string; bytes: number }[]> {
  return Promise.all(names.map(async (name) => ({ name, bytes: await files.bytesOf(name) })));
}

/** Packs that were gone at an earlier start, and of which something has not been healed. */
export async function missingPacks(db: Reader): Promise<string[]> {
  const rows = await db.query<{ name: string }>('SELECT name FROM missing_pack ORDER BY name');
  return rows.map(({ name }) => name);
}

async function forgetWithoutBlocks(db: Database): Promise<void> {
  if ((await missingPacks(db)).length === 0) return;
  await db.write((tx) =>
    tx.run('DELETE FROM missing_pack WHERE NOT EXISTS (SELECT 1 FROM damaged_chunk WHERE pack = name)'),
  );
}

/**
 * Blocks that went with these packs and were not healed since; not those found damaged in them before. Gives how many
 * blocks.
 */
async function takeBack(tx: Tx, packs: readonly { name: string; bytes: number }[]): Promise<number> {
  let chunks = 0;
  const wentWithIt = 'pack = ? AND found_at = (SELECT since FROM missing_pack WHERE name = ?)';
  for (const { name, bytes } of packs) {
    const { lastId } = await tx.run('INSERT INTO pack (name, bytes) VALUES (?, ?)', [name, bytes]);
    const { changes } = await tx.run(
      `INSERT OR IGNORE INTO chunk (cid, pack, offset, size)
       SELECT cid, ?, offset, size FROM damaged_chunk WHERE ${wentWithIt}`,
      [lastId, name, name],
    );
    await tx.later(`DELETE FROM damaged_chunk WHERE ${wentWithIt}`, [name, name]);
    await tx.later('DELETE FROM missing_pack WHERE name = ?', [name]);
    chunks += changes;
  }
  return chunks;
}
