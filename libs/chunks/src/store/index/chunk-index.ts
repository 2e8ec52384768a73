import { BLOBS, byIds, changeByIds, countByIds, IDS_PER_QUERY, type Reader, type Tx } from '@dfs/database';
import { pages } from '@dfs/runtime';
import { keyOf } from '../packs/format.js';

/** Where the bytes of a block are. */
export interface Place {
  cid: Uint8Array;
  /** Name of the pack. */
  pack: string;
  offset: number;
  /** Bytes. */
  size: number;
}

/** A pack as the database knows it. */
export interface PackRow {
  id: number;
  name: string;
  bytes: number;
}

/** A row of `chunk` as it is written. */
export interface ChunkRow {
  cid: Uint8Array;
  pack: number;
  offset: number;
  size: number;
}

const PLACE = 'SELECT c.cid, p.name AS pack, c.offset, c.size FROM chunk c JOIN pack p ON p.id = c.pack';

/** Places of these blocks, by `keyOf` their CID; absent ones are left out. */
export async function findPlaces(db: Reader, cids: readonly Uint8Array[]): Promise<Map<string, Place>> {
  const found = new Map<string, Place>();
  const rows = await byIds<Place>(db, `${PLACE} WHERE c.cid IN ${BLOBS}`, cids);
  for (const row of rows) found.set(keyOf(row.cid), row);
  return found;
}

/** Some blocks that may be reclaimed, in the order of their CIDs, after `after`: all but those of packs that were found. */
export async function nextCids(db: Reader, after: Uint8Array | null, limit: number): Promise<Uint8Array[]> {
  const rows = await db.query<{ cid: Uint8Array }>(
    `SELECT cid FROM chunk WHERE cid > ? AND pack NOT IN (SELECT id FROM pack WHERE found_at IS NOT NULL)
     ORDER BY cid LIMIT ?`,
    [after ?? Buffer.alloc(0), limit],
  );
  return rows.map(({ cid }) => cid);
}

/** Blocks of a pack in the order in which they lie there. */
export async function* placesOf(db: Reader, pack: number): AsyncGenerator<Place, void, undefined> {
  const sql = `${PLACE} WHERE c.pack = ? AND c.offset > ? ORDER BY c.offset LIMIT ?`;
  const read = (after: number | null): Promise<Place[]> => db.query<Place>(sql, [pack, after ?? 0, IDS_PER_QUERY]);
  for await (const page of pages(IDS_PER_QUERY, read, ({ offset }) => offset)) yield* page;
}

/** Where some blocks are, in the order of packs and offsets, from behind a place to the end of a pack. */
export function placesAfter(
  db: Reader,
  after: { pack: number; offset: number },
  lastPack: number,
  limit: number,
): Promise<(Place & { packId: number })[]> {
  return db.query(
    `SELECT c.cid, p.name AS pack, c.offset, c.size, c.pack AS packId FROM chunk c JOIN pack p ON p.id = c.pack
     WHERE (c.pack, c.offset) > (?, ?) AND c.pack <= ? ORDER BY c.pack, c.offset LIMIT ?`,
    [after.pack, after.offset, lastPack, limit],
  );
}

/** Every pack that has a row, by its number, found ones included. */
export function allPacks(db: Reader): Promise<PackRow[]> {
  return db.query<PackRow>('SELECT id, name, bytes FROM pack ORDER BY id');
}

/** Undefined for one that is gone. */
export async function packIdOf(db: Reader, name: string): Promise<number | undefined> {
  const [row] = await db.query<{ id: number }>('SELECT id FROM pack WHERE name = ?', [name]);
  return row?.id;
}

/**
 * How much of each pack below a size is still wanted. Packs that were found are left as they are; so are those with damaged
 * blocks, since they stay.
 */
export function packUse(db: Reader, below: number): Promise<(PackRow & { chunks: number; used: number })[]> {
  return db.query(
    `SELECT p.id, p.name, p.bytes, count(c.cid) AS chunks, coalesce(sum(c.size), 0) AS used
     FROM pack p LEFT JOIN chunk c ON c.pack = p.id WHERE p.bytes < ? AND p.found_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM damaged_chunk d WHERE d.pack = p.name)
     GROUP BY p.id ORDER BY p.id`,
    [below],
  );
}

/** Numbers of packs start after this one. */
export async function lastPackId(db: Reader): Promise<number> {
  const [row] = await db.query<{ id: number | null }>('SELECT max(id) AS id FROM pack');
  return row?.id ?? 0;
}

/** Blocks that have a row, damaged ones included. */
export async function countChunks(db: Reader): Promise<number> {
  const [row] = await db.query<{ count: number }>('SELECT count(*) AS count FROM chunk');
  return row?.count ?? 0;
}

/** Enters a pack that was written. One that is there already stays as it is: several batches may share it. */
export async function insertPack(tx: Tx, { id, name, bytes }: PackRow): Promise<void> {
  await tx.insertMany('pack', ['id', 'name', 'bytes'], [[id, name, bytes]], 'ignore');
}

/** Enters packs that no row names. Their entries are still to be read. */
export async function insertFoundPacks(tx: Tx, packs: readonly Omit<PackRow, 'id'>[], foundAt: number): Promise<void> {
  const rows = packs.map(({ name, bytes }) => [name, bytes, foundAt, 0]);
  await tx.insertMany('pack', ['name', 'bytes', 'found_at', 'unread_from'], rows);
}

/** Packs that were found and not read to their end: from where on, in bytes. */
export function unreadPacks(db: Reader): Promise<(PackRow & { from: number })[]> {
  return db.query('SELECT id, name, bytes, unread_from AS "from" FROM pack WHERE unread_from IS NOT NULL ORDER BY id');
}

/** Entries before `from` have been read; null when all have. */
export async function noteRead(tx: Tx, pack: number, from: number | null): Promise<void> {
  await tx.later('UPDATE pack SET unread_from = ? WHERE id = ?', [from, pack]);
}

/** Packs that were on the disk at a start, and that no row had named. */
export interface Found {
  packs: number;
  /** Of these, those of which not all entries have been read yet. */
  unread: number;
  bytes: number;
}

/** How many packs were found and not settled since, and what they hold. */
export async function countFound(db: Reader): Promise<Found> {
  const [row] = await db.query<Found>(
    `SELECT count(*) AS packs, count(unread_from) AS unread, coalesce(sum(bytes), 0) AS bytes
     FROM pack WHERE found_at IS NOT NULL`,
  );
  return row ?? { packs: 0, unread: 0, bytes: 0 };
}

/** Blocks that lie in found packs, in the order of their CIDs, after `after`. */
export function foundBlocks(
  db: Reader,
  after: Uint8Array | null,
  limit: number,
): Promise<{ cid: Uint8Array; size: number; foundAt: number }[]> {
  return db.query(
    `SELECT c.cid, c.size, p.found_at AS foundAt FROM chunk c JOIN pack p ON p.id = c.pack
     WHERE c.cid > ? AND p.found_at IS NOT NULL ORDER BY c.cid LIMIT ?`,
    [after ?? Buffer.alloc(0), limit],
  );
}

/** Found packs in which any of these blocks lies, by their numbers. */
export async function foundPacksOf(db: Reader, cids: readonly Uint8Array[]): Promise<Set<number>> {
  const rows = await byIds<{ id: number }>(
    db,
    `SELECT DISTINCT p.id FROM chunk c JOIN pack p ON p.id = c.pack
     WHERE p.found_at IS NOT NULL AND p.unread_from IS NULL AND c.cid IN ${BLOBS}`,
    cids,
  );
  return new Set(rows.map(({ id }) => id));
}

/** The ids of the blocks of a pack, in no order. */
export async function cidsInPack(db: Reader, id: number): Promise<Uint8Array[]> {
  return (await db.query<{ cid: Uint8Array }>('SELECT cid FROM chunk WHERE pack = ?', [id])).map(({ cid }) => cid);
}

/** This pack is like all others from now on. */
export async function settleFound(tx: Tx, id: number): Promise<void> {
  await tx.later('UPDATE pack SET found_at = NULL WHERE id = ?', [id]);
}

/** Packs found before `before` are like all others from now on. Gives how many there were. */
export async function endFound(tx: Tx, before: number): Promise<number> {
  const { changes } = await tx.run('UPDATE pack SET found_at = NULL WHERE found_at < ? AND unread_from IS NULL', [
    before,
  ]);
  return changes;
}

/** Adds blocks; leaves those that are there, or replaces them. Gives the number of rows written. */
export function insertChunks(tx: Tx, rows: readonly ChunkRow[], conflict: 'ignore' | 'replace'): Promise<number> {
  const values = rows.map(({ cid, pack, offset, size }) => [cid, pack, offset, size]);
  return tx.insertCounted('chunk', ['cid', 'pack', 'offset', 'size'], values, conflict);
}

/** Gives the number of rows that were there. */
export async function deleteChunks(tx: Tx, cids: readonly Uint8Array[]): Promise<number> {
  return countByIds(tx, `DELETE FROM chunk WHERE cid IN ${BLOBS}`, cids);
}

/**
 * Removes the packs among these that hold no block any more, and were not found; gives those that went. A pack with a damaged
 * block stays: its bytes may be the only ones there are, and read well another time.
 */
export async function deleteEmptyPacks(tx: Tx, packs: readonly PackRow[]): Promise<PackRow[]> {
  const removed: PackRow[] = [];
  for (const pack of packs) {
    const { changes } = await tx.run(
      `DELETE FROM pack WHERE id = ? AND found_at IS NULL AND NOT EXISTS (SELECT 1 FROM chunk WHERE pack = ?)
       AND NOT EXISTS (SELECT 1 FROM damaged_chunk WHERE pack = ?)`,
      [pack.id, pack.id, pack.name],
    );
    if (changes > 0) removed.push(pack);
  }
  return removed;
}

/** Where entries of this pack begin that rows name: what lies elsewhere in it is not in use. */
export async function offsetsInPack(db: Reader, id: number): Promise<Set<number>> {
  const rows = await db.query<{ offset: number }>('SELECT offset FROM chunk WHERE pack = ?', [id]);
  return new Set(rows.map(({ offset }) => offset));
}

/** Takes a damaged block out of use, unless it has another place by now. Gives whether it was in use. */
export async function moveToDamaged(tx: Tx, { cid, pack, offset, size }: Place, foundAt: number): Promise<boolean> {
  const { changes } = await tx.run(
    'DELETE FROM chunk WHERE cid = ? AND offset = ? AND pack = (SELECT id FROM pack WHERE name = ?)',
    [cid, offset, pack],
  );
  if (changes === 0) return false;
  await tx.insertMany(
    'damaged_chunk',
    ['cid', 'pack', 'offset', 'size', 'found_at'],
    [[cid, pack, offset, size, foundAt]],
    'replace',
  );
  return true;
}

/** Where a block lies that was found damaged. */
export async function findDamaged(db: Reader, cid: Uint8Array): Promise<Place | undefined> {
  const [row] = await db.query<Place>('SELECT cid, pack, offset, size FROM damaged_chunk WHERE cid = ?', [cid]);
  return row;
}

/** Some damaged blocks in the order of their CIDs, after `after`. */
export function nextDamaged(db: Reader, after: Uint8Array | null, limit: number): Promise<Place[]> {
  return db.query<Place>('SELECT cid, pack, offset, size FROM damaged_chunk WHERE cid > ? ORDER BY cid LIMIT ?', [
    after ?? Buffer.alloc(0),
    limit,
  ]);
}

/** Takes a block into use again that was found damaged at this place. Gives whether it is. */
export async function takeBack(tx: Tx, { cid, pack, offset }: Place): Promise<boolean> {
  const { changes } = await tx.run(
    `INSERT OR IGNORE INTO chunk (cid, pack, offset, size)
     SELECT d.cid, p.id, d.offset, d.size FROM damaged_chunk d JOIN pack p ON p.name = d.pack
     WHERE d.cid = ? AND d.pack = ? AND d.offset = ?`,
    [cid, pack, offset],
  );
  if (changes > 0) await forgetDamaged(tx, [cid]);
  return changes > 0;
}

/**
 * All blocks of these packs are damaged: their files are gone. The packs are remembered: they may come back. Of those that were
 * found not all blocks are known perhaps: they stay, and are read from their beginning. Gives how many blocks.
 */
export async function moveMissingPacks(tx: Tx, names: readonly string[], foundAt: number): Promise<number> {
  let moved = 0;
  for (const name of names) {
    const { changes: found } = await tx.run('UPDATE pack SET unread_from = 0 WHERE name = ? AND found_at IS NOT NULL', [
      name,
    ]);
    if (found === 0) await tx.insertMany('missing_pack', ['name', 'since'], [[name, foundAt]], 'replace');
    await tx.later(
      `INSERT OR REPLACE INTO damaged_chunk (cid, pack, offset, size, found_at)
       SELECT c.cid, p.name, c.offset, c.size, ? FROM chunk c JOIN pack p ON p.id = c.pack WHERE p.name = ?`,
      [foundAt, name],
    );
    const { changes } = await tx.run('DELETE FROM chunk WHERE pack = (SELECT id FROM pack WHERE name = ?)', [name]);
    await tx.later('DELETE FROM pack WHERE name = ? AND found_at IS NULL', [name]);
    moved += changes;
  }
  return moved;
}

/** Blocks that nothing needed when it was last looked, behind one CID and up to another: since when, by `keyOf`. */
export async function unusedSince(
  db: Reader,
  after: Uint8Array | null,
  last: Uint8Array | null,
): Promise<Map<string, number>> {
  const [from, to] = [after ?? Buffer.alloc(0), last ?? BEYOND_ALL];
  const rows = await db.query<{ cid: Uint8Array; since: number }>(
    'SELECT cid, since FROM unused_chunk WHERE cid > ? AND cid <= ?',
    [from, to],
  );
  return new Map(rows.map(({ cid, since }) => [keyOf(cid), since]));
}
/** Bytes of the blocks that nothing needed since each of these times, up to one, the longest unneeded first. */
export function unusedBytes(db: Reader, until: number): Promise<{ since: number; bytes: number }[]> {
  return db.query(
    `SELECT u.since, sum(c.size) AS bytes FROM unused_chunk u JOIN chunk c ON c.cid = u.cid
     WHERE u.since <= ? GROUP BY u.since ORDER BY u.since`,
    [until],
  );
}

/** Those of these blocks that nothing needs have been of use all the same. */
export async function touchUnused(tx: Tx, cids: readonly Uint8Array[], now: number): Promise<void> {
  await changeByIds(tx, `UPDATE unused_chunk SET since = ?2 WHERE cid IN ${BLOBS}`, cids, [now]);
}

/** Greater than any CID. */
const BEYOND_ALL = Buffer.from([0xff, 0xff]);

/** Notes since when (milliseconds since 1970) nothing needs these blocks. An earlier note stays. */
export async function noteUnused(tx: Tx, cids: readonly Uint8Array[], since: number): Promise<void> {
  await tx.insertMany(
    'unused_chunk',
    ['cid', 'since'],
    cids.map((cid) => [cid, since]),
    'ignore',
  );
}

/** Takes the notes back: the blocks are needed, or gone. */
export async function forgetUnused(tx: Tx, cids: readonly Uint8Array[]): Promise<void> {
  await changeByIds(tx, `DELETE FROM unused_chunk WHERE cid IN ${BLOBS}`, cids);
}

/** The ids of all blocks that were found damaged and not healed since. */
export async function damagedCids(db: Reader): Promise<Uint8Array[]> {
  const rows = await db.query<{ cid: Uint8Array }>('SELECT cid FROM damaged_chunk');
  return rows.map(({ cid }) => cid);
}

/** The blocks are healed, or not wanted any more. */
export async function forgetDamaged(tx: Tx, cids: readonly Uint8Array[]): Promise<void> {
  await changeByIds(tx, `DELETE FROM damaged_chunk WHERE cid IN ${BLOBS}`, cids);
}
