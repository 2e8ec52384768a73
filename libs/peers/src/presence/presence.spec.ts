import { readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { ErrorCode } from '@dfs/contracts';
import {
  encode,
  membershipBody,
  peerIdToBytes,
  sealMembershipRecord,
  signerFromRaw,
  type WireValue,
} from '@dfs/protocol';
import { hour } from '@dfs/runtime';
import { eventually, fakeClock } from '@dfs/testing';
import { request } from '@dfs/transport';
import { QUICK, TestNetwork, type TestNode } from '../../testing/network.js';
import { heartbeatBytes } from './heartbeat.js';

const refusal = (code: ErrorCode): unknown => expect.objectContaining({ code }) as unknown;
const memberIds = ({ membership }: TestNode): string[] =>
  membership
    .members()
    .map(({ peerId }) => peerId)
    .sort();
const ids = (...nodes: TestNode[]): string[] => nodes.map(({ peerId }) => peerId).sort();
type Two = [TestNode, TestNode];
type Three = [TestNode, TestNode, TestNode];

/** Which start of the node this is, as it counts. */
/** Until a node has heard another often enough to have done by itself whatever it does within some heartbeats. */
async function heartbeats(node: TestNode, other: TestNode): Promise<void> {
  for (let count = 0; count < 5; count++) {
    const before = node.peers.lastSeen(other.peerId);
    await eventually(() => node.peers.lastSeen(other.peerId) !== before);
  }
}

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
    await network.meshed([a, again, c], 3_000);
    const founder = await network.restart(a);
    await network.meshed([founder, again, c], 3_000);
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
    await network.meshed([a, b, c, d], 15_000);
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
    await network.meshed(nodes, 20_000);
    for (const node of nodes) expect(node.peers.list().filter(({ state }) => state === 'connected')).toHaveLength(5);
  });

  it('end promptly when the node stops', async () => {
    await using network = new TestNetwork();
    const [a, b] = (await network.joined('a', 'b')) as Two;
    await b.stop();
    network.nodes.splice(network.nodes.indexOf(b), 1);
    await eventually(() => a.sees(), { deadline: 2_000 });
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
    await network.meshed([a, b], 15_000);
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
    await eventually(() => heard.includes(2), { deadline: 400 });
    expect(heard.length - before).toBeLessThan(5);
    heard.length = 0;
    await eventually(() => heard.length >= 2, { what: 'heartbeats', deadline: 4_000 });
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
    await eventually(() => told > 0, { deadline: QUICK.graceMs * 3 });
    expect(a.peers.inGrace(a.peerId)).toBe(true);
    network.memory.heal();
    await eventually(() => a.peers.inGrace(b.peerId), { deadline: 15_000 });
    expect(a.peers.inGrace('12D3KooWNobody')).toBe(false);
  });

  it('is kept by others that relay heartbeats', async () => {
    await using network = new TestNetwork();
    const [a, b, c] = (await network.joined('a', 'b', 'c')) as Three;
    cut(network, a, c);
    await eventually(() => a.sees(b) && c.sees(b));
    const since = Date.now();
    await eventually(() => Date.now() - since > QUICK.graceMs * 2, { deadline: QUICK.graceMs * 4 });
    expect(a.peers.inGrace(c.peerId)).toBe(true);
    expect(c.peers.inGrace(a.peerId)).toBe(true);
    expect(a.peers.lastSeen(c.peerId)).toBeGreaterThan(since);
    await network.nodes[1]?.transport.hangUp(c.peerId);
    network.memory.partition([[a, b], [c]]);
    network.memory.reaches = (from, to) => from !== c.peerId && to !== c.peerId;
    network.memory.byPeerId(c.peerId)?.dropUnreachable();
    await eventually(() => !a.peers.inGrace(c.peerId), { deadline: QUICK.graceMs * 4 });
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
      { deadline: QUICK.graceMs * 4, poll: 100 },
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
    await eventually(async () => (await epochOf(restored)) > latest, { deadline: 10_000 });
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

describe('removal', () => {
  it('cuts the member off everywhere at once, who learns of it and keeps its data', async () => {
    await using network = new TestNetwork();
    const [a, b, c] = (await network.joined('a', 'b', 'c')) as Three;
    await a.peers.remove(b.peerId);
    expect(a.transport.connections().map(({ peerId }) => peerId)).toEqual([c.peerId]);
    await eventually(() => c.sees(a), { deadline: 5_000 });
    await eventually(() => b.membership.isRemoved, { deadline: 5_000 });
    expect(memberIds(c)).toEqual(ids(a, c));
    await eventually(() => b.heard('node.warning').length === 1);
    expect(b.heard('node.warning')[0]?.data).toMatchObject({ code: 'not-a-member', active: true });
    expect(b.membership.self().role).toBe('storage');
    expect(b.peers.connected()).toEqual([]);
    await eventually(() => b.transport.connections().length === 0);
    await eventually(() => c.heard('peer.removed').some(({ data }) => data.peer.peerId === b.peerId));
    await expect(b.peers.invite({})).rejects.toEqual(refusal('not-an-owner'));
    const again = await network.restart(b);
    expect(again.membership.isRemoved).toBe(true);
    await expect(a.peers.connect(again.transport.addresses()[0] as string)).rejects.toEqual(refusal('not-a-member'));
    await heartbeats(a, c);
    expect(a.peers.connected()).toEqual([c.peerId]);
  });

  it('holds for a member that was away', async () => {
    await using network = new TestNetwork();
    const [a, b, c] = (await network.joined('a', 'b', 'c')) as Three;
    network.memory.partition([[a, c], [b]]);
    await eventually(() => a.sees(c));
    await a.peers.remove(b.peerId);
    network.memory.heal();
    await heartbeats(a, c);
    expect(a.sees(c) && c.sees(a) && b.sees()).toBe(true);
  });

  it('is learnt by a member that was away, which then leaves the others alone, and is told nothing else', async () => {
    await using network = new TestNetwork();
    const [a, b, c] = (await network.joined('a', 'b', 'c')) as Three;
    const start = await network.stop(b);
    await a.peers.remove(b.peerId);
    const d = await network.node('d');
    await d.peers.join((await a.peers.invite({})).ticket);
    await a.membership.changeSettings({ replicas: 7 });
    await network.meshed([a, c, d]);
    const back = await start();
    await eventually(() => back.membership.isRemoved, { deadline: 10_000 });
    await eventually(() => back.heard('node.warning').length === 1);
    expect(back.heard('node.warning')[0]?.data).toMatchObject({ code: 'not-a-member', active: true });
    expect(back.peers.network()).toMatchObject({ name: "a's network", removed: true });
    // What came after its removal is none of its business.
    expect(back.membership.isMember(d.peerId)).toBe(false);
    expect(back.membership.settings().replicas).toBe(QUICK.replicas);
    await eventually(() => back.transport.connections().length === 0);
    let dialled = 0;
    back.transport.onConnect(() => dialled++);
    await heartbeats(a, c);
    expect(dialled).toBe(0);
    for (const node of [a, c]) {
      expect(node.heard('peer.connected').filter(({ data }) => data.peer.peerId === back.peerId)).toHaveLength(1);
    }
    await back.peers.join((await a.peers.invite({})).ticket);
    await network.meshed([a, back, c, d]);
    expect(back.peers.network()).not.toHaveProperty('removed');
  });

  it('opens the door to one who was removed for the farewell alone', async () => {
    const clock = fakeClock(Date.now());
    await using network = new TestNetwork({ clock });
    const [a, b] = (await network.joined('a', 'b')) as Two;
    const known = b.membership.heads().map((id) => Buffer.from(id, 'hex'));
    await network.stop(b);
    await a.peers.remove(b.peerId);
    await eventually(() => a.transport.connections().length === 0);
    // No invite keeps the door open any more.
    clock.advance(hour);
    const stranger = network.memory.node(signerFromRaw(Buffer.alloc(32, 9)));
    stranger.setGate({ isMember: () => true, acceptsStrangers: () => false });
    await stranger.start();
    await expect(stranger.dialPeer(a.peerId, a.transport.addresses())).rejects.toBeDefined();
    await stranger.stop();
    const former = network.memory.node(b.signer);
    former.setGate({ isMember: () => true, acceptsStrangers: () => false });
    await former.start();
    await former.dialPeer(a.peerId, a.transport.addresses());
    const asks = async (protocol: string, message: WireValue): Promise<unknown[]> => {
      const headers: unknown[] = [];
      for await (const { header } of request(former, a.peerId, protocol, message)) headers.push(header);
      return headers;
    };
    for (const protocol of ['/dfs/status/1', '/dfs/sync/1', '/dfs/chunks/1']) {
      await expect(asks(protocol, { method: 'pull', known: [] })).rejects.toBeDefined();
    }
    expect(await asks('/dfs/farewell/1', { known })).toMatchObject([{ records: [expect.any(Uint8Array)] }]);
    await former.stop();
  });

  it('of two owners by each other leaves the one admitted earlier, on both sides of what parted them', async () => {
    await using network = new TestNetwork();
    const [a, b, c] = (await network.joined('a', 'b', 'c')) as Three;
    await a.peers.makeOwner(b.peerId);
    await eventually(() => b.membership.self().role === 'owner');
    network.memory.partition([[a], [b, c]]);
    await eventually(() => a.sees() && b.sees(c));
    await b.peers.remove(a.peerId);
    await a.peers.remove(b.peerId);
    await eventually(() => !c.membership.isMember(a.peerId));
    network.memory.heal();
    await eventually(() => a.sees(c) && c.sees(a), { deadline: 20_000 });
    await eventually(() => b.membership.isRemoved, { deadline: 20_000 });
    for (const node of [a, c]) expect(memberIds(node)).toEqual(ids(a, c));
    expect(a.membership.isRemoved).toBe(false);
  });

  it('that is void is found out to be by the one it removed, who was told of nothing else', async () => {
    await using network = new TestNetwork();
    const [a, b, c] = (await network.joined('a', 'b', 'c')) as Three;
    await a.peers.makeOwner(b.peerId);
    await eventually(() => b.membership.self().role === 'owner');
    await eventually(() => c.membership.member(b.peerId)?.role === 'owner');
    network.memory.partition([[a], [b, c]]);
    await eventually(() => a.sees() && b.sees(c));
    await b.peers.remove(c.peerId);
    await eventually(() => c.membership.isRemoved);
    await a.peers.remove(b.peerId);
    network.memory.heal();
    await eventually(() => !c.membership.isRemoved, { deadline: 25_000 });
    await eventually(() => a.sees(c) && c.sees(a), { deadline: 20_000 });
    for (const node of [a, c]) expect(memberIds(node)).toEqual(ids(a, c));
    expect(c.membership.removed(b.peerId)).toBeDefined();
  });

  it('keeps nothing of what one who was removed tells, if it does not undo the removal, and soon listens no more', async () => {
    const clock = fakeClock(Date.now());
    await using network = new TestNetwork({ clock });
    const [a, b] = (await network.joined('a', 'b')) as Two;
    await network.stop(b);
    const { networkId } = a.membership;
    const [parent] = a.membership.heads() as [string];
    await a.peers.remove(b.peerId);
    // No invite keeps the door open any more.
    clock.advance(hour);
    const known = a.membership.heads().map((id) => Buffer.from(id, 'hex'));
    const former = network.memory.node(b.signer);
    former.setGate({ isMember: () => true, acceptsStrangers: () => false });
    await former.start();
    await former.dialPeer(a.peerId, a.transport.addresses());
    const tells = async (...records: Uint8Array[]): Promise<unknown> => {
      const message = { known, records: records.map((bytes) => Buffer.from(bytes)) };
      return (await request(former, a.peerId, '/dfs/farewell/1', message).next()).value;
    };
    const seal = (body: Uint8Array) =>
      sealMembershipRecord(body, [{ signer: b.peerId, signature: b.signer.sign(body) }]).bytes;
    const head = (kind: string) => [1, 'dfs-membership', Buffer.from(networkId, 'hex'), kind, peerIdToBytes(b.peerId)];
    const unknown = (time: number) =>
      seal(encode([...head('anthem'), time, [Buffer.from(parent, 'hex')], 'la'] as WireValue[]));
    const content = { kind: 'joint' as const, member: b.peerId, name: '', signers: [b.peerId] };
    const joint = seal(membershipBody({ networkId, time: 1, parents: [networkId], content }, b.peerId));
    const before = a.membership.fingerprint();
    await expect(tells(unknown(1), unknown(2))).rejects.toEqual(refusal('forbidden'));
    await expect(tells(joint)).rejects.toEqual(refusal('forbidden'));
    expect(a.membership.fingerprint()).toEqual(before);
    await expect(tells(unknown(3))).rejects.toEqual(refusal('forbidden'));
    await expect(tells(unknown(4))).rejects.toBeDefined();
    // The founding, the admission and the removal.
    expect(await a.db.query('SELECT id FROM membership_record')).toHaveLength(3);
    await eventually(() => a.transport.connections().length === 0);
    await expect(former.dialPeer(a.peerId, a.transport.addresses())).rejects.toBeDefined();
    await former.stop();
  });

  it('says nothing to those who were not removed', async () => {
    await using network = new TestNetwork();
    const [a, b] = (await network.joined('a', 'b')) as Two;
    const stranger = network.memory.node(signerFromRaw(Buffer.alloc(32, 9)));
    stranger.setGate({ isMember: () => true, acceptsStrangers: () => false });
    await stranger.start();
    await a.peers.invite({});
    await stranger.dialPeer(a.peerId, a.transport.addresses());
    const known = a.membership.heads().map((id) => Buffer.from(id, 'hex'));
    for (const [transport, message] of [
      [stranger, { known: [] }],
      [b.transport, { known }],
    ] as const) {
      const frames = request(transport, a.peerId, '/dfs/farewell/1', message);
      expect(await frames.next()).toMatchObject({ done: true });
    }
    await stranger.stop();
  });

  it('can be undone by a new ticket', async () => {
    await using network = new TestNetwork();
    const [a, b] = (await network.joined('a', 'b')) as Two;
    await a.peers.remove(b.peerId);
    await eventually(() => b.membership.isRemoved);
    await b.peers.join((await a.peers.invite({})).ticket);
    await network.meshed([a, b]);
    expect(b.membership.isRemoved).toBe(false);
    await eventually(() => b.heard('node.warning').at(-1)?.data.active === false);
  });

  it('is for owners, and never of the last one; an owner may leave by itself', async () => {
    await using network = new TestNetwork();
    const [a, b] = (await network.joined('a', 'b')) as Two;
    await expect(b.peers.remove(a.peerId)).rejects.toEqual(refusal('not-an-owner'));
    await expect(a.peers.remove(a.peerId)).rejects.toEqual(refusal('conflict'));
    await expect(a.peers.remove('12D3KooWNobody')).rejects.toEqual(refusal('peer-not-found'));
    const c = await network.node('c');
    await c.peers.join((await a.peers.invite({ role: 'owner' })).ticket);
    await network.meshed([a, b, c]);
    await c.peers.remove(c.peerId);
    await network.meshed([a, b]);
    expect(memberIds(b)).toEqual(ids(a, b));
    expect(c.membership.isRemoved).toBe(true);
  });

  it('asks guests first, and names the last record that counts', async () => {
    await using network = new TestNetwork();
    const [a, b, c] = (await network.joined('a', 'b', 'c')) as Three;
    const asked: unknown[] = [];
    a.peers.beforeRemove(async (peerId, options) => {
      asked.push(peerId, options);
      if (!options.confirm) throw new Error('last copy');
    });
    a.peers.setLastRecordOf(async (peerId) => (peerId === b.peerId ? 'ab'.repeat(32) : null));
    await expect(a.peers.remove(b.peerId, { drain: true })).rejects.toThrow('last copy');
    expect(a.membership.isMember(b.peerId)).toBe(true);
    await a.peers.remove(b.peerId, { confirm: true });
    expect(asked).toEqual([b.peerId, { drain: true }, b.peerId, { confirm: true }]);
    await eventually(() => c.membership.removed(b.peerId)?.lastRecord === 'ab'.repeat(32));
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
      await eventually(hears, { deadline: 20_000, what: 'heartbeats each second' });
    }
  });
});

describe('a larger network', () => {
  it('joins at once, meshes, and hears of a change everywhere', async () => {
    await using network = new TestNetwork({ founding: { ...QUICK, graceMs: 60_000, syncPeriodMs: 20_000 } });
    const founder = await network.node('n0');
    const others: TestNode[] = [];
    for (let i = 1; i < 15; i++) {
      const node = await network.node(`n${i}`);
      await node.peers.join((await founder.peers.invite({})).ticket);
      others.push(node);
    }
    await network.meshed([founder, ...others], 30_000);
    await founder.membership.changeSettings({ replicas: 4 });
    await eventually(() => others.every(({ membership }) => membership.settings().replicas === 4), { deadline: 2_000 });
  });
});
