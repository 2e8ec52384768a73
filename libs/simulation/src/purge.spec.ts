import { day } from '@dfs/runtime';
import { eventually } from '@dfs/testing';
import { Cluster, type ClusterOptions } from './cluster.js';
import type { SimNode } from './sim-node.js';

const RETENTION = 30 * day;

describe('what is past retention', () => {
  let ran: number;
  let cluster: Cluster;
  beforeEach(() => {
    ran = 0;
  });
  afterEach(() => cluster.remove());

  /** Nodes that have run for as long as `ran` says. */
  async function nodes(count: number, options: ClusterOptions = {}): Promise<SimNode[]> {
    cluster = await Cluster.start(count, { retentionMs: RETENTION, stopwatch: () => ran, ...options });
    return cluster.nodes;
  }
  const text = async (node: SimNode, path: string): Promise<string> => Buffer.from(await node.read(path)).toString();
  const pass = (ms: number): number => (ran += ms);
  const purgedEvents = (node: SimNode): string[] =>
    node.events.flatMap((event) => (event.type === 'file.purged' ? event.data.files.map(({ path }) => path) : []));
  const seenBy = (node: SimNode, path: string, expected: object): Promise<unknown> =>
    eventually(
      async () => {
        const { waitingFor, ...counts } = await node.progress(path);
        expect({ ...counts, waitingFor: waitingFor.map(({ name }) => name) }).toEqual(expected);
        return true;
      },
      { what: `${node.name} sees the receipts for ${path} (seed ${cluster.seed})` },
    );
  /** All that is kept, is kept well. */
  async function allIsWell(): Promise<void> {
    for (const node of cluster.nodes.filter(({ running }) => running)) expect(await node.check()).toEqual([]);
  }

  it('is purged by all who hold it, each says so, and all see it; what is shared is kept', async () => {
    const [a, b, c] = (await nodes(3)) as [SimNode, SimNode, SimNode];
    await a.put('gone.txt', Buffer.from('gone'));
    await b.put('twin.txt', Buffer.from('twins'));
    await c.put('other twin.txt', Buffer.from('twins'));
    await cluster.converged();
    await cluster.copied(a, ['gone.txt', 'twin.txt'], 3);
    await a.delete('gone.txt');
    await b.delete('twin.txt');
    const shown = await cluster.converged();
    pass(RETENTION - 1);
    for (const node of [a, b, c]) expect(await node.purges()).toEqual({ purged: 0, kept: 0, contents: 0 });
    pass(1);
    for (const node of [a, b, c]) {
      expect(await node.keeps('gone.txt')).toBe(true);
      expect(await node.purges()).toEqual({ purged: 1, kept: 1, contents: 1 });
      expect(await node.purges()).toEqual({ purged: 0, kept: 0, contents: 0 });
      expect(await node.keeps('gone.txt')).toBe(false);
    }
    for (const node of [a, b, c]) {
      await seenBy(node, 'gone.txt', { purged: 3, kept: 0, members: 3, waitingFor: [] });
      await seenBy(node, 'twin.txt', { purged: 0, kept: 3, members: 3, waitingFor: [] });
      expect(purgedEvents(node)).toEqual(['gone.txt']);
      await node.placement.reclaim(0);
      expect(await text(node, 'other twin.txt')).toBe('twins');
    }
    const { fileId, contentId, size } = (await a.catalogue.byPath('gone.txt'))!;
    const { extents } = await a.placement.holders(contentId, size);
    expect(extents.flatMap(({ holders }) => holders)).toEqual([]);
    // The records stay, and so does what follows from them.
    expect((await a.catalogue.versions(fileId, { limit: 10 })).total).toBe(2);
    expect(await cluster.converged()).toEqual(shown);
    await allIsWell();
  });

  it('shows who has not purged it; one that was away does so when it is back and its own time has come', async () => {
    const [a, b, c] = (await nodes(3, { graceMs: 2000 })) as [SimNode, SimNode, SimNode];
    await a.put('gone.txt', Buffer.from('gone'));
    await a.put('there.txt', Buffer.from('there'));
    await cluster.converged();
    await cluster.copied(a, ['gone.txt', 'there.txt'], 3);
    await c.stop();
    await a.delete('gone.txt');
    await cluster.converged([a, b]);
    // Longer than any retention.
    pass(10 * RETENTION);
    for (const node of [a, b]) expect(await node.purges()).toMatchObject({ purged: 1, contents: 1 });
    for (const node of [a, b]) {
      await seenBy(node, 'gone.txt', { purged: 2, kept: 0, members: 3, waitingFor: ['n2'] });
    }
    expect((await a.progress('gone.txt')).waitingFor[0]!.lastSeenAt).not.toBeNull();
    // Its rest of the file brings nothing back, and is lost to nobody else.
    await c.start();
    await cluster.connected();
    await cluster.converged();
    for (const node of [a, b, c]) {
      expect(await node.catalogue.byPath('gone.txt')).toMatchObject({ deleted: true });
      expect(await text(node, 'there.txt')).toBe('there');
    }
    // Receipts of the time in which it was away.
    await seenBy(c, 'gone.txt', { purged: 2, kept: 0, members: 3, waitingFor: ['n2'] });
    expect(await c.purges()).toMatchObject({ purged: 0, contents: 0 });
    expect(await c.keeps('gone.txt')).toBe(true);
    pass(RETENTION);
    expect(await c.purges()).toMatchObject({ purged: 1, contents: 1 });
    for (const node of [a, b, c]) await seenBy(node, 'gone.txt', { purged: 3, kept: 0, members: 3, waitingFor: [] });
    await allIsWell();
  });

  it('does not come back with a node that was restored from an old copy; nothing current is lost', async () => {
    const [a, b, c] = (await nodes(3)) as [SimNode, SimNode, SimNode];
    await c.put('gone.txt', Buffer.from('gone'));
    await c.put('kept.txt', Buffer.from('kept'));
    await cluster.converged();
    await cluster.copied(a, ['gone.txt', 'kept.txt'], 3);
    const putBack = await cluster.copyOf(c);
    await b.delete('gone.txt');
    await c.put('kept.txt', Buffer.from('kept, and changed'));
    await c.put('new.txt', Buffer.from('new'));
    await cluster.converged();
    await cluster.copied(a, ['kept.txt', 'new.txt'], 3);
    pass(RETENTION);
    for (const node of [a, b, c]) expect(await node.purges()).toMatchObject({ purged: 1 });
    for (const node of [a, b, c]) await seenBy(node, 'gone.txt', { purged: 3, kept: 0, members: 3, waitingFor: [] });
    await putBack();
    await c.start();
    await cluster.connected();
    await cluster.converged();
    for (const node of [a, b, c]) {
      expect(await node.catalogue.byPath('gone.txt')).toMatchObject({ deleted: true });
      expect(await text(node, 'kept.txt')).toBe('kept, and changed');
      expect(await text(node, 'new.txt')).toBe('new');
    }
    // It has its own receipts from the others, before it writes one.
    expect(await c.purges()).toMatchObject({ purged: 0 });
    await seenBy(c, 'gone.txt', { purged: 3, kept: 0, members: 3, waitingFor: [] });
    pass(RETENTION);
    for (const node of [a, b, c]) await node.purges();
    expect(await c.keeps('gone.txt')).toBe(false);
    for (const node of [a, b, c]) await seenBy(node, 'gone.txt', { purged: 3, kept: 0, members: 3, waitingFor: [] });
    await cluster.copied(a, ['kept.txt', 'new.txt'], 3);
    await allIsWell();
  });

  it('is kept by a node that has brought it back at the last moment, and by the others when they hear of it', async () => {
    const [a, b, c] = (await nodes(3, { graceMs: 2000 })) as [SimNode, SimNode, SimNode];
    await a.put('back.txt', Buffer.from('back'));
    await cluster.converged();
    await cluster.copied(a, ['back.txt'], 3);
    await a.delete('back.txt');
    await cluster.converged();
    pass(RETENTION - 1);
    cluster.network.partition([[a, b], [c]]);
    const { contentId, size } = await c.restore('back.txt');
    expect(await c.placement.isPromised(contentId, size)).toBe(true);
    pass(1);
    for (const node of [a, b]) {
      expect(await node.purges()).toMatchObject({ purged: 1, contents: 1 });
      expect(await node.keeps('back.txt')).toBe(false);
    }
    // b has not even the bytes any more, a has them as cache.
    await b.placement.reclaim(0);
    // Alone, it purges nothing, and has nothing to purge.
    pass(10 * RETENTION);
    expect(await c.keeps('back.txt')).toBe(true);
    cluster.network.heal();
    await cluster.connected();
    await cluster.converged();
    await cluster.copied(a, ['back.txt'], 3);
    for (const node of [a, b, c]) {
      expect(await text(node, 'back.txt')).toBe('back');
      expect(await node.purges()).toMatchObject({ purged: 0, contents: 0 });
      expect(await node.keeps('back.txt')).toBe(true);
    }
    await allIsWell();
  });

  it('is never purged from under a file: whatever is written while it runs wins', async () => {
    const [a, b] = (await nodes(2)) as [SimNode, SimNode];
    const paths = Array.from({ length: 24 }, (_, n) => `f${n}`);
    for (const path of paths) await a.put(path, Buffer.from(`bytes of ${path}`));
    await cluster.converged();
    await cluster.copied(b, paths, 2);
    for (const path of paths) await a.delete(path);
    await cluster.converged();
    pass(RETENTION);
    // Brought back, uploaded anew elsewhere, or left: in an order that changes from run to run, as the seed says.
    const acts = paths
      .sort(() => cluster.random.next() - 0.5)
      .map((path, n) => {
        if (n % 3 === 0) return () => b.restore(path);
        if (n % 3 === 1) return () => b.put(`again ${path}`, Buffer.from(`bytes of ${path}`));
        return () => b.purges();
      });
    await Promise.all([a.purges(), b.purges(), ...acts.map((act) => act())]);
    await cluster.converged();
    await Promise.all([a.purges(), b.purges()]);
    for (const node of [a, b]) await node.placement.reclaim(0);
    const { items } = await a.catalogue.list({ limit: 100 });
    expect(items).toHaveLength(16);
    await cluster.copied(
      a,
      items.map(({ path }) => path),
      2,
    );
    for (const { path } of items) {
      for (const node of [a, b]) expect(await text(node, path)).toBe(`bytes of ${path.replace('again ', '')}`);
    }
    await allIsWell();
  });

  it('waits for the members that are there: none is purged by a node that has not lately been in step with them', async () => {
    const [a, b] = (await nodes(2, { graceMs: 600_000 })) as [SimNode, SimNode];
    await a.put('gone.txt', Buffer.from('gone'));
    await cluster.converged();
    await cluster.copied(a, ['gone.txt'], 2);
    await a.delete('gone.txt');
    await cluster.converged();
    pass(RETENTION);
    cluster.network.partition([[a], [b]]);
    await a.stop();
    await a.start();
    // It was in step in an earlier run; b still counts as one that is there.
    expect(await a.purgesNow()).toMatchObject({ purged: 0, waits: expect.stringContaining('n1') as string });
    expect(await a.keeps('gone.txt')).toBe(true);
    cluster.network.heal();
    expect(await a.purges()).toMatchObject({ purged: 1 });
  });
});
