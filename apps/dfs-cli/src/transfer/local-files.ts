import { lstat, readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import ignore, { type Ignore } from 'ignore';
import type { Platform } from '@dfs/runtime';
import { asFailure } from '../output/failure.js';

/** A file of this machine that is to be sent. */
export interface LocalFile {
  /** On this machine. */
  readonly file: string;
  /** Below the directory it was found in, `/`-separated. */
  readonly relative: string;
  readonly size: number;
  /** Milliseconds since 1970, whole. */
  readonly mtime: number;
  /** Undefined on Windows, where no file says so. */
  readonly executable: boolean | undefined;
}

/** The files that a walk over a directory has found. */
export interface Walked {
  readonly files: LocalFile[];
  /** Entries that were left out, with the reason in one sentence each. */
  readonly skipped: { path: string; reason: string }[];
}

/**
 * The files below a directory, in order of their paths. Links to files are followed, links to directories are not; what is
 * neither file nor directory is left out and named, as is what cannot be read.
 * @param exclude patterns as in a .gitignore
 */
export async function walk(directory: string, exclude: readonly string[] = []): Promise<Walked> {
  const rules = ignore().add([...exclude]);
  const walked: Walked = { files: [], skipped: [] };
  await visit(directory, '', rules, walked);
  return walked;
}

async function visit(directory: string, prefix: string, rules: Ignore, walked: Walked): Promise<void> {
  let names: string[];
  try {
    names = (await readdir(directory)).sort();
  } catch (error) {
    if (prefix === '') throw error;
    walked.skipped.push({ path: directory, reason: asFailure(error).message });
    return;
  }
  for (const name of names) {
    const file = join(directory, name);
    const relative = prefix + name;
    try {
      const own = await lstat(file);
      const isDirectory = own.isDirectory();
      if (rules.ignores(isDirectory ? `${relative}/` : relative)) continue;
      if (isDirectory) await visit(file, `${relative}/`, rules, walked);
      else {
        const info = own.isSymbolicLink() ? await stat(file) : own;
        if (info.isFile()) walked.files.push(localFile(file, relative, info));
        else walked.skipped.push({ path: file, reason: await whyNot(file, own.isSymbolicLink()) });
      }
    } catch (error) {
      walked.skipped.push({ path: file, reason: asFailure(error).message });
    }
  }
}

async function whyNot(file: string, isLink: boolean): Promise<string> {
  return isLink
    ? `${file} links to ${await readlink(file)}, which is no file.`
    : `${file} is neither file nor directory.`;
}

/** @param info of the file itself, not of a link to it */
export function localFile(
  file: string,
  relative: string,
  info: { size: number; mtimeMs: number; mode: number },
  platform: Platform = process.platform,
): LocalFile {
  const { size, mtimeMs, mode } = info;
  const executable = platform === 'win32' ? undefined : (mode & 0o100) !== 0;
  return { file, relative, size, mtime: Math.floor(mtimeMs), executable };
}
