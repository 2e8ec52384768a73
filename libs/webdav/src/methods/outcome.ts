import type { FolderAct } from '@dfs/contracts';
import { sees, type Caller, type Files } from '@dfs/files';
import { isDfsError, second, type Timers } from '@dfs/runtime';
import { folderOf } from '../locks/locks.js';

/** An act over many files goes on behind its answer; a client of WebDAV takes the answer for its end, and is kept waiting so long. */
const PATIENCE = 50 * second;

/** Resolves when the act is done. @returns false where it still goes on */
export async function ended(
  { answer }: { answer: FolderAct },
  { acts }: Pick<Files, 'acts'>,
  timers: Pick<Timers, 'sleep'>,
): Promise<boolean> {
  if (answer.transfer === undefined) return true;
  const enough = new AbortController();
  const done = acts.idle().then(() => true);
  const late = timers.sleep(PATIENCE, enough.signal).then(() => false);
  const isDone = await Promise.race([done, late]);
  enough.abort();
  return isDone;
}

/**
 * A folder that was there only for what was in it stays when the last of that goes: a client that empties a folder expects to see
 * it empty. Where it cannot be made the change before is done all the same.
 */
export async function keepFolder(files: Pick<Files, 'find' | 'folders'>, caller: Caller, path: string): Promise<void> {
  const above = folderOf(path);
  if (above === '' || !sees(caller, `${above}/`)) return;
  try {
    if ((await files.find(above)).kind === 'nothing') await files.folders.make(above);
  } catch (error) {
    if (!isDfsError(error)) throw error;
  }
}
