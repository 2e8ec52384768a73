import { randomBytes } from 'node:crypto';
import {
  decodeTicket,
  encodeTicket,
  JOIN_PROTOCOL,
  signerFromRaw,
  type Ticket,
  MAX_MEMBERS,
  signMembershipRecord,
  type MembershipContent,
} from '@dfs/protocol';
import { silentLog } from '@dfs/runtime';
import { eventually, fakeClock } from '@dfs/testing';
import { TestNetwork, type TestNode } from '../../testing/network.js';
import { ids, memberIds, refusal } from '../../testing/steps.js';

describe('a first start', () => {
  it('founds a network of one, and later starts keep it', async () => {
    await using network = new TestNetwork();
    const node = await network.node('attic');
    expect(node.membership.networkName).toBe("attic's network");
    expect(node.membership.self()).toMatchObject({ peerId: node.peerId, role: 'owner', name: 'attic' });
    expect(node.peers.list()).toMatchObject([{ peerId: node.peerId, name: 'attic', state: 'self', role: 'owner' }]);
    const again = await network.restart(node);
    expect(again.membership.networkId).toBe(node.membership.networkId);
    expect(again.membership.settings()).toEqual(node.membership.settings());
  });
});

describe('joining', () => {
  it('makes a newcomer a member of the inviter’s network, everywhere', async () => {
    await using network = new TestNetwork();
    const [a, b] = (await network.joined('a', 'b')) as [TestNode, TestNode];
    const c = await network.node('c');
    const { ticket, role } = await a.peers.invite({});
    expect(role).toBe('member');
    const answer = await c.peers.join(ticket);
    expect(answer).toEqual({ id: a.membership.networkId, name: "a's network", members: 3, role: 'member' });
    await network.meshed([a, b, c]);
    for (const node of [a, b, c]) expect(memberIds(node)).toEqual(ids(a, b, c));
    expect(c.membership.member(b.peerId)?.name).toBe('b');
    expect(a.peers.list().map(({ name, state }) => [name, state])).toEqual([
      ['a', 'self'],
      ['b', 'connected'],
      ['c', 'connected'],
    ]);
    await eventually(() => b.heard('peer.added').some(({ data }) => data.peer.peerId === c.peerId));
    await eventually(() => b.heard('peer.connected').length === 2);
  });

  it('gives the role of the invite', async () => {
    await using network = new TestNetwork();
    const [a, b, c] = [await network.node('a'), await network.node('b'), await network.node('c')];
    await b.peers.join((await a.peers.invite({ role: 'storage' })).ticket);
    expect(b.membership.self().role).toBe('storage');
    await expect(b.peers.invite({})).rejects.toEqual(refusal('not-an-owner'));
    await c.peers.join((await a.peers.invite({ role: 'owner' })).ticket);
    await network.meshed([a, b, c]);
    const d = await network.node('d');
    await d.peers.join((await c.peers.invite({})).ticket);
    await network.meshed([a, b, c, d]);
  });

  it('refuses a ticket that is used, and admits the one who used it again', async () => {
    await using network = new TestNetwork();
    const [a, b, c] = [await network.node('a'), await network.node('b'), await network.node('c')];
    const { ticket } = await a.peers.invite({});
    await b.peers.join(ticket);
    await expect(c.peers.join(ticket)).rejects.toEqual(refusal('ticket-used'));
    await expect(b.peers.join(ticket)).rejects.toEqual(refusal('already-member'));
    expect(memberIds(a)).toEqual(ids(a, b));
    expect(c.membership.members()).toHaveLength(1);
  });

  it('admits one of several that come with the same ticket at once', async () => {
    await using network = new TestNetwork({ latencyMs: [1, 10] });
    const a = await network.node('a');
    const others = await Promise.all(['b', 'c', 'd', 'e'].map((name) => network.node(name)));
    const { ticket } = await a.peers.invite({});
    const results = await Promise.allSettled(others.map(({ peers }) => peers.join(ticket)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toEqual(refusal('ticket-used'));
    }
    expect(a.membership.members()).toHaveLength(2);
  });

  it('admits many that come with tickets of their own at once', async () => {
    await using network = new TestNetwork({ latencyMs: [0, 5] });
    const a = await network.node('a');
    const others = await Promise.all(['b', 'c', 'd', 'e', 'f'].map((name) => network.node(name)));
    await Promise.all(others.map(async ({ peers }) => peers.join((await a.peers.invite({})).ticket)));
    await network.meshed([a, ...others]);
    for (const node of others) expect(memberIds(node)).toEqual(ids(a, ...others));
  });

  it('refuses a ticket that has expired', async () => {
    const clock = fakeClock(Date.now());
    await using network = new TestNetwork({ clock });
    const [a, b] = [await network.node('a'), await network.node('b')];
    const { ticket } = await a.peers.invite({ expiresInSeconds: 60 });
    clock.advance(62_000);
    await expect(b.peers.join(ticket)).rejects.toEqual(refusal('ticket-expired'));
    await a.transport.stop();
    await expect(b.peers.join(ticket)).rejects.toEqual(refusal('ticket-expired'));
    expect(memberIds(a)).toEqual(ids(a));
  });

  it('refuses a ticket that nobody made, one that is mistyped, and what is none', async () => {
    await using network = new TestNetwork();
    const [a, b] = [await network.node('a'), await network.node('b')];
    const { ticket } = await a.peers.invite({});
    const forged = encodeTicket({ ...(decodeTicket(ticket) as Ticket), secret: Buffer.alloc(32, 5) });
    await expect(b.peers.join(forged)).rejects.toEqual(refusal('ticket-invalid'));
    await expect(b.peers.join(ticket.slice(0, -3))).rejects.toEqual(refusal('ticket-invalid'));
    await expect(b.peers.join('hello')).rejects.toEqual(refusal('ticket-invalid'));
    expect(memberIds(a)).toEqual(ids(a));
    await b.peers.join(ticket);
  });

  it('says so when the inviter cannot be reached, and joins when it is back', async () => {
    await using network = new TestNetwork();
    const [a, b] = [await network.node('a'), await network.node('b')];
    const { ticket } = await a.peers.invite({});
    network.memory.partition([[a], [b]]);
    await expect(b.peers.join(ticket)).rejects.toEqual(refusal('peer-unreachable'));
    network.memory.heal();
    await b.peers.join(ticket);
    await network.meshed([a, b]);
  });

  it('refuses to leave a network in which others are', async () => {
    await using network = new TestNetwork();
    const [, b] = (await network.joined('a', 'b')) as [TestNode, TestNode];
    const c = await network.node('c');
    const { ticket } = await c.peers.invite({});
    await expect(b.peers.join(ticket)).rejects.toEqual(refusal('conflict'));
  });

  it('asks guests before, and tells them within the unit of work', async () => {
    await using network = new TestNetwork();
    const [a, b] = [await network.node('a'), await network.node('b')];
    const { ticket } = await a.peers.invite({});
    const own = b.membership.networkId;
    let refuse = true;
    b.peers.beforeJoin(async () => {
      if (refuse) throw new Error('has files');
    });
    await expect(b.peers.join(ticket)).rejects.toThrow('has files');
    refuse = false;
    const told: string[] = [];
    let fail = true;
    b.peers.onNetworkChanged(async (tx, from, to) => {
      await tx.run("UPDATE peer_known SET name = 'seen'");
      told.push(from, to);
      if (fail) throw new Error('cannot');
    });
    await expect(b.peers.join(ticket)).rejects.toThrow('cannot');
    expect(b.membership.networkId).toBe(own);
    expect(memberIds(b)).toEqual(ids(b));
    const again = await network.restart(b);
    expect(again.membership.networkId).toBe(own);
    fail = false;
    // Its answer was lost, as the inviter sees it: the same node may come again with the same ticket.
    await again.peers.join(ticket);
    expect(told).toEqual([own, a.membership.networkId]);
    await network.meshed([a, again]);
  });

  it('tells a newcomer that the inviter may not admit any more', async () => {
    await using network = new TestNetwork();
    const a = await network.node('a');
    const b = await network.node('b');
    await b.peers.join((await a.peers.invite({ role: 'owner' })).ticket);
    await network.meshed([a, b]);
    const { ticket } = await b.peers.invite({});
    await a.membership.unit(async (unit) => {
      await unit.write({ kind: 'admission', member: b.peerId, role: 'member', invite: null, name: 'b' });
    });
    await eventually(() => b.membership.self().role === 'member');
    const c = await network.node('c');
    await expect(c.peers.join(ticket)).rejects.toEqual(refusal('not-an-owner'));
  });

  it('grants one admission for an invite even when the inviter has forgotten it', async () => {
    await using network = new TestNetwork();
    const [a, b] = [await network.node('a'), await network.node('b')];
    const { ticket } = await a.peers.invite({});
    await b.peers.join(ticket);
    await a.db.write((tx) => tx.run('UPDATE invite SET used_by = NULL'));
    const c = await network.node('c');
    await expect(c.peers.join(ticket)).rejects.toEqual(refusal('ticket-used'));
  });

  it('keeps invites over a restart, and no secret of them', async () => {
    await using network = new TestNetwork();
    const a = await network.node('a');
    const { ticket } = await a.peers.invite({});
    const rows = await a.db.query<{ key: Buffer; id: Buffer }>('SELECT id, key FROM invite');
    const { secret } = decodeTicket(ticket) as Ticket;
    for (const { id, key } of rows)
      for (const kept of [id, key]) expect(kept.includes(Buffer.from(secret))).toBe(false);
    const again = await network.restart(a);
    const b = await network.node('b');
    const moved = encodeTicket({ ...(decodeTicket(ticket) as Ticket), addresses: again.transport.addresses() });
    await b.peers.join(moved);
    await network.meshed([again, b]);
  });

  it.each([
    { role: 'king' as 'owner' },
    { expiresInSeconds: 59 },
    { expiresInSeconds: 2_592_001 },
    { expiresInSeconds: 60.5 },
    { expiresInSeconds: Number.NaN },
  ])('refuses to invite with %j', async (request) => {
    await using network = new TestNetwork();
    const a = await network.node('a');
    await expect(a.peers.invite(request)).rejects.toEqual(refusal('validation-failed'));
    expect(a.peers.list()).toHaveLength(1);
  });
});

describe('a stranger', () => {
  it('in the middle, with the ticket’s messages but not its secret, gets nothing', async () => {
    await using network = new TestNetwork();
    const [a, b] = [await network.node('a'), await network.node('b')];
    const { ticket } = await a.peers.invite({});
    // It knows all of the ticket but the secret, and relays what the newcomer and the inviter say.
    const mallory = network.memory.node(signerFromRaw(Buffer.alloc(32, 66)), { log: silentLog });
    mallory.setGate({ isMember: () => true, acceptsStrangers: () => true });
    await mallory.start();
    mallory.handle(
      JOIN_PROTOCOL,
      async (victim) => {
        await mallory.dial(a.transport.addresses()[0] as string);
        const inviter = await mallory.open(a.peerId, JOIN_PROTOCOL);
        const there = (async () => {
          for await (const { header } of victim.frames()) await inviter.send(header);
        })();
        there.catch(() => undefined);
        for await (const { header } of inviter.frames()) await victim.send(header);
        await there;
      },
      { strangers: true },
    );
    const real = decodeTicket(ticket) as Ticket;
    // The newcomer is lured to mallory's address: there is another peer than the ticket names.
    const lured = encodeTicket({ ...real, addresses: mallory.addresses().map((at) => at.replace(/\/p2p.*/, '')) });
    await expect(b.peers.join(lured)).rejects.toEqual(refusal('peer-unreachable'));
    // Even one who takes mallory for the inviter proves nothing that a would believe.
    const tricked = encodeTicket({ ...real, inviter: mallory.peerId, addresses: mallory.addresses() });
    await expect(b.peers.join(tricked)).rejects.toEqual(expect.objectContaining({ name: 'DfsError' }));
    expect(memberIds(a)).toEqual(ids(a));
    expect(b.membership.members()).toHaveLength(1);
    await mallory.stop();
    await b.peers.join(ticket);
  });

  it('is one of a few at a time, and is told when there are too many', async () => {
    await using network = new TestNetwork();
    const a = await network.node('a');
    const { ticket } = await a.peers.invite({});
    const [b] = [await network.node('b')];
    // Eight that say nothing hold the door for as long as they may.
    const idle = Array.from({ length: 8 }, (_, i) => network.memory.node(signerFromRaw(Buffer.alloc(32, 100 + i))));
    for (const stranger of idle) {
      stranger.setGate({ isMember: () => true, acceptsStrangers: () => true });
      await stranger.start();
      await stranger.dial(a.transport.addresses()[0] as string);
      await stranger.open(a.peerId, JOIN_PROTOCOL);
    }
    await expect(b.peers.join(ticket)).rejects.toMatchObject({ retryable: true });
    for (const stranger of idle) await stranger.stop();
    await b.peers.join(ticket);
  });

  it('gets in while an invite is open, and no further than the join protocol', async () => {
    await using network = new TestNetwork();
    const [a, b] = [await network.node('a'), await network.node('b')];
    const address = a.transport.addresses()[0] as string;
    await expect(b.transport.dial(address)).rejects.toEqual(refusal('peer-unreachable'));
    await a.peers.invite({});
    await b.transport.dial(address);
    await expect(b.peers.connect(address)).rejects.toEqual(refusal('not-a-member'));
    expect(a.peers.connected()).toEqual([]);
  });
});

describe('a network with as many members as it may have', () => {
  it('invites and admits nobody more; who was removed does not count, and a member comes back', async () => {
    await using network = new TestNetwork();
    const [a, b] = (await network.joined('a', 'b')) as [TestNode, TestNode];
    const early = (await a.peers.invite({})).ticket;
    const c = await network.node('c');
    await c.peers.join((await a.peers.invite({})).ticket);
    const others = Array.from({ length: MAX_MEMBERS - 3 }, () => signerFromRaw(randomBytes(32)).peerId);
    await a.membership.unit(async ({ write }) => {
      for (const member of others) await write({ kind: 'admission', member, role: 'member', invite: null, name: '' });
    });
    expect(a.membership.members()).toHaveLength(MAX_MEMBERS);
    await expect(a.peers.invite({})).rejects.toEqual(refusal('network-full'));
    const d = await network.node('d');
    await expect(d.peers.join(early)).rejects.toEqual(refusal('network-full'));
    const again = await (await network.lose(b, true))();
    await again.peers.join(early);
    expect(again.membership.members()).toHaveLength(MAX_MEMBERS);
    await a.peers.remove(others[0] as string);
    await d.peers.join(early);
    expect(a.membership.isMember(d.peerId)).toBe(true);
    expect(a.membership.members()).toHaveLength(MAX_MEMBERS);
  });

  it('keeps those who came by merging two parts', async () => {
    await using network = new TestNetwork();
    const a = await network.node('a');
    const signer = signerFromRaw(randomBytes(32));
    await a.membership.unit(async ({ write }) => {
      await write({ kind: 'admission', member: signer.peerId, role: 'owner', invite: null, name: 'other' });
    });
    const parents = a.membership.heads();
    const { networkId } = a.membership;
    const admit = (from: { write: (content: MembershipContent) => Promise<unknown> }) => async (): Promise<void> => {
      const member = signerFromRaw(randomBytes(32)).peerId;
      await from.write({ kind: 'admission', member, role: 'member', invite: null, name: '' });
    };
    await a.membership.unit(async (unit) => {
      const next = admit(unit);
      while (unit.roster().members.size < MAX_MEMBERS) await next();
    });
    const member = signerFromRaw(randomBytes(32)).peerId;
    const content = { kind: 'admission', member, role: 'member', invite: null, name: '' } as const;
    const record = signMembershipRecord({ networkId, time: Date.now(), parents, content }, signer);
    expect(await a.membership.receive([record.bytes], signer.peerId)).toMatchObject({ refused: 0 });
    expect(a.membership.members()).toHaveLength(MAX_MEMBERS + 1);
    expect(a.membership.isMember(member)).toBe(true);
  });
});
