import { KiB, MiB } from '@dfs/runtime';
import { eventually } from '@dfs/testing';
import { Cluster } from './cluster.js';
import type { SimNode } from './sim-node.js';

describe('a member that is removed on one side of a partition while it writes on the other', () => {
  let cluster: Cluster;
  afterEach(() => cluster.remove());

  const paths = async (node: SimNode): Promise<string[]> => (await node.voids()).map(({ path }) => path);

  it('has written what is void: all see it, one adopts it, and then all have the file and its bytes', async () => {
    cluster = await Cluster.start(4, { replicas: 4, link: { latencyMs: [0, 3] } });
    const [a, b, c, removed] = cluster.nodes as [SimNode, SimNode, SimNode, SimNode];
    const left = [a, b, c];
    await a.put('both.txt', Buffer.from('base'));
    await cluster.converged();
    cluster.network.partition([
      [a, b],
      [c, removed],
    ]);
    await a.peers.remove(removed.peerId, { confirm: true });
    const film = cluster.random.bytes(3 * MiB);
    await removed.put('film.bin', film);
    await removed.put('both.txt', Buffer.from('changed by who was removed'));
    await removed.put('both.txt', Buffer.from('changed by who was removed, twice'));
    await eventually(async () => (await c.catalogue.byPath('film.bin')) !== undefined);
    await eventually(async () => (await c.read('both.txt')).toString().endsWith('twice'));
    await cluster.copied(c, ['film.bin', 'both.txt'], 2);
    await a.put('both.txt', Buffer.from('changed meanwhile'));
    cluster.network.heal();
    await removed.stop();
    await cluster.connected(left);
    await cluster.converged(left);

    // Only C was there when they were written.
    for (const node of left) {
      await eventually(async () => (await paths(node)).length === 3, {
        what: `voids at ${node.name}`,
      });
      expect(await node.voids()).toEqual(await c.voids());
      expect(await paths(node)).toEqual(['both.txt', 'both.txt', 'film.bin']);
      expect((await node.read('both.txt')).toString()).toBe('changed meanwhile');
      expect(await node.catalogue.byPath('film.bin')).toBeUndefined();
    }

    const [last, , first] = await b.voids();
    await b.adopt(first!.version);
    // The one before it, void too, is walked through: what it had seen of the others is replaced, what it had not stays.
    await b.adopt(last!.version);
    await cluster.converged(left);
    for (const node of left) {
      expect(Buffer.compare(await node.read('film.bin'), film)).toBe(0);
      expect((await node.read('both.txt')).toString()).toBe('changed by who was removed, twice');
      const texts = (await node.heads('both.txt')).map(({ author }) => author);
      expect(texts).toEqual([b.peerId, a.peerId]);
      expect(await node.check()).toEqual([]);
    }
    await cluster.copied(b, ['film.bin', 'both.txt'], 3);
  });

  it('has written what stays, for as long as nobody adopts it: it is copied where only few have it', async () => {
    cluster = await Cluster.start(4, { replicas: 4 });
    const [a, b, c, removed] = cluster.nodes as [SimNode, SimNode, SimNode, SimNode];
    cluster.network.partition([
      [a, b],
      [c, removed],
    ]);
    await a.peers.remove(removed.peerId, { confirm: true });
    const bytes = cluster.random.bytes(300 * KiB);
    await removed.put('late.bin', bytes);
    await eventually(async () => (await c.catalogue.byPath('late.bin')) !== undefined);
    await cluster.copied(c, ['late.bin'], 2);
    cluster.network.heal();
    await removed.stop();
    await cluster.connected([a, b, c]);
    await eventually(async () => (await paths(a)).length === 1 && (await paths(b)).length === 1);
    const { contentId, size, version } = (await a.voids())[0]!;
    const ref = { contentId: contentId!, size };
    await eventually(async () => ((await a.placement.replication([ref])).get(ref.contentId)?.copies ?? 0) >= 3, {
      what: 'three copies of what is void',
    });
    await c.stop();
    await a.adopt(version);
    expect(Buffer.compare(await a.read('late.bin'), bytes)).toBe(0);
  });
});
