import { basename, posix } from 'node:path';
import { EXIT, Failure } from '../output/failure.js';

/** A path of the network that a person has typed: no leading slash, Unicode in its composed form. */
export function remotePath(typed: string): string {
  return typed.normalize('NFC').replace(/^\/+/, '');
}

/** A folder: empty for all, else with a slash at its end. */
export function remoteFolder(typed: string): string {
  const path = remotePath(typed);
  return path === '' || path.endsWith('/') ? path : `${path}/`;
}

/** A source, and where it is stored. */
export interface Placed {
  readonly source: string;
  /** In the network, for a file; for a directory the folder that its files go to, with a slash at its end. */
  readonly path: string;
}

/**
 * Where sources go, as `cp` has it: the last argument is the target where there are two or more; several sources go into a
 * folder, which ends with a slash; one source is stored under the target's name, or in it where it is a folder.
 * @throws Failure where that is not clear
 */
export function placeSources(args: readonly string[], isDirectory: (source: string) => boolean): Placed[] {
  const sources = args.length > 1 ? args.slice(0, -1) : args;
  const target = args.length > 1 ? remotePath(args.at(-1) ?? '') : '';
  const intoFolder = target === '' || target.endsWith('/');
  if (sources.length > 1 && !intoFolder) {
    throw new Failure('With several sources the last argument is a folder and ends with a slash.', EXIT.usage);
  }
  return sources.map((source) => {
    if (source === '-' && intoFolder) throw new Failure('Name the path for what comes by the pipe.', EXIT.usage);
    const name = basename(source);
    if (source !== '-' && isDirectory(source)) {
      // `dfs put .` stores what is in it, with no folder of its own.
      const isHere = name === '' || name === '.' || name === '..';
      return { source, path: remoteFolder(intoFolder && !isHere ? target + name : target) };
    }
    return { source, path: remotePath(intoFolder ? target + name : target) };
  });
}

/** The last part of a path. */
export function nameOf(path: string): string {
  return posix.basename(path);
}
