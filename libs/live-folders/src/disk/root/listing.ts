import { DiskError, isDiskError } from '../disk-error.js';
import { isOurs, joinDiskPath, readTemporaryName, ROOT, type DiskPath } from '../names.js';
import type { Entry, Listing, Stat } from '../root-disk.js';
import { NoDirectory, sameLook, type RootFiles } from './root-files.js';

/** A directory that others are changing is listed again so often, before nothing is said of it. */
const TRIES = 3;

type Whole = Extract<Listing, { outcome: 'whole' }>;

/** Lists some directories, each by itself: whole, or unknown (rule 2). */
export async function listDirectories(files: RootFiles, directories: readonly DiskPath[]): Promise<Listing[]> {
  const known = new Set<DiskPath>();
  const listings: Listing[] = [];
  for (const directory of directories) listings.push(await listDirectory(files, directory, known));
  return listings;
}

async function listDirectory(files: RootFiles, directory: DiskPath, known: Set<DiskPath>): Promise<Listing> {
  try {
    await files.within(directory, known);
    for (let tries = TRIES; tries > 0; tries--) {
      const listing = await listOnce(files, directory);
      if (listing) return listing;
    }
    return { directory, outcome: 'unknown', reason: 'changed' };
  } catch (error) {
    return whyNot(directory, error);
  }
}

/** Undefined where it changed under way. */
async function listOnce(files: RootFiles, directory: DiskPath): Promise<Whole | undefined> {
  const [top, before] = [await files.lstat(ROOT), await files.lstat(directory)];
  if (before.kind !== 'directory' || before.device !== top.device) throw new NoDirectory(directory, before, top);
  const names = await files.readdir(directory);
  const at = files.timers.ticks();
  const found: Entry[] = [];
  for (const name of names) {
    const stat = await files.look(joinDiskPath(directory, name));
    if (!stat) return undefined;
    found.push({ name, stat });
  }
  // The names once more: what is made and removed within one tick of the clock leaves the times of a directory as they were.
  const again = await files.readdir(directory);
  const after = await files.lstat(directory);
  const isSame = sameLook(before, after) && before.device === after.device && sameNames(names, again);
  return isSame ? sorted(directory, before, found, top, at) : undefined;
}

function sorted(directory: DiskPath, stat: Stat, found: readonly Entry[], top: Stat, at: number): Whole {
  const entries: Entry[] = [];
  const borders: DiskPath[] = [];
  const temporaries: Whole['temporaries'][number][] = [];
  for (const entry of found) {
    const temporary = readTemporaryName(entry.name);
    if (temporary) temporaries.push({ ...temporary, ...entry });
    if (isOurs(joinDiskPath(directory, entry.name))) continue;
    if (entry.stat.kind === 'directory' && entry.stat.device !== top.device) borders.push(entry.name);
    else entries.push(entry);
  }
  return { directory, outcome: 'whole', stat, entries, borders, temporaries, at };
}

function sameNames(a: readonly DiskPath[], b: readonly DiskPath[]): boolean {
  return a.length === b.length && a.every((name, at) => name === b[at]);
}

/** Only a name that was looked for in a directory of this device, and not found, is absent. */
function whyNot(directory: DiskPath, error: unknown): Listing {
  if (error instanceof NoDirectory) {
    const { kind } = error.stat;
    return kind === 'directory' ? { directory, outcome: 'border' } : { directory, outcome: 'absent', instead: kind };
  }
  if (isDiskError(error, 'ENOENT') && directory !== ROOT) return { directory, outcome: 'absent' };
  if (error instanceof DiskError) return { directory, outcome: 'unknown', reason: 'error', code: error.code };
  throw error;
}
