import { VirtualTime, type Timers } from '@dfs/runtime';
import { LocalRootDisk, type DiskWatcher, type LocalRootDiskOptions } from '../disk/local-root-disk.js';
import { toDiskPath, type DiskPath } from '../disk/names.js';
import type { Expected, Reading, RootDisk, Stat } from '../disk/root-disk.js';
import type { MemoryTreeOptions } from './memory-tree.js';
import { memoryDisk, type MemoryUser } from './memory-user.js';
import type { ScriptedFileSystem } from './scripted-file-system.js';

/** Where the disk is mounted on the machine of memory. */
export const MEMORY_ROOT = '/mnt/root';

/** A root on a scripted disk, another program on the same disk, and the time of both. */
export interface MemoryRoot {
  disk: LocalRootDisk;
  files: ScriptedFileSystem;
  user: MemoryUser;
  time: VirtualTime;
  /** Where a path of the root is for the user. */
  at(path: string): string;
  /** The same disk for a process that was started anew. */
  restarted(): MemoryRoot;
  /** All files below the root, those of ours included. */
  all(): Record<string, string>;
}

/** Beside what a file system can be like: each call takes a millisecond, unless `callsTakeNoTime`. */
export type MemoryRootOptions = Omit<MemoryTreeOptions, 'now'> &
  Pick<LocalRootDiskOptions, 'reserveBytes' | 'traits'> & {
    callsTakeNoTime?: boolean;
    /** Tells of changes. */
    watch?: DiskWatcher['subscribe'];
  };

/** Waits pass at once, by the virtual time: each moves it on. */
export function memoryRoot(options: MemoryRootOptions = {}): MemoryRoot {
  const time = new VirtualTime();
  const { files, user } = memoryDisk({ ...options, now: () => BigInt(time.now()) * 1_000_000n });
  user.mkdir(MEMORY_ROOT);
  files.tree.mount(MEMORY_ROOT);
  return over(files, user, time, options);
}

function over(files: ScriptedFileSystem, user: MemoryUser, time: VirtualTime, options: MemoryRootOptions): MemoryRoot {
  if (!options.callsTakeNoTime) files.onCall = () => time.advance(1);
  const timers: Timers = {
    ticks: () => time.ticks(),
    after: (milliseconds, callback) => time.after(milliseconds, callback),
    every: (milliseconds, callback) => time.every(milliseconds, callback),
    sleep: (milliseconds) => Promise.resolve(time.advance(milliseconds)),
  };
  const { watch } = options;
  const none = (): void => undefined;
  const watcher = watch && { subscribe: watch, beforeListing: none, afterListing: none, close: none };
  const disk = new LocalRootDisk({
    ...options,
    ...(watcher && { watcher }),
    files,
    root: MEMORY_ROOT,
    timers,
    clock: time,
  });
  return {
    disk,
    files,
    user,
    time,
    at: (path) => `${MEMORY_ROOT}/${path}`,
    restarted: () => over(files.restarted(), user, time, options),
    all: () => user.files(MEMORY_ROOT),
  };
}

/** A path of text as a `DiskPath`. */
export const p = (text: string): DiskPath => toDiskPath(text);

/** Ids of a temporary name, of any record. */
export const IDS = { fileId: 'a'.repeat(26), recordId: 'f00d' };

/** Pieces as a body. */
export async function* bodyOf(...pieces: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    await Promise.resolve();
    yield typeof piece === 'string' ? Buffer.from(piece) : piece;
  }
}

/** All bytes of a reading as text. */
export async function textOf({ body }: Reading): Promise<string> {
  const pieces = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

/** The base row of a file that stands there now, after it was hashed. */
export async function expectedAt({ disk }: { disk: RootDisk }, path: DiskPath): Promise<Expected> {
  const [content] = await disk.contentOf([{ path }]);
  if (content?.outcome !== 'content') throw new Error(`no content of ${path}: ${content?.outcome}`);
  return { stat: content.end.stat, contentId: content.contentId, racy: content.end.racy };
}

/** The stat of a file by the listing of its directory. */
export async function statIn({ disk }: { disk: RootDisk }, directory: string, name: string): Promise<Stat | undefined> {
  const [listing] = await disk.list([p(directory)]);
  return listing?.outcome === 'whole' ? listing.entries.find((entry) => entry.name === p(name))?.stat : undefined;
}
