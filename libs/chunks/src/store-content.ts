import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CHUNK_MAX_BYTES, MiB, cidFromDigest, millisecond, type Cid } from '@dfs/protocol';
import { HASH_ELSEWHERE_BYTES, hashOwned, ownBytes, type OwnBytes } from './hashing.js';
import { ManifestBuilder, type Block } from './manifest/builder.js';
import { copyInto, orAborted, splitInto } from './split/split.js';
import type { BlockBatch } from './store/batch.js';

export interface StoreContentOptions {
  signal?: AbortSignal;
  /** Told of the bytes taken from the source so far. */
  onProgress?: (bytes: number) => void;
  /** Whether SHA-256 of all the bytes is wanted. It costs as much again as hashing the chunks. */
  digest?: boolean;
}

/** A content whose blocks have all been added to a batch. */
export interface StoredContent {
  contentId: Cid;
  size: number;
  chunkCount: number;
  /** Of all the bytes; only when it was asked for. */
  sha256?: Uint8Array;
}

/** Bytes that are being hashed at once: enough to keep the other thread busy. */
const HASHING_BYTES = 6 * MiB;
/** Buffers that wait for their next chunk. */
const SPARE_BUFFERS = 12;
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
  { signal, onProgress, digest = false }: StoreContentOptions = {},
): Promise<StoredContent> {
  const pipeline = new Pipeline(batch, signal);
  const whole = digest ? createHash('sha256') : undefined;
  let size = 0;
  let turnBegan = performance.now();
  for await (const chunk of splitInto(source, pipeline.assemble, signal)) {
    whole?.update(chunk);
    size += chunk.length;
    await pipeline.push(chunk);
    onProgress?.(size);
    if (performance.now() - turnBegan < TURN) continue;
    await nextTurn();
    turnBegan = performance.now();
  }
  const { contentId, chunkCount } = await pipeline.finish();
  return { contentId, size, chunkCount, ...(whole && { sha256: whole.digest() }) };
}

/** Chunks on their way through the hash into the batch, in order, and the manifest that grows from them. */
class Pipeline {
  readonly #manifest = new ManifestBuilder();
  readonly #buffers = new ChunkBuffers();
  readonly #hashing: { size: number; hashed: ReturnType<typeof hashOwned> }[] = [];
  #hashingBytes = 0;

  constructor(
    private readonly batch: BlockBatch,
    private readonly signal: AbortSignal | undefined,
  ) {}

  readonly assemble = (pieces: readonly Uint8Array[], size: number): Uint8Array => this.#buffers.fill(pieces, size);

  async push(chunk: Uint8Array): Promise<void> {
    const size = chunk.length;
    const hashed = hashOwned(chunk as OwnBytes);
    // Its failure is met when its turn comes, or never, when an earlier one fails.
    hashed.catch(() => undefined);
    this.#hashing.push({ size, hashed });
    this.#hashingBytes += size;
    while (this.#hashingBytes > HASHING_BYTES) await this.#addNext();
  }

  async finish(): Promise<{ contentId: Cid; chunkCount: number }> {
    while (this.#hashing.length > 0) await this.#addNext();
    const { contentId, blocks } = this.#manifest.finish();
    for (const block of blocks) await this.#add(block);
    return { contentId, chunkCount: this.#manifest.chunkCount };
  }

  async #addNext(): Promise<void> {
    const { size, hashed } = this.#hashing.shift()!;
    const { bytes, digest } = await hashed;
    this.#hashingBytes -= size;
    await this.#add({ id: cidFromDigest(digest), bytes }, () => this.#buffers.give(bytes));
    for (const block of this.#manifest.push(digest, size)) await this.#add(block);
  }

  #add(block: Block, released?: () => void): Promise<void> {
    const added = this.batch.add(block, released);
    return this.signal ? orAborted(added, this.signal) : added;
  }
}

/** Buffers for chunks, used again and again: fresh memory costs the kernel nearly as much as the hash costs us. */
class ChunkBuffers {
  readonly #spare: ArrayBuffer[] = [];
  #used = false;

  /** Small chunks that came in one piece stay what they are; larger ones must own their buffer to be hashed elsewhere. */
  fill(pieces: readonly Uint8Array[], size: number): Uint8Array {
    if (size < HASH_ELSEWHERE_BYTES) return pieces.length === 1 ? pieces[0]! : copyInto(ownBytes(size), pieces);
    return copyInto(new Uint8Array(this.#spare.pop() ?? this.#allocate(size), 0, size), pieces);
  }

  give({ buffer }: OwnBytes): void {
    if (buffer.byteLength === CHUNK_MAX_BYTES && this.#spare.length < SPARE_BUFFERS) this.#spare.push(buffer);
  }

  /** The first may be the only one: it is as large as it must be. The others fit any chunk. */
  #allocate(size: number): ArrayBuffer {
    const bytes = ownBytes(this.#used ? CHUNK_MAX_BYTES : size);
    this.#used = true;
    return bytes.buffer;
  }
}
