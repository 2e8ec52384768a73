import { isNotHere, readExtent } from '@dfs/chunks';
import { isManifestCid, type Cid } from '@dfs/protocol';
import type { BlockReader } from '@dfs/transfer';
import type { PinnedExtent } from './pin-log.js';

/** Blocks of one manifest that are kept in memory: leaves are needed once each, a few blocks above them by many extents. */
const MAX_MANIFEST_BLOCKS = 64;

/** Works out which blocks extents have: those of the manifest that lead to it, and its chunks. Extents of one content come together. */
export class ExtentBlocks {
  private content: Cid | undefined;
  private readonly manifest = new Map<Cid, Promise<Uint8Array>>();
  private lastRead: Cid | undefined;

  /** @param get reads a block of a manifest */
  constructor(private readonly get: (id: Cid) => Promise<Uint8Array>) {}

  /** The block of a manifest that was wanted last: the one that an error is about. */
  get last(): Cid | undefined {
    return this.lastRead;
  }

  /** Blocks of the manifest that were wanted for the content read last, as far as they are kept. */
  get wanted(): Iterable<Cid> {
    return this.manifest.keys();
  }

  /** Every block of an extent. @throws RangeError for an extent the content does not have; what `get` throws */
  async of({ content, size, extent }: PinnedExtent): Promise<Cid[]> {
    if (!isManifestCid(content)) return [content];
    if (this.content !== content) this.manifest.clear();
    this.content = content;
    this.lastRead = content;
    const found = await readExtent(content, size, extent, (id) => this.block(id));
    return [...found.manifestBlocks, ...found.chunks.map(({ id }) => id)];
  }

  private block(id: Cid): Promise<Uint8Array> {
    this.lastRead = id;
    const known = this.manifest.get(id);
    if (known) return known;
    if (this.manifest.size >= MAX_MANIFEST_BLOCKS) this.manifest.clear();
    const bytes = this.get(id);
    this.manifest.set(id, bytes);
    return bytes;
  }
}

/** Every block of an extent, by what is here; undefined when its manifest is not whole. */
export async function needsOf(
  { chunks }: { chunks: Pick<BlockReader, 'get'> },
  extent: PinnedExtent,
  signal: AbortSignal,
): Promise<Cid[] | undefined> {
  signal.throwIfAborted();
  try {
    return await new ExtentBlocks((id) => chunks.get(id, { signal })).of(extent);
  } catch (error) {
    if (isNotHere(error)) return undefined;
    throw error;
  }
}

/** Whether every block of these extents is here. */
export async function areWhole(
  { chunks }: { chunks: Pick<BlockReader, 'has' | 'get'> },
  extents: readonly PinnedExtent[],
  signal: AbortSignal,
): Promise<boolean> {
  for (const extent of extents) {
    const needs = await needsOf({ chunks }, extent, signal);
    if (!needs) return false;
    const here = await chunks.has(needs);
    if (!needs.every((id) => here.has(id))) return false;
  }
  return true;
}
