import { CHUNK_MAX_BYTES, CHUNK_MIN_BYTES, EMPTY_CONTENT, EXTENT_CHUNKS, type Cid } from '@dfs/protocol';

/** Up to this size a content is one extent, whatever its bytes: every chunk but the last has CHUNK_MIN_BYTES. */
export const ONE_EXTENT_BYTES = EXTENT_CHUNKS * CHUNK_MIN_BYTES;

/** Names an extent within this process. */
export function extentKey(content: Cid, extent: number): string {
  return `${content}/${extent}`;
}

/** Whether its manifest must be read to know how many extents it has. */
export function isLarge(size: number): boolean {
  return size > ONE_EXTENT_BYTES;
}

/** Extents of a content of so many chunks. */
export function extentsOf(chunkCount: number): number {
  return Math.ceil(chunkCount / EXTENT_CHUNKS);
}

/** Extents a content of this size has at least. */
export function fewestExtents(size: number): number {
  return Math.max(1, Math.ceil(size / (EXTENT_CHUNKS * CHUNK_MAX_BYTES)));
}

/** Extents a content of this size has at most. */
export function mostExtents(size: number): number {
  return Math.max(1, Math.ceil(size / ONE_EXTENT_BYTES));
}

/** A file without bytes: nothing to hold, nothing to lose. */
export function isEmpty(content: Cid): boolean {
  return content === EMPTY_CONTENT;
}
