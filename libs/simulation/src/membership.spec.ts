import { KiB, MiB } from '@dfs/runtime';
import { eventually, fakeClock } from '@dfs/testing';
import { Cluster } from './cluster.js';
import { SimNode } from './sim-node.js';

describe('a node that joins with files', () => {
  let cluster: Cluster;
  const alone: SimNode[] = [];
  afterEach(async () => {
    await cluster.remove();
    await Promise.all(alone.splice(0).map((node) => node.remove()));
  });

  /** A node in a network of its own. */
  async function founder(name: string): Promise<SimNode> {
    const { network, random } = cluster;
    const node = await SimNode.start({ name, network, random });
    alone.push(node);
    return node;
  }

  it('brings them along: the others list them, hold them, and read them when it is gone', async () => {
    cluster = await Cluster.start(2, { link: { latencyMs: [0, 3] } });
    const newcomer = await founder('newcomer');
    const large = cluster.random.bytes(5 * MiB);
    const small = cluster.random.bytes(3 * KiB);
    const theirs = cluster.random.bytes(KiB);
    await cluster.node(0).put('notes.txt', theirs);
    await newcomer.put('film.bin', large);
    await newcomer.put('small.bin', small);
    await newcomer.put('notes.txt', Buffer.from('mine'));
    await newcomer.put('empty.txt', Buffer.alloc(0));
    await newcomer.joins(cluster.node(0));
    const all = [...cluster.nodes, newcomer];
    await cluster.converged(all);
    await cluster.copied(cluster.node(1), ['film.bin', 'small.bin', 'notes.txt'], 3);
    // The side of the conflict that is not shown is held by others too.
    const { fileId, conflict } = (await cluster.node(1).catalogue.byPath('notes.txt'))!;
    expect(conflict).toBe(true);
    const { items } = await cluster.node(1).catalogue.versions(fileId, { limit: 10 });
    const below = items.find(({ shown }) => !shown);
    const mine = { contentId: below!.contentId!, size: below!.size };
    await eventually(
      async () => (await cluster.node(1).placement.replication([mine])).get(mine.contentId)?.copies === 3,
    );
    await newcomer.stop();
    for (const node of cluster.nodes) {
      expect(Buffer.compare(await node.read('film.bin'), large)).toBe(0);
      expect(Buffer.compare(await node.read('small.bin'), small)).toBe(0);
      expect(Buffer.compare(await node.read('notes.txt'), theirs)).toBe(0);
      expect(await node.read('empty.txt')).toHaveLength(0);
    }
  });

  it('has them in its own network when the join fails at its last step, and brings them along the next time', async () => {
    cluster = await Cluster.start(1);
    const newcomer = await founder('newcomer');
    await newcomer.put('mine.txt', Buffer.from('mine'));
    const before = newcomer.membership.networkId;
    const { ticket } = await cluster.node(0).peers.invite({});
    newcomer.peers.onNetworkChanged(() => Promise.reject(new Error('killed')));
    await expect(newcomer.peers.join(ticket)).rejects.toThrow('killed');
    await newcomer.stop();
    await newcomer.start();
    expect(newcomer.membership.networkId).toBe(before);
    expect((await newcomer.read('mine.txt')).toString()).toBe('mine');
    await newcomer.peers.join(ticket);
    await cluster.converged([cluster.node(0), newcomer]);
    await eventually(async () => (await cluster.node(0).read('mine.txt')).toString() === 'mine');
  });
});

describe('a node that was removed while it was away', () => {
  let cluster: Cluster;
  afterEach(() => cluster.remove());

  it('learns it when it comes back, can read what it has, and gets nothing else', async () => {
    cluster = await Cluster.start(3);
    const [a, b, away] = [cluster.node(0), cluster.node(1), cluster.node(2)];
    const bytes = cluster.random.bytes(2 * MiB);
    await away.put('old.bin', bytes);
    await cluster.converged();
    await cluster.copied(a, ['old.bin'], 3);
    await away.stop();
    await a.peers.remove(away.peerId, { confirm: true });
    await a.put('new.txt', Buffer.from('new'));
    await away.start();
    await eventually(() => away.membership.isRemoved);
    expect(away.peers.network().removed).toBe(true);
    expect(Buffer.compare(await away.read('old.bin'), bytes)).toBe(0);
    await expect(away.put('more.txt', Buffer.from('more'))).rejects.toMatchObject({
      code: 'read-only-member',
      message: expect.stringContaining('was removed from its network'),
    });
    expect(await away.catalogue.byPath('new.txt')).toBeUndefined();
    expect(away.peers.connected()).toEqual([]);
    expect(a.peers.connected()).toEqual([b.peerId]);
    await away.joins(a);
    await cluster.connected();
    await cluster.converged();
    expect((await away.read('new.txt')).toString()).toBe('new');
  });
});

describe('a heartbeat', () => {
  let cluster: Cluster;
  afterEach(() => cluster.remove());

  it('counts by whatever route it comes: two who do not reach each other are seen while a third relays', async () => {
    const graceMs = 2_000;
    // Stands still for as long as heartbeats take.
    const clock = fakeClock(Date.now());
    cluster = await Cluster.start(3, { graceMs, clock });
    const [a, relay, c] = [cluster.node(0), cluster.node(1), cluster.node(2)];
    const cut = new Set([a.peerId, c.peerId]);
    cluster.network.reaches = (from, to) => !(cut.has(from) && cut.has(to));
    cluster.network.byPeerId(a.peerId)?.dropUnreachable();
    await eventually(() => a.peers.connected().length === 1 && c.peers.connected().length === 1);
    for (let passed = 0; passed < 3 * graceMs; passed += graceMs / 2) {
      clock.advance(graceMs / 2);
      const isHeard = (one: SimNode, other: SimNode): boolean => one.peers.lastSeen(other.peerId) === clock.now();
      await eventually(() => isHeard(a, c) && isHeard(c, a), { what: 'a heartbeat by way of the relay' });
      expect([a.peers.inGrace(c.peerId), c.peers.inGrace(a.peerId)]).toEqual([true, true]);
    }
    await relay.stop();
    clock.advance(graceMs + 1);
    await eventually(() => !a.peers.inGrace(c.peerId) && !c.peers.inGrace(a.peerId));
    await relay.start();
    await eventually(() => a.peers.inGrace(c.peerId) && c.peers.inGrace(a.peerId));
  });
});

describe('a network whose founder is gone', () => {
  let cluster: Cluster;
  afterEach(() => cluster.remove());

  it('is given an owner by more than half of its members, who admits and removes', async () => {
    cluster = await Cluster.start(4);
    const [founder, b, c, d] = cluster.nodes as [SimNode, SimNode, SimNode, SimNode];
    await founder.put('kept.txt', Buffer.from('kept'));
    await cluster.copied(b, ['kept.txt'], 3);
    await founder.stop();
    await expect(b.peers.invite({})).rejects.toMatchObject({ code: 'not-an-owner' });
    for (const node of [b, c, d]) await node.peers.makeOwner(b.peerId);
    for (const node of [b, c, d]) {
      await eventually(() => node.membership.member(b.peerId)?.role === 'owner');
    }
    const newcomer = await SimNode.start({ name: 'new', network: cluster.network, random: cluster.random });
    try {
      await newcomer.joins(b);
      await eventually(async () => (await newcomer.catalogue.byPath('kept.txt')) !== undefined);
      expect((await newcomer.read('kept.txt')).toString()).toBe('kept');
      await b.peers.remove(founder.peerId, { confirm: true });
      await eventually(() => !d.membership.isMember(founder.peerId));
    } finally {
      await newcomer.remove();
    }
  });
});

describe('a member that is removed with its data moved first', () => {
  let cluster: Cluster;
  afterEach(() => cluster.remove());

  it('leaves nothing behind that others do not hold', async () => {
    cluster = await Cluster.start(4, { replicas: 1 });
    const [owner, leaver, c, d] = cluster.nodes as [SimNode, SimNode, SimNode, SimNode];
    // A content is placed on one of four members: of so many, some are on this one.
    const files = new Map(Array.from({ length: 40 }, (_, n) => [`f${n}`, cluster.random.bytes(50 * KiB)]));
    for (const [path, bytes] of files) await leaver.put(path, bytes);
    await cluster.converged();
    await cluster.copied(owner, [...files.keys()], 1);
    await expect(owner.peers.remove(leaver.peerId)).rejects.toMatchObject({ code: 'last-copy' });
    await owner.peers.remove(leaver.peerId, { drain: true });
    expect(owner.membership.isMember(leaver.peerId)).toBe(false);
    await leaver.stop();
    for (const [path, bytes] of files) {
      for (const node of [owner, c, d]) expect(Buffer.compare(await node.read(path), bytes)).toBe(0);
    }
  });
});

describe('a removal by a node that has just started', () => {
  let cluster: Cluster;
  afterEach(() => cluster.remove());

  it('is refused for what the member alone holds, though that came while the node was off', async () => {
    cluster = await Cluster.start(2);
    const [owner, member] = [cluster.node(0), cluster.node(1)];
    await owner.stop();
    await member.put('only.bin', cluster.random.bytes(20 * MiB));
    await owner.start();
    await expect(owner.peers.remove(member.peerId)).rejects.toMatchObject({ code: 'last-copy' });
    await cluster.copied(owner, ['only.bin'], 2);
    await owner.peers.remove(member.peerId);
  });
});
