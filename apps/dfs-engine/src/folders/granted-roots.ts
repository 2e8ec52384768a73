import { readFile, realpath } from 'node:fs/promises';
import { isAbsolute } from 'node:path';

/** Directories that count; a file of the command line has a few. */
const MOST = 64;

/**
 * Directories that somebody at this machine has allowed live folders in. To write that file takes the rights of the node's own
 * user; to have its token is not enough.
 * @param file one directory a line; those that are not there are passed over
 * @returns resolved, without links
 */
export async function grantedRoots(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const lines = text.split('\n').filter((line) => isAbsolute(line));
  const found = await Promise.all(lines.slice(-MOST).map((line) => realpath(line).catch(() => undefined)));
  return [...new Set(found.filter((path) => path !== undefined))];
}
