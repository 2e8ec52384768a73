import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Names of files that a build or a test leaves in a folder. */
const LEFT = new Set(['dist', 'node_modules', 'out-tsc', 'coverage', '.angular']);

/**
 * When the newest of these files, or of all files and folders below these folders, was changed (milliseconds since 1970): a
 * file that was removed shows by its folder. 0 where there is none. Files that a build leaves do not count.
 * @param {Iterable<string>} paths
 * @returns {number}
 */
export function newest(paths) {
  let latest = 0;
  for (const path of paths) {
    const info = lstatSync(path, { throwIfNoEntry: false });
    if (info?.isDirectory()) {
      const entries = readdirSync(path).filter((name) => !LEFT.has(name));
      latest = Math.max(latest, newest(entries.map((name) => join(path, name))));
      // A build touches the folder of the project itself, and no folder of sources.
      if (!readdirSync(path).some((name) => LEFT.has(name))) latest = Math.max(latest, info.mtimeMs);
    } else if (info !== undefined) latest = Math.max(latest, info.mtimeMs);
  }
  return latest;
}
