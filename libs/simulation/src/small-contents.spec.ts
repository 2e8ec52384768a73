import { KiB } from '@dfs/runtime';
import { eventually } from '@dfs/testing';
import { Cluster } from './cluster.js';

describe('small files in a simulated network', () => {
  let cluster: Cluster;
  afterEach(() => cluster.remove());

  it('come with their records: nobody asks for them', async () => {
    cluster = await Cluster.start(3, { replicas: 2, link: { latencyMs: [0, 3] } });
    const [author] = cluster.nodes;
    const files = new Map<string, Uint8Array>();
    let number = 0;
    // Some of the first are asked for, while members have not said yet that they take them; any may be, where its record came by
    // an exchange.
    await eventually(
      async () => {
        const sent = author!.placement.status().sentBytes;
        const path = `small/${number++}`;
        files.set(path, cluster.random.bytes(1 + (number % 16) * KiB));
        await author!.put(path, files.get(path)!);
        await cluster.copied(author!, [path], 2);
        return author!.placement.status().sentBytes === sent;
      },
      { deadline: 60_000, what: `a file that nobody asked for (seed ${cluster.seed})` },
    );
    // A content that came so is held as any other, and read without its author.
    await cluster.converged();
    await author!.stop();
    const others = cluster.nodes.slice(1);
    await cluster.connected(others);
    for (const [path, bytes] of files) {
      for (const node of others) expect(Buffer.compare(await node.read(path), bytes)).toBe(0);
    }
    for (const node of others) expect(await node.check()).toEqual([]);
  });
});
