import type { Clock, Timers } from '@dfs/runtime';
import { asDiskError, DiskError, isDiskError } from '../disk-error.js';
import type { AbsolutePath, FileSystem, OpenFile, OpenWay } from '../fs/file-system.js';
import { joinDiskPath, parentOf, ROOT, type DiskPath } from '../names.js';
import type { Stat } from '../root-disk.js';

/** A root in a file system, and the time there. */
export interface RootFilesOptions {
  files: FileSystem;
  root: AbsolutePath;
  /** Our own monotonic time (rule 9). */
  timers: Timers;
  /** The wall clock: for what people see, and where the file system's own time cannot be had. */
  clock: Clock;
}

/**
 * The calls of a file system by paths below one root. Their failures are `DiskError`s. `within` is asked before whatever is
 * done at a path: it follows no link and leaves no device.
 */
export class RootFiles {
  readonly timers: Timers;
  readonly clock: Clock;
  readonly #files: FileSystem;
  readonly #root: AbsolutePath;

  constructor({ files, root, timers, clock }: RootFilesOptions) {
    this.#files = files;
    this.#root = root.endsWith('/') ? root.slice(0, -1) : root;
    this.timers = timers;
    this.clock = clock;
  }

  lstat(path: DiskPath): Promise<Stat> {
    return this.#told(path, this.#files.lstat(this.#at(path)));
  }

  /** Undefined where nothing has the name. */
  async look(path: DiskPath): Promise<Stat | undefined> {
    return absent(this.lstat(path));
  }

  /** In the order of their bytes. */
  async readdir(path: DiskPath): Promise<DiskPath[]> {
    return (await this.#told(path, this.#files.readdir(this.#at(path)))).sort() as DiskPath[];
  }

  async open(path: DiskPath, way: OpenWay): Promise<OpenFile> {
    return this.#told(path, this.#files.open(this.#at(path), way));
  }

  mkdir(path: DiskPath): Promise<void> {
    return this.#told(path, this.#files.mkdir(this.#at(path)));
  }

  rmdir(path: DiskPath): Promise<void> {
    return this.#told(path, this.#files.rmdir(this.#at(path)));
  }

  link(from: DiskPath, to: DiskPath): Promise<void> {
    return this.#told(to, this.#files.link(this.#at(from), this.#at(to)));
  }

  unlink(path: DiskPath): Promise<void> {
    return this.#told(path, this.#files.unlink(this.#at(path)));
  }

  /** To be used only where nothing of others can have the new name. */
  rename(from: DiskPath, to: DiskPath): Promise<void> {
    return this.#told(from, this.#files.rename(this.#at(from), this.#at(to)));
  }

  access(): Promise<void> {
    return this.#told(ROOT, this.#files.access(this.#at(ROOT)));
  }

  statfs(): ReturnType<FileSystem['statfs']> {
    return this.#told(ROOT, this.#files.statfs(this.#at(ROOT)));
  }

  /** With a file or directory held open meanwhile. */
  async with<T>(path: DiskPath, way: OpenWay, use: (file: OpenFile) => Promise<T>): Promise<T> {
    const file = await this.open(path, way);
    try {
      return await this.#told(path, use(file));
    } finally {
      await file.close().catch(() => undefined);
    }
  }

  /**
   * The directory that a path is in, looked at again from the root on: each name on the way is a directory of the root's device.
   * @param known directories that were found so in the same breath
   * @throws DiskError `outside`; `ENOENT` where one is missing
   */
  async within(path: DiskPath, known: Set<DiskPath> = new Set()): Promise<void> {
    await this.reach(parentOf(path), known);
  }

  /** The same for a directory itself. @returns its stat, of the root where it is found in `known` */
  async reach(directory: DiskPath, known: Set<DiskPath> = new Set()): Promise<Stat> {
    const top = await this.lstat(ROOT);
    if (top.kind !== 'directory') throw new DiskError('outside', { path: ROOT });
    let at = ROOT;
    let stat = top;
    for (const name of directory === ROOT ? [] : directory.split('/')) {
      if (name === '' || name === '.' || name === '..') throw new DiskError('outside', { path: directory });
      at = joinDiskPath(at, name);
      if (known.has(at)) continue;
      stat = await this.lstat(at);
      if (stat.kind !== 'directory' || stat.device !== top.device) throw new NoDirectory(at, stat, top);
      known.add(at);
    }
    return stat;
  }

  #at(path: DiskPath): AbsolutePath {
    return path === ROOT ? this.#root || '/' : `${this.#root}/${path}`;
  }

  async #told<T>(path: DiskPath, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw asDiskError(error, path);
    }
  }
}

/** Something else than a directory of this device stands on the way. */
export class NoDirectory extends DiskError {
  constructor(
    at: DiskPath,
    readonly stat: Stat,
    readonly top: Stat,
  ) {
    super('outside', { path: at });
  }
}

/** The answer, or undefined where the name is not there. */
export async function absent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isDiskError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Whether two looks were at the same file in the same state (rule 9). */
export function sameLook(a: Stat, b: Stat, keepsInodes = true): boolean {
  return sameBytes(a, b, keepsInodes) && a.ctimeNs === b.ctimeNs;
}

/** The same but for ctime, which a rename changes too (rule 8 c). */
export function sameBytes(a: Stat, b: Stat, keepsInodes = true): boolean {
  const sameInode = !keepsInodes || a.inode === b.inode;
  return sameInode && a.kind === b.kind && a.size === b.size && a.mtimeNs === b.mtimeNs;
}
