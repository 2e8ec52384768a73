import { randomBytes } from 'node:crypto';
import { constants, open, mkdir, readdir, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DurableFolder, moveFile, syncFolder, type Timers } from '@dfs/runtime';
import { codeOf } from '../damage/errors.js';
import { OPEN_PACKS, WRITE_CALLS, WRITE_CALL_TIME } from '../limits.js';
import { DiskCalls } from './disk-calls.js';
import { PACK_HEAD } from './format.js';

const SUFFIX = '.pack';
/** As `create` names them. */
const OWN_NAME = /^[0-9a-f]{32}$/;
/** Places and lengths of reads past the page cache are multiples of this, whatever the disk's sectors are. */
const DIRECT_STEP = 4096;

interface OpenPack {
  handle: Promise<FileHandle>;
  readers: number;
  /** To be closed by its last reader. */
  evicted: boolean;
}

/**
 * The two folders of the store: `tmp` for packs being written, `packs` for those that are whole. A pack has a random
 * name that is never used again, and is never written to once it is in `packs`.
 */
export class PackFiles {
  /** Least recently used first. */
  readonly #open = new Map<string, OpenPack>();

  private constructor(
    private readonly packs: string,
    private readonly temporary: string,
    private readonly packsFolder: DurableFolder,
    private readonly openLimit: number,
    private readonly reads: DiskCalls,
    private readonly writes: DiskCalls,
  ) {}

  /** @param timers by which calls that the disk does not answer are given up; those of the process when left out */
  static async open(dir: string, openLimit: number = OPEN_PACKS, timers?: Timers): Promise<PackFiles> {
    const packs = join(dir, 'packs');
    const temporary = join(dir, 'tmp');
    await mkdir(packs, { recursive: true });
    await mkdir(temporary, { recursive: true });
    for (const made of [dir, dirname(dir)]) await syncFolder(made);
    const reads = new DiskCalls({ timers });
    const writes = new DiskCalls({ most: WRITE_CALLS, timeMs: WRITE_CALL_TIME, isPatient: true, timers });
    return new PackFiles(packs, temporary, await DurableFolder.open(packs), openLimit, reads, writes);
  }

  /** Those of these packs that are not there. */
  async missing(known: Iterable<string>): Promise<Set<string>> {
    const missing = new Set(known);
    for (const file of await readdir(this.packs)) missing.delete(nameOf(file) ?? '');
    return missing;
  }

  /** Packs that are there, and that `known` does not hold. */
  async unknown(known: ReadonlySet<string>): Promise<string[]> {
    const names = (await readdir(this.packs)).map((file) => nameOf(file));
    return names.filter((name) => name !== undefined && OWN_NAME.test(name) && !known.has(name)) as string[];
  }

  /** Empties `tmp`, and removes what is with the packs and is none that `known` holds. Gives how many files went. */
  async sweep(known: ReadonlySet<string>): Promise<number> {
    const left = [
      ...(await readdir(this.temporary)).map((file) => join(this.temporary, file)),
      ...(await readdir(this.packs))
        .filter((file) => !known.has(nameOf(file) ?? ''))
        .map((file) => join(this.packs, file)),
    ];
    for (const file of left) await rm(file, { recursive: true, force: true });
    return left.length;
  }

  /** Of a whole pack. */
  async bytesOf(name: string): Promise<number> {
    return (await stat(this.pathOf(name))).size;
  }

  /** A new file in `tmp`, for writing and reading. @throws NoAnswer as `write` */
  async create(): Promise<{ name: string; handle: FileHandle }> {
    const name = randomBytes(16).toString('hex');
    const path = join(this.temporary, name);
    let isGivenUp = false;
    const create = async (): Promise<FileHandle> => {
      const handle = await open(path, 'wx+');
      if (isGivenUp) await handle.close().finally(() => rm(path, { force: true }));
      return handle;
    };
    try {
      return { name, handle: await this.write(name, create) };
    } catch (error) {
      isGivenUp = true;
      throw error;
    }
  }

  /**
   * Runs a call that writes to a pack, or to the folder that it names. @throws NoAnswer when the disk does not answer: the
   * call may go on then
   */
  write<T>(name: string, call: () => Promise<T>): Promise<T> {
    return this.writes.run(name, call);
  }

  /** Moves a finished pack to its place. Durable after `syncFolder` only. @throws NoAnswer as `write` */
  publish(name: string): Promise<void> {
    return this.write(name, () => moveFile(join(this.temporary, name), this.pathOf(name)));
  }

  /** @throws NoAnswer as `write` */
  syncFolder(): Promise<void> {
    return this.write('packs', () => this.packsFolder.sync());
  }

  /**
   * Closes and removes a pack in the making, wherever it is. Where the disk does not answer, that is done once it does: a file
   * that is still written to is not closed. Never rejects.
   */
  async discard(name: string, handle: FileHandle): Promise<void> {
    const remove = async (): Promise<void> => {
      await handle.close().catch(() => undefined);
      for (const path of [join(this.temporary, name), this.pathOf(name)]) {
        await rm(path, { force: true }).catch(() => undefined);
      }
    };
    await this.writes.later(name, remove);
  }

  /**
   * Removes a pack. Readers that have it open go on reading. Where the disk does not answer, that is done once it does, and not
   * waited for.
   * @param removed called once it is gone
   */
  async remove(name: string, removed: () => void): Promise<void> {
    this.#evict(name);
    await this.writes.later(name, async () => {
      await rm(this.pathOf(name), { force: true });
      removed();
    });
  }

  /**
   * Lends the open file of a pack to `use`. @throws NoAnswer when the disk does not answer: `use` may go on then, and the
   * memory that it reads to is not to be used again
   */
  read<T>(name: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
    return this.reads.run(name, () => this.#lend(name, use));
  }

  /** The same with a file that is opened for this alone. The one that is kept open is not used again. */
  readAnew<T>(name: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
    this.#evict(name);
    return this.#alone(name, 0, use);
  }

  /** Bytes of a pack past the page cache; undefined where the file system has no such way. @throws as `read` */
  async readDirect(name: string, offset: number, size: number): Promise<Uint8Array | undefined> {
    if (constants.O_DIRECT === undefined) return undefined;
    const start = offset - (offset % DIRECT_STEP);
    const length = Math.ceil((offset + size - start) / DIRECT_STEP) * DIRECT_STEP;
    // Memory of a buffer that may grow begins at a page, as such a read requires.
    const room = new Uint8Array(new ArrayBuffer(length, { maxByteLength: length }));
    try {
      const { bytesRead } = await this.#alone(name, constants.O_DIRECT, (handle) =>
        handle.read(room, 0, length, start),
      );
      if (bytesRead < offset + size - start) throw Object.assign(new Error('the pack is too short'), { code: 'EIO' });
    } catch (error) {
      if (codeOf(error) === 'EINVAL') return undefined;
      throw error;
    }
    return Buffer.from(room.subarray(offset - start, offset - start + size));
  }

  #alone<T>(name: string, flags: number, use: (handle: FileHandle) => Promise<T>): Promise<T> {
    return this.reads.run(name, async () => {
      const handle = await openPack(this.pathOf(name), flags);
      return use(handle).finally(() => handle.close());
    });
  }

  /** Whether anything of a pack can be read. @throws why not */
  async tryReading(name: string): Promise<void> {
    const head = Buffer.alloc(PACK_HEAD.length);
    await this.readAnew(name, (handle) => handle.read(head, 0, head.length, 0));
  }

  /** Whether anything can be written, and made durable. @throws why not */
  async tryWriting(): Promise<void> {
    const path = join(this.temporary, `try-${randomBytes(8).toString('hex')}`);
    await this.write('tmp', async () => {
      try {
        const handle = await open(path, 'wx');
        await handle
          .write(PACK_HEAD)
          .then(() => handle.sync())
          .finally(() => handle.close());
      } finally {
        await rm(path, { force: true });
      }
    });
  }

  async #lend<T>(name: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
    const pack = this.#borrow(name);
    try {
      // A pack that could not be opened, perhaps for want of a descriptor, is opened anew next time.
      return await use(await pack.handle.catch((error: unknown) => this.#refuse(name, pack, error)));
    } finally {
      pack.readers--;
      closeIfDone(pack);
    }
  }

  /** Closes what no reader holds any more; the rest closes with its last reader. */
  async close(): Promise<void> {
    const closing = [...this.#open.values()].filter((pack) => pack.readers === 0).map((pack) => pack.handle);
    for (const name of [...this.#open.keys()]) this.#evict(name);
    await Promise.allSettled(closing);
    await this.packsFolder.close();
  }

  #borrow(name: string): OpenPack {
    let pack = this.#open.get(name);
    if (pack) this.#open.delete(name);
    else pack = { handle: openPack(this.pathOf(name)), readers: 0, evicted: false };
    pack.readers++;
    this.#open.set(name, pack);
    if (this.#open.size > this.openLimit) this.#evict(this.#open.keys().next().value as string);
    return pack;
  }

  #refuse(name: string, pack: OpenPack, error: unknown): never {
    if (this.#open.get(name) === pack) this.#open.delete(name);
    throw error;
  }

  #evict(name: string): void {
    const pack = this.#open.get(name);
    if (!pack) return;
    this.#open.delete(name);
    pack.evicted = true;
    closeIfDone(pack);
  }

  /** The file of a pack that is whole. */
  pathOf(name: string): string {
    return join(this.packs, name + SUFFIX);
  }
}

/** Anything but a file in the place of a pack is no pack: a named pipe would be waited for for ever. */
async function openPack(path: string, flags = 0): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | flags);
  try {
    if ((await handle.stat()).isFile()) return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  throw Object.assign(new Error('something else is in the place of a pack'), { code: 'EISDIR' });
}

/** Names of the packs in the folder of a store; none where it is not there. */
export async function packNames(dir: string): Promise<string[]> {
  const files = await readdir(join(dir, 'packs')).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return files.map(nameOf).filter((name) => name !== undefined);
}

/** Of the pack in a file; undefined for any other file. */
function nameOf(file: string): string | undefined {
  return file.endsWith(SUFFIX) ? file.slice(0, -SUFFIX.length) : undefined;
}

function closeIfDone(pack: OpenPack): void {
  if (!pack.evicted || pack.readers > 0) return;
  void pack.handle.then((handle) => handle.close()).catch(() => undefined);
}
