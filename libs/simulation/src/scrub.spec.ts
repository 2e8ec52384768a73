import { KiB, MiB } from '@dfs/runtime';
import { corrupt, eventually } from '@dfs/testing';
import { Cluster } from './cluster.js';
import type { SimNode } from './sim-node.js';

const warnings = (node: SimNode) =>
  node.events.flatMap((event) => (event.type === 'node.warning' ? [`${event.data.code} ${event.data.active}`] : []));

describe('a scrub', () => {
  let cluster: Cluster;
  afterEach(() => cluster.remove());

  it('finds a damaged chunk that nobody reads, tells of it, and has it healed by a peer', async () => {
    // One pass after another, so that some of it comes after the damage.
    cluster = await Cluster.start(3, { scrub: { every: 500, startDelay: 0, share: 1 } });
    const [a, b, c] = cluster.nodes as [SimNode, SimNode, SimNode];
    const bytes = cluster.random.bytes(6 * MiB);
    const small = cluster.random.bytes(3 * KiB);
    await a.put('large.bin', bytes);
    await a.put('small.bin', small);
    await cluster.converged();
    await cluster.copied(a, ['large.bin', 'small.bin'], 3);
    await b.stop();
    await corrupt(b.file('chunks'), bytes.subarray(4 * MiB, 4 * MiB + 64));
    await corrupt(b.file('chunks'), small.subarray(1000, 1064));
    await b.start();
    await cluster.connected();

    await eventually(() => b.scrubber.status().verified.damaged === 2, { what: 'the damage found' });
    await eventually(() => b.chunks.damaged().length === 0, { what: 'the damage healed' });
    await eventually(() => warnings(b).at(-1) === 'damaged-chunk false');
    expect(warnings(b)).toContain('damaged-chunk true');
    expect(warnings(a).concat(warnings(c))).toEqual([]);

    // Every chunk of it is right on that node's own disk again.
    expect(await b.chunks.verifyAll()).toMatchObject({ damaged: 0, chunks: b.chunks.usage().chunks });
    await cluster.copied(b, ['large.bin', 'small.bin'], 3);
    await Promise.all([a.stop(), c.stop()]);
    expect(Buffer.compare(await b.read('large.bin'), bytes)).toBe(0);
    expect(Buffer.compare(await b.read('small.bin'), small)).toBe(0);
  });

  it('takes the promise back while nobody can heal, and gives it again once somebody could', async () => {
    cluster = await Cluster.start(2, { replicas: 2, scrub: { every: 500, startDelay: 0, share: 1 } });
    const [a, b] = cluster.nodes as [SimNode, SimNode];
    const bytes = cluster.random.bytes(3 * MiB);
    await a.put('only-two.bin', bytes);
    await cluster.converged();
    await cluster.copied(a, ['only-two.bin'], 2);
    await a.stop();
    await corrupt(b.file('chunks'), bytes.subarray(2 * MiB, 2 * MiB + 64));
    // Alone with its damage it counts the other's copy only.
    await eventually(async () => (await b.copies('only-two.bin')) === 1, { what: 'one copy less' });
    expect(b.chunks.damaged()).toHaveLength(1);
    expect(warnings(b)).toContain('damaged-chunk true');
    await b.placement.reclaim(0);
    expect(b.chunks.damaged()).toHaveLength(1);

    await a.start();
    await eventually(() => b.chunks.damaged().length === 0, { deadline: 60_000, what: 'the damage healed' });
    await cluster.copied(a, ['only-two.bin'], 2);
    await a.stop();
    expect(Buffer.compare(await b.read('only-two.bin'), bytes)).toBe(0);
  });
});
