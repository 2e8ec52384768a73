import { createHash } from 'node:crypto';
import { CHUNK_MIN_BYTES, EMPTY_CONTENT, cidFromDigest, cidOf, type Cid } from '@dfs/protocol';
import { MiB, Turns } from '@dfs/runtime';
import { HASH_ELSEWHERE_BYTES, hashShared } from './hashing.js';
import { ManifestBuilder, type Block } from './manifest/builder.js';
import { slabs } from './slabs.js';
import { copyInto, joined, orAborted, splitInto, type TakeRest } from './split/split.js';
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

/**
 * Cuts a stream into chunks and adds them and their manifest to the batch, at the pace of the slowest of source, hash
 * and disk, in constant memory. Neither flushes nor commits nor aborts the batch: it is the caller's.
 * @throws DfsError `aborted` | `timeout` when the signal fires; what the source or the batch throws
 */
export async function storeContent(
  batch: BlockBatch,
  source: AsyncIterable<Uint8Array>,
  { signal, onProgress, digests = [] }: StoreContentOptions = {},
): Promise<StoredContent> {
  const manifest = new ManifestBuilder();
  const pipeline = new Pipeline(batch, signal, ({ digest, size }) => manifest.push(digest, size));
  const whole = digests.map((name) => [name, createHash(name)] as const);
  let size = 0;
  const turns = new Turns();
  for await (const chunk of splitInto(source, assemble, signal)) {
    for (const [, hash] of whole) hash.update(chunk);
    size += chunk.length;
    await pipeline.push(chunk);
    onProgress?.(size);
    await turns.next();
  }
  await pipeline.finish();
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
  { signal }: Pick<StoreContentOptions, 'signal'> = {},
): Promise<StoredPart> {
  const chunks: PartChunk[] = [];
  let rest: Uint8Array = new Uint8Array(0);
  const pipeline = new Pipeline(batch, signal, (chunk) => {
    chunks.push(chunk);
    return [];
  });
  const takeRest: TakeRest = (pieces, size) => void (size > 0 && (rest = joined(pieces, size)));
  const turns = new Turns();
  for await (const chunk of splitInto(source, assemble, signal, takeRest)) {
    await pipeline.push(chunk);
    await turns.next();
  }
  await pipeline.finish();
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

/** Chunks on their way through the hash into the batch, in order, and what is to be added behind each. */
class Pipeline {
  readonly #hashing: { chunk: Uint8Array; digest: Promise<Uint8Array> }[] = [];
  #hashingBytes = 0;

  constructor(
    private readonly batch: BlockBatch,
    private readonly signal: AbortSignal | undefined,
    private readonly onChunk: (chunk: PartChunk) => Block[],
  ) {}

  async push(chunk: Uint8Array): Promise<void> {
    const digest = hashShared(chunk);
    // Its failure is met when its turn comes, or never, when an earlier one fails.
    digest.catch(() => undefined);
    this.#hashing.push({ chunk, digest });
    this.#hashingBytes += chunk.length;
    while (this.#hashingBytes > HASHING_BYTES) await this.#addNext();
  }

  async finish(): Promise<void> {
    while (this.#hashing.length > 0) await this.#addNext();
  }

  async #addNext(): Promise<void> {
    const { chunk, digest: hashing } = this.#hashing.shift()!;
    const digest = await hashing;
    this.#hashingBytes -= chunk.length;
    const blocks = this.onChunk({ digest, size: chunk.length });
    await this.#add({ id: cidFromDigest(digest), bytes: chunk }, () => slabs.give(chunk));
    for (const block of blocks) await this.#add(block);
  }

  #add(block: Block, released?: () => void): Promise<void> {
    const added = this.batch.add(block, released);
    return this.signal ? orAborted(added, this.signal) : added;
  }
}

/** Chunks that are worth hashing elsewhere go to shared memory. */
function assemble(pieces: readonly Uint8Array[], size: number): Uint8Array {
  return size < HASH_ELSEWHERE_BYTES ? joined(pieces, size) : copyInto(slabs.take(size), pieces);
}
