import { readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { peerIdToBytes, type WireValue } from '@dfs/protocol';
import { eventually } from '@dfs/testing';
import { request } from '@dfs/transport';
import { QUICK, TestNetwork, type TestNode } from '../../testing/network.js';
import { ids, memberIds, refusal } from '../../testing/steps.js';
import { heartbeatBytes } from '../status/heartbeat.js';

type Two = [TestNode, TestNode];
type Three = [TestNode, TestNode, TestNode];

async function epochOf({ db }: TestNode): Promise<number> {
  const [row] = await db.query<{ epoch: number }>('SELECT heartbeat_epoch AS epoch FROM membership_state');
  return row?.epoch ?? 0;
}

/** No link between these two; all other links stand. */
function cut(network: TestNetwork, a: TestNode, b: TestNode): void {
  const pair = new Set([a.peerId, b.peerId]);
  network.memory.reaches = (from, to) => !(pair.has(from) && pair.has(to));
  network.memory.byPeerId(a.peerId)?.dropUnreachable();
}

describe('connections', () => {
  it('come back when a node starts again, which is the same member as before', async () => {
    await using network = new TestNetwork();
    const [a, b, c] = (await network.joined('a', 'b', 'c')) as Three;
    const again = await network.restart(b);
    expect(again.peerId).toBe(b.peerId);
    expect(again.membership.networkId).toBe(a.membership.networkId);
    await network.meshed([a, again, c]);
    const founder = await network.restart(a);
    await network.meshed([founder, again, c]);
  });

  it('are all doubted by a node that has lost its neighbour: others may have gone with that', async () => {
    await using network = new TestNetwork();
    const nodes = await network.joined('a', 'b', 'c', 'd', 'e');
    const [first, second, ...rest] = [...nodes].sort((a, b) => (a.peerId < b.peerId ? -1 : 1)) as Two;
    const probed = new Set<string>();
    first.transport.probe = (peerId) => void probed.add(peerId);
    await network.stop(second);
    await eventually(() => first.sees(...rest) && rest.every(({ peerId }) => probed.has(peerId)));
  });

  it('come back after a partition, and what was decided in each part holds in the whole', async () => {
    await using network = new TestNetwork();
    const [a, b, c] = (await network.joined('a', 'b', 'c')) as Three;
    await a.membership.unit(async ({ write }) => {
      await write({ kind: 'admission', member: b.peerId, role: 'owner', invite: null, name: 'b' });
    });
    await eventually(() => b.membership.self().role === 'owner');
    network.memory.partition([[a, c], [b]]);
    await eventually(() => a.sees(c) && b.sees());
    await b.membership.changeSettings({ replicas: 5 });
    await a.membership.changeSettings({ networkName: 'home' });
    const d = await network.node('d');
    network.memory.partition([[a, c, d], [b]]);
    await d.peers.join((await a.peers.invite({})).ticket);
    network.memory.heal();
    await network.meshed([a, b, c, d]);
    // Sessions are made before what was decided has travelled over them.
    const known = ({ membership }: TestNode): string => Buffer.from(membership.fingerprint()).toString('hex');
    await eventually(() => new Set([a, b, c, d].map(known)).size === 1, {
      what: 'the same membership everywhere',
    });
    for (const node of [a, b, c, d]) {
      expect(memberIds(node)).toEqual(ids(a, b, c, d));
      expect(node.membership.fingerprint()).toEqual(a.membership.fingerprint());
      expect(node.membership.settings()).toEqual(a.membership.settings());
    }
  });

  it('are made by address: to members alone', async () => {
    await using network = new TestNetwork();
    const [a, b] = (await network.joined('a', 'b')) as Two;
    const [address] = b.transport.addresses() as [string];
    await expect(a.peers.connect(address)).resolves.toMatchObject({ peerId: b.peerId, name: 'b', state: 'connected' });
    await expect(a.peers.connect('nonsense')).rejects.toEqual(refusal('invalid-address'));
    await expect(a.peers.connect(a.transport.addresses()[0] as string)).rejects.toEqual(refusal('invalid-address'));
    await expect(a.peers.connect('/ip4/10.9.9.9/tcp/4001')).rejects.toEqual(refusal('peer-unreachable'));
    const stranger = await network.node('stranger');
    const [there] = stranger.transport.addresses() as [string];
    await expect(a.peers.connect(there)).rejects.toEqual(refusal('not-a-member'));
    await stranger.peers.invite({});
    await expect(a.peers.connect(there.replace(/\/p2p.*/, ''))).rejects.toEqual(refusal('not-a-member'));
    expect(a.transport.connections().map(({ peerId }) => peerId)).toEqual([b.peerId]);
  });

  it('are many on a network that loses data and is slow, and each pair ends with one session', async () => {
    await using network = new TestNetwork({ latencyMs: [0, 20], discovery: true });
    const nodes = await network.joined('a', 'b', 'c', 'd', 'e', 'f');
    network.memory.setLoss(0.05);
    await delay(1_500);
    network.memory.setLoss(0);
    await network.meshed(nodes);
    for (const node of nodes) expect(node.peers.list().filter(({ state }) => state === 'connected')).toHaveLength(5);
  });

  it('end promptly when the node stops', async () => {
    await using network = new TestNetwork();
    const [a, b] = (await network.joined('a', 'b')) as Two;
    await b.stop();
    network.nodes.splice(network.nodes.indexOf(b), 1);
    await eventually(() => a.sees());
    expect(a.peers.list()).toMatchObject([{ state: 'self' }, { peerId: b.peerId, name: 'b', uptimeSeconds: null }]);
  });

  it('that flap are not reported again and again; one that is gone is, once', async () => {
    await using network = new TestNetwork();
    const [a, b] = (await network.joined('a', 'b')) as Two;
    await eventually(() => a.heard('peer.connected').length === 1);
    for (let i = 0; i < 5; i++) {
      await a.transport.hangUp(b.peerId);
      await network.meshed([a, b]);
    }
    network.memory.partition([[a], [b]]);
    await eventually(() => a.heard('peer.disconnected').length === 1);
    expect(a.heard('peer.connected')).toHaveLength(1);
    network.memory.heal();
    await network.meshed([a, b]);
    await eventually(() => a.heard('peer.connected').length === 2);
    expect(a.heard('peer.disconnected')).toHaveLength(1);
  });
});

describe('status', () => {
  it('says name, version, latency, uptime and storage of each to each', async () => {
    await using network = new TestNetwork({ latencyMs: 3 });
    const [a, b] = [await network.node('a'), await network.node('b')];
    const storage = { chunks: 7, bytes: 4096, quotaBytes: 10_000, freeBytes: 5_904 };
    b.peers.contribute('storage', () => storage);
    await b.peers.join((await a.peers.invite({})).ticket);
    await network.meshed([a, b]);
    await eventually(() => a.peers.list()[1]?.latencyMs !== null && b.peers.list()[1]?.latencyMs !== null);
    const [, seen] = a.peers.list();
    expect(seen).toMatchObject({ name: 'b', storage, addresses: b.transport.addresses() });
    expect(seen?.latencyMs).toBeGreaterThanOrEqual(5);
    expect(seen?.uptimeSeconds).toBeGreaterThanOrEqual(0);
    expect(Date.now() - Date.parse(seen?.lastSeenAt ?? '')).toBeLessThan(5_000);
    expect(b.peers.list()).toMatchObject([
      { storage, state: 'self' },
      { name: 'a', storage: null },
    ]);
  });

  it('brings sections when a member is ready, when they change, and with every heartbeat', async () => {
    await using network = new TestNetwork();
    const [a, b] = [await network.node('a'), await network.node('b')];
    const heard: WireValue[] = [];
    let value = 1;
    b.peers.contribute('count', () => value);
    a.peers.contribute('count', () => null);
    let ready = false;
    a.peers.onReady(() => (ready = true));
    a.peers.onStatus('count', (peerId, said) => {
      expect(peerId).toBe(b.peerId);
      expect(ready).toBe(true);
      heard.push(said);
    });
    await b.peers.join((await a.peers.invite({})).ticket);
    await eventually(() => heard.includes(1));
    value = 2;
    const before = heard.length;
    for (let i = 0; i < 20; i++) b.peers.nudge();
    await eventually(() => heard.includes(2));
    expect(heard.length - before).toBeLessThan(5);
    heard.length = 0;
    await eventually(() => heard.length >= 2, { what: 'heartbeats' });
    expect(new Set(heard)).toEqual(new Set([2]));
  });

  it('goes on without a section that cannot be made', async () => {
    await using network = new TestNetwork();
    const [a, b] = (await network.joined('a', 'b')) as Two;
    a.peers.contribute('broken', () => 0.5);
    a.peers.contribute('failing', () => {
      throw new Error('not now');
    });
    a.peers.contribute('whole', () => 1);
    const heard: WireValue[] = [];
    b.peers.onStatus('whole', (_, said) => heard.push(said));
    a.peers.nudge();
    await eventually(() => heard.includes(1));
  });

  it('is told anew to a member that has started again', async () => {
    await using network = new TestNetwork();
    const [a, b] = (await network.joined('a', 'b')) as Two;
    a.peers.contribute('mood', () => 'good');
    const again = await network.restart(b);
    const heard: WireValue[] = [];
    again.peers.onStatus('mood', (_, said) => heard.push(said));
    await eventually(() => heard.includes('good'));
    expect(again.peers.nameOf(a.peerId)).toBe('a');
  });

  it('carries a new name', async () => {
    await using network = new TestNetwork();
    const [a, b] = (await network.joined('a', 'b')) as Two;
    let changes = 0;
    a.peers.onChange(() => changes++);
    b.peers.rename('  kitchen\u0000 ');
    await eventually(() => a.peers.nameOf(b.peerId) === 'kitchen');
    await eventually(() => changes > 0);
    const again = await network.restart(a);
    expect(again.peers.nameOf(b.peerId)).toBe('kitchen');
  });
});

describe('liveness of members', () => {
  it('ends a grace after the last heartbeat, is told of, and begins again', async () => {
    await using network = new TestNetwork();
    const [a, b] = (await network.joined('a', 'b')) as Two;
    expect(a.peers.inGrace(b.peerId)).toBe(true);
    network.memory.partition([[a], [b]]);
    let told = 0;
    await eventually(() => a.sees());
    a.peers.onChange(() => (told += a.peers.inGrace(b.peerId) ? 0 : 1));
    expect(a.peers.inGrace(b.peerId)).toBe(true);
    await eventually(() => told > 0);
    expect(a.peers.inGrace(a.peerId)).toBe(true);
    network.memory.heal();
    await eventually(() => a.peers.inGrace(b.peerId));
    expect(a.peers.inGrace('12D3KooWNobody')).toBe(false);
  });

  it('is kept by others that relay heartbeats', async () => {
    await using network = new TestNetwork();
    const [a, b, c] = (await network.joined('a', 'b', 'c')) as Three;
    cut(network, a, c);
    await eventually(() => a.sees(b) && c.sees(b));
    const since = Date.now();
    await eventually(() => Date.now() - since > QUICK.graceMs * 2);
    expect(a.peers.inGrace(c.peerId)).toBe(true);
    expect(c.peers.inGrace(a.peerId)).toBe(true);
    expect(a.peers.lastSeen(c.peerId)).toBeGreaterThan(since);
    await network.nodes[1]?.transport.hangUp(c.peerId);
    network.memory.partition([[a, b], [c]]);
    network.memory.reaches = (from, to) => from !== c.peerId && to !== c.peerId;
    network.memory.byPeerId(c.peerId)?.dropUnreachable();
    await eventually(() => !a.peers.inGrace(c.peerId));
  });

  it('is not kept by a relay that invents heartbeats, nor is a counter raised by one', async () => {
    await using network = new TestNetwork();
    const [a, b, c] = (await network.joined('a', 'b', 'c')) as Three;
    await network.stop(c);
    const membership = Buffer.from(b.membership.fingerprint());
    await network.stop(b);
    const relay = network.memory.node(b.signer);
    relay.setGate({ isMember: () => true, acceptsStrangers: () => false });
    await relay.start();
    await relay.dialPeer(a.peerId, a.transport.addresses());
    const id = Buffer.from(peerIdToBytes(c.peerId));
    const beat = 2 ** 40;
    const status = { method: 'status', boot: Date.now(), uptime: 1, revision: 0, beat: 1, synced: true, membership };
    const proof = Buffer.from(b.signer.sign(heartbeatBytes(a.membership.networkId, beat)));
    const lies = [{ relayed: [[id, beat, []]] }, { relayed: [[id, beat + 1, []]], proofs: [proof] }];
    let round = 0;
    await eventually(
      async () => {
        const lie = { ...status, ...lies[round++ % 2], heard: beat, heardProof: proof };
        for await (const { header } of request(relay, a.peerId, '/dfs/status/1', lie)) {
          expect((header as { beat: number }).beat).toBeLessThan(beat);
        }
        return !a.peers.inGrace(c.peerId);
      },
      { poll: 100 },
    );
    expect(round).toBeGreaterThan(5);
    expect(a.peers.inGrace(b.peerId)).toBe(true);
    await relay.stop();
  });

  it('goes on above what others have heard of a node that was restored from an old copy', async () => {
    await using network = new TestNetwork();
    const [a, b] = (await network.joined('a', 'b')) as Two;
    let start = await network.stop(b);
    const old = await readFile(b.dir.file('dfs.sqlite'));
    let latest = 0;
    for (let run = 0; run < 3; run++) {
      const node = await start();
      await network.meshed([a, node]);
      latest = await epochOf(node);
      start = await network.stop(node);
    }
    await writeFile(b.dir.file('dfs.sqlite'), old);
    for (const rest of ['-wal', '-shm']) await rm(b.dir.file(`dfs.sqlite${rest}`), { force: true });
    const restored = await start();
    expect(await epochOf(restored)).toBeLessThan(latest);
    await network.meshed([a, restored]);
    await eventually(async () => (await epochOf(restored)) > latest);
  });

  it('lets a member be found by what others say of its addresses', async () => {
    await using network = new TestNetwork();
    const [a, b, c] = (await network.joined('a', 'b', 'c')) as Three;
    cut(network, a, c);
    await eventually(() => a.sees(b) && c.sees(b));
    await a.db.write((tx) => tx.run('DELETE FROM peer_address'));
    const again = await network.restart(a);
    await eventually(() => again.sees(b));
    network.memory.reaches = () => true;
    await network.meshed([again, b, c]);
  });
});

describe('settings', () => {
  it('are changed by owners, for all', async () => {
    await using network = new TestNetwork();
    const [a, b] = (await network.joined('a', 'b')) as Two;
    await a.membership.changeSettings({ replicas: 2, networkName: 'home' });
    await eventually(() => b.membership.settings().replicas === 2 && b.membership.networkName === 'home');
    await expect(b.membership.changeSettings({ replicas: 9 })).rejects.toEqual(refusal('not-an-owner'));
    const again = await network.restart(b);
    expect(again.membership.settings()).toMatchObject({ replicas: 2, graceMs: QUICK.graceMs });
  });

  it('set the pace of heartbeats, at once on every node', async () => {
    await using network = new TestNetwork({ founding: { ...QUICK, graceMs: 600_000, syncPeriodMs: 60_000 } });
    const [a, b] = (await network.joined('a', 'b')) as Two;
    await a.membership.changeSettings({ syncPeriodMs: 1_000 });
    await eventually(() => b.membership.settings().syncPeriodMs === 1_000);
    for (const [node, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const beats = new Set<string | null | undefined>();
      const hears = (): boolean =>
        beats.add(node.peers.list().find(({ peerId }) => peerId === other.peerId)?.lastSeenAt).size > 3;
      await eventually(hears, { what: 'heartbeats each second' });
    }
  });
});

describe('a larger network', () => {
  it('joins at once, meshes, and hears of a change everywhere', async () => {
    // Heartbeats are a minute apart: a change comes by itself.
    await using network = new TestNetwork({ founding: { ...QUICK, graceMs: 600_000, syncPeriodMs: 600_000 } });
    const founder = await network.node('n0');
    const others: TestNode[] = [];
    for (let i = 1; i < 15; i++) {
      const node = await network.node(`n${i}`);
      await node.peers.join((await founder.peers.invite({})).ticket);
      others.push(node);
    }
    await network.meshed([founder, ...others]);
    await founder.membership.changeSettings({ replicas: 4 });
    await eventually(() => others.every(({ membership }) => membership.settings().replicas === 4));
  });
});
