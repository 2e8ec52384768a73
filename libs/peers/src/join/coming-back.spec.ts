import { readFile, stat, writeFile } from 'node:fs/promises';
import { silentLog, systemClock } from '@dfs/runtime';
import { eventually } from '@dfs/testing';
import { QUICK, TestNetwork, type TestNode } from '../../testing/network.js';
import { memberIds, refusal } from '../../testing/steps.js';
import { Membership } from '../membership/membership.js';

const admissions = (of: TestNode): number => of.membership.missingFrom([]).length;

describe('network.json', () => {
  it('names the network and where its members are, for this user alone', async () => {
    await using network = new TestNetwork();
    const [a, b] = (await network.joined('a', 'b')) as [TestNode, TestNode];
    const file = b.dir.file('network.json');
    const remembered = async (): Promise<unknown> => JSON.parse(await readFile(file, 'utf8'));
    const [address = ''] = a.transport.addresses();
    await eventually(async () => JSON.stringify(await remembered()).includes(address.replace(/\/p2p.*/, '')));
    expect(await remembered()).toMatchObject({
      version: 1,
      peerId: b.peerId,
      networkId: a.membership.networkId,
      networkName: "a's network",
      members: [{ peerId: a.peerId }],
    });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('stops a start without a database when it is damaged, or of another node', async () => {
    await using network = new TestNetwork();
    const [a, b] = (await network.joined('a', 'b')) as [TestNode, TestNode];
    const start = await network.lose(b);
    const file = b.dir.file('network.json');
    const good = await readFile(file, 'utf8');
    await writeFile(file, good.slice(0, -10));
    await expect(start()).rejects.toMatchObject({ code: 'not-ready', message: expect.stringContaining('damaged') });
    await writeFile(file, good.replace(b.peerId, a.peerId));
    await expect(start()).rejects.toMatchObject({
      code: 'not-ready',
      message: expect.stringContaining('identity.key'),
    });
  });
});

describe('a node that lost its database', () => {
  it('comes back without a ticket, as the member it was, and admits nobody anew', async () => {
    await using network = new TestNetwork();
    const [a, b, c] = (await network.joined('a', 'b', 'c')) as [TestNode, TestNode, TestNode];
    const before = admissions(a);
    const again = await (await network.lose(b))();
    await again.peers.isBack();
    expect(again.membership.networkId).toBe(a.membership.networkId);
    expect(again.membership.mustSync).toBe(true);
    await network.meshed([a, again, c]);
    expect(memberIds(again)).toEqual(memberIds(a));
    expect(admissions(a)).toBe(before);
    expect(again.membership.self()).toMatchObject({ role: 'member', name: 'b' });
  });

  it('comes back as the only owner that there is', async () => {
    await using network = new TestNetwork();
    const [a, b] = (await network.joined('a', 'b')) as [TestNode, TestNode];
    const again = await (await network.lose(a))();
    await again.peers.isBack();
    await network.meshed([again, b]);
    expect(again.membership.self().role).toBe('owner');
    const c = await network.node('c');
    await c.peers.join((await again.peers.invite({})).ticket);
    await network.meshed([again, b, c]);
  });

  it('founds nothing and does nothing until it reaches a member, and goes on looking over restarts', async () => {
    await using network = new TestNetwork();
    const [a, b] = (await network.joined('a', 'b')) as [TestNode, TestNode];
    const start = await network.lose(b);
    const startOther = await network.stop(a);
    let again = await start();
    expect(again.membership).toMatchObject({ isReturning: true, isRemoved: false, networkId: a.membership.networkId });
    expect(again.peers.network()).toMatchObject({ id: a.membership.networkId, members: 2, returning: true });
    await expect(again.peers.invite({})).rejects.toEqual(refusal('not-ready'));
    expect(() => again.peers.returnTicket(a.peerId)).toThrow(refusal('not-ready') as Error);
    for (const act of [
      () => again.peers.remove(a.peerId),
      () => again.peers.makeOwner(a.peerId),
      () => again.peers.connect('/ip4/127.0.0.1/tcp/1'),
      () => again.membership.changeSettings({ replicas: 2 }),
    ]) {
      await expect(act()).rejects.toEqual(refusal('not-ready'));
    }
    again = await network.restart(again);
    expect(again.membership.isReturning).toBe(true);
    const other = await startOther();
    // In memory a node that starts anew has another address; a person says where it is.
    await again.peers.join(other.peers.returnTicket(b.peerId).ticket);
    await network.meshed([other, again]);
  });

  it('comes back by a return ticket, made by any member, when it remembers nothing', async () => {
    await using network = new TestNetwork();
    const [a, b, c] = (await network.joined('a', 'b', 'c')) as [TestNode, TestNode, TestNode];
    const { ticket, peerId } = c.peers.returnTicket(b.peerId);
    expect(peerId).toBe(b.peerId);
    const again = await (await network.lose(b, true))();
    expect(again.membership.networkId).not.toBe(a.membership.networkId);
    const stranger = await network.node('d');
    await expect(stranger.peers.join(ticket)).rejects.toEqual(refusal('ticket-invalid'));
    expect(await again.peers.join(ticket)).toMatchObject({ id: a.membership.networkId, members: 3, role: 'member' });
    await network.meshed([a, again, c]);
    expect(again.membership.mustSync).toBe(true);
    await expect(again.peers.join(ticket)).rejects.toEqual(refusal('already-member'));
    expect(() => c.peers.returnTicket(stranger.peerId)).toThrow(refusal('peer-not-found') as Error);
    expect(() => c.peers.returnTicket('nobody')).toThrow(refusal('peer-not-found') as Error);
    expect(() => c.peers.returnTicket(c.peerId)).toThrow(refusal('conflict') as Error);
  });

  it('comes back by a normal ticket too, which stays good for another node', async () => {
    await using network = new TestNetwork();
    const [a, b] = (await network.joined('a', 'b')) as [TestNode, TestNode];
    const { ticket } = await a.peers.invite({ role: 'owner' });
    const before = admissions(a);
    const again = await (await network.lose(b, true))();
    expect(await again.peers.join(ticket)).toMatchObject({ members: 2, role: 'member' });
    expect(again.membership.mustSync).toBe(true);
    await network.meshed([a, again]);
    expect(admissions(a)).toBe(before);
    const c = await network.node('c');
    expect(await c.peers.join(ticket)).toMatchObject({ members: 3, role: 'owner' });
    expect(c.membership.mustSync).toBe(false);
    await network.meshed([a, again, c]);
  });

  it('compares with a member too where its database may be an older copy, until it has', async () => {
    await using network = new TestNetwork();
    const [, b] = (await network.joined('a', 'b')) as [TestNode, TestNode];
    const { db, log: events, signer } = b;
    const open = (mustSync: boolean): Promise<Membership> =>
      Membership.open(
        { db, events, signer, clock: systemClock, log: silentLog },
        { nodeName: 'b', founding: QUICK, mustSync },
      );
    expect((await open(false)).mustSync).toBe(false);
    expect((await open(true)).mustSync).toBe(true);
    const later = await open(false);
    expect(later.mustSync).toBe(true);
    await later.synced();
    expect((await open(false)).mustSync).toBe(false);
  });

  it('learns that it was removed, and needs a new admission then', async () => {
    await using network = new TestNetwork();
    const [a, b, c] = (await network.joined('a', 'b', 'c')) as [TestNode, TestNode, TestNode];
    const ticket = a.peers.returnTicket(b.peerId).ticket;
    const start = await network.lose(b);
    await a.peers.remove(b.peerId);
    await eventually(() => !c.membership.isMember(b.peerId));
    expect(() => a.peers.returnTicket(b.peerId)).toThrow(refusal('peer-not-found') as Error);
    let again = await start();
    await again.peers.isBack();
    expect(again.membership).toMatchObject({ isReturning: false, isRemoved: true });
    again = await (await network.lose(again, true))();
    await expect(again.peers.join(ticket)).rejects.toEqual(refusal('not-a-member'));
    await again.peers.join((await a.peers.invite({})).ticket);
    await network.meshed([a, again, c]);
    expect(again.membership.mustSync).toBe(true);
  });
});
