import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CHUNK_MIN_BYTES, EMPTY_CONTENT, cidFromDigest, cidOf, type Cid } from '@dfs/protocol';
import { MiB, millisecond } from '@dfs/runtime';
import { HASH_ELSEWHERE_BYTES, hashShared } from './hashing.js';
import { ManifestBuilder, type Block } from './manifest/builder.js';
import { slabs } from './slabs.js';
import { copyInto, joined, orAborted, splitInto } from './split/split.js';
import type { BlockBatch } from './store/batch.js';

export type DigestName = 'sha256' | 'sha512';
export type Digests = Partial<Record<DigestName, Uint8Array>>;

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
/** How long others may have to wait for the event loop. */
const TURN = 5 * millisecond;

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
  const pipeline = new Pipeline(batch, signal);
  const whole = digests.map((name) => [name, createHash(name)] as const);
  let size = 0;
  let turnBegan = performance.now();
  for await (const chunk of splitInto(source, assemble, signal)) {
    for (const [, hash] of whole) hash.update(chunk);
    size += chunk.length;
    await pipeline.push(chunk);
    onProgress?.(size);
    if (performance.now() - turnBegan < TURN) continue;
    await nextTurn();
    turnBegan = performance.now();
  }
  const { contentId, chunkCount } = await pipeline.finish();
  const found = Object.fromEntries(whole.map(([name, hash]) => [name, hash.digest()]));
  return { contentId, size, chunkCount, ...(whole.length > 0 && { digests: found }) };
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

/** Chunks on their way through the hash into the batch, in order, and the manifest that grows from them. */
class Pipeline {
  readonly #manifest = new ManifestBuilder();
  readonly #hashing: { chunk: Uint8Array; digest: Promise<Uint8Array> }[] = [];
  #hashingBytes = 0;

  constructor(
    private readonly batch: BlockBatch,
    private readonly signal: AbortSignal | undefined,
  ) {}

  async push(chunk: Uint8Array): Promise<void> {
    const digest = hashShared(chunk);
    // Its failure is met when its turn comes, or never, when an earlier one fails.
    digest.catch(() => undefined);
    this.#hashing.push({ chunk, digest });
    this.#hashingBytes += chunk.length;
    while (this.#hashingBytes > HASHING_BYTES) await this.#addNext();
  }

  async finish(): Promise<{ contentId: Cid; chunkCount: number }> {
    while (this.#hashing.length > 0) await this.#addNext();
    const { contentId, blocks } = this.#manifest.finish();
    for (const block of blocks) await this.#add(block);
    return { contentId, chunkCount: this.#manifest.chunkCount };
  }

  async #addNext(): Promise<void> {
    const { chunk, digest: hashing } = this.#hashing.shift()!;
    const digest = await hashing;
    this.#hashingBytes -= chunk.length;
    const blocks = this.#manifest.push(digest, chunk.length);
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
