import { eventually, fakeClock } from '@dfs/testing';
import { day } from '@dfs/runtime';
import { membershipBody, peerIdToBytes } from '@dfs/protocol';
import { request } from '@dfs/transport';
import { TestNetwork, type TestNode } from '../../testing/network.js';
import { refusal } from '../../testing/steps.js';

const roleOf = (at: TestNode, who: TestNode): string | undefined => at.membership.member(who.peerId)?.role;

/** A network whose founder is gone. */
async function orphaned(network: TestNetwork, ...names: string[]): Promise<TestNode[]> {
  const [founder, ...others] = await network.joined('founder', ...names);
  await network.stop(founder!);
  await network.meshed(others);
  return others;
}

describe('a new owner', () => {
  it('is made by an owner at once', async () => {
    await using network = new TestNetwork();
    const [a, b] = (await network.joined('a', 'b')) as [TestNode, TestNode];
    expect(await a.peers.makeOwner(b.peerId)).toEqual({ peerId: b.peerId, owner: true, votes: 0, needed: 2 });
    await eventually(() => b.membership.self().role === 'owner');
    await expect(a.peers.makeOwner('12D3KooWNobody')).rejects.toEqual(refusal('peer-not-found'));
    await expect(a.peers.makeOwner(network.memory.node(b.signer).peerId.slice(1))).rejects.toEqual(
      refusal('peer-not-found'),
    );
  });

  it('is made by more than half of the members when the founder is gone, who can act as one', async () => {
    await using network = new TestNetwork();
    const [b, c, d] = (await orphaned(network, 'b', 'c', 'd')) as [TestNode, TestNode, TestNode];
    expect(await b.peers.makeOwner(c.peerId)).toEqual({ peerId: c.peerId, owner: false, votes: 1, needed: 3 });
    await eventually(async () => (await d.peers.makeOwner(c.peerId)).votes === 2);
    expect(roleOf(c, c)).toBe('member');
    // It outlives a restart of one who has asked for it.
    const again = await network.restart(b);
    await network.meshed([again, c, d]);
    await c.peers.makeOwner(c.peerId);
    for (const node of [again, c, d]) await eventually(() => roleOf(node, c) === 'owner');
    const e = await network.node('e');
    await e.peers.join((await c.peers.invite({})).ticket);
    await network.meshed([again, c, d, e]);
    const votes = await again.db.query('SELECT * FROM owner_vote');
    expect(votes).toEqual([]);
  });

  it('is made by the next when the member of the lowest id, who should gather the signatures, does not reach all', async () => {
    await using network = new TestNetwork();
    const nodes = await orphaned(network, 'b', 'c', 'd');
    const [low, middle, high] = nodes.sort((x, y) => (x.peerId < y.peerId ? -1 : 1)) as [TestNode, TestNode, TestNode];
    const apart = new Set([low.peerId, high.peerId]);
    network.memory.reaches = (from, to) => !(apart.has(from) && apart.has(to));
    network.memory.byPeerId(low.peerId)?.dropUnreachable();
    await eventually(() => low.sees(middle) && high.sees(middle));
    for (const node of nodes) await node.peers.makeOwner(high.peerId);
    for (const node of nodes) await eventually(() => roleOf(node, high) === 'owner');
  });

  it('is not made by half of them, nor by one who asks again and again', async () => {
    await using network = new TestNetwork();
    const [b, c, d] = (await orphaned(network, 'b', 'c', 'd')) as [TestNode, TestNode, TestNode];
    for (let i = 0; i < 3; i++) await b.peers.makeOwner(b.peerId);
    await c.peers.makeOwner(b.peerId);
    await d.peers.makeOwner(c.peerId);
    await eventually(async () => (await c.peers.makeOwner(b.peerId)).votes === 2);
    expect([b, c, d].map((node) => roleOf(d, node))).toEqual(['member', 'member', 'member']);
  });

  it('gets no signature from a node at which nobody asked for it', async () => {
    await using network = new TestNetwork();
    const [b, c, d] = (await orphaned(network, 'b', 'c', 'd')) as [TestNode, TestNode, TestNode];
    await c.peers.makeOwner(d.peerId);
    const bytes = (peerId: string) => Buffer.from(peerIdToBytes(peerId));
    const ordered = (...nodes: TestNode[]) =>
      nodes.map(({ peerId }) => peerId).sort((x, y) => Buffer.compare(bytes(x), bytes(y)));
    const signers = ordered(b, c, d);
    const draft = (member: string, networkId = b.membership.networkId) => ({
      networkId,
      time: Date.now(),
      parents: b.membership.heads(),
      content: { kind: 'joint', member, name: '', signers } as const,
    });
    const asks = async (body: Uint8Array): Promise<unknown> => {
      const frames = request(b.transport, c.peerId, '/dfs/sign/1', { body: Buffer.from(body) });
      return (await frames.next()).value;
    };
    await expect(asks(membershipBody(draft(b.peerId), b.peerId))).rejects.toEqual(refusal('forbidden'));
    await expect(asks(membershipBody(draft(d.peerId, 'ff'.repeat(32)), b.peerId))).rejects.toEqual(
      refusal('forbidden'),
    );
    await expect(asks(membershipBody(draft(d.peerId), c.peerId))).rejects.toEqual(refusal('forbidden'));
    const settings = { ...b.membership.settings(), networkName: 'mine' };
    const other = { ...draft(d.peerId), content: { kind: 'settings', settings } as const };
    await expect(asks(membershipBody(other, b.peerId))).rejects.toEqual(refusal('forbidden'));
    await expect(asks(Buffer.from('nonsense'))).rejects.toEqual(refusal('bad-request'));
    const past = { ...draft(d.peerId), parents: [b.membership.networkId] };
    await expect(asks(membershipBody(past, b.peerId))).rejects.toEqual(refusal('forbidden'));
    const content = { ...draft(d.peerId).content, signers: ordered(b, c) };
    await expect(asks(membershipBody({ ...draft(d.peerId), content }, b.peerId))).rejects.toEqual(refusal('forbidden'));
    expect(await asks(membershipBody(draft(d.peerId), b.peerId))).toMatchObject({
      header: { signature: expect.any(Uint8Array) },
    });
  });

  it('gets no signature once it was removed, nor long after it was asked for', async () => {
    const clock = fakeClock(Date.now());
    await using network = new TestNetwork({ clock });
    const [a, b, c, d] = (await network.joined('a', 'b', 'c', 'd')) as [TestNode, TestNode, TestNode, TestNode];
    await b.peers.makeOwner(d.peerId);
    await b.peers.makeOwner(c.peerId);
    const bytes = (peerId: string) => Buffer.from(peerIdToBytes(peerId));
    const asks = async (member: string): Promise<unknown> => {
      const signers = [a, b, c].map(({ peerId }) => peerId).sort((x, y) => Buffer.compare(bytes(x), bytes(y)));
      const content = { kind: 'joint', member, name: '', signers } as const;
      const { networkId } = c.membership;
      const draft = { networkId, time: clock.now(), parents: c.membership.heads(), content };
      const body = Buffer.from(membershipBody(draft, c.peerId));
      return (await request(c.transport, b.peerId, '/dfs/sign/1', { body }).next()).value;
    };
    const signed = { header: { signature: expect.any(Uint8Array) as unknown } };
    expect(await asks(d.peerId)).toMatchObject(signed);
    await a.peers.remove(d.peerId);
    await eventually(() => !b.membership.isMember(d.peerId) && !c.membership.isMember(d.peerId));
    await expect(asks(d.peerId)).rejects.toEqual(refusal('forbidden'));
    expect(await asks(c.peerId)).toMatchObject(signed);
    clock.advance(15 * day);
    await expect(asks(c.peerId)).rejects.toEqual(refusal('forbidden'));
  });
});
