import { readFile } from 'node:fs/promises';
import { cidOf, EMPTY_CONTENT, sha256 } from '@dfs/protocol';
import { MiB } from '@dfs/runtime';
import { eventually, seededRandom } from '@dfs/testing';
import { World, type WorldNode } from '../testing/world.js';
import { ContentsHere } from './contents-here.js';

const random = seededRandom(57);
const never = new AbortController().signal;

async function two() {
  const world = await World.of(2, { replicas: 2 });
  const [a, b] = world.nodes as [WorldNode, WorldNode];
  await eventually(async () => a.transport.connections().length > 0);
  return { world, a, b };
}

const some = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ path: `f${n}`, bytes: Buffer.from(random.bytes(2000)) }));

describe('many small contents', () => {
  it('that are on their way here are waited for, and come once', async () => {
    const { world, a, b } = await two();
    await using _ = world;
    const files = some(300);
    const stored = await a.putMany(files);
    const ids = stored.map(({ contentId }) => contentId);
    const found = await b.placement.here.small([...ids, EMPTY_CONTENT], never);
    expect([...found.keys()].sort()).toEqual([...ids, EMPTY_CONTENT].sort());
    for (const [at, id] of ids.entries()) expect(Buffer.compare(found.get(id)!, files[at]!.bytes)).toBe(0);
    expect(a.placement.status().sentBytes).toBeLessThan(300 * 2000 * 1.5);
  });

  it('that nobody brings are left out at once', async () => {
    const { world, a, b } = await two();
    await using _ = world;
    const here = await b.putMany(some(10));
    await a.stop();
    const ids = here.map(({ contentId }) => contentId);
    const elsewhere = some(20).map(({ bytes }) => cidOf(bytes));
    const found = await b.placement.here.small([...ids, ...elsewhere], never);
    expect([...found.keys()].sort()).toEqual([...ids, EMPTY_CONTENT].sort());
  });

  it('a large one that is on its way here is waited for, and fetched before others', async () => {
    const { world, a, b } = await two();
    await using _ = world;
    const bytes = Buffer.from(random.bytes(20 * MiB));
    const { contentId, size } = await a.put('large', bytes);
    const blocks = (await b.placement.here.blocks(contentId, size, 100, never)) ?? [];
    expect(blocks.reduce((sum, block) => sum + block.size, 0)).toBe(size);
    await eventually(async () => (await b.pinned(contentId)) === 1);
  });

  it('large ones are told by where their blocks lie, if all of them are here', async () => {
    const { world, a, b } = await two();
    await using _ = world;
    const bytes = Buffer.from(random.bytes(6 * MiB));
    const { contentId, size } = await a.put('large', bytes);
    const blocks = (await a.placement.here.blocks(contentId, size, 100, never)) ?? [];
    const pieces = await Promise.all(
      blocks.map(async ({ file, ...block }) => {
        const piece = (await readFile(file)).subarray(block.offset, block.offset + block.size);
        expect(Buffer.compare(sha256(piece), block.digest)).toBe(0);
        return piece;
      }),
    );
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
    expect(await a.placement.here.blocks(contentId, size, blocks.length - 1, never)).toBeUndefined();
    const other = await a.putMany([{ path: 'other', bytes: random.bytes(2 * MiB) }], { publish: false });
    expect(await b.placement.here.blocks(other[0]!.contentId, 2 * MiB, 100, never)).toBeUndefined();
  });

  it('a large one that is here is not waited for, though a member says that it sends it', async () => {
    const { world, a } = await two();
    await using _ = world;
    const { contentId, size } = await a.put('large', Buffer.from(random.bytes(6 * MiB)));
    const forever = () => new Promise<never>(() => {});
    const here = new ContentsHere({
      chunks: a.chunks,
      replicator: { untilHere: forever },
      arrivals: { has: () => true, settle: forever },
      signal: never,
    });
    expect((await here.blocks(contentId, size, 100, never))?.length).toBeGreaterThan(0);
  });
});
