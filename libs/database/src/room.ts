import type { Connection } from './connection.js';

/**
 * Gives the database room within its own files: so many bytes of free pages, and a log at least as long. A program that
 * fills the
 * disk takes neither, and small changes, deletions above all, go on. Room that is there already counts.
 * @throws DfsError `no-space` when the disk has no room for it
 */
export async function makeRoom(writer: Connection, bytes: number): Promise<void> {
  // Left by a process that died in between.
  await writer.run('DROP TABLE IF EXISTS room');
  await writer.run('BEGIN IMMEDIATE');
  try {
    await writer.run('CREATE TABLE room (bytes BLOB)');
    await writer.run('INSERT INTO room VALUES (zeroblob(?))', [bytes]);
    await writer.run('COMMIT');
  } catch (error) {
    await writer.run('ROLLBACK').catch(() => undefined);
    throw error;
  }
  // Only now: pages that are freed in the unit of work that took them are never written.
  await writer.run('DROP TABLE room');
}

/** Bytes of free pages. */
export async function roomLeft(writer: Connection): Promise<number> {
  const [free] = await writer.query<{ freelist_count: number }>('PRAGMA freelist_count');
  const [page] = await writer.query<{ page_size: number }>('PRAGMA page_size');
  return (free?.freelist_count ?? 0) * (page?.page_size ?? 0);
}

/**
 * Gives free pages back to the file system, so many bytes at most, and leaves `keep` of them.
 * @returns whether there is more to give back
 */
export async function giveBackRoom(
  writer: Connection,
  { most, keep }: { most: number; keep: number },
): Promise<boolean> {
  const [page] = await writer.query<{ page_size: number }>('PRAGMA page_size');
  const left = await roomLeft(writer);
  const pages = Math.floor(Math.min(most, left - keep) / (page?.page_size ?? Infinity));
  if (pages <= 0) return false;
  await writer.query(`PRAGMA incremental_vacuum(${pages})`);
  return left - keep > most && (await roomLeft(writer)) < left;
}
