import { decodeTicket } from '@dfs/protocol';
import { hour } from '@dfs/runtime';
import { eventually, fakeClock } from '@dfs/testing';
import { TestNetwork, type TestNode } from '../testing/network.js';
import { refusal } from '../testing/steps.js';

describe('over libp2p, on loopback', () => {
  it('joins, meshes, refuses, comes back after a restart, and removes', async () => {
    await using network = new TestNetwork({ real: true });
    const a = await network.node('a');
    const [b, c] = [await network.node('b'), await network.node('c')];
    const { ticket } = await a.peers.invite({});
    await b.peers.join(ticket);
    await expect(c.peers.join(ticket)).rejects.toEqual(refusal('ticket-used'));
    await c.peers.join((await a.peers.invite({})).ticket);
    await network.meshed([a, b, c]);

    const again = await network.restart(b);
    await network.meshed([a, again, c]);
    const [address] = c.transport.addresses() as [string];
    await expect(again.peers.connect(address.replace(/\/p2p.*/, ''))).resolves.toMatchObject({ name: 'c' });

    const stranger = await network.node('stranger');
    await expect(a.peers.connect(stranger.transport.addresses()[0] as string)).rejects.toEqual(refusal('not-a-member'));
    await expect(a.peers.connect('/ip4/127.0.0.1/tcp/1')).rejects.toEqual(refusal('peer-unreachable'));

    await a.peers.remove(c.peerId);
    await eventually(() => a.sees(again) && again.sees(a) && c.sees());
    await eventually(() => c.membership.isRemoved);
    const connected = ({ transport }: TestNode) => transport.connections().map(({ peerId }) => peerId);
    await eventually(() => connected(c).length === 0 && !connected(again).includes(c.peerId));
  });

  it('tells a node that was away that it was removed, long after the last invite', async () => {
    const clock = fakeClock(Date.now());
    await using network = new TestNetwork({ real: true, clock });
    const a = await network.node('a');
    const b = await network.node('b');
    await b.peers.join((await a.peers.invite({})).ticket);
    await network.meshed([a, b]);
    const start = await network.stop(b);
    await a.peers.remove(b.peerId);
    clock.advance(hour);
    const back = await start();
    await eventually(() => back.membership.isRemoved);
    await eventually(() => a.transport.connections().length === 0);
    expect(a.heard('peer.connected')).toHaveLength(1);
  });

  it('connects members that cannot reach each other through one that both reach, and says so', async () => {
    await using network = new TestNetwork({ real: true, listens: (name) => name === 'a' });
    const [a, b, c] = (await network.joined('a', 'b', 'c')) as [TestNode, TestNode, TestNode];
    const seen = b.peers.list().find(({ peerId }) => peerId === c.peerId);
    const relay = `/p2p/${a.peerId}/p2p-circuit/p2p/`;
    expect(seen).toMatchObject({ state: 'connected' });
    expect(seen?.addresses[0]).toBe(`${relay}${c.peerId}`);
    expect(b.transport.addresses()).toEqual([`${relay}${b.peerId}`]);
    await eventually(() => a.peers.list().some(({ addresses }) => addresses.includes(`${relay}${b.peerId}`)));
    // Others may come to relay for this one too, at any time.
    await eventually(async () => {
      expect(decodeTicket((await a.peers.invite({})).ticket).addresses).toEqual(a.transport.addresses());
      return true;
    });

    await network.stop(a);
    await eventually(() => b.sees() && c.sees(), { what: 'nothing passes without the relay' });
    expect(b.transport.addresses()).toEqual([]);
  });

  it('lets nobody in while no invite is open', async () => {
    await using network = new TestNetwork({ real: true });
    const [a, b] = [await network.node('a'), await network.node('b')];
    const address = a.transport.addresses()[0] as string;
    await b.transport.dial(address).catch(() => undefined);
    await eventually(() => b.transport.connections().length === 0 && a.transport.connections().length === 0);
    await expect(b.transport.open(a.peerId, '/dfs/status/1')).rejects.toEqual(refusal('not-a-member'));
  });
});
