import { KiB, MiB } from '@dfs/runtime';
import { eventually } from '@dfs/testing';
import { Cluster } from './cluster.js';

describe('a simulated network', () => {
  let cluster: Cluster;
  afterEach(() => cluster.remove());

  it('keeps everything everywhere while there are no more members than the target', async () => {
    cluster = await Cluster.start(3, { link: { latencyMs: [0, 3] } });
    const { random } = cluster;
    const files = new Map<string, Uint8Array>();
    for (const [index, size] of [0, 1, 4 * KiB, 300 * KiB, 6 * MiB].entries()) {
      const bytes = random.bytes(size);
      await cluster.node(index % 3).put(`files/${index}.bin`, bytes);
      files.set(`files/${index}.bin`, bytes);
    }
    await cluster.converged();
    await cluster.copied(cluster.node(0), [...files.keys()], 3);
    await cluster.node(0).stop();
    for (const [path, bytes] of files) {
      for (const node of [cluster.node(1), cluster.node(2)]) {
        expect(Buffer.compare(await node.read(path), bytes)).toBe(0);
      }
    }
  });

  it('places as many copies as wanted, and reads at a node that holds none', async () => {
    cluster = await Cluster.start(5, { replicas: 2 });
    const paths = Array.from({ length: 12 }, (_, index) => `f${index}`);
    const contents = paths.map(() => cluster.random.bytes(700 * KiB));
    for (const [index, path] of paths.entries()) await cluster.node(0).put(path, contents[index] as Uint8Array);
    await cluster.converged();
    await cluster.copied(cluster.node(1), paths, 2);
    for (const node of cluster.nodes) {
      for (const [index, path] of paths.entries()) {
        expect(Buffer.compare(await node.read(path), contents[index] as Uint8Array)).toBe(0);
      }
    }
    // Besides the uploader, which has them all, the copies are spread.
    const held = cluster.nodes.slice(1).map((node) => node.chunks.usage().bytes);
    expect(held.filter((bytes) => bytes > 0).length).toBeGreaterThanOrEqual(2);
  });

  it('converges after a partition in which both sides wrote and deleted', async () => {
    cluster = await Cluster.start(4);
    const [a, b, c, d] = cluster.nodes;
    if (!a || !b || !c || !d) throw new Error('four nodes');
    await a.put('both.txt', Buffer.from('base'));
    await a.put('deleted-left.txt', Buffer.from('base'));
    await a.put('edited-right.txt', Buffer.from('base'));
    await cluster.converged();

    cluster.network.partition([
      [a, b],
      [c, d],
    ]);
    await a.put('both.txt', Buffer.from('left'));
    await c.put('both.txt', Buffer.from('right'));
    await b.delete('deleted-left.txt');
    await a.delete('edited-right.txt');
    await d.put('edited-right.txt', Buffer.from('edited while it was deleted'));
    await a.put('left.txt', Buffer.from('left'));
    await d.put('right.txt', Buffer.from('right'));
    cluster.network.heal();
    await cluster.connected();
    await cluster.converged();

    for (const node of cluster.nodes) {
      const both = await node.catalogue.byPath('both.txt');
      expect(both?.conflict).toBe(true);
      const { items: versions } = await node.catalogue.versions(both?.fileId ?? '', { limit: 10 });
      expect(versions.filter((version) => version.head)).toHaveLength(2);
      expect((await node.catalogue.byPath('deleted-left.txt'))?.deleted).toBe(true);
      expect((await node.read('edited-right.txt')).toString()).toBe('edited while it was deleted');
      expect((await node.read('left.txt')).toString()).toBe('left');
      expect((await node.read('right.txt')).toString()).toBe('right');
    }
  });

  it('tells a node that was away of what happened, deletions included', async () => {
    cluster = await Cluster.start(3);
    const [a, b, c] = cluster.nodes;
    if (!a || !b || !c) throw new Error('three nodes');
    await a.put('old.txt', Buffer.from('old'));
    await cluster.converged();
    await cluster.copied(a, ['old.txt'], 3);
    await c.stop();
    await b.delete('old.txt');
    await a.put('new.txt', Buffer.from('new'));
    await c.start();
    await cluster.connected();
    await cluster.converged();
    expect((await c.catalogue.byPath('old.txt'))?.deleted).toBe(true);
    await eventually(async () => (await c.copies('new.txt')) === 3);
  });

  it('works over a slow network that loses connections', async () => {
    cluster = await Cluster.start(3, { link: { latencyMs: [5, 25], loss: 0.001 } });
    const paths = Array.from({ length: 8 }, (_, index) => `slow/${index}`);
    const contents = paths.map(() => cluster.random.bytes(cluster.random.int(1, 900 * KiB)));
    for (const [index, path] of paths.entries()) {
      await cluster.node(index % 3).put(path, contents[index] as Uint8Array);
    }
    await cluster.converged();
    await cluster.copied(cluster.node(2), paths, 3);
    for (const [index, path] of paths.entries()) {
      expect(Buffer.compare(await cluster.node((index + 1) % 3).read(path), contents[index] as Uint8Array)).toBe(0);
    }
  });
});
