import { hour } from '@dfs/runtime';
import { eventually } from '@dfs/testing';
import { Cluster } from './cluster.js';
import type { SimNode } from './sim-node.js';

const YEAR = 365 * 24 * hour;

describe('nodes whose clocks do not agree', () => {
  let cluster: Cluster;
  afterEach(() => cluster.remove());

  const text = async (node: SimNode, path: string): Promise<string> => Buffer.from(await node.read(path)).toString();
  /** One more member, whose clock is off by what `offset` says. */
  const skewed = (offset: () => number): Promise<SimNode> =>
    cluster.add({ clock: { now: () => Date.now() + offset() } });

  it('by a day, and one that steps back: what was done last, knowing of the rest, is what all show', async () => {
    let stepped = 0;
    cluster = await Cluster.start(1);
    const early = await skewed(() => -24 * hour);
    const late = await skewed(() => 24 * hour);
    const stepping = await skewed(() => stepped);
    await cluster.connected();
    const writers = [late, early, stepping, cluster.node(0), early, late, early];
    for (const [turn, writer] of writers.entries()) {
      if (turn === 2) stepped = -20 * hour;
      await writer.put('turns.txt', Buffer.from(`turn ${turn}`));
      await cluster.converged();
      for (const node of cluster.nodes) {
        expect(await text(node, 'turns.txt')).toBe(`turn ${turn}`);
        expect(await node.heads('turns.txt')).toHaveLength(1);
      }
    }
    // Deleted by the one that is behind all others, and brought back by one that stepped back again.
    await early.delete('turns.txt');
    await cluster.converged();
    for (const node of cluster.nodes) expect(await node.catalogue.byPath('turns.txt')).toMatchObject({ deleted: true });
    stepped = -40 * hour;
    await stepping.restore('turns.txt');
    await cluster.converged();
    for (const node of cluster.nodes) expect(await text(node, 'turns.txt')).toBe(`turn ${writers.length - 1}`);
    for (const node of cluster.nodes) expect(await node.check()).toEqual([]);
  });

  it('by ten years: what such a node wrote by itself waits outside the set, which is told; it may not write on', async () => {
    let offset = 0;
    cluster = await Cluster.start(2);
    const [a, b] = [cluster.node(0), cluster.node(1)];
    const far = await skewed(() => offset);
    await cluster.connected();
    await far.put('shared.txt', Buffer.from('of now'));
    await cluster.converged();
    cluster.network.partition([[a, b], [far]]);
    await eventually(() => far.peers.connected().length === 0, { what: 'the one is by itself' });
    offset = 10 * YEAR;
    await far.put('shared.txt', Buffer.from('of then'));
    await far.put('then.txt', Buffer.from('of then'));
    const before = a.recordSet();
    cluster.network.heal();
    await cluster.connected();
    const told = (node: SimNode): boolean =>
      node.events.some(({ type, data }) => type === 'node.warning' && 'code' in data && data.code === 'skewed-clock');
    for (const node of [a, b]) await eventually(() => told(node), { what: `${node.name} warns` });
    await eventually(() => far.peers.clockProblem() !== undefined, { what: 'its clock is doubted' });
    await expect(far.put('more.txt', Buffer.from('no'))).rejects.toMatchObject({ code: 'clock-skew' });
    for (const node of [a, b]) {
      expect(node.recordSet()).toBe(before);
      expect(await text(node, 'shared.txt')).toBe('of now');
      expect(await node.catalogue.byPath('then.txt')).toBeUndefined();
    }
    // The others go on, and are not pulled into the future.
    await a.put('shared.txt', Buffer.from('of now, again'));
    await cluster.converged([a, b]);
    expect(await text(b, 'shared.txt')).toBe('of now, again');
    for (const node of cluster.nodes) expect(await node.check()).toEqual([]);

    // Set right, it sees its own changes as all others do, and writes on.
    offset = 0;
    await eventually(() => far.peers.clockProblem() === undefined, { what: 'its clock is right' });
    await far.catalogue.judgeNow();
    await far.put('shared.txt', Buffer.from('of now, by the one set right'));
    await far.put('again.txt', Buffer.from('more'));
    await cluster.converged();
    for (const node of cluster.nodes) {
      expect(await text(node, 'shared.txt')).toBe('of now, by the one set right');
      expect(await text(node, 'again.txt')).toBe('more');
      expect(await node.heads('shared.txt')).toHaveLength(1);
      expect(await node.catalogue.byPath('then.txt')).toBeUndefined();
      expect(await node.catalogue.forks()).toBe(0);
      expect(await node.check()).toEqual([]);
    }
    // Nobody has deleted what it wrote then, and nobody was told so; a person may have it back.
    const deleted = far.events.flatMap((event) => (event.type === 'file.deleted' ? event.data.files : []));
    expect(deleted).toEqual([]);
    const waiting = (await a.catalogue.voids.list({ limit: 10 })).items;
    expect(waiting.map(({ path, reason }) => [path, reason])).toEqual([
      ['then.txt', 'future'],
      ['shared.txt', 'future'],
    ]);
    await a.adopt(waiting[0]!.version);
    await cluster.converged();
    for (const node of cluster.nodes) {
      expect(await text(node, 'then.txt')).toBe('of then');
      expect(await node.check()).toEqual([]);
    }
  });

  it('by ten years, of one that was always alone: it mends that by itself, and whoever joins sees its files', async () => {
    let offset = 10 * YEAR;
    cluster = await Cluster.start(0);
    const alone = await skewed(() => offset);
    await alone.put('a.txt', Buffer.from('one'));
    await alone.put('a.txt', Buffer.from('two'));
    offset = 0;
    await alone.put('b.txt', Buffer.from('three'));
    expect((await alone.catalogue.byPath('a.txt'))!.modifiedAt).toBeLessThanOrEqual(Date.now());
    const joined = await cluster.add();
    await cluster.connected();
    await cluster.converged();
    for (const node of [alone, joined]) {
      expect(await text(node, 'a.txt')).toBe('two');
      expect(await text(node, 'b.txt')).toBe('three');
      expect((await node.catalogue.voids.list({ limit: 1 })).total).toBe(0);
      expect(await node.check()).toEqual([]);
    }
    expect(alone.events.filter(({ type }) => type === 'file.deleted')).toEqual([]);
  });
});
