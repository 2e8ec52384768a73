import { chmod, lstat, mkdir, rm, stat, utimes } from 'node:fs/promises';
import { dirname, posix, win32 } from 'node:path';
import { Readable } from 'node:stream';
import type { FileInfo } from '@dfs/client';
import { foldsCase, MiB, moveFile, portableName, type Platform } from '@dfs/runtime';
import { asFailure, EXIT, Failure } from '../output/failure.js';
import type { Connection } from '../node/connection.js';
import type { Progress } from '../output/progress.js';
import { fetchInto, partOf } from './part-file.js';
import { inParallel } from './workers.js';

const AT_ONCE = 6;
/** A part with fewer bytes is fetched anew sooner than it is looked at. */
const WORTH_KEEPING = MiB;

/** A file of the network and where it goes on this machine. */
export interface Incoming {
  readonly file: FileInfo;
  /** On this machine. */
  readonly target: string;
}

/** The result for one file. */
export interface Received {
  file: FileInfo;
  target: string;
  failure?: Failure;
}

/**
 * Where a file below a folder of the network goes in a directory of this machine.
 * @throws Failure where the path would leave the directory, or has a name that Windows takes for something else
 */
export function targetBelow(directory: string, path: string, platform: Platform = process.platform): string {
  const paths = platform === 'win32' ? win32 : posix;
  const parts = path.split('/');
  const refused = platform === 'win32' && parts.find((part) => part !== portableName(part) && !/^\.{1,2}$/.test(part));
  if (typeof refused === 'string') {
    throw new Failure(
      `${path}: Windows takes no file named ${refused}. Fetch the file alone, to a name of your choice.`,
    );
  }
  const target = paths.resolve(directory, path);
  const inside = paths.relative(paths.resolve(directory), target);
  const leaves = inside === '' || inside === '..' || inside.startsWith(`..${paths.sep}`) || paths.isAbsolute(inside);
  if (leaves || path.includes('\0')) {
    throw new Failure(`${path}: this name cannot be written below ${directory}.`);
  }
  return target;
}

/**
 * Where files below a folder of the network go in a directory of this machine. Those that cannot be written there are
 * refused one by one, as is the second of two whose names differ in their case alone where that is one name.
 * @param prefix the folder of the network; empty for all, else with a slash at its end
 */
export function targetsBelow(
  directory: string,
  prefix: string,
  files: readonly FileInfo[],
  platform: Platform = process.platform,
): { incoming: Incoming[]; refused: Received[] } {
  const incoming: Incoming[] = [];
  const refused: Received[] = [];
  const taken = new Map<string, string>();
  for (const file of files) {
    try {
      const target = targetBelow(directory, file.path.slice(prefix.length), platform);
      const key = foldsCase(platform) ? target.toLowerCase() : target;
      const other = taken.get(key);
      if (other !== undefined) {
        throw new Failure(
          `${file.path}: on this machine that is the name of ${other} too. Fetch it alone, to another name.`,
        );
      }
      taken.set(key, file.path);
      incoming.push({ file, target });
    } catch (error) {
      refused.push({ file, target: directory, failure: asFailure(error) });
    }
  }
  return { incoming, refused };
}

/** Receives files, several at a time. One that fails stops no other; a node that does not answer ends all. */
export async function receiveAll(
  node: Connection,
  incoming: readonly Incoming[],
  options: { force: boolean; progress: Progress; signal: AbortSignal },
  onReceived: (received: Received) => void,
): Promise<void> {
  const made = new Map<string, Promise<unknown>>();
  const folder = (path: string): Promise<unknown> => {
    let making = made.get(path);
    if (!making) made.set(path, (making = mkdir(path, { recursive: true })));
    return making;
  };
  await inParallel(incoming, AT_ONCE, async ({ file, target }) => {
    try {
      await folder(dirname(target));
      await receive(node, file, target, options);
      onReceived({ file, target });
    } catch (error) {
      const failure = asFailure(error);
      if (failure.exitCode === EXIT.unreachable || failure.exitCode === EXIT.interrupted) throw failure;
      onReceived({ file, target, failure });
    }
    options.progress.fileDone();
  });
}

/** One file, whole or not at all: it stands under its name once every byte has come. */
async function receive(
  node: Connection,
  file: FileInfo,
  target: string,
  { force, progress, signal }: { force: boolean; progress: Progress; signal: AbortSignal },
): Promise<void> {
  if (!force && (await exists(target))) {
    throw new Failure(`${target} exists on this machine: --force replaces it.`, EXIT.conflict);
  }
  const part = partOf(target, file);
  try {
    await fetchInto(node, file, part, { progress, signal });
    if (file.executable === true) await chmod(part, 0o755);
    const time = new Date(file.mtime ?? file.modifiedAt);
    await utimes(part, time, time);
    await moveFile(part, target);
  } catch (error) {
    // A later run goes on with what is worth it.
    const { size } = await stat(part).catch(() => ({ size: 0 }));
    if (size < WORTH_KEEPING) await rm(part, { force: true });
    throw error;
  }
}

/** The bytes of a version of a file, as they come. */
export async function contentOf(node: Connection, file: FileInfo, signal: AbortSignal): Promise<Readable> {
  const where = { fileId: file.id, version: file.version };
  const { body } = await node.call(() => node.dfs.get(where, { signal }), file.path);
  // No body at all is how an empty file comes.
  return body instanceof ReadableStream ? Readable.fromWeb(body as never) : Readable.from([]);
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
