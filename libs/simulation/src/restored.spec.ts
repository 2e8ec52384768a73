import { mkdir, rm } from 'node:fs/promises';
import { eventually } from '@dfs/testing';
import { Cluster } from './cluster.js';
import type { SimNode } from './sim-node.js';

describe('a node that is restored from an old copy of its data directory', () => {
  let cluster: Cluster;
  afterEach(() => cluster.remove());

  const text = async (node: SimNode, path: string): Promise<string> => Buffer.from(await node.read(path)).toString();
  const forksTold = (node: SimNode): number =>
    node.events.filter((event) => event.type === 'node.warning' && event.data.code === 'fork').length;

  /** Three nodes, of which the last was stopped, and has its data of before it wrote `two.txt` and changed `one.txt`. */
  async function rolledBack(): Promise<[SimNode, SimNode, SimNode]> {
    cluster = await Cluster.start(3);
    const [a, b, c] = [cluster.node(0), cluster.node(1), cluster.node(2)];
    await c.put('one.txt', Buffer.from('one'));
    await cluster.converged();
    const putBack = await cluster.copyOf(c);
    await c.put('one.txt', Buffer.from('one, changed'));
    await c.put('two.txt', Buffer.from('two'));
    await cluster.converged();
    await cluster.copied(a, ['one.txt', 'two.txt'], 3);
    await putBack();
    return [a, b, c];
  }

  it('learns of its own records before it writes: its chain goes on, nothing is lost, all converge', async () => {
    const [a, b, c] = await rolledBack();
    await c.start();
    // At once, as a person would who did not see the restart.
    await Promise.all([c.put('one.txt', Buffer.from('one, again')), c.put('three.txt', Buffer.from('three'))]);
    await cluster.connected();
    await cluster.converged();
    for (const node of [a, b, c]) {
      expect(await node.catalogue.forks()).toBe(0);
      expect(await node.heads('one.txt')).toHaveLength(1);
      expect(await text(node, 'one.txt')).toBe('one, again');
      expect(await text(node, 'two.txt')).toBe('two');
      expect(await text(node, 'three.txt')).toBe('three');
      expect(forksTold(node)).toBe(0);
    }
  });

  it('or has lost all but its key, was removed and joins again: its chain goes on as well', async () => {
    const [a, b, c] = await rolledBack();
    await rm(c.file(''), { recursive: true });
    await mkdir(c.file(''));
    await a.peers.remove(c.peerId);
    await c.start();
    await c.joins(a);
    await c.put('three.txt', Buffer.from('three'));
    await cluster.connected();
    await cluster.converged();
    for (const node of [a, b, c]) {
      expect(await node.catalogue.forks()).toBe(0);
      expect(await text(node, 'one.txt')).toBe('one, changed');
      expect(await text(node, 'three.txt')).toBe('three');
    }
  });

  it('writes all the same when it finds nobody; the fork is told on all nodes when they meet, and nothing is lost', async () => {
    const [a, b, c] = await rolledBack();
    cluster.network.partition([[a, b], [c]]);
    await c.start();
    await c.put('three.txt', Buffer.from('three'));
    cluster.network.heal();
    await cluster.connected();
    await cluster.converged();
    for (const node of [a, b, c]) {
      await eventually(() => forksTold(node) === 1, { what: 'the fork is told' });
      expect(await node.catalogue.forks()).toBe(1);
      expect(await text(node, 'one.txt')).toBe('one, changed');
      expect(await text(node, 'two.txt')).toBe('two');
      expect(await text(node, 'three.txt')).toBe('three');
    }
    // From here on there is one chain again.
    await c.put('four.txt', Buffer.from('four'));
    await cluster.converged();
    for (const node of [a, b, c]) expect(await node.catalogue.forks()).toBe(1);
  });
});
