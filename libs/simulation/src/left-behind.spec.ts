import { KiB } from '@dfs/runtime';
import { eventually } from '@dfs/testing';
import { Cluster } from './cluster.js';
import { SimNode } from './sim-node.js';

describe('what a node had replaced or deleted before it joined', () => {
  it('is cache there, of which nobody is told, and what comes along is promised as before', async () => {
    const cluster = await Cluster.start(1, { replicas: 2 });
    const { network, random } = cluster;
    const [owner] = cluster.nodes as [SimNode];
    const alone = await SimNode.start({ name: 'alone', network, random });
    cluster.nodes.push(alone);
    try {
      const old = await alone.put('a', random.bytes(200 * KiB));
      const bytes = random.bytes(100 * KiB);
      await alone.put('a', bytes);
      await alone.put('b', random.bytes(200 * KiB));
      await alone.delete('b');
      await alone.joins(owner);
      await cluster.connected();
      await eventually(async () => (await cluster.converged()).length === 1);
      await cluster.copied(owner, ['a'], 2);
      for (const { placement } of cluster.nodes) {
        const { extents } = await placement.holders(old.contentId, old.size);
        expect(extents.flatMap(({ holders }) => holders)).toEqual([]);
      }
      await alone.placement.reclaim(0);
      expect(alone.chunks.usage().chunks).toBe(1);
      expect(Buffer.compare(await alone.read('a'), bytes)).toBe(0);
      expect(await alone.check()).toEqual([]);
    } finally {
      await cluster.remove();
    }
  });
});
