import { randomBytes } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database, Reader } from '@dfs/database';
import { DfsError } from '@dfs/protocol';
import { syncFolder } from './packs/pack-files.js';

/** In the folder of the store: the id that the database has too. */
export const MARK_FILE = 'store-id';

/**
 * Sees that the folder is the one this database knows: where the disk with the chunks is not mounted, the mount point is
 * an empty folder, and what were stored there would vanish from sight with the next mount.
 * @throws DfsError `not-ready` when the database knows chunks, and the folder has not the mark of their store
 */
export async function requireMark(db: Reader, dir: string): Promise<void> {
  const id = await idOf(db);
  if (id === undefined || !(await knowsPacks(db))) return;
  const found = await markIn(dir);
  if (found === id) return;
  const file = join(dir, MARK_FILE);
  const what = found === undefined ? `the file ${MARK_FILE} in it is missing` : `its ${MARK_FILE} is that of another`;
  throw new DfsError(
    'not-ready',
    `The folder ${dir} is not the one with this node’s chunks: ${what}. Mount the disk with the chunks there, and start ` +
      `again. Only if they are really gone, run: echo ${id} > "${file}" – the node then starts, and gets what other ` +
      'members hold from them.',
  );
}

/** Marks a folder that `requireMark` has let pass, if it is not marked yet. It is there. */
export async function mark(db: Database, dir: string): Promise<void> {
  let id = await idOf(db);
  if (id === undefined) {
    const made = (id = randomBytes(16).toString('hex'));
    await db.write((tx) => tx.run('INSERT INTO chunk_store (id) VALUES (?)', [made]));
  }
  if ((await markIn(dir)) === id) return;
  const temporary = join(dir, 'tmp', MARK_FILE);
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(`${id}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, join(dir, MARK_FILE));
  await syncFolder(dir);
}

async function idOf(db: Reader): Promise<string | undefined> {
  const [row] = await db.query<{ id: string }>('SELECT id FROM chunk_store');
  return row?.id;
}

/** Those that were gone at the last start too. */
async function knowsPacks(db: Reader): Promise<boolean> {
  const rows = await db.query('SELECT name FROM pack UNION ALL SELECT name FROM missing_pack LIMIT 1');
  return rows.length > 0;
}

async function markIn(dir: string): Promise<string | undefined> {
  try {
    return (await readFile(join(dir, MARK_FILE), 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
