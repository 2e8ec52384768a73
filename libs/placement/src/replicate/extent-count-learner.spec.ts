import { KiB, MiB } from '@dfs/runtime';
import { eventually, seededRandom } from '@dfs/testing';
import { putLarge } from '../testing/large-content.js';
import { World, type WorldNode } from '../testing/world.js';

const random = seededRandom(61);

describe('a node without room', () => {
  it('learns how many extents a large content has, and keeps nothing of it', async () => {
    await using world = await World.of(2, { replicas: 3 });
    const [a, b] = world.nodes as [WorldNode, WorldNode];
    const full = await world.add({ quotaBytes: 64 * KiB });
    // Larger than it takes for others: from then on it is full.
    const first = await a.put('too large', random.bytes(100 * KiB));
    await eventually(() => full.placement.status().full);
    world.replicas = 2;
    const { chunks } = full.chunks.usage();
    const large = await putLarge(a, 1500, random, 1 * MiB);
    const change = { ...large, author: a.peerId, fileId: 'x', path: 'large', deleted: false };
    for (const node of world.nodes) node.learn([change]);
    const content = { ...large, created: true };
    await eventually(async () => (await b.pinned(large.contentId)) === 2);
    for (const node of [a, b, full]) await eventually(async () => (await node.state(content)) === 'safe 2');
    expect((await full.placement.holders(large.contentId, large.size)).extents).toHaveLength(2);
    expect(full.chunks.usage().chunks).toBe(chunks);
    expect(await full.state(first)).toBe('safe 2');
    await eventually(() =>
      full.events.some(
        (event) =>
          event.type === 'file.replication' &&
          event.data.files.some(({ path, replication }) => path === 'large' && replication.state === 'safe'),
      ),
    );
    await full.restart();
    expect(await full.state(content)).toBe('safe 2');
  });
});
