import { KiB } from '@dfs/runtime';
import { asDiskError, DiskError, isDiskError } from '../disk-error.js';
import type { OpenFile } from '../fs/file-system.js';
import type { DiskPath } from '../names.js';
import type {
  ContentOf,
  ContentRequest,
  NotRead,
  ReadEnd,
  Reading,
  ReadOptions,
  Stat,
  WholeRead,
} from '../root-disk.js';
import { contentIdOf } from './content-id.js';
import type { FileSystemTime } from './file-system-time.js';
import { absent, sameLook, type RootFiles } from './root-files.js';
import { LOOKS_APART, type Steadiness } from './steadiness.js';

/** Bytes of one read. Each piece has memory of its own, where nothing else is asked for: the cutter keeps views of it. */
const PIECE = 512 * KiB;

/** Parts of a reader. */
export interface ReaderComponents {
  files: RootFiles;
  steadiness: Steadiness;
  time: FileSystemTime;
  keepsInodes: () => boolean;
}

/** Files as they are read from a disk that others write on: steadily, or not at all (rule 9). */
export class Reader {
  constructor(private readonly components: ReaderComponents) {}

  /** @throws DiskError `changing`; the errno where it cannot be opened */
  async read(path: DiskPath, options: ReadOptions = {}): Promise<Reading> {
    await this.components.files.within(path);
    const first = options.asIs ? undefined : await this.#firstLook(path, options);
    return this.#open(path, first, options.reuses);
  }

  contentOf(requests: readonly ContentRequest[]): Promise<ContentOf[]> {
    return this.#each(requests, async (path, { body, end }) => {
      const contentId = await contentIdOf(body);
      return { path, outcome: 'content', contentId, end: await end };
    });
  }

  /** Small files, each with all its bytes. One that has more of them is `failed`, with EFBIG. */
  readAll(requests: readonly ContentRequest[], mostBytes: number): Promise<WholeRead[]> {
    return this.#each(requests, async (path, { body, end }) => {
      const pieces: Uint8Array[] = [];
      let size = 0;
      for await (const piece of body) {
        size += piece.length;
        if (size > mostBytes) throw new DiskError('EFBIG', { path });
        pieces.push(piece);
      }
      const [first] = pieces;
      const bytes = first && pieces.length === 1 ? first : Buffer.concat(pieces, size);
      return { path, outcome: 'read', bytes, end: await end };
    });
  }

  /** Of several files: they are all looked at before the wait that stands between two looks. */
  async #each<T>(
    requests: readonly ContentRequest[],
    take: (path: DiskPath, reading: Reading) => Promise<T>,
  ): Promise<(T | NotRead)[]> {
    const { files, steadiness } = this.components;
    const known = new Set<DiskPath>();
    const looks: (Stat | NotRead | undefined)[] = [];
    let mustWait = false;
    for (const { path, seen, asIs } of requests) {
      const wait = steadiness.wait(path);
      if (asIs) looks.push(undefined);
      else if (wait.retryAfter > 0) looks.push({ path, outcome: 'changing', ...wait });
      else if (seen && this.#isOldEnough(seen)) looks.push(seen.stat);
      else {
        looks.push(
          (await files.look(path).catch((error: unknown) => failure(path, error))) ?? { path, outcome: 'absent' },
        );
        mustWait = true;
      }
    }
    if (mustWait) await files.timers.sleep(LOOKS_APART);
    const found: (T | NotRead)[] = [];
    for (const [at, { path }] of requests.entries()) {
      const look = looks[at];
      found.push(look && 'outcome' in look ? look : await this.#one(path, look, known, take));
    }
    return found;
  }

  async #one<T>(
    path: DiskPath,
    first: Stat | undefined,
    known: Set<DiskPath>,
    take: (path: DiskPath, reading: Reading) => Promise<T>,
  ): Promise<T | NotRead> {
    try {
      await this.components.files.within(path, known);
      return await take(path, await this.#open(path, first));
    } catch (error) {
      return failure(path, error);
    }
  }

  /** Waits for a second look if it must. */
  async #firstLook(path: DiskPath, { seen }: ReadOptions): Promise<Stat> {
    const { files, steadiness } = this.components;
    const wait = steadiness.wait(path);
    if (wait.retryAfter > 0) throw new DiskError('changing', { path, ...wait });
    if (seen && this.#isOldEnough(seen)) return seen.stat;
    const stat = await files.lstat(path);
    await files.timers.sleep(LOOKS_APART);
    return stat;
  }

  #isOldEnough({ at }: NonNullable<ReadOptions['seen']>): boolean {
    return this.components.files.timers.ticks() - at >= LOOKS_APART;
  }

  /** @param first the look before; undefined where the file is taken as it is */
  async #open(path: DiskPath, first: Stat | undefined, reuses = false): Promise<Reading> {
    const { keepsInodes } = this.components;
    const file = await this.#opened(path);
    try {
      const stat = await file.stat();
      if (stat.kind !== 'file' || (first && !sameLook(first, stat, keepsInodes())))
        throw this.#changed(path, 'changing');
      const { promise: end, resolve, reject } = Promise.withResolvers<ReadEnd>();
      // The reader of `body` has met the failure already.
      end.catch(() => undefined);
      const how = { check: first !== undefined, reuses };
      const body = this.#bytes(file, path, stat, how, resolve, reject);
      return { stat, body, end };
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
  }

  async #opened(path: DiskPath): Promise<OpenFile> {
    try {
      return await this.components.files.open(path, 'read');
    } catch (error) {
      // A link or a directory came to its place.
      if (isDiskError(error, 'ELOOP', 'EMLINK', 'ENXIO', 'EISDIR')) throw this.#changed(path, 'changing');
      throw error;
    }
  }

  async *#bytes(
    file: OpenFile,
    path: DiskPath,
    stat: Stat,
    { check, reuses }: { check: boolean; reuses: boolean },
    resolve: (end: ReadEnd) => void,
    reject: (error: unknown) => void,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { files, time, keepsInodes } = this.components;
    const memory = reuses ? new TwoPieces(Math.min(PIECE, stat.size + 1)) : undefined;
    let reading: Promise<Uint8Array> | undefined;
    const read = (at: number): Promise<Uint8Array> => {
      const wanted = Math.min(PIECE, Math.max(1, stat.size - at + 1));
      const piece = memory?.next(wanted) ?? Buffer.allocUnsafeSlow(wanted);
      const next = file.read(piece, at).then((length) => piece.subarray(0, length));
      // Nobody may be left to hear of it.
      next.catch(() => undefined);
      return next;
    };
    let isComplete = false;
    try {
      for (let at = 0; ;) {
        const piece = await (reading ?? read(at));
        reading = undefined;
        if (piece.length === 0) break;
        at += piece.length;
        // The next piece goes into the other memory.
        if (reuses && at <= stat.size) reading = read(at);
        yield piece;
        // A file that grows for ever would never end: it is read as far as it went when it was opened.
        if (at > stat.size) {
          if (check) throw this.#changed(path, 'changed');
          break;
        }
      }
      const after = await file.stat();
      const atPath = await absent(files.lstat(path));
      if (check && (!sameLook(stat, after, keepsInodes()) || !atPath || !sameLook(stat, atPath, keepsInodes()))) {
        throw this.#changed(path, 'changed');
      }
      const end = { stat: after, racy: await time.isRacy(after) };
      isComplete = true;
      resolve(end);
    } catch (error) {
      isComplete = true;
      const told = asDiskError(error, path);
      reject(told);
      throw told;
    } finally {
      await reading?.catch(() => undefined);
      await file.close().catch(() => undefined);
      if (!isComplete) reject(new DiskError('gone', { path }));
    }
  }

  #changed(path: DiskPath, code: 'changing' | 'changed'): DiskError {
    const { steadiness } = this.components;
    steadiness.changed(path);
    return new DiskError(code, { path, ...steadiness.wait(path) });
  }
}

/** Memory for two pieces, which have it in turn. */
class TwoPieces {
  readonly #memory: readonly [Buffer, Buffer];
  #at = 0;

  constructor(bytes: number) {
    this.#memory = [Buffer.allocUnsafeSlow(bytes), Buffer.allocUnsafeSlow(bytes)];
  }

  next(bytes: number): Buffer {
    this.#at = 1 - this.#at;
    return this.#memory[this.#at as 0 | 1].subarray(0, bytes);
  }
}

/** All bytes of an open file, from its beginning; they are not looked after. */
export async function* bytesOfFile(file: OpenFile): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; ;) {
    const piece = Buffer.allocUnsafeSlow(PIECE);
    const length = await file.read(piece, at);
    if (length === 0) return;
    at += length;
    yield piece.subarray(0, length);
  }
}

function failure(path: DiskPath, error: unknown): NotRead {
  if (!(error instanceof DiskError)) throw error;
  const { code, retryAfter = 0, changing = 0 } = error;
  if (code === 'changing' || code === 'changed') return { path, outcome: 'changing', retryAfter, changing };
  return code === 'ENOENT' ? { path, outcome: 'absent' } : { path, outcome: 'failed', code };
}
