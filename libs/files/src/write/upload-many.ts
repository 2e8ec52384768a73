import { hash } from 'node:crypto';
import type { Conditions } from '@dfs/catalogue';
import type { Digests } from '@dfs/chunks';
import { CHUNK_MIN_BYTES, normalisePath, type RecordAttributes } from '@dfs/protocol';
import { DfsError, MiB, Turns } from '@dfs/runtime';
import type { Preconditions } from '../http/headers/preconditions.js';
import type { FilesComponents } from '../ports.js';
import { mediaTypeFor } from '../read/media-type.js';
import { UploadGroup, type Place, type Settled, type SmallFile } from './upload-group.js';
import { receive, withDigest } from './upload.js';
import { checkDigests, digestNames } from '../http/headers/digest-header.js';
import { withoutDate } from './wanted.js';

/** One file of many, as it comes in. Its body must be read to the end before the next one arrives. */
export interface UploadPart {
  path: string;
  mediaType?: string;
  /** Its attributes, beside its bytes. */
  attributes?: RecordAttributes;
  /** The digests that its bytes must have. */
  digests?: Digests;
  /** Its conditions on its path, beside those of all of them. */
  want?: Preconditions;
  body: AsyncIterable<Uint8Array>;
  /** All of its body, where that is here already and small. To be asked for once, in place of reading the body. */
  whole?: () => Uint8Array | undefined;
  /** Why this file cannot be stored, where that is known before its bytes come. */
  refused?: DfsError;
}
/** The result of one file; of path null: the fault of the form after which nothing more of it was taken. */
export type PartResult = ({ path: string } & Settled) | { path: null; error: DfsError };

/** Up to this size a file waits in memory until it is stored with others: it is one chunk. */
export const SMALL_FILE_BYTES = CHUNK_MIN_BYTES;
/** Files in one unit of work: also the most an event tells of. */
const GROUP_FILES = 1000;
/** Bytes of files after which a unit of work is closed. */
const GROUP_BYTES = 64 * MiB;
/** Bytes of small files that are stored together; bounds what a request holds in memory to twice this. */
const MEMORY_BYTES = 16 * MiB;

/** Preconditions hold for every file of the form. */
export interface UploadManyOptions extends Preconditions {
  signal?: AbortSignal;
}

/**
 * Many files of one request, in order, recorded in groups. A failure of one file is its own result, and the others
 * go on. A fault of the form is thrown, and nothing is stored, as long as no group has been recorded; after that
 * it is the last result, behind those of all files that came whole before it.
 */
export async function uploadMany(
  components: FilesComponents,
  parts: AsyncIterable<UploadPart>,
  options: UploadManyOptions = {},
): Promise<PartResult[]> {
  await components.catalogue.writable();
  const run = new Run(components, options);
  try {
    // Small files come many in each piece of the body, and none of them waits for anything.
    const turns = new Turns();
    for await (const part of parts) {
      await run.take(part);
      if (turns.isDue) await turns.next();
    }
  } catch (fault) {
    return run.endBy(fault);
  }
  return run.finish();
}

class Run {
  /** Of a file that has begun, and for all that do: to make an error is more than to take a small file. */
  private readonly notWhole = new DfsError(
    'incomplete-body',
    'The file did not arrive whole, and the node did not store it.',
  );
  private readonly results: PartResult[] = [];
  private group: UploadGroup;
  private files = 0;
  private bytes = 0;
  /** Small files of the group that are not stored yet. */
  private waiting: SmallFile[] = [];
  private waitingBytes = 0;
  /** The group being stored while the next files come in: one at a time. Never rejects. */
  private work: Promise<void> = Promise.resolve();
  private hasStored = false;

  constructor(
    private readonly components: FilesComponents,
    private readonly options: UploadManyOptions,
  ) {
    this.group = new UploadGroup(components);
  }

  async take(part: UploadPart): Promise<void> {
    const place = this.open(part.path);
    const here = part.whole?.();
    const { bytes, rest } = here ? { bytes: [here] } : await readUpTo(part.body, SMALL_FILE_BYTES);
    try {
      if (part.refused) throw part.refused;
      const path = pathOf(part.path);
      if (rest) await this.storeLarge({ ...part, path, body: chain(bytes, rest) }, place);
      else await this.join({ ...part, path }, Buffer.concat(bytes), place);
    } catch (error) {
      place.settle({ error });
      if (rest) await drain(rest);
    }
  }

  async finish(): Promise<PartResult[]> {
    await this.closeGroup();
    await this.work;
    return this.results;
  }

  /** @throws the fault, when nothing was stored before it */
  async endBy(fault: unknown): Promise<PartResult[]> {
    await this.work;
    if (!this.hasStored || !(fault instanceof DfsError) || this.options.signal?.aborted) {
      await this.group.abort(fault);
      throw fault;
    }
    return [...(await this.finish()), { path: null, error: fault }];
  }

  /** Of a file that begins: not stored, until something else is told. */
  private open(path: string): Place {
    const index = this.results.push({ path, error: this.notWhole }) - 1;
    const settle = (result: Settled): void => {
      this.results[index] = { path: 'done' in result ? result.done.file.path : path, ...result };
    };
    return { index, settle };
  }

  private async join(part: UploadPart, bytes: Uint8Array, place: Place): Promise<void> {
    const { path, mediaType, digests = {} } = part;
    const { signal, ...all } = this.options;
    const want = { ...all, ...part.want };
    checkDigests(digests, hashesOf(bytes, digests));
    const conditions = Object.keys(want).length === 0 ? {} : await this.conditionsOf(path, want, bytes.length);
    signal?.throwIfAborted();
    const upload = {
      path,
      mediaType: mediaTypeFor(path, mediaType),
      attributes: withDigest(part.attributes, digests),
      ...conditions,
    };
    this.waiting.push({ upload, bytes, place });
    this.waitingBytes += bytes.length;
    await this.count(bytes.length);
  }

  private async conditionsOf(path: string, want: Preconditions, size: number): Promise<Conditions> {
    const { catalogue } = this.components;
    const conditions = await withoutDate(catalogue, await catalogue.byPath(path), want);
    await catalogue.conditions.checkUpload(path, conditions, size);
    return conditions;
  }

  private async storeLarge(part: UploadPart, place: Place): Promise<void> {
    const received = await receive(this.components, { ...part, ...this.options, ...part.want });
    this.group.add(received, place);
    await this.count(received.upload.stored.size);
  }

  private async count(bytes: number): Promise<void> {
    this.files += 1;
    this.bytes += bytes;
    if (this.files >= GROUP_FILES || this.bytes >= GROUP_BYTES) await this.closeGroup();
    else if (this.waitingBytes >= MEMORY_BYTES) await this.storeWaiting();
  }

  private async closeGroup(): Promise<void> {
    const group = this.group;
    await this.storeWaiting(async () => {
      if (await group.commit()) this.hasStored = true;
    });
    this.group = new UploadGroup(this.components);
    this.files = 0;
    this.bytes = 0;
  }

  /** Stores what waits, while the next files come in; no further work is begun before that is done. */
  private async storeWaiting(then: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    const { group, waiting } = this;
    this.waiting = [];
    this.waitingBytes = 0;
    await this.work;
    this.work = group.store(waiting).then(then);
    // It reports through results; a rejection here would be our own mistake and is met by whoever awaits it next.
    this.work.catch(() => undefined);
  }
}

/** Of a file that is in memory: what was announced of it, and no more. */
function hashesOf(bytes: Uint8Array, announced: Digests): Digests {
  return Object.fromEntries(digestNames(announced).map((name) => [name, hash(name, bytes, 'buffer')]));
}

/** @returns with the rest, where there is one */
async function readUpTo(
  body: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<{ bytes: Uint8Array[]; rest?: AsyncIterator<Uint8Array> }> {
  const source = body[Symbol.asyncIterator]();
  const bytes: Uint8Array[] = [];
  let size = 0;
  while (size <= limit) {
    const next = await source.next();
    if (next.done) return { bytes };
    bytes.push(next.value);
    size += next.value.length;
  }
  return { bytes, rest: source };
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
