import fc from 'fast-check';
import {
  CHUNK_MAX_BYTES,
  CHUNK_MIN_BYTES,
  EMPTY_CONTENT,
  EXTENT_CHUNKS,
  MAX_MANIFEST_BLOCK_BYTES,
  MANIFEST_CODEC,
  cidFromDigest,
  cidOf,
  isManifestCid,
  sha256,
  type Cid,
} from '@dfs/protocol';
import { seededRandom } from '@dfs/testing';
import { MemoryBatch } from '../testing/memory-batch.js';
import { ManifestBuilder } from './builder.js';
import { chunksFrom, readExtent, summarise, type ChunkPlace } from './reader.js';

interface Content {
  contentId: Cid;
  size: number;
  chunks: ChunkPlace[];
  store: MemoryBatch;
}

/** A manifest of made-up chunks: no bytes, only digests and sizes. */
async function contentOf(chunkCount: number, seed: number): Promise<Content> {
  const random = seededRandom(seed);
  const builder = new ManifestBuilder();
  const store = new MemoryBatch();
  const chunks: ChunkPlace[] = [];
  let offset = 0;
  for (let index = 0; index < chunkCount; index++) {
    const digest = random.bytes(32);
    const size = random.int(index === chunkCount - 1 ? 1 : CHUNK_MIN_BYTES, CHUNK_MAX_BYTES);
    chunks.push({ id: cidFromDigest(digest), index, offset, size });
    offset += size;
    for (const block of builder.push(digest, size)) await store.add(block);
  }
  const { contentId, blocks } = builder.finish();
  for (const block of blocks) await store.add(block);
  return { contentId, size: offset, chunks, store };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const COUNTS = [2, 3, EXTENT_CHUNKS - 1, EXTENT_CHUNKS, EXTENT_CHUNKS + 1, 2 * EXTENT_CHUNKS, 5000];

describe('manifest', () => {
  it('is not there for no chunk and for one', async () => {
    expect(new ManifestBuilder().finish()).toEqual({ contentId: EMPTY_CONTENT, blocks: [] });
    const { contentId, chunks, size, store } = await contentOf(1, 1);
    expect(contentId).toBe(chunks[0]!.id);
    expect(store.blocks.size).toBe(0);
    expect(await summarise(contentId, size, store.getBlock)).toEqual({ size, chunkCount: 1, extentCount: 1 });
    expect(await all(chunksFrom(contentId, size, store.getBlock))).toEqual(chunks);
    expect(await readExtent(contentId, size, 0, store.getBlock)).toEqual({
      manifestBlocks: [],
      chunks: [{ id: contentId, size }],
    });
    expect(await summarise(EMPTY_CONTENT, 0, store.getBlock)).toEqual({ size: 0, chunkCount: 0, extentCount: 0 });
    expect(await all(chunksFrom(EMPTY_CONTENT, 0, store.getBlock))).toEqual([]);
    await expect(readExtent(EMPTY_CONTENT, 0, 0, store.getBlock)).rejects.toThrow(RangeError);
    expect(store.asked).toEqual([]);
  });

  it.each(COUNTS)('of %i chunks gives them back, whole and by extent', async (count) => {
    const { contentId, size, chunks, store } = await contentOf(count, count);
    const extentCount = Math.ceil(count / EXTENT_CHUNKS);
    expect(isManifestCid(contentId)).toBe(true);
    expect(await summarise(contentId, size, store.getBlock)).toEqual({ size, chunkCount: count, extentCount });
    expect(store.asked).toEqual([contentId]);
    expect(await all(chunksFrom(contentId, size, store.getBlock))).toEqual(chunks);
    for (let extent = 0; extent < extentCount; extent++) {
      const found = await readExtent(contentId, size, extent, store.getBlock);
      const expected = chunks.slice(extent * EXTENT_CHUNKS, (extent + 1) * EXTENT_CHUNKS);
      expect(found.chunks).toEqual(expected.map(({ id, size }) => ({ id, size })));
      expect(found.manifestBlocks[0]).toBe(contentId);
      expect(found.manifestBlocks.every((id) => store.blocks.has(id))).toBe(true);
    }
    await expect(readExtent(contentId, size, extentCount, store.getBlock)).rejects.toThrow(RangeError);
    await expect(readExtent(contentId, size, -1, store.getBlock)).rejects.toThrow(RangeError);
    for (const bytes of store.blocks.values()) expect(bytes.length).toBeLessThanOrEqual(MAX_MANIFEST_BLOCK_BYTES);
  });

  it('seeks to what a linear scan finds, in as many blocks as the tree is deep', async () => {
    const { contentId, size, chunks, store } = await contentOf(3333, 3);
    const position = fc.integer({ min: 0, max: size + 1000 });
    await fc.assert(
      fc.asyncProperty(position, fc.integer({ min: 0, max: 40_000_000 }), async (offset, length) => {
        store.asked.length = 0;
        const found = await all(chunksFrom(contentId, size, store.getBlock, { offset, length }));
        const end = Math.min(size, offset + length);
        const scanned = offset >= end ? [] : chunks.filter((c) => c.offset < end && c.offset + c.size > offset);
        expect(found).toEqual(scanned);
        expect(store.asked.length).toBeLessThanOrEqual(3);
      }),
      { numRuns: 200 },
    );
  });

  it('holds more than a million chunks in a third level, and still seeks in three blocks', async () => {
    const count = EXTENT_CHUNKS * 1024 + 5;
    const digestOf = (index: number): Uint8Array => {
      const digest = Buffer.alloc(32);
      digest.writeUInt32BE(index);
      return digest;
    };
    const builder = new ManifestBuilder();
    const store = new MemoryBatch();
    for (let index = 0; index < count; index++) {
      for (const block of builder.push(digestOf(index), CHUNK_MIN_BYTES)) await store.add(block);
    }
    const { contentId, blocks } = builder.finish();
    for (const block of blocks) await store.add(block);
    const size = builder.size;
    expect(await summarise(contentId, size, store.getBlock)).toEqual({ size, chunkCount: count, extentCount: 1025 });
    store.asked.length = 0;
    const index = 987_654;
    const offset = index * CHUNK_MIN_BYTES;
    const found = await all(chunksFrom(contentId, size, store.getBlock, { offset: offset + 1, length: 1 }));
    expect(found).toEqual([{ id: cidFromDigest(digestOf(index)), index, offset, size: CHUNK_MIN_BYTES }]);
    expect(store.asked).toHaveLength(3);
    const last = await readExtent(contentId, size, 1024, store.getBlock);
    expect(last.chunks.map(({ id }) => id)).toEqual(
      [5, 4, 3, 2, 1].map((back) => cidFromDigest(digestOf(count - back))),
    );
    expect(last.manifestBlocks).toHaveLength(3);
  });

  describe('refuses', () => {
    const refusal = { code: 'content-unavailable' };
    /** Reads all of a content whose blocks were changed: each block under the id it had, so that only the form is at stake. */
    async function readAll(content: Content, size = content.size): Promise<unknown> {
      return all(chunksFrom(content.contentId, size, content.store.getBlock));
    }

    it('a size that the tree does not add up to', async () => {
      for (const count of [2, 1500]) {
        const content = await contentOf(count, 5);
        for (const size of [content.size + 1, content.size - 1, 0]) {
          await expect(readAll(content, size)).rejects.toMatchObject(refusal);
        }
      }
      const { store } = await contentOf(2, 1);
      await expect(summarise(EMPTY_CONTENT, 5, store.getBlock)).rejects.toMatchObject(refusal);
      await expect(summarise(cidOf(Uint8Array.of(1)), CHUNK_MAX_BYTES + 1, store.getBlock)).rejects.toMatchObject(
        refusal,
      );
    });

    it('any byte of structure that is not as it must be, and never fails otherwise', async () => {
      const content = await contentOf(1500, 6);
      const ids = [...content.store.blocks.keys()];
      await fc.assert(
        fc.asyncProperty(
          fc.nat(ids.length - 1),
          fc.nat(200),
          fc.integer({ min: 1, max: 255 }),
          async (which, place, flip) => {
            const id = ids[which]!;
            const good = content.store.blocks.get(id)!;
            const at = place % good.length;
            const bad = new Uint8Array(good);
            bad[at] = bad[at]! ^ flip;
            content.store.blocks.set(id, bad);
            try {
              const outcome = await readAll(content).catch((error: unknown) => error);
              // A flipped digest names another block or chunk; everything else is structure.
              const entry = bad[5] === 0 ? 36 : 48;
              const inDigest = at >= 8 && (at - 8) % entry < 32;
              if (!inDigest) expect(outcome).toMatchObject(refusal);
              else if (bad[5] !== 0) expect(outcome instanceof Error && outcome.message).toMatch(/not stored/);
            } finally {
              content.store.blocks.set(id, good);
            }
          },
        ),
        { numRuns: 300 },
      );
    });

    it.each([
      ['nothing', (block: Uint8Array) => block.subarray(0, 0)],
      ['a head alone', (block: Uint8Array) => block.subarray(0, 8)],
      ['a block cut short', (block: Uint8Array) => block.subarray(0, -1)],
      ['a trailing byte', (block: Uint8Array) => Buffer.concat([block, Uint8Array.of(0)])],
      ['a block without end', () => new Uint8Array(MAX_MANIFEST_BLOCK_BYTES + 1)],
      ['text', () => Buffer.from('not a manifest at all')],
    ])('%s', async (_, damage) => {
      const content = await contentOf(2, 7);
      const root = content.store.blocks.get(content.contentId)!;
      content.store.blocks.set(content.contentId, damage(root));
      await expect(readAll(content)).rejects.toMatchObject(refusal);
    });

    it('random bytes', async () => {
      const store = new MemoryBatch();
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.nat(), async (tail, size) => {
          const bytes = Buffer.concat([Buffer.from('DFSM\x01', 'latin1'), tail]);
          const contentId = cidFromDigest(sha256(bytes), MANIFEST_CODEC);
          await store.add({ id: contentId, bytes });
          await expect(all(chunksFrom(contentId, size + 1, store.getBlock))).rejects.toMatchObject(refusal);
        }),
        { numRuns: 300 },
      );
    });

    it('a root of one entry, a block that is not full, a chunk below the minimum, more chunks than bytes allow', async () => {
      const leaf = (sizes: number[]): Uint8Array => {
        const out = Buffer.alloc(8 + 36 * sizes.length);
        out.write('DFSM\x01\x00', 'latin1');
        out.writeUInt16BE(sizes.length, 6);
        sizes.forEach((size, index) => out.writeUInt32BE(size, 8 + 36 * index + 32));
        return out;
      };
      const inner = (children: { block: Uint8Array; size: number; count: number }[]): Uint8Array => {
        const out = Buffer.alloc(8 + 48 * children.length);
        out.write('DFSM\x01\x01', 'latin1');
        out.writeUInt16BE(children.length, 6);
        children.forEach(({ block, size, count }, index) => {
          out.set(sha256(block), 8 + 48 * index);
          out.writeBigUInt64BE(BigInt(size), 8 + 48 * index + 32);
          out.writeBigUInt64BE(BigInt(count), 8 + 48 * index + 40);
        });
        return out;
      };
      const sum = (sizes: number[]): number => sizes.reduce((a, b) => a + b);
      const outcome = async (root: Uint8Array, size: number, below: Uint8Array[] = []): Promise<unknown> => {
        const store = new MemoryBatch();
        for (const bytes of [root, ...below]) await store.add({ id: cidOf(bytes, MANIFEST_CODEC), bytes });
        return all(chunksFrom(cidOf(root, MANIFEST_CODEC), size, store.getBlock)).catch((error: unknown) => error);
      };
      const min = CHUNK_MIN_BYTES;
      expect(await outcome(leaf([min, 1]), min + 1)).toHaveLength(2);
      expect(await outcome(leaf([min]), min)).toMatchObject(refusal);
      expect(await outcome(leaf([min - 1, min]), 2 * min - 1)).toMatchObject(refusal);
      expect(await outcome(leaf([min, 0]), min)).toMatchObject(refusal);
      expect(await outcome(leaf([CHUNK_MAX_BYTES + 1, min]), CHUNK_MAX_BYTES + 1 + min)).toMatchObject(refusal);
      const full = Array.from({ length: EXTENT_CHUNKS }, () => min);
      const pair = (a: number[], b: number[]): Promise<unknown> => {
        const children = [a, b].map((sizes) => ({ block: leaf(sizes), size: sum(sizes), count: sizes.length }));
        return outcome(
          inner(children),
          sum(a) + sum(b),
          children.map(({ block }) => block),
        );
      };
      expect(await pair(full, [1])).toHaveLength(EXTENT_CHUNKS + 1);
      expect(await pair(full.slice(1), [min])).toMatchObject(refusal);
      // The last chunk of a block that is not the last must not be small.
      expect(await pair([...full.slice(1), 1], [min])).toMatchObject(refusal);
      // A claim of more chunks than the bytes can hold is refused at the root, before any child is read.
      const claim = { block: leaf(full), size: 1000, count: EXTENT_CHUNKS };
      expect(await outcome(inner([claim, claim]), 2000)).toMatchObject(refusal);
      const huge = { block: leaf(full), size: 2 ** 53, count: EXTENT_CHUNKS };
      expect(await outcome(inner([huge, huge]), 2 ** 53)).toMatchObject(refusal);
    });
  });
});
