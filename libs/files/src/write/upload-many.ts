import { storeChunk, type BlockBatch } from '@dfs/chunks';
import { CHUNK_MIN_BYTES, DfsError, normalisePath, MiB } from '@dfs/protocol';
import { mediaTypeFor } from '../read/media-type.js';
import { checkPreconditions, type Preconditions } from '../http/preconditions.js';
import { commitUploads, upload, type Upload, type UploadOutcome } from './upload.js';
import type { FilesComponents } from '../ports.js';

/** One file of many, as it comes in. Its body must be read to the end before the next one arrives. */
export interface UploadPart {
  path: string;
  mediaType?: string;
  body: AsyncIterable<Uint8Array>;
  /** Why this file cannot be stored, where that is known before its bytes come. */
  refused?: DfsError;
}
export type PartResult = { path: string } & ({ done: UploadOutcome } | { error: unknown });

/** Up to this size a file waits in memory until its group is committed: it is one chunk. */
const SMALL_FILE_BYTES = CHUNK_MIN_BYTES;
/** Files in one unit of work: also the most an event tells of. */
const GROUP_FILES = 1000;
/** Bytes in one unit of work; bounds what a request holds in memory to twice this. */
const GROUP_BYTES = 16 * MiB;

interface SmallFile {
  index: number;
  path: string;
  mediaType: string | undefined;
  bytes: Uint8Array;
}

export interface UploadManyOptions extends Preconditions {
  signal?: AbortSignal;
}

/**
 * Many files of one request, in order. Small ones share a batch of chunks and a unit of work; large ones are stored
 * each by itself, as they stream in. What goes wrong with one file is its own result, and the others go on; what goes
 * wrong with the request as a whole is thrown.
 */
export async function uploadMany(
  components: FilesComponents,
  parts: AsyncIterable<UploadPart>,
  options: UploadManyOptions = {},
): Promise<PartResult[]> {
  await components.catalogue.writable();
  const run = new Run(components, options);
  try {
    for await (const part of parts) await run.take(part);
    return await run.finish();
  } catch (error) {
    await run.settled();
    throw error;
  }
}

class Run {
  private readonly results: PartResult[] = [];
  private group: SmallFile[] = [];
  private readonly paths = new Set<string>();
  private bytes = 0;
  private committing: Promise<void> = Promise.resolve();
  /** Result of a file until there is another. */
  private readonly notStored = new DfsError('internal-error', 'The file was not stored.');

  constructor(
    private readonly components: FilesComponents,
    private readonly options: UploadManyOptions,
  ) {}

  async take(part: UploadPart): Promise<void> {
    const index = this.results.length;
    this.results.push({ path: part.path, error: this.notStored });
    const rest = part.body[Symbol.asyncIterator]();
    const { bytes, ended } = await readUpTo(rest, SMALL_FILE_BYTES);
    try {
      const path = pathOf(part.path);
      if (ended) await this.join({ index, path, mediaType: part.mediaType, bytes: Buffer.concat(bytes) });
      else await this.storeLarge(index, { ...part, path, body: chain(bytes, rest) });
    } catch (error) {
      this.results[index] = { path: part.path, error };
      await drain(rest);
    }
  }

  async finish(): Promise<PartResult[]> {
    await this.commitGroup();
    await this.committing;
    return this.results;
  }

  /** Nothing of this run is under way any more. */
  async settled(): Promise<void> {
    await this.committing.catch(() => undefined);
  }

  private async join(file: SmallFile): Promise<void> {
    // Two versions of one path in one group would hide from the caller which of them came last.
    if (this.paths.has(file.path)) await this.commitGroup();
    this.group.push(file);
    this.paths.add(file.path);
    this.bytes += file.bytes.length;
    if (this.group.length >= GROUP_FILES || this.bytes >= GROUP_BYTES) await this.commitGroup();
  }

  private async storeLarge(index: number, part: UploadPart): Promise<void> {
    await this.commitGroup();
    await this.committing;
    const done = await upload(this.components, { ...part, ...this.options });
    this.results[index] = { path: done.file.path, done };
  }

  /** Hands the group over; the next one fills while this one is written, and no further one is begun before. */
  private async commitGroup(): Promise<void> {
    const group = this.group;
    if (group.length === 0) return;
    this.group = [];
    this.paths.clear();
    this.bytes = 0;
    await this.committing;
    this.committing = this.storeGroup(group);
    // It reports through results; a rejection here would be our own mistake and is met by whoever awaits it next.
    this.committing.catch(() => undefined);
  }

  private async storeGroup(group: SmallFile[]): Promise<void> {
    try {
      await this.storeTogether(group);
    } catch (error) {
      if (group.length === 1) this.fail(group, error);
      else if (concernsOneFile(error)) await this.storeOneByOne(group);
      else this.fail(group, error);
    }
  }

  private async storeTogether(group: SmallFile[]): Promise<void> {
    const batch = this.components.chunks.batch('local');
    try {
      const uploads: Upload[] = [];
      for (const file of group) uploads.push(await this.prepare(batch, file));
      await batch.flush();
      const done = await commitUploads(this.components, batch, uploads);
      group.forEach(({ index, path }, at) => {
        this.results[index] = { path, done: done[at] as UploadOutcome };
      });
    } catch (error) {
      await batch.abort();
      throw error;
    }
  }

  private async prepare(batch: BlockBatch, { path, mediaType, bytes }: SmallFile): Promise<Upload> {
    const { ifMatch, ifNoneMatch, signal } = this.options;
    if (ifMatch || ifNoneMatch) checkPreconditions(await this.components.catalogue.byPath(path), this.options);
    signal?.throwIfAborted();
    const stored = await storeChunk(batch, bytes);
    return {
      path,
      mediaType: mediaTypeFor(path, mediaType),
      stored,
      ...(ifMatch ? { ifMatch } : {}),
      ...(ifNoneMatch ? { ifNoneMatch } : {}),
    };
  }

  /** After a group was refused for the sake of some of its files: the others must not suffer for it. */
  private async storeOneByOne(group: SmallFile[]): Promise<void> {
    for (const file of group) {
      try {
        await this.storeTogether([file]);
      } catch (error) {
        this.fail([file], error);
      }
    }
  }

  private fail(group: SmallFile[], error: unknown): void {
    for (const { index, path } of group) this.results[index] = { path, error };
  }
}

function concernsOneFile(error: unknown): boolean {
  return error instanceof DfsError && (error.status === 409 || error.status === 412 || error.status === 400);
}

async function readUpTo(
  source: AsyncIterator<Uint8Array>,
  limit: number,
): Promise<{ bytes: Uint8Array[]; ended: boolean }> {
  const bytes: Uint8Array[] = [];
  let size = 0;
  while (size <= limit) {
    const next = await source.next();
    if (next.done) return { bytes, ended: true };
    bytes.push(next.value);
    size += next.value.length;
  }
  return { bytes, ended: false };
}

async function* chain(first: Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

async function drain(source: AsyncIterator<Uint8Array>): Promise<void> {
  for (let next = await source.next(); !next.done; next = await source.next());
}

/** @throws DfsError `invalid-path` also for a name that came in another encoding: several would become the same. */
function pathOf(name: string): string {
  if (name.includes('\uFFFD')) {
    throw new DfsError('invalid-path', 'The name of this file is not UTF-8: send it in that encoding.');
  }
  return normalisePath(name);
}
