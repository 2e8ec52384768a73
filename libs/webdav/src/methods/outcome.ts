import type { FolderAct } from '@dfs/contracts';
import { sees, type Caller, type Files } from '@dfs/files';
import { DfsError, isDfsError, second, type Timers } from '@dfs/runtime';
import { folderOf } from '../locks/locks.js';

/** An act over many files goes on behind its answer; a client of WebDAV takes the answer for its end, and is kept waiting so long. */
const PATIENCE = 50 * second;

/**
 * Resolves when the act is done.
 * @returns false where it still goes on
 * @throws DfsError of which it has failed; `conflict` where it has left something as it was
 */
export async function ended(
  { answer }: { answer: FolderAct },
  { acts }: { acts: Pick<Files['acts'], 'ended'> },
  timers: Pick<Timers, 'sleep'>,
): Promise<boolean> {
  if (answer.transfer === undefined) return true;
  const enough = new AbortController();
  const late = timers.sleep(PATIENCE, enough.signal).then(() => undefined);
  const how = await Promise.race([acts.ended(answer.transfer.id), late]);
  enough.abort();
  if (how === undefined || how.state === 'running') return false;
  if (how.state === 'finished' && !how.items?.skippedTotal) return true;
  if (how.state === 'failed' && how.error) throw new DfsError(how.error.code, how.error.detail);
  throw new DfsError(
    'conflict',
    how.state === 'finished'
      ? 'Some files were changed meanwhile and stay as they are, the others are done: look again, and repeat it for the rest.'
      : 'It was cancelled before all was done: look again, and repeat it for the rest.',
  );
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
