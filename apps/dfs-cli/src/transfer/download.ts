import { createWriteStream } from 'node:fs';
import { chmod, lstat, mkdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FileInfo } from '@dfs/client';
import { asFailure, EXIT, Failure } from '../output/failure.js';
import type { Connection } from '../node/connection.js';
import type { Progress } from '../output/progress.js';
import { inParallel } from './workers.js';

const AT_ONCE = 6;

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
 * @throws Failure where the path would leave the directory
 */
export function targetBelow(directory: string, path: string): string {
  const target = resolve(directory, path);
  const inside = relative(resolve(directory), target);
  if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || path.includes('\0')) {
    throw new Failure(`${path}: this name cannot be written below ${directory}.`);
  }
  return target;
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
  const part = join(dirname(target), `.${basename(target)}.${process.pid}.dfs-part`);
  try {
    const content = await contentOf(node, file, signal);
    await pipeline(content, counting(progress), createWriteStream(part, { flags: 'w' }), { signal });
    const { size } = await stat(part);
    if (size !== file.size) throw new Failure(`${file.path}: ${size} of ${file.size} bytes came: try again.`);
    if (file.executable === true) await chmod(part, 0o755);
    const time = new Date(file.mtime ?? file.modifiedAt);
    await utimes(part, time, time);
    await rename(part, target);
  } catch (error) {
    await rm(part, { force: true });
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

function counting(progress: Progress) {
  return async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const bytes of source) {
      progress.moved(bytes.length);
      yield bytes;
    }
  };
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
