import { randomBytes } from 'node:crypto';
import { open, mkdir, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OPEN_PACKS } from '../limits.js';

const SUFFIX = '.pack';
/** As `create` names them. */
const OWN_NAME = /^[0-9a-f]{32}$/;

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
    private readonly packsFolder: FileHandle,
    private readonly openLimit: number,
  ) {}

  static async open(dir: string, openLimit: number = OPEN_PACKS): Promise<PackFiles> {
    const packs = join(dir, 'packs');
    const temporary = join(dir, 'tmp');
    await mkdir(packs, { recursive: true });
    await mkdir(temporary, { recursive: true });
    for (const made of [dir, dirname(dir)]) await syncFolder(made);
    return new PackFiles(packs, temporary, await open(packs, 'r'), openLimit);
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
    return (await stat(this.#path(name))).size;
  }

  /** A new file in `tmp`, for writing and reading. */
  async create(): Promise<{ name: string; handle: FileHandle }> {
    const name = randomBytes(16).toString('hex');
    return { name, handle: await open(join(this.temporary, name), 'wx+') };
  }

  /** Moves a finished pack to its place. Durable after `syncFolder` only. */
  publish(name: string): Promise<void> {
    return rename(join(this.temporary, name), this.#path(name));
  }

  syncFolder(): Promise<void> {
    return this.packsFolder.sync();
  }

  async removeTemporary(name: string): Promise<void> {
    await rm(join(this.temporary, name), { force: true });
  }

  /** Removes a pack. Readers that have it open go on reading. */
  async remove(name: string): Promise<void> {
    this.#evict(name);
    await rm(this.#path(name), { force: true });
  }

  /** Lends the open file of a pack to `use`. */
  async read<T>(name: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
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
    else pack = { handle: open(this.#path(name), 'r'), readers: 0, evicted: false };
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

  #path(name: string): string {
    return join(this.packs, name + SUFFIX);
  }
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

/** Makes what was renamed or made in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}

function closeIfDone(pack: OpenPack): void {
  if (!pack.evicted || pack.readers > 0) return;
  void pack.handle.then((handle) => handle.close()).catch(() => undefined);
}
