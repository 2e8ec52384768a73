import { createHash } from 'node:crypto';
import { CHUNK_MIN_BYTES, EMPTY_CONTENT, cidFromDigest, cidOf, type Cid } from '@dfs/protocol';
import { DfsError, MiB, Turns } from '@dfs/runtime';
import { hashShared } from './hashing.js';
import { ManifestBuilder, type Block } from './manifest/builder.js';
import { Assembly, type Assembled } from './split/assembly.js';
import { Cutter } from './split/cutter.js';
import { orAborted, untilAborted } from './split/split.js';
import type { BlockBatch } from './store/batch.js';

/** A hash that a client may announce for the whole of its bytes. */
export type DigestName = 'sha256' | 'sha512';
/** Digests of all the bytes, by name. */
export type Digests = Partial<Record<DigestName, Uint8Array>>;

/** How a content is stored. */
export interface StoreContentOptions {
  signal?: AbortSignal;
  /** Told of the bytes taken from the source so far. */
  onProgress?: (bytes: number) => void;
  /** Digests of all the bytes that are wanted. Each costs as much again as hashing the chunks, or more. */
  digests?: readonly DigestName[];
}

/** A content whose blocks have all been added to a batch. */
export interface StoredContent {
  contentId: Cid;
  size: number;
  chunkCount: number;
  /** Of all the bytes: those that were asked for. */
  digests?: Digests;
}

/** Bytes that are being hashed at once: enough to keep the other thread busy. */
const HASHING_BYTES = 6 * MiB;

/** Takes a piece, and leaves its memory alone afterwards. @returns a promise where the next piece has to wait for it */
export type TakePiece = (piece: Uint8Array) => Promise<void> | undefined;

/** Bytes that come by themselves: they can be taken as they come, without a promise for each piece. */
export interface PushedBytes extends AsyncIterable<Uint8Array> {
  /**
   * Gives one piece after another to `take`, until the last has been taken.
   * @throws DfsError `aborted` | `timeout` when the signal fires; what the source or `take` throws
   */
  pushTo(take: TakePiece, signal?: AbortSignal): Promise<void>;
}

/**
 * Cuts a stream into chunks and adds them and their manifest to the batch, at the pace of the slowest of source, hash
 * and disk, in constant memory. Neither flushes nor commits nor aborts the batch: it is the caller's.
 * @throws DfsError `aborted` | `timeout` when the signal fires; what the source or the batch throws
 */
export async function storeContent(
  batch: BlockBatch,
  source: AsyncIterable<Uint8Array> | PushedBytes,
  { signal, onProgress, digests = [] }: StoreContentOptions = {},
): Promise<StoredContent> {
  const manifest = new ManifestBuilder();
  const whole = digests.map((name) => [name, createHash(name)] as const);
  const intake = new Intake(new Pipeline(batch, signal, ({ digest, size }) => manifest.push(digest, size)), {
    onPiece: (piece) => whole.forEach(([, hash]) => hash.update(piece)),
    onProgress,
  });
  const size = await intake.take(source, signal);
  await intake.finish();
  const { contentId } = await addRest(batch, manifest);
  const found = Object.fromEntries(whole.map(([name, hash]) => [name, hash.digest()]));
  return { contentId, size, chunkCount: manifest.chunkCount, ...(whole.length > 0 && { digests: found }) };
}

/**
 * The same for a content that is no longer than the shortest chunk, and so is one, without a stream around it.
 * @throws RangeError for more bytes; what the batch throws
 */
export async function storeChunk(batch: BlockBatch, bytes: Uint8Array): Promise<StoredContent> {
  if (bytes.length > CHUNK_MIN_BYTES) throw new RangeError(`${bytes.length} bytes may be several chunks`);
  if (bytes.length === 0) return { contentId: EMPTY_CONTENT, size: 0, chunkCount: 0 };
  const contentId = cidOf(bytes);
  await batch.add({ id: contentId, bytes });
  return { contentId, size: bytes.length, chunkCount: 1 };
}

/** One chunk of a content. */
export interface PartChunk {
  digest: Uint8Array;
  size: number;
}

/** The chunks that a part of a content was cut into. */
export interface StoredPart {
  /** In order, all of them added to the batch. */
  chunks: PartChunk[];
  /** The bytes behind the last cut: the next part begins with them, or they are the last chunk. */
  rest: Uint8Array;
}

/**
 * The same for a part of a content that comes over time: it begins where a chunk begins, and need not end where one ends.
 * However a content is parted, its chunks are those that `storeContent` cuts. `storeManifest` adds the blocks that lead
 * to the chunks.
 * @throws as `storeContent`
 */
export async function storePart(
  batch: BlockBatch,
  source: AsyncIterable<Uint8Array>,
  { signal, onProgress }: Pick<StoreContentOptions, 'signal' | 'onProgress'> = {},
): Promise<StoredPart> {
  const chunks: PartChunk[] = [];
  const pipeline = new Pipeline(batch, signal, (chunk) => {
    chunks.push(chunk);
    return [];
  });
  const intake = new Intake(pipeline, { onProgress });
  await intake.take(source, signal);
  const rest = await intake.finishButRest();
  return { chunks, rest };
}

/** Adds bytes that are one chunk, or wait to be a part of one. They may not be empty. @throws what the batch throws */
export async function storeRest(batch: BlockBatch, bytes: Uint8Array): Promise<PartChunk> {
  const digest = await hashShared(bytes);
  await batch.add({ id: cidFromDigest(digest), bytes });
  return { digest, size: bytes.length };
}

/** Adds what leads to the chunks of a content, which are in the store or in this batch. @throws what the batch throws */
export async function storeManifest(
  batch: BlockBatch,
  chunks: AsyncIterable<PartChunk> | Iterable<PartChunk>,
): Promise<StoredContent> {
  const manifest = new ManifestBuilder();
  for await (const { digest, size } of chunks) {
    for (const block of manifest.push(digest, size)) await batch.add(block);
  }
  return addRest(batch, manifest);
}

/** Adds the blocks of a manifest that were not full before. */
async function addRest(batch: BlockBatch, manifest: ManifestBuilder): Promise<StoredContent> {
  const { contentId, blocks } = manifest.finish();
  for (const block of blocks) await batch.add(block);
  return { contentId, size: manifest.size, chunkCount: manifest.chunkCount };
}

/** Listeners to an intake. */
interface IntakeListeners {
  onPiece?(piece: Uint8Array): void;
  /** Told of the bytes that are cut so far. */
  onProgress?: ((bytes: number) => void) | undefined;
}

/** One pass over the bytes of a source: each piece is cut and put in its place as it comes. */
class Intake {
  readonly #cutter = new Cutter();
  readonly #assembly = new Assembly();
  readonly #turns = new Turns();
  #size = 0;

  constructor(
    private readonly pipeline: Pipeline,
    private readonly listeners: IntakeListeners = {},
  ) {}

  /** All of the source. @returns its bytes @throws as `storeContent`: then nothing more goes to the batch */
  async take(source: AsyncIterable<Uint8Array> | PushedBytes, signal?: AbortSignal): Promise<number> {
    try {
      if ('pushTo' in source) await source.pushTo((piece) => this.#take(piece), signal);
      else {
        for await (const piece of untilAborted(source, signal)) {
          await this.#take(piece);
          if (this.#turns.isDue) await this.#turns.next();
        }
      }
    } catch (error) {
      await this.pipeline.giveUp();
      throw error;
    }
    return this.#size + this.#assembly.size;
  }

  /** The bytes behind the last cut are a chunk, too. */
  async finish(): Promise<void> {
    if (this.#assembly.size > 0) await this.#push();
    this.#assembly.end();
    await this.pipeline.finish();
  }

  /** The bytes behind the last cut are not. */
  async finishButRest(): Promise<Uint8Array> {
    const rest = this.#assembly.rest();
    this.#assembly.end();
    await this.pipeline.finish();
    return rest;
  }

  #take(piece: Uint8Array): Promise<void> | undefined {
    this.listeners.onPiece?.(piece);
    return this.#cut(piece, 0);
  }

  #cut(piece: Uint8Array, from: number): Promise<void> | undefined {
    for (let at = from; at < piece.length;) {
      const cut = this.#cutter.next(piece, at);
      this.#assembly.add(piece.subarray(at, cut < 0 ? piece.length : cut));
      if (cut < 0) return undefined;
      at = cut;
      const waiting = this.#push();
      if (waiting) return at < piece.length ? waiting.then(() => this.#cut(piece, at)) : waiting;
    }
    return undefined;
  }

  #push(): Promise<void> | undefined {
    const chunk = this.#assembly.finish();
    this.#size += chunk.bytes.length;
    const waiting = this.pipeline.push(chunk);
    this.listeners.onProgress?.(this.#size);
    return waiting;
  }
}

/** Chunks on their way through the hash into the batch, in order, and what is to be added behind each. */
class Pipeline {
  readonly #hashing: { chunk: Assembled; digest: Promise<Uint8Array> }[] = [];
  #hashingBytes = 0;
  /** Adds what is hashed, until nothing waits; never rejects. */
  #adding: Promise<void> | undefined;
  #failure: { error: unknown } | undefined;
  #room: PromiseWithResolvers<undefined> | undefined;

  constructor(
    private readonly batch: BlockBatch,
    private readonly signal: AbortSignal | undefined,
    private readonly onChunk: (chunk: PartChunk) => Block[],
  ) {}

  /** @returns a promise where the next chunk has to wait @throws why one before it could not be added */
  push(chunk: Assembled): Promise<void> | undefined {
    if (this.#failure) throw this.#failure.error;
    const digest = hashShared(chunk.bytes);
    // Its failure is met when its turn comes, or never, when an earlier one fails.
    digest.catch(() => undefined);
    this.#hashing.push({ chunk, digest });
    this.#hashingBytes += chunk.bytes.length;
    this.#adding ??= this.#run();
    if (this.#hashingBytes <= HASHING_BYTES) return undefined;
    return (this.#room ??= roomToCome()).promise;
  }

  /** All of it is in the batch. @throws why it is not */
  async finish(): Promise<void> {
    await this.#adding;
    if (this.#failure) throw this.#failure.error;
  }

  /** Nothing more goes to the batch once this resolves. */
  async giveUp(): Promise<void> {
    this.#hashing.length = 0;
    this.#failure ??= { error: new DfsError('aborted', 'The operation was cancelled.') };
    await this.#adding;
  }

  async #run(): Promise<void> {
    try {
      while (this.#hashing.length > 0) await this.#addNext();
    } catch (error) {
      this.#failure ??= { error };
      this.#hashing.length = 0;
      this.#room?.reject(error);
    }
    this.#adding = undefined;
  }

  async #addNext(): Promise<void> {
    const { chunk, digest: hashing } = this.#hashing[0]!;
    const digest = await hashing;
    if (this.#failure) return;
    this.#hashing.shift();
    const size = chunk.bytes.length;
    this.#hashingBytes -= size;
    if (this.#hashingBytes <= HASHING_BYTES) {
      this.#room?.resolve(undefined);
      this.#room = undefined;
    }
    const blocks = this.onChunk({ digest, size });
    await this.#add({ id: cidFromDigest(digest), bytes: chunk.bytes }, chunk.release);
    for (const block of blocks) await this.#add(block);
  }

  #add(block: Block, released?: () => void): Promise<void> {
    const added = this.batch.add(block, released);
    return this.signal ? orAborted(added, this.signal) : added;
  }
}

/** Its failure is of no importance to a source that has gone meanwhile. */
function roomToCome(): PromiseWithResolvers<undefined> {
  const room = Promise.withResolvers<undefined>();
  room.promise.catch(() => undefined);
  return room;
}
