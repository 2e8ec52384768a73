import { isUtf8 } from 'node:buffer';
import { KiB } from '@dfs/runtime';
import { DiskError, isDiskError } from '../disk-error.js';
import { IGNORE_NAME, joinDiskPath, ROOT, type DiskPath } from '../names.js';
import type { Estimate } from '../root-disk.js';
import { listDirectories } from '../root/listing.js';
import type { RootFiles } from '../root/root-files.js';
import { IgnoreRules } from './ignore-rules.js';

const LOCAL = joinDiskPath(ROOT, IGNORE_NAME);
/** Errnos of a name that is no file, or may not be read. */
const NO_RULES = ['EACCES', 'EPERM', 'ELOOP', 'EMLINK', 'EISDIR', 'ENXIO'];
/** More is no list of rules that a person wrote. */
const MAX_RULES_BYTES = 64 * KiB;
/** Paths that are named, of those that rules leave out or that are not known. */
const MOST_EXAMPLES = 100;

/**
 * Lines of the `.dfsignore` in the root; none where there is none.
 * @throws DiskError `unreadable` where it may not be read, or is no text of a bearable length: what it leaves out nobody knows
 */
export async function localRules(files: RootFiles): Promise<string[]> {
  try {
    return await files.with(LOCAL, 'read', async (file) => {
      const { kind, size } = await file.stat();
      if (kind !== 'file' || size > MAX_RULES_BYTES) throw new DiskError('unreadable', { path: LOCAL });
      const bytes = Buffer.alloc(size);
      const text = bytes.subarray(0, await file.read(bytes, 0));
      if (!isUtf8(text)) throw new DiskError('unreadable', { path: LOCAL });
      return text.toString('utf8').split(/\r?\n/);
    });
  } catch (error) {
    if (isDiskError(error, 'ENOENT')) return [];
    if (isDiskError(error, ...NO_RULES)) throw new DiskError('unreadable', { path: LOCAL, cause: error });
    throw error;
  }
}

/** Walks all of a root and counts what would go into the folder, and what the rules leave out (rule 7). */
export async function estimate(files: RootFiles, rules: readonly string[], foldsCase: boolean): Promise<Estimate> {
  const ignore = new IgnoreRules({ rules: [...rules, ...(await localRules(files))], foldsCase });
  const found = { files: 0, bytes: 0, directories: 0, others: 0 };
  const ignored = { files: 0, bytes: 0, examples: [] as DiskPath[] };
  const unknown: DiskPath[] = [];
  const name = (list: DiskPath[], path: DiskPath): void => void (list.length < MOST_EXAMPLES && list.push(path));
  const open: { directory: DiskPath; isIgnored: boolean }[] = [{ directory: ROOT, isIgnored: false }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { directory } = next;
    const [listing] = await listDirectories(files, [directory]);
    if (listing?.outcome !== 'whole') {
      if (listing?.outcome !== 'absent') name(unknown, directory);
      continue;
    }
    for (const border of listing.borders) name(unknown, joinDiskPath(directory, border));
    for (const { name: last, stat } of listing.entries) {
      const path = joinDiskPath(directory, last);
      const kind = stat.kind === 'directory' ? 'directory' : 'file';
      const isMatch = !next.isIgnored && ignore.ignores(path, kind);
      const isIgnored = next.isIgnored || isMatch;
      if (isMatch) name(ignored.examples, path);
      if (stat.kind === 'directory') {
        if (!isIgnored) found.directories++;
        open.push({ directory: path, isIgnored });
      } else if (stat.kind !== 'file') found.others += isIgnored ? 0 : 1;
      else {
        const side = isIgnored ? ignored : found;
        side.files++;
        side.bytes += stat.size;
      }
    }
  }
  return { ...found, ignored, unknown };
}
