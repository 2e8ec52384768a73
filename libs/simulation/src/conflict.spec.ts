import type { VersionInfo } from '@dfs/contracts';
import { eventually } from '@dfs/testing';
import { Cluster } from './cluster.js';
import type { SimNode } from './sim-node.js';

describe('a conflict in a simulated network', () => {
  let cluster: Cluster;
  afterEach(() => cluster.remove());

  const ids = (versions: readonly VersionInfo[]): string[] => versions.map(({ version }) => version);
  const text = async (node: SimNode, path: string): Promise<string> => (await node.read(path)).toString();

  /** Two nodes that wrote `both.txt` without hearing of each other, and have met again. */
  async function afterPartition(): Promise<[SimNode, SimNode]> {
    cluster = await Cluster.start(2, { link: { latencyMs: [0, 3] } });
    const [a, b] = [cluster.node(0), cluster.node(1)];
    await a.put('both.txt', Buffer.from('base'));
    await cluster.converged();
    cluster.network.partition([[a], [b]]);
    await a.put('both.txt', Buffer.from('left'));
    await b.put('both.txt', Buffer.from('right'));
    for (const node of [a, b]) expect(await node.heads('both.txt')).toHaveLength(1);
    cluster.network.heal();
    await cluster.connected();
    await eventually(async () => (await a.heads('both.txt')).length === 2 && (await b.heads('both.txt')).length === 2, {
      what: `both heads on both nodes (seed ${cluster.seed})`,
    });
    return [a, b];
  }

  it('is seen by both sides, ended by one, and then gone on both', async () => {
    const [a, b] = await afterPartition();
    const heads = await a.heads('both.txt');
    expect(await b.heads('both.txt')).toEqual(heads);
    for (const node of [a, b]) {
      const { items } = await node.catalogue.list({ state: 'conflict', limit: 10 });
      expect(items.map(({ path }) => path)).toEqual(['both.txt']);
    }
    // The one that is not shown, and whose bytes the chooser may not have: they come to it.
    const loser = heads.find(({ shown }) => !shown) as VersionInfo;
    const [chooser, other] = loser.author === a.peerId ? [b, a] : [a, b];
    const { recordId } = await chooser.choose('both.txt', loser.version);
    await cluster.converged();
    for (const node of [chooser, other]) {
      expect(ids(await node.heads('both.txt'))).toEqual([recordId]);
      expect((await node.catalogue.list({ state: 'conflict', limit: 10 })).total).toBe(0);
      expect(await text(node, 'both.txt')).toBe(loser.author === a.peerId ? 'left' : 'right');
      // Nothing is lost: what was not chosen is still in the history.
      const { fileId } = (await node.catalogue.byPath('both.txt'))!;
      const { items } = await node.catalogue.versions(fileId, { limit: 10 });
      expect(ids(items)).toEqual(expect.arrayContaining(ids(heads)));
    }
    await cluster.copied(chooser, ['both.txt'], 2);
  });

  it('comes back when both sides choose differently while they are apart, and ends with the next choice', async () => {
    const [a, b] = await afterPartition();
    const [first, second] = ids(await a.heads('both.txt')) as [string, string];
    cluster.network.partition([[a], [b]]);
    const left = await a.choose('both.txt', first);
    const right = await b.choose('both.txt', second);
    expect([left.conflict, right.conflict]).toEqual([false, false]);
    cluster.network.heal();
    await cluster.connected();
    await eventually(async () => (await a.heads('both.txt')).length === 2);
    expect(ids(await a.heads('both.txt')).sort()).toEqual([left.recordId, right.recordId].sort());
    await a.choose('both.txt', left.recordId);
    await cluster.converged();
    await eventually(async () => (await b.heads('both.txt')).length === 1);
    expect(await text(b, 'both.txt')).toBe(await text(a, 'both.txt'));
  });

  it('between a move and an edit loses neither; a restore of what was deleted reaches the others', async () => {
    cluster = await Cluster.start(2);
    const [a, b] = [cluster.node(0), cluster.node(1)];
    await a.put('old.txt', Buffer.from('base'));
    await a.put('gone.txt', Buffer.from('gone'));
    await cluster.converged();
    cluster.network.partition([[a], [b]]);
    await a.move('old.txt', 'new.txt');
    await b.put('old.txt', Buffer.from('edited'));
    await a.delete('gone.txt');
    cluster.network.heal();
    await cluster.connected();
    await cluster.converged();
    for (const node of [a, b]) {
      expect(await text(node, 'new.txt')).toBe('base');
      expect(await text(node, 'old.txt')).toBe('edited');
      expect(await node.catalogue.byPath('old.txt')).toMatchObject({ conflict: true });
      expect(await node.catalogue.byPath('gone.txt')).toMatchObject({ deleted: true });
    }
    await b.restore('gone.txt');
    await cluster.converged();
    expect(await text(a, 'gone.txt')).toBe('gone');
  });
});
