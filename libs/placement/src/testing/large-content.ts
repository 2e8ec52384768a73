import { ManifestBuilder, type Block } from '@dfs/chunks';
import { cidFromDigest, EXTENT_CHUNKS, sha256, type Cid } from '@dfs/protocol';
import { KiB } from '@dfs/runtime';
import type { SeededRandom } from '@dfs/testing';
import type { WorldNode } from './world.js';

export interface Large {
  contentId: Cid;
  size: number;
  chunkCount: number;
  /** Manifest blocks, as they were made: leaves before the root. */
  manifest: Cid[];
}

/** A content of several extents, each of them one chunk again and again: large, and soon stored. */
export async function putLarge(
  node: WorldNode,
  chunkCount: number,
  random: SeededRandom,
  chunkBytes = 256 * KiB,
): Promise<Large> {
  const chunks = Array.from({ length: Math.ceil(chunkCount / EXTENT_CHUNKS) }, () => random.bytes(chunkBytes));
  const digests = chunks.map(sha256);
  const builder = new ManifestBuilder();
  const blocks: Block[] = [];
  for (let index = 0; index < chunkCount; index++) {
    blocks.push(...builder.push(digests[Math.floor(index / EXTENT_CHUNKS)]!, chunkBytes));
  }
  const finished = builder.finish();
  blocks.push(...finished.blocks);
  const content = { contentId: finished.contentId, size: chunkCount * chunkBytes, chunkCount };
  const batch = node.chunks.batch('local');
  const stored = chunks.map((bytes, index) => ({ id: cidFromDigest(digests[index]!), bytes }));
  for (const block of [...stored, ...blocks]) await batch.add(block);
  await batch.flush();
  await node.db.write(async (tx) => {
    await batch.commit(tx);
    await node.placement.pinLocal(tx, [content]);
  });
  return { ...content, manifest: blocks.map(({ id }) => id) };
}
