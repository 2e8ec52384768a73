import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MiB, type Log } from '@dfs/runtime';

/** All pictures together, bytes: some ten thousand small ones. */
const MAX_BYTES = 256 * MiB;
const SUFFIX = '.webp';
/** "RIFF", the bytes that follow, "WEBP". */
const HEADER_BYTES = 12;

/**
 * Pictures on disk, by name; those that were not asked for the longest make room. A picture that is lost or damaged is made again: nothing here
 * needs to be durable, and no failure of the disk is one of the caller.
 */
export class PictureCache {
  /** Bytes of each, the one that was asked for last at the end. */
  #kept: Promise<Map<string, number>> | undefined;
  #bytes = 0;
  #lastTemporary = 0;

  constructor(
    private readonly dir: string,
    private readonly log: Log,
    private readonly maxBytes = MAX_BYTES,
  ) {}

  /** @param name of letters, digits and hyphens */
  async get(name: string): Promise<Buffer | undefined> {
    const kept = await (this.#kept ??= this.#look());
    if (!kept.has(name)) return undefined;
    const picture = await readFile(this.#file(name)).catch(() => undefined);
    if (picture && isWhole(picture)) {
      // Unless it had to make room meanwhile.
      const bytes = kept.get(name);
      if (bytes !== undefined && kept.delete(name)) kept.set(name, bytes);
      return picture;
    }
    await this.#drop(kept, name);
    return undefined;
  }

  async put(name: string, picture: Uint8Array): Promise<void> {
    const kept = await (this.#kept ??= this.#look());
    const temporary = join(this.dir, `${++this.#lastTemporary}.tmp`);
    try {
      await mkdir(this.dir, { recursive: true, mode: 0o700 });
      await writeFile(temporary, picture, { mode: 0o600 });
      await rename(temporary, this.#file(name));
    } catch (error) {
      this.log.warn({ err: error }, 'a thumbnail is not kept');
      await rm(temporary, { force: true }).catch(() => undefined);
      return;
    }
    this.#bytes += picture.length - (kept.get(name) ?? 0);
    kept.delete(name);
    kept.set(name, picture.length);
    for (const oldest of kept.keys()) {
      if (this.#bytes <= this.maxBytes) break;
      await this.#drop(kept, oldest);
    }
  }

  async names(): Promise<string[]> {
    return [...(await (this.#kept ??= this.#look())).keys()];
  }

  async drop(name: string): Promise<void> {
    const kept = await (this.#kept ??= this.#look());
    if (kept.has(name)) await this.#drop(kept, name);
  }

  async #drop(kept: Map<string, number>, name: string): Promise<void> {
    this.#bytes -= kept.get(name) ?? 0;
    kept.delete(name);
    await rm(this.#file(name), { force: true }).catch(() => undefined);
  }

  /** Pictures that an earlier run has left. */
  async #look(): Promise<Map<string, number>> {
    const names = await readdir(this.dir).catch(() => []);
    const found: { name: string; bytes: number; time: number }[] = [];
    for (const file of names) {
      const path = join(this.dir, file);
      const known = file.endsWith(SUFFIX) ? await stat(path).catch(() => undefined) : undefined;
      if (known) found.push({ name: file.slice(0, -SUFFIX.length), bytes: known.size, time: known.mtimeMs });
      else await rm(path, { force: true }).catch(() => undefined);
    }
    found.sort((one, other) => one.time - other.time);
    this.#bytes = found.reduce((sum, { bytes }) => sum + bytes, 0);
    return new Map(found.map(({ name, bytes }) => [name, bytes]));
  }

  #file(name: string): string {
    return join(this.dir, name + SUFFIX);
  }
}

function isWhole(picture: Buffer): boolean {
  return (
    picture.length > HEADER_BYTES &&
    picture.toString('latin1', 0, 4) === 'RIFF' &&
    picture.readUInt32LE(4) + 8 === picture.length
  );
}
