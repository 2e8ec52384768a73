import { execFile } from 'node:child_process';
import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * `describe` or `it`; where something is missing, the form of it that jest counts as skipped, after a word on what that is:
 * `unless(await netnsUnavailable(), describe)('two hosts', …)`. A test that returns early would count as passed.
 */
export function unless<T extends object>(why: string | undefined, tests: T & { skip: T }): T {
  if (why === undefined) return tests;
  console.warn(`skipped: ${why}`);
  return tests.skip;
}

/** Whether pictures of images can be made here; otherwise why not: the package `sharp` is optional. @param from a file that would load it */
export async function sharpUnavailable(from: string): Promise<string | undefined> {
  try {
    await run(process.execPath, ['--input-type=module', '--eval', "await import('sharp')"], { cwd: dirname(from) });
    return undefined;
  } catch {
    return 'the optional package sharp is not installed for this platform';
  }
}

/** Whether a file system in memory can be mounted here; otherwise why not. It needs root. */
export async function tmpfsUnavailable(): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'dfs-tmpfs-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]);
    await run('umount', [folder]);
    return undefined;
  } catch (error) {
    return `no tmpfs can be mounted: ${(error as Error).message.trim()}`;
  } finally {
    await rmdir(folder);
  }
}
