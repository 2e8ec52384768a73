import {
  CHUNK_MAX_BYTES,
  CHUNK_MIN_BYTES,
  EXTENT_CHUNKS,
  MAX_MANIFEST_BLOCK_BYTES,
  MANIFEST_CODEC,
  cidFromDigest,
  type Cid,
} from '@dfs/protocol';
import { bufferOf, DfsError } from '@dfs/runtime';

/*
 * A manifest block, all integers big-endian:
 *
 *   0  4  magic "DFSM"
 *   4  1  version, 1
 *   5  1  level: 0 for a leaf, which lists the chunks of one extent; n + 1 for a block over blocks of level n
 *   6  2  entries, 1 to 1,024
 *   8  …  entries of a leaf:   SHA-256 of the chunk (32), its size (4)
 *         entries of the rest: SHA-256 of the child (32), bytes below it (8), chunks below it (8)
 *
 * The tree of a content is unique: every block but those on the right edge is full, the root has at least two entries,
 * and every chunk but the last has at least the minimum size. Anything else is refused, so equal bytes can have one
 * content id only, and a hostile manifest cannot claim more chunks than its bytes allow.
 */
const MAGIC = 0x44_46_53_4d;
const VERSION = 1;
const HEADER_BYTES = 8;
const DIGEST_BYTES = 32;
const LEAF_ENTRY_BYTES = DIGEST_BYTES + 4;
const INNER_ENTRY_BYTES = DIGEST_BYTES + 16;

/** Children of an inner block. A terabyte's tree has two levels of them at most, and a block stays below 64 KiB. */
export const FAN_OUT = 1024;
/** 1,024^5 chunks: beyond what a safe integer of bytes can hold. */
const MAX_LEVEL = 4;

/** A chunk as its leaf lists it: the SHA-256 of its bytes, and how many they are. */
export interface ChunkEntry {
  digest: Uint8Array;
  size: number;
}
/** A block as the block above lists it, by the SHA-256 of its bytes. */
export interface ChildEntry {
  digest: Uint8Array;
  /** Bytes of content below it. */
  size: number;
  /** Chunks below it. */
  chunkCount: number;
}
/** A block of level 0: the chunks of one extent. `size` is that of all of them, in bytes. */
export interface LeafBlock {
  size: number;
  chunkCount: number;
  chunks: ChunkEntry[];
}
/** A block over blocks of the level below. `size` and `chunkCount` are sums over the children. */
export interface InnerBlock {
  level: number;
  size: number;
  chunkCount: number;
  children: ChildEntry[];
}
/** A decoded block, told apart by `chunks` and `children`. Only blocks in canonical form are decoded. */
export type ManifestBlock = LeafBlock | InnerBlock;

/** The parent's word on a block, or that of the record on a root. */
export interface Expected {
  /** Bytes of content below the block. */
  size: number;
  /** Chunks below it; unknown for a root. */
  chunkCount?: number;
  /** Unknown for a root. */
  level?: number;
  /** Whether the block is on the right edge of the tree, where blocks need not be full. */
  last: boolean;
}

/** The bytes of a leaf over these chunks, 1 to 1,024. Whether the sizes are allowed is for the reader to check. */
export function encodeLeaf(chunks: readonly ChunkEntry[]): Uint8Array {
  const out = header(0, chunks.length, LEAF_ENTRY_BYTES);
  chunks.forEach(({ digest, size }, index) => {
    const at = HEADER_BYTES + index * LEAF_ENTRY_BYTES;
    out.set(digest, at);
    out.writeUInt32BE(size, at + DIGEST_BYTES);
  });
  return out;
}

/** The bytes of a block of this level over these children, 1 to 1,024. */
export function encodeInner(level: number, children: readonly ChildEntry[]): Uint8Array {
  const out = header(level, children.length, INNER_ENTRY_BYTES);
  children.forEach(({ digest, size, chunkCount }, index) => {
    const at = HEADER_BYTES + index * INNER_ENTRY_BYTES;
    out.set(digest, at);
    out.writeBigUInt64BE(BigInt(size), at + DIGEST_BYTES);
    out.writeBigUInt64BE(BigInt(chunkCount), at + DIGEST_BYTES + 8);
  });
  return out;
}

/**
 * Parses a block that its hash has already shown to be the right one, and holds it against what is expected of it.
 * @throws DfsError `content-unavailable`: no retry mends it, since these are the bytes that the id names.
 */
export function parseBlock(bytes: Uint8Array, expected: Expected): ManifestBlock {
  if (bytes.length > MAX_MANIFEST_BLOCK_BYTES) throw malformed('a block is too long');
  if (bytes.length < HEADER_BYTES) throw malformed('a block is too short');
  const view = bufferOf(bytes);
  if (view.readUInt32BE(0) !== MAGIC || view[4] !== VERSION) throw malformed('a block has an unknown format');
  const level = view[5]!;
  const count = view.readUInt16BE(6);
  if (level > MAX_LEVEL || (expected.level ?? level) !== level) throw malformed('a block has the wrong level');
  if (count < 1 || count > (level === 0 ? EXTENT_CHUNKS : FAN_OUT)) throw malformed('a block has a wrong count');
  if (expected.level === undefined && count < 2) throw malformed('the root has one entry only');
  if (bytes.length !== HEADER_BYTES + count * (level === 0 ? LEAF_ENTRY_BYTES : INNER_ENTRY_BYTES)) {
    throw malformed('a block has the wrong length');
  }
  const block = level === 0 ? parseLeaf(view, count, expected) : parseInner(view, level, count, expected);
  if (block.size !== expected.size) throw malformed('the sizes do not add up');
  if (block.chunkCount !== (expected.chunkCount ?? block.chunkCount)) throw malformed('the counts do not add up');
  return block;
}

function parseLeaf(view: Buffer, count: number, expected: Expected): LeafBlock {
  const chunks: ChunkEntry[] = [];
  let total = 0;
  for (let index = 0; index < count; index++) {
    const at = HEADER_BYTES + index * LEAF_ENTRY_BYTES;
    const size = view.readUInt32BE(at + DIGEST_BYTES);
    const final = expected.last && index === count - 1;
    if (size < (final ? 1 : CHUNK_MIN_BYTES) || size > CHUNK_MAX_BYTES)
      throw malformed('a chunk has an impossible size');
    chunks.push({ digest: view.subarray(at, at + DIGEST_BYTES), size });
    total += size;
  }
  return { size: total, chunkCount: count, chunks };
}

function parseInner(view: Buffer, level: number, count: number, expected: Expected): InnerBlock {
  const full = chunksPerBlock(level - 1);
  const children: ChildEntry[] = [];
  let size = 0;
  let chunkCount = 0;
  for (let index = 0; index < count; index++) {
    const at = HEADER_BYTES + index * INNER_ENTRY_BYTES;
    const child = {
      digest: view.subarray(at, at + DIGEST_BYTES),
      size: safeInteger(view, at + DIGEST_BYTES),
      chunkCount: safeInteger(view, at + DIGEST_BYTES + 8),
    };
    const last = expected.last && index === count - 1;
    if (last ? child.chunkCount < 1 || child.chunkCount > full : child.chunkCount !== full) {
      throw malformed('a block is not as full as it must be');
    }
    const least = last ? (child.chunkCount - 1) * CHUNK_MIN_BYTES + 1 : child.chunkCount * CHUNK_MIN_BYTES;
    if (child.size < least || child.size > child.chunkCount * CHUNK_MAX_BYTES) {
      throw malformed('a block has an impossible size');
    }
    children.push(child);
    size += child.size;
    chunkCount += child.chunkCount;
  }
  return { level, size, chunkCount, children };
}

/** The blocks that a manifest block leads to. */
export interface ManifestParts {
  /** Bytes and chunks of content below it. */
  size: number;
  chunkCount: number;
  /** Blocks that it names: chunks, or manifest blocks. */
  ids: Cid[];
  /** Whether it may be the root of a content. */
  canBeRoot: boolean;
}

/** The blocks that a block names, by its bytes alone; undefined for bytes that are no manifest block. */
export function manifestParts(bytes: Uint8Array): ManifestParts | undefined {
  const view = bufferOf(bytes);
  if (view.length < HEADER_BYTES) return undefined;
  const [level, count] = [view[5]!, view.readUInt16BE(6)];
  try {
    const size = bytesNamed(view, level, count);
    const block = parseBlock(bytes, { size, level, last: true });
    const ids =
      'chunks' in block
        ? block.chunks.map(({ digest }) => cidFromDigest(digest))
        : block.children.map(({ digest }) => manifestId(digest));
    return { size, chunkCount: block.chunkCount, ids, canBeRoot: count >= 2 };
  } catch (error) {
    if (error instanceof DfsError) return undefined;
    throw error;
  }
}

/** @throws DfsError `content-unavailable` where the block is shorter than it says */
function bytesNamed(view: Buffer, level: number, count: number): number {
  const entryBytes = level === 0 ? LEAF_ENTRY_BYTES : INNER_ENTRY_BYTES;
  if (view.length < HEADER_BYTES + count * entryBytes) throw malformed('a block has the wrong length');
  let size = 0;
  for (let index = 0; index < count; index++) {
    const at = HEADER_BYTES + index * entryBytes + DIGEST_BYTES;
    size += level === 0 ? view.readUInt32BE(at) : safeInteger(view, at);
  }
  return size;
}

/** Chunks below a full block of this level. */
export function chunksPerBlock(level: number): number {
  return EXTENT_CHUNKS * FAN_OUT ** level;
}

/** The CID of the block whose bytes have this SHA-256. */
export function manifestId(digest: Uint8Array): Cid {
  return cidFromDigest(digest, MANIFEST_CODEC);
}

/** The error for bytes that hash to their id and are no manifest. `what` is told to a person. */
export function malformed(what: string): DfsError {
  return new DfsError('content-unavailable', `The list of this content's chunks is malformed: ${what}.`);
}

function header(level: number, count: number, entryBytes: number): Buffer {
  const out = Buffer.alloc(HEADER_BYTES + count * entryBytes);
  out.writeUInt32BE(MAGIC, 0);
  out[4] = VERSION;
  out[5] = level;
  out.writeUInt16BE(count, 6);
  return out;
}

function safeInteger(view: Buffer, at: number): number {
  const value = view.readBigUInt64BE(at);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed('a number is too large');
  return Number(value);
}
