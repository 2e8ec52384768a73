import { CHUNK_MAX_BYTES, EMPTY_CONTENT, EXTENT_CHUNKS, cidFromDigest, isManifestCid, type Cid } from '@dfs/protocol';
import {
  chunksPerBlock,
  malformed,
  manifestId,
  parseBlock,
  type ChunkEntry,
  type InnerBlock,
  type LeafBlock,
  type ManifestBlock,
} from './format.js';

/** Gives the bytes of a block, already held against its id. */
export type GetBlock = (id: Cid, signal?: AbortSignal) => Promise<Uint8Array>;

/** The blocks that a content is made of. */
export interface ContentSummary {
  size: number;
  chunkCount: number;
  extentCount: number;
}

/** A chunk and its place in the content. `index` and `offset` count from the start of the content. */
export interface ChunkPlace {
  id: Cid;
  index: number;
  offset: number;
  size: number;
}

/** An extent of a content: its chunks in order, and the manifest blocks that lead to them, root first. */
export interface Extent {
  /** Empty for a content of one chunk. */
  manifestBlocks: Cid[];
  chunks: { id: Cid; size: number }[];
}

/**
 * Counts of a content, from its root alone.
 * @throws DfsError `content-unavailable` for a malformed manifest; whatever `get` throws.
 */
export async function summarise(contentId: Cid, size: number, get: GetBlock): Promise<ContentSummary> {
  const chunkCount = isManifestCid(contentId)
    ? (await readRoot(contentId, size, get)).chunkCount
    : chunksWithoutManifest(contentId, size);
  return { size, chunkCount, extentCount: Math.ceil(chunkCount / EXTENT_CHUNKS) };
}

/**
 * The chunks that hold the bytes of `range` (the whole content by default; what lies beyond the end is left out), in
 * order. Reads the manifest blocks on the way to them and no others, one path at a time.
 * @throws DfsError `content-unavailable` for a malformed manifest; whatever `get` throws.
 */
export async function* chunksFrom(
  contentId: Cid,
  size: number,
  get: GetBlock,
  range: { offset: number; length: number } = { offset: 0, length: size },
  signal?: AbortSignal,
): AsyncGenerator<ChunkPlace, void, undefined> {
  const from = Math.max(0, range.offset);
  const to = Math.min(size, range.offset + range.length);
  if (!isManifestCid(contentId)) {
    const count = chunksWithoutManifest(contentId, size);
    if (count > 0 && from < to) yield { id: contentId, index: 0, offset: 0, size };
    return;
  }
  if (size === 0) throw malformed('the size does not fit the content');
  if (from >= to) return;
  const block = await readRoot(contentId, size, get, signal);
  yield* walk({ block, index: 0, offset: 0, last: true }, from, to, get, signal);
}

/**
 * One extent, by its number from 0.
 * @throws RangeError for an extent the content does not have; DfsError as `chunksFrom`.
 */
export async function readExtent(
  contentId: Cid,
  size: number,
  extent: number,
  get: GetBlock,
  signal?: AbortSignal,
): Promise<Extent> {
  if (!isManifestCid(contentId)) {
    if (chunksWithoutManifest(contentId, size) === 0 || extent !== 0) throw noSuchExtent(extent);
    return { manifestBlocks: [], chunks: [{ id: contentId, size }] };
  }
  const manifestBlocks = [contentId];
  let block = await readRoot(contentId, size, get, signal);
  if (!Number.isSafeInteger(extent) || extent < 0 || extent * EXTENT_CHUNKS >= block.chunkCount) {
    throw noSuchExtent(extent);
  }
  let last = true;
  let below = extent;
  while (!isLeaf(block)) {
    const extentsPerChild = chunksPerBlock(block.level - 1) / EXTENT_CHUNKS;
    const place = Math.floor(below / extentsPerChild);
    below %= extentsPerChild;
    last &&= place === block.children.length - 1;
    manifestBlocks.push(manifestId(block.children[place]!.digest));
    block = await readChild(block, place, last, get, signal);
  }
  return { manifestBlocks, chunks: block.chunks.map(({ digest, size }) => ({ id: cidFromDigest(digest), size })) };
}

interface Place {
  block: ManifestBlock;
  /** Chunks and bytes of the content before this block. */
  index: number;
  offset: number;
  last: boolean;
}

async function* walk(
  { block, index, offset, last }: Place,
  from: number,
  to: number,
  get: GetBlock,
  signal: AbortSignal | undefined,
): AsyncGenerator<ChunkPlace, void, undefined> {
  if (isLeaf(block)) {
    yield* chunksOf(block.chunks, index, offset, from, to);
    return;
  }
  for (const [place, child] of block.children.entries()) {
    if (offset >= to) return;
    if (offset + child.size > from) {
      const onEdge = last && place === block.children.length - 1;
      const next = await readChild(block, place, onEdge, get, signal);
      yield* walk({ block: next, index, offset, last: onEdge }, from, to, get, signal);
    }
    index += child.chunkCount;
    offset += child.size;
  }
}

function* chunksOf(
  chunks: readonly ChunkEntry[],
  index: number,
  offset: number,
  from: number,
  to: number,
): Generator<ChunkPlace, void, undefined> {
  for (const { digest, size } of chunks) {
    if (offset >= to) return;
    if (offset + size > from) yield { id: cidFromDigest(digest), index, offset, size };
    index++;
    offset += size;
  }
}

function isLeaf(block: ManifestBlock): block is LeafBlock {
  return 'chunks' in block;
}

async function readRoot(contentId: Cid, size: number, get: GetBlock, signal?: AbortSignal): Promise<ManifestBlock> {
  return parseBlock(await get(contentId, signal), { size, last: true });
}

async function readChild(
  parent: InnerBlock,
  place: number,
  last: boolean,
  get: GetBlock,
  signal: AbortSignal | undefined,
): Promise<ManifestBlock> {
  const { digest, size, chunkCount } = parent.children[place]!;
  const expected = { size, chunkCount, level: parent.level - 1, last };
  return parseBlock(await get(manifestId(digest), signal), expected);
}

/** 0 or 1. A content without a manifest is no bytes at all or one chunk, and its size must fit that. */
function chunksWithoutManifest(contentId: Cid, size: number): 0 | 1 {
  if ((contentId === EMPTY_CONTENT) !== (size === 0) || size > CHUNK_MAX_BYTES) {
    throw malformed('the size does not fit the content');
  }
  return size === 0 ? 0 : 1;
}

function noSuchExtent(extent: number): RangeError {
  return new RangeError(`the content has no extent ${extent}`);
}
