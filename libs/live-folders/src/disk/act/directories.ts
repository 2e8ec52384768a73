import { DiskError, isDiskError } from '../disk-error.js';
import { isDropping } from '../ignore/ignore-rules.js';
import { joinDiskPath, parentOf, ROOT, temporaryName, type DiskPath, type TemporaryIds } from '../names.js';
import type { RootDisk, TrashNote } from '../root-disk.js';
import { absent, NoDirectory, type RootFiles } from '../root/root-files.js';
import { TRASH, type Notes } from '../trash/notes.js';

/** Parts of acts on directories. */
export interface DirectoriesComponents {
  files: RootFiles;
  notes: Notes;
}

/** Makes a directory and those above it. */
export async function makeDirectory(
  { files }: DirectoriesComponents,
  path: DiskPath,
): ReturnType<RootDisk['makeDirectory']> {
  const root = await files.lstat(ROOT);
  let stat = root;
  let at = ROOT;
  let outcome: 'made' | 'there' = 'there';
  for (const name of path.split('/')) {
    at = joinDiskPath(at, name);
    if (name === '' || name === '.' || name === '..') throw new DiskError('outside', { path });
    const there = await files.look(at);
    outcome = there ? 'there' : 'made';
    if (!there) {
      await files.mkdir(at).catch((error: unknown) => {
        if (!isDiskError(error, 'EEXIST')) throw error;
        outcome = 'there';
      });
    }
    stat = there ?? (await files.lstat(at));
    if (stat.kind !== 'directory') return { outcome: 'taken' };
    if (stat.device !== root.device) throw new DiskError('outside', { path: at });
  }
  return { outcome, stat };
}

/** Removes a directory that is empty but for what programs drop by themselves; that goes to the trash (rule 12). */
export async function removeDirectory(
  { files, notes }: DirectoriesComponents,
  path: DiskPath,
  { reason, contentId: _ }: TrashNote,
): Promise<'removed' | 'kept' | 'absent'> {
  try {
    await files.reach(path);
    const names = await files.readdir(path);
    const droppings = [];
    for (const name of names) {
      const at = joinDiskPath(path, name);
      const stat = await files.look(at);
      if (!stat) continue;
      if (stat.kind !== 'file' || !isDropping(name)) return 'kept';
      droppings.push({ at, stat });
    }
    for (const { at, stat } of droppings) {
      const note = await notes.write({ act: 'trash', path: at, reason, stat });
      await notes.take(at, note);
    }
    await files.rmdir(path);
    return 'removed';
  } catch (error) {
    if (error instanceof NoDirectory) return 'kept';
    if (isDiskError(error, 'ENOTEMPTY', 'EEXIST')) return 'kept';
    if (isDiskError(error, 'ENOENT')) return 'absent';
    throw error;
  }
}

/**
 * Gives a directory another spelling of its name. By a temporary name: for some systems a rename to what is the same name is done
 * already. The recovery gives a directory that a crash left under that name its old one back.
 */
export async function respell(
  { files, notes }: DirectoriesComponents,
  from: DiskPath,
  to: DiskPath,
  ids: TemporaryIds,
): ReturnType<RootDisk['respell']> {
  await files.within(from);
  const [stat, there] = [await files.look(from), await files.look(to)];
  const temporary = joinDiskPath(parentOf(from), temporaryName('aside', ids));
  const isSame = stat?.kind === 'directory' && there?.inode === stat.inode && there.device === stat.device;
  if (!isSame || (await files.look(temporary))) return { outcome: 'changed' };
  const note = await notes.write({ act: 'move', reason: 'interrupted', path: from, temporary, stat });
  try {
    await files.rename(from, temporary);
  } catch (error) {
    await notes.drop(note);
    if (isDiskError(error, 'ENOENT')) return { outcome: 'changed' };
    throw error;
  }
  await files.rename(temporary, to).catch(async (error: unknown) => {
    await files.rename(temporary, from).catch(() => undefined);
    throw error;
  });
  await notes.drop(note);
  return { outcome: 'respelled', stat: await files.lstat(to) };
}

/** fsync of each directory and of the trash: makes durable what was done by name. One that is gone has nothing to keep. */
export async function settle({ files }: DirectoriesComponents, directories: readonly DiskPath[]): Promise<void> {
  for (const path of new Set([...directories, TRASH])) {
    await absent(files.with(path, 'directory', (directory) => directory.sync())).catch((error: unknown) => {
      if (!isDiskError(error, 'ENOTDIR', 'ELOOP')) throw error;
    });
  }
}
