import { hour } from '@dfs/runtime';
import { eventually } from '@dfs/testing';
import { Cluster } from './cluster.js';

describe('a node whose clock is wrong', () => {
  let cluster: Cluster;
  afterEach(() => cluster.remove());

  it.each([
    ['ahead', 100 * hour],
    ['behind', -100 * hour],
  ])('by days (%s of the others) reads and replicates but does not write, until it is right', async (_way, off) => {
    let offset = 0;
    cluster = await Cluster.start(2);
    const [a, c] = [cluster.node(0), cluster.node(1)];
    const b = await cluster.add({ clock: { now: () => Date.now() + offset } });
    await cluster.connected();
    await a.put('first.txt', Buffer.from('first'));
    await b.put('own.txt', Buffer.from('own'));
    await b.put('own.txt', Buffer.from('newer'));
    await b.put('gone.txt', Buffer.from('gone'));
    await b.delete('gone.txt');
    await cluster.converged();
    const { version } = (await b.heads('own.txt'))[0]!;

    offset = off;
    await eventually(() => b.peers.clockProblem() !== undefined, { what: 'the clock is doubted' });
    const before = await b.shows();
    for (const write of [
      () => b.put('no.txt', Buffer.from('no')),
      () => b.delete('own.txt'),
      () => b.restore('gone.txt'),
      () => b.move('own.txt', 'moved.txt'),
      () => b.choose('own.txt', version),
    ]) {
      await expect(write()).rejects.toMatchObject({ code: 'clock-skew' });
    }
    expect(await b.shows()).toEqual(before);
    // One of three is not believed by the two others.
    for (const node of [a, c]) expect(node.peers.clockProblem()).toBeUndefined();
    await a.put('second.txt', Buffer.from('second'));
    await cluster.converged([a, c]);
    if (off > 0) {
      await cluster.converged();
      expect(Buffer.from(await b.read('second.txt')).toString()).toBe('second');
      await cluster.copied(a, ['second.txt'], 3);
    } else {
      // A record written now is in the future of this node: it waits there, and that is told.
      const told = (): unknown =>
        b.events.find(({ type, data }) => type === 'node.warning' && 'code' in data && data.code === 'skewed-clock');
      await eventually(() => told() !== undefined, { what: 'the warning of what waits' });
      expect(Buffer.from(await b.read('first.txt')).toString()).toBe('first');
    }

    offset = 0;
    await eventually(() => b.peers.clockProblem() === undefined, {
      what: 'the clock is right again',
    });
    await b.catalogue.judgeNow();
    await b.put('yes.txt', Buffer.from('yes'));
    await cluster.converged();
    expect(Buffer.from(await c.read('yes.txt')).toString()).toBe('yes');
    expect(Buffer.from(await b.read('second.txt')).toString()).toBe('second');
  });
});
