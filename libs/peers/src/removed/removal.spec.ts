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
import { ids, memberIds, refusal } from '../../testing/steps.js';

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

describe('removal', () => {
  it('cuts the member off everywhere at once, who learns of it and keeps its data', async () => {
    await using network = new TestNetwork();
    const [a, b, c] = (await network.joined('a', 'b', 'c')) as Three;
    await a.peers.remove(b.peerId);
    expect(a.transport.connections().map(({ peerId }) => peerId)).toEqual([c.peerId]);
    await eventually(() => c.sees(a));
    await eventually(() => b.membership.isRemoved);
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
    await eventually(() => back.membership.isRemoved);
    await eventually(() => back.heard('node.warning').length === 1);
    expect(back.heard('node.warning')[0]?.data).toMatchObject({ code: 'not-a-member', active: true });
    expect(back.peers.network()).toMatchObject({ name: "a's network", removed: true });
    // Records after its removal are none of its business.
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
    await eventually(() => a.sees(c) && c.sees(a));
    await eventually(() => b.membership.isRemoved);
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
    await eventually(() => !c.membership.isRemoved);
    await eventually(() => a.sees(c) && c.sees(a));
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
