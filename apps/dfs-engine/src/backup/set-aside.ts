import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readJournal } from '@dfs/database';
import { moveFile } from '@dfs/runtime';
import { membershipIdOf } from '@dfs/protocol';
import { fromEntry } from './journal-entries.js';

/** In the data directory: what was put out of the way and not removed, in folders by its time. */
export const SET_ASIDE = 'set-aside';
/** Folders of the data directory with the saved parts of a database. */
const SAVED = ['snapshots', 'journal'] as const;

/** Makes a folder for what is set aside now. @returns its path within the data directory */
export async function makeAside(dataDir: string, now: number): Promise<string> {
  const folder = join(SET_ASIDE, new Date(now).toISOString().replace(/[-:.]/g, ''));
  await mkdir(join(dataDir, folder), { recursive: true, mode: 0o700 });
  return folder;
}

/**
 * Keeps snapshots and journal of another network apart, where a node began anew without its database: its own would push
 * them out.
 */
export async function keepApart(dataDir: string, networkId: string, now: number): Promise<void> {
  const there = await readdir(dataDir);
  const saved = SAVED.filter((name) => there.includes(name));
  if (saved.length === 0 || (await knows(join(dataDir, 'journal'), networkId))) return;
  const folder = await makeAside(dataDir, now);
  for (const name of saved) await moveFile(join(dataDir, name), join(dataDir, folder, name));
}

/** The newest folder, within the data directory, from which a database can be restored; undefined where there is none. */
export async function keptApart(dataDir: string): Promise<string | undefined> {
  const folders = await namesIn(join(dataDir, SET_ASIDE));
  for (const folder of folders.sort().reverse()) {
    const names = await namesIn(join(dataDir, SET_ASIDE, folder));
    if (SAVED.some((name) => names.includes(name))) return join(SET_ASIDE, folder);
  }
  return undefined;
}

function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

async function knows(journal: string, networkId: string): Promise<boolean> {
  for await (const entry of readJournal(journal)) {
    const one = fromEntry(entry);
    if (one?.kind === 'membership' && membershipIdOf(one.bytes) === networkId) return true;
  }
  return false;
}
