import { DiskError, isDiskError } from '../disk-error.js';
import { joinDiskPath, ROOT, TEMPORARY_PREFIX, toDiskPath, type DiskPath } from '../names.js';
import type { DiskTraits } from '../root-disk.js';
import { absent, type RootFiles } from './root-files.js';

const PLACE = joinDiskPath(ROOT, `${TEMPORARY_PREFIX}probe`);
/** Longer names than this are given by no system that DFS runs on. */
const LONGEST_NAME = 255;
const COMPOSED = toDiskPath('\u00e9');
const DECOMPOSED = toDiskPath('e\u0301');
const NO_TEXT = '\xff' as DiskPath;
/** Has a digit for every step that file systems have. */
const MTIME = 1_700_000_001_237;
const MTIME_NS = BigInt(MTIME) * 1_000_000n;
/** Steps of mtime in nanoseconds: 100 ns, 1 ms, 10 ms (exFAT), 1 s, 2 s (FAT). */
const STEPS = [1n, 100n, 1_000_000n, 10_000_000n, 1_000_000_000n, 2_000_000_000n] as const;

/** Traits of an ordinary file system of Linux; assumed of one that cannot be tried. */
export const ORDINARY_TRAITS: DiskTraits = {
  foldsCase: false,
  foldsForms: false,
  decomposes: false,
  refusesReserved: false,
  refusesBytes: false,
  longestName: LONGEST_NAME,
  keepsInodes: true,
  links: true,
  mtimeStepNs: 1n,
  executableBit: true,
};

/** Tries what the file system keeps (rule 11), in a directory of ours that is gone afterwards. */
export async function probe(files: RootFiles): Promise<DiskTraits> {
  try {
    await clear(files);
    await files.mkdir(PLACE);
  } catch (error) {
    if (isDiskError(error, 'EROFS', 'EACCES', 'EPERM')) return ORDINARY_TRAITS;
    throw error;
  }
  try {
    return await tried(files);
  } finally {
    await clear(files);
  }
}

async function tried(files: RootFiles): Promise<DiskTraits> {
  const at = (name: string): DiskPath => joinDiskPath(PLACE, name);
  const can = (name: string): Promise<boolean> => makes(files, at(name));
  await can('a');
  const foldsCase = (await files.look(at('A'))) !== undefined;
  await can(COMPOSED);
  const names = await files.readdir(PLACE);
  const foldsForms = (await files.look(at(DECOMPOSED))) !== undefined;
  const times = await triedTimes(files, at('t'));
  return {
    foldsCase,
    foldsForms,
    decomposes: names.includes(DECOMPOSED),
    refusesReserved: !(await can('a?b')) || !(await can('nul')),
    refusesBytes: !(await can(NO_TEXT)) || !(await files.readdir(PLACE)).includes(NO_TEXT),
    longestName: await longest(can),
    keepsInodes: await keepsInodes(files, at('a'), at('i')),
    links: await links(files, at('i'), at('l')),
    ...times,
  };
}

async function makes(files: RootFiles, path: DiskPath): Promise<boolean> {
  try {
    await files.with(path, 'create', () => Promise.resolve());
    return true;
  } catch (error) {
    if (isDiskError(error, 'EEXIST')) return true;
    if (isDiskError(error, 'EINVAL', 'EILSEQ', 'ENOENT', 'ENAMETOOLONG', 'EPERM', 'EACCES')) return false;
    throw error;
  }
}

async function longest(can: (name: string) => Promise<boolean>): Promise<number> {
  let [works, fails] = [1, LONGEST_NAME + 1];
  if (await can('x'.repeat(LONGEST_NAME))) return LONGEST_NAME;
  while (fails - works > 1) {
    const middle = Math.floor((works + fails) / 2);
    if (await can('x'.repeat(middle))) works = middle;
    else fails = middle;
  }
  return works;
}

async function keepsInodes(files: RootFiles, from: DiskPath, to: DiskPath): Promise<boolean> {
  const before = await files.lstat(from);
  await files.rename(from, to);
  return (await files.lstat(to)).inode === before.inode && before.inode !== 0n;
}

async function links(files: RootFiles, from: DiskPath, to: DiskPath): Promise<boolean> {
  try {
    await files.link(from, to);
    return true;
  } catch (error) {
    if (error instanceof DiskError) return false;
    throw error;
  }
}

async function triedTimes(
  files: RootFiles,
  path: DiskPath,
): Promise<Pick<DiskTraits, 'mtimeStepNs' | 'executableBit'>> {
  return files.with(path, 'create', async (file) => {
    const { mtimeNs: own } = await file.stat();
    const bits = [];
    for (const executable of [true, false]) {
      await file.setExecutable(executable).catch(() => undefined);
      bits.push((await file.stat()).executable);
    }
    await file.setMtime(MTIME);
    const { mtimeNs } = await file.stat();
    const finest = STEPS.filter((step) => own % step === 0n);
    const kept = STEPS.filter((step) => mtimeNs / 1_000_000n === (MTIME_NS - (MTIME_NS % step)) / 1_000_000n);
    const isCoarse = mtimeNs / 1_000_000n !== BigInt(MTIME);
    // A time that happens to be round says little: the finest step that fits is not below the truth by more than this one.
    const mtimeStepNs = (isCoarse ? kept.at(-1) : finest.filter((step) => step <= 1_000_000n).at(-1)) ?? STEPS[0];
    return { mtimeStepNs, executableBit: bits[0] === true && bits[1] === false };
  });
}

async function clear(files: RootFiles): Promise<void> {
  for (const name of (await absent(files.readdir(PLACE))) ?? []) await absent(files.unlink(joinDiskPath(PLACE, name)));
  await absent(files.rmdir(PLACE));
}
