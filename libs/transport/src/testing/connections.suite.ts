import { DfsError } from '@dfs/runtime';
import { eventually } from '@dfs/testing';
import { STRANGER_STAY } from '../constants.js';
import { ask, firstFrame } from '../request.js';
import type { Transport } from '../transport.js';

/** A new identity for a node of a spec. */
import { code, ECHO, echo, JOIN, ListGate, testIdentity, type SuiteContext } from './suite-context.js';

/** Connections, and who gets past the gate. */
export function connectionsSuite(context: SuiteContext): void {
  const { members, pair, connectedTo } = context;

  describe('connections', () => {
    it('are told of, once for the first and once for the last', async () => {
      const [a, b] = await members();
      const events: string[] = [];
      a.onConnect((peerId) => events.push(`a+${peerId}`));
      a.onDisconnect((peerId) => events.push(`a-${peerId}`));
      b.onConnect((peerId) => events.push(`b+${peerId}`));
      const stop = b.onDisconnect((peerId) => events.push(`b-${peerId}`));
      await a.dialPeer(b.peerId, b.addresses());
      await a.dialPeer(b.peerId);
      await eventually(() => events.length === 2);
      expect(events.sort()).toEqual([`a+${b.peerId}`, `b+${a.peerId}`].sort());
      const [connection] = a.connections();
      expect(connection).toMatchObject({ peerId: b.peerId, direction: 'out' });
      expect(connection?.address).toContain('/tcp/');
      expect(Math.abs(Date.now() - (connection?.openedAt ?? 0))).toBeLessThan(20_000);
      await a.hangUp(b.peerId);
      await eventually(() => events.length === 4);
      expect(a.connections()).toEqual([]);
      stop();
      await a.dialPeer(b.peerId);
      await a.hangUp(b.peerId);
      await eventually(() => events.length === 7);
      expect(events.filter((event) => event === `b-${a.peerId}`)).toHaveLength(1);
    });

    it('come down with the node, and can be made again', async () => {
      const [a, b] = await pair();
      const gone = new Promise((resolve) => a.onDisconnect(resolve));
      const channel = await a.open(b.peerId, ECHO);
      await b.stop();
      expect(await gone).toBe(b.peerId);
      await code(firstFrame(channel), 'peer-unreachable');
      await code(a.dialPeer(b.peerId, []), 'peer-unreachable');
      await b.start();
      await a.dialPeer(b.peerId, b.addresses());
      expect((await ask(a, b.peerId, ECHO, 'again')).header).toBe('again');
    });

    it('are opened on demand to a member whose address is known', async () => {
      const [a, b] = await pair();
      await a.hangUp(b.peerId);
      expect((await ask(a, b.peerId, ECHO, 'hello again')).header).toBe('hello again');
    });

    it('fail for a member nobody knows an address of', async () => {
      const [a] = await pair();
      const unknown = testIdentity();
      context.gate.members.add(unknown.peerId);
      await code(a.dialPeer(unknown.peerId), 'peer-unreachable');
      await code(ask(a, unknown.peerId, ECHO, 1), 'peer-unreachable');
    });

    it('are dialled by address, with and without the peer id', async () => {
      const [a, b, c] = await members();
      const full = b.addresses()[0] as string;
      expect(full.endsWith(`/p2p/${b.peerId}`)).toBe(true);
      expect(await a.dial(full.replace(/\/p2p\/.*$/, ''))).toBe(b.peerId);
      expect(await c.dial(full)).toBe(b.peerId);
      expect(connectedTo(c)).toEqual([b.peerId]);
    });

    it('are refused at once for what is no address, or our own', async () => {
      const [a, b] = await members();
      for (const bad of ['', 'localhost:4001', '/ip4/1.2.3.4', '/ip4/1.2.3.4/udp/4001', '/ip4/1.2.3.4/tcp/0']) {
        const error = await code(a.dial(bad), 'invalid-address');
        expect(error.message).toContain('/ip4/192.168.1.20/tcp/4001');
      }
      await code(a.dial(a.addresses()[0] as string), 'invalid-address');
      await code(a.dial((a.addresses()[0] as string).replace(/\/p2p\/.*$/, '')), 'invalid-address');
      expect(b.connections()).toEqual([]);
    });

    it('fail when somebody else answers', async () => {
      const [a, b] = await members();
      const other = testIdentity();
      await code(a.dial((b.addresses()[0] as string).replace(b.peerId, other.peerId)), 'peer-unreachable');
      expect(connectedTo(a)).toEqual([]);
    });
  });

  describe('the gate', () => {
    /** A node outside, that thinks the others are members. */
    async function stranger(...others: Transport[]): Promise<Transport> {
      const outside = await context.form.node(testIdentity());
      outside.setGate(new ListGate(outside.peerId, ...others.map(({ peerId }) => peerId)));
      return outside;
    }

    it('lets nobody pass before it is set', async () => {
      const b = await context.form.node(testIdentity());
      b.handle(ECHO, echo, { strangers: true });
      const a = await stranger(b);
      await expect(a.dial(b.addresses()[0] as string).then(() => ask(a, b.peerId, ECHO, 1))).rejects.toThrow(DfsError);
      await code(b.dialPeer(a.peerId, a.addresses()), 'not-a-member');
    });

    it('keeps strangers out', async () => {
      const [, b] = await pair();
      const outside = await stranger(b);
      await code(outside.dial(b.addresses()[0] as string), 'peer-unreachable');
      expect(connectedTo(b)).not.toContain(outside.peerId);
    });

    it('lets strangers in while an invite is open, to what is meant for them alone', async () => {
      const [, b] = await pair();
      const outside = await stranger(b);
      b.handle(JOIN, echo, { strangers: true });
      context.gate.open = true;
      expect(await outside.dial(b.addresses()[0] as string)).toBe(b.peerId);
      expect((await ask(outside, b.peerId, JOIN, 'let me in')).header).toBe('let me in');
      await expect(ask(outside, b.peerId, ECHO, 'and this?', { timeoutMs: 2000 })).rejects.toThrow(DfsError);
      expect((await ask(outside, b.peerId, JOIN, 'still here')).header).toBe('still here');
    });

    it('lets us speak to a stranger we dialled only what is meant for strangers', async () => {
      const [a] = await members();
      const outside = await stranger(a);
      outside.handle(ECHO, echo);
      outside.handle(JOIN, echo, { strangers: true });
      a.handle(JOIN, echo, { strangers: true });
      expect(await a.dial(outside.addresses()[0] as string)).toBe(outside.peerId);
      expect((await ask(a, outside.peerId, JOIN, 'hello')).header).toBe('hello');
      await code(ask(a, outside.peerId, ECHO, 'hello'), 'not-a-member');
      await code(a.dialPeer(testIdentity().peerId, outside.addresses()), 'not-a-member');
    });

    it('cuts strangers after a short time', async () => {
      const [, b] = await pair();
      const outside = await stranger(b);
      b.handle(JOIN, echo, { strangers: true });
      context.gate.open = true;
      await outside.dial(b.addresses()[0] as string);
      await eventually(() => connectedTo(b).includes(outside.peerId));
      context.form.ahead(STRANGER_STAY / 2);
      expect((await ask(outside, b.peerId, JOIN, 'still here')).header).toBe('still here');
      context.form.ahead(STRANGER_STAY / 2);
      await eventually(() => !connectedTo(b).includes(outside.peerId));
    });

    it('lets only a few strangers in at once', async () => {
      const [, b] = await pair();
      context.gate.open = true;
      const outsiders = await Promise.all(Array.from({ length: 12 }, () => stranger(b)));
      await Promise.allSettled(outsiders.map((node) => node.dial(b.addresses()[0] as string)));
      const inside = connectedTo(b).filter((peerId) => outsiders.some((node) => node.peerId === peerId));
      expect(inside.length).toBeGreaterThan(0);
      expect(inside.length).toBeLessThanOrEqual(8);
    });

    it('cuts a member that is removed, with what it was doing', async () => {
      const [a, b] = await pair();
      await code(ask(b, a.peerId, ECHO, null), 'peer-misbehaved');
      const channel = await a.open(b.peerId, ECHO);
      await channel.send(1);
      await firstFrame(channel);
      context.gate.members.delete(a.peerId);
      await b.enforceGate();
      await eventually(() => !connectedTo(b).includes(a.peerId) && channel.signal.aborted);
      await code(firstFrame(channel), 'peer-unreachable');
      await expect(ask(a, b.peerId, ECHO, 'let me back in', { timeoutMs: 2000 })).rejects.toThrow(DfsError);
    });

    it('cuts a removed member within seconds even if nobody asks for it', async () => {
      const [a, b] = await pair();
      await eventually(() => connectedTo(b).includes(a.peerId));
      context.gate.members.delete(a.peerId);
      await eventually(() => !connectedTo(b).includes(a.peerId));
    });

    it('forgets a peer: no connection, no address', async () => {
      const [a, b] = await pair();
      await a.forget(b.peerId);
      expect(connectedTo(a)).toEqual([]);
      await code(a.dialPeer(b.peerId), 'peer-unreachable');
    });
  });
}
