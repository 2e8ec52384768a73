import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { moveFile, syncFolder } from '@dfs/runtime';

/** In the folder of the store: the id and the generation that the database has too. */
export const MARK_FILE = 'store-id';

/** The mark in the folder of a store. */
export interface Mark {
  /** 32 hex digits. */
  id: string;
  /** Undefined where a person has written the id alone. */
  generation: number | undefined;
}

/** Undefined where the folder is not marked, or not there. */
export async function readMark(dir: string): Promise<Mark | undefined> {
  try {
    const [id = '', generation = ''] = (await readFile(join(dir, MARK_FILE), 'utf8')).trim().split(/\s+/);
    return { id, generation: /^\d{1,15}$/.test(generation) ? Number(generation) : undefined };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Marks a folder of a store, whole or not at all. Durable when it resolves. */
export async function writeMark(dir: string, { id, generation }: Mark): Promise<void> {
  const temporary = join(dir, 'tmp', MARK_FILE);
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(`${id} ${generation}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await moveFile(temporary, join(dir, MARK_FILE));
  await syncFolder(dir);
}
