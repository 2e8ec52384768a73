import { cidToBytes } from '@dfs/protocol';
import { MiB } from '@dfs/runtime';
import { seededRandom } from '@dfs/testing';
import { checkPins, type PinFinding } from './check-pins.js';
import { putLarge } from '../testing/large-content.js';
import { World, type WorldNode } from '../testing/world.js';

const random = seededRandom(43);

async function findings(node: WorldNode): Promise<PinFinding[]> {
  const found: PinFinding[] = [];
  await checkPins(node.db, node.chunks, (finding) => found.push(finding));
  return found;
}

describe('a content of several extents', () => {
  it('is checked extent by extent', async () => {
    await using world = await World.of(1);
    const [node] = world.nodes as [WorldNode];
    const large = await putLarge(node, 2500, random);
    const found: PinFinding[] = [];
    // Each extent needs its chunks, its leaf and the root.
    expect(await checkPins(node.db, node.chunks, (finding) => found.push(finding))).toEqual({
      extents: 3,
      blocks: 2500 + 3 * 2,
    });
    expect(found).toEqual([]);

    await node.db.write((tx) => tx.run('UPDATE placement_large SET extents = 2'));
    expect(await findings(node)).toMatchObject([{ problem: 'wrong-count', content: large.contentId }]);
    await node.db.write((tx) => tx.run('UPDATE placement_large SET extents = 3'));

    const leaf = large.manifest[1]!;
    await node.db.write((tx) => tx.run('DELETE FROM chunk WHERE cid = ?', [cidToBytes(leaf)]));
    expect(await findings(node)).toMatchObject([
      {
        problem: 'unreadable-manifest',
        content: large.contentId,
        detail: expect.stringContaining(`Extent 1: block ${leaf}`),
      },
    ]);
  });

  it('keeps, when only some of them are promised, what these need and no more', async () => {
    await using world = await World.of(1);
    const [node] = world.nodes as [WorldNode];
    const large = await putLarge(node, 2500, random);
    expect(await node.placement.reclaim(0)).toMatchObject({ chunks: 0 });
    const { chunks } = node.chunks.usage();
    await node.db.write((tx) => tx.run('UPDATE placement_pin SET held = 0 WHERE extent = 0'));
    expect(await node.placement.reclaim(0)).toMatchObject({ chunks: 2 });
    expect(node.chunks.usage().chunks).toBe(chunks - 2);
    expect(await node.chunks.has(large.manifest)).toEqual(new Set(large.manifest.slice(1)));
    expect(await findings(node)).toEqual([]);
  });
});

describe('checkPins', () => {
  it('tells which blocks of which content are missing', async () => {
    await using world = await World.of(1);
    const [node] = world.nodes as [WorldNode];
    const small = await node.put('small', random.bytes(900));
    const file = await node.put('file', random.bytes(6 * MiB));
    expect(await findings(node)).toEqual([]);
    await node.db.write((tx) =>
      tx.run('DELETE FROM chunk WHERE size > 900 AND cid <> ?', [cidToBytes(file.contentId)]),
    );
    expect(await findings(node)).toEqual([
      {
        problem: 'missing-chunk',
        content: file.contentId,
        detail: expect.stringMatching(
          new RegExp(`^Extent 0 lacks ${file.chunkCount} of ${file.chunkCount + 1} blocks: `),
        ),
      },
    ]);
    await node.db.write((tx) => tx.run('DELETE FROM chunk WHERE cid = ?', [cidToBytes(small.contentId)]));
    expect((await findings(node)).map(({ content }) => content).sort()).toEqual(
      [file.contentId, small.contentId].sort(),
    );
  });
});
