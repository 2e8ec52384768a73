import { EXTENT_CHUNKS, EMPTY_CONTENT, MANIFEST_CODEC, cidFromDigest, sha256, type Cid } from '@dfs/protocol';
import { FAN_OUT, encodeInner, encodeLeaf, type ChildEntry, type ChunkEntry } from './format.js';

/** A stored thing: a chunk or a manifest block, with bytes that hash to its id. */
export interface Block {
  id: Cid;
  bytes: Uint8Array;
}

/**
 * Builds the manifest of one content from its chunks in order. Gives each block as soon as it is full, children before
 * parents, and keeps one unfinished block a level: constant memory for any size.
 */
export class ManifestBuilder {
  #size = 0;
  #chunkCount = 0;
  #leaf: ChunkEntry[] = [];
  /** Unfinished inner blocks, by level − 1. */
  readonly #inner: ChildEntry[][] = [];

  get size(): number {
    return this.#size;
  }
  get chunkCount(): number {
    return this.#chunkCount;
  }

  /** Takes the next chunk; gives the blocks that are complete now, mostly none. */
  push(digest: Uint8Array, size: number): Block[] {
    const blocks: Block[] = [];
    if (this.#leaf.length === EXTENT_CHUNKS) this.#closeLeaf(blocks);
    this.#leaf.push({ digest, size });
    this.#size += size;
    this.#chunkCount++;
    return blocks;
  }

  /** The rest of the blocks, root last, and the content id: of no bytes, of the only chunk, or of the root. */
  finish(): { contentId: Cid; blocks: Block[] } {
    const blocks: Block[] = [];
    if (this.#chunkCount === 0) return { contentId: EMPTY_CONTENT, blocks };
    if (this.#chunkCount === 1) return { contentId: cidFromDigest(this.#leaf[0]!.digest), blocks };
    this.#closeLeaf(blocks);
    for (let level = 1; level <= this.#inner.length; level++) {
      const children = this.#inner[level - 1]!;
      const root = level === this.#inner.length && children.length === 1;
      if (root) break;
      this.#closeInner(level, blocks);
    }
    return { contentId: blocks.at(-1)!.id, blocks };
  }

  #closeLeaf(blocks: Block[]): void {
    const chunks = this.#leaf;
    this.#leaf = [];
    const size = chunks.reduce((sum, chunk) => sum + chunk.size, 0);
    this.#close(1, encodeLeaf(chunks), size, chunks.length, blocks);
  }

  #closeInner(level: number, blocks: Block[]): void {
    const children = this.#inner[level - 1]!;
    this.#inner[level - 1] = [];
    const size = children.reduce((sum, child) => sum + child.size, 0);
    const chunkCount = children.reduce((sum, child) => sum + child.chunkCount, 0);
    this.#close(level + 1, encodeInner(level, children), size, chunkCount, blocks);
  }

  /** Hands out a finished block and enters it with its parent, of level `parent`. */
  #close(parent: number, bytes: Uint8Array, size: number, chunkCount: number, blocks: Block[]): void {
    const digest = sha256(bytes);
    blocks.push({ id: cidFromDigest(digest, MANIFEST_CODEC), bytes });
    const siblings = (this.#inner[parent - 1] ??= []);
    if (siblings.length === FAN_OUT) this.#closeInner(parent, blocks);
    this.#inner[parent - 1]!.push({ digest, size, chunkCount });
  }
}
