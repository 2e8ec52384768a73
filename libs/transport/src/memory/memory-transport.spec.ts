import { MAX_MEMBERS } from '@dfs/protocol';
import { eventually, seededRandom } from '@dfs/testing';
import { MAX_CONNECTIONS } from '../constants.js';
import { MemoryNetwork, type MemoryNetworkOptions } from './memory-network.js';
import { ask } from '../request.js';
import { transportSuite } from '../testing/transport.suite.js';
import { aheadClock, ListGate, testIdentity } from '../testing/suite-context.js';
import type { Transport } from '../transport.js';

transportSuite('MemoryTransport', async () => formOf({}));
transportSuite('MemoryTransport with latency', async () => {
  return formOf({ random: seededRandom(7).next, latencyMs: [1, 5] });
});

function formOf(options: MemoryNetworkOptions) {
  const clock = aheadClock();
  const network = new MemoryNetwork({ ...options, clock });
  const nodes: Transport[] = [];
  return {
    node: async (identity: { peerId: string }) => {
      const node = network.node(identity);
      nodes.push(node);
      await node.start();
      return node;
    },
    close: async () => {
      await Promise.all(nodes.map((node) => node.stop()));
    },
    ahead: clock.ahead,
  };
}

describe('MemoryNetwork', () => {
  async function three(network: MemoryNetwork) {
    const gate = new ListGate();
    const nodes = [testIdentity(), testIdentity(), testIdentity()].map((identity) => {
      gate.members.add(identity.peerId);
      return network.node(identity);
    });
    for (const node of nodes) {
      node.setGate(gate);
      node.handle('/dfs/echo/1', async (channel) => {
        for await (const { header, payload } of channel.frames()) await channel.send(header, payload);
      });
      await node.start();
    }
    return nodes as [(typeof nodes)[0], (typeof nodes)[0], (typeof nodes)[0]];
  }

  it('has room for as many connections as a real node, and no more', async () => {
    const network = new MemoryNetwork();
    const hub = network.node(testIdentity());
    hub.setGate({ isMember: () => true, acceptsStrangers: () => false });
    await hub.start();
    const nodes = Array.from({ length: MAX_CONNECTIONS + 1 }, () => network.node(testIdentity()));
    for (const [at, node] of nodes.entries()) {
      node.setGate({ isMember: () => true, acceptsStrangers: () => false });
      await node.start();
      const dial = node.dialPeer(hub.peerId, hub.addresses());
      if (at < MAX_CONNECTIONS) await dial;
      else await expect(dial).rejects.toMatchObject({ code: 'peer-unreachable' });
    }
    expect(hub.connections()).toHaveLength(MAX_CONNECTIONS);
    // All members of two networks of the largest size that have merged.
    expect(MAX_CONNECTIONS).toBeGreaterThan(2 * MAX_MEMBERS);
    await Promise.all([hub, ...nodes].map((node) => node.stop()));
  });

  it('splits and heals', async () => {
    const network = new MemoryNetwork();
    const [a, b, c] = await three(network);
    await a.dialPeer(b.peerId, b.addresses());
    await a.dialPeer(c.peerId, c.addresses());
    const gone: string[] = [];
    a.onDisconnect((peerId) => gone.push(peerId));
    network.partition([[a, b], [c]]);
    expect(gone).toEqual([c.peerId]);
    expect((await ask(a, b.peerId, '/dfs/echo/1', 1)).header).toBe(1);
    await expect(a.dialPeer(c.peerId)).rejects.toMatchObject({ code: 'peer-unreachable' });
    network.heal();
    expect((await ask(a, c.peerId, '/dfs/echo/1', 2)).header).toBe(2);
  });

  it('drops connections at the rate it is told, the same for the same seed', async () => {
    const run = async (): Promise<number> => {
      const network = new MemoryNetwork({ random: seededRandom(42).next, loss: 0.05 });
      const [a, b] = await three(network);
      let drops = 0;
      a.onDisconnect(() => drops++);
      for (let i = 0; i < 100; i++) {
        await a.dialPeer(b.peerId, b.addresses());
        await ask(a, b.peerId, '/dfs/echo/1', i).catch(() => {});
      }
      await Promise.all([a.stop(), b.stop()]);
      return drops;
    };
    const drops = await run();
    expect(drops).toBeGreaterThan(3);
    expect(drops).toBeLessThan(60);
    expect(await run()).toBe(drops);
  });

  it('takes its time', async () => {
    const network = new MemoryNetwork({ latencyMs: 40 });
    const [a, b] = await three(network);
    await a.dialPeer(b.peerId, b.addresses());
    const start = performance.now();
    await ask(a, b.peerId, '/dfs/echo/1', 1);
    expect(performance.now() - start).toBeGreaterThan(75);
  });

  it('lets nodes hear of each other', async () => {
    const network = new MemoryNetwork({ discovery: true });
    const heard: string[] = [];
    const [a, b] = [network.node(testIdentity()), network.node(testIdentity())];
    a.onDiscovery((peerId) => heard.push(peerId));
    b.onDiscovery((peerId) => heard.push(peerId));
    await a.start();
    await b.start();
    expect(heard.sort()).toEqual([a.peerId, b.peerId].sort());
  });

  it('keeps provider records per network', async () => {
    const [a, b, c] = await three(new MemoryNetwork());
    const providers = async (node: Transport): Promise<string[]> => {
      const found: string[] = [];
      for await (const { peerId } of node.routing.findProviders('bafkreia')) found.push(peerId);
      return found;
    };
    await a.routing.start('aa');
    await expect(a.routing.provide('bafkreia')).rejects.toMatchObject({ code: 'not-ready' });
    await b.routing.start('aa');
    await c.routing.start('bb');
    await a.dialPeer(b.peerId, b.addresses());
    await a.dialPeer(c.peerId, c.addresses());
    expect(a.routing.size()).toBe(1);
    await a.routing.provide('bafkreia');
    expect(await providers(b)).toEqual([a.peerId]);
    expect(await providers(c)).toEqual([]);
    await a.routing.withdraw('bafkreia');
    expect(await providers(b)).toEqual([]);
  });

  it('hangs up on a peer that keeps sending what is not a message', async () => {
    const [a, b] = await three(new MemoryNetwork());
    await a.dialPeer(b.peerId, b.addresses());
    // A handler that answers with a frame of four bytes that msgpack does not know.
    b.handle('/dfs/bad/1', async (channel) => {
      const stream = (channel as unknown as { stream: { write(bytes: Uint8Array): Promise<void> } }).stream;
      await stream.write(Uint8Array.from([0, 0, 0, 4, 0, 0, 0, 0, 0xc1, 0xc1, 0xc1, 0xc1]));
    });
    for (let i = 0; i < 3; i++) {
      await expect(ask(a, b.peerId, '/dfs/bad/1', i)).rejects.toMatchObject({ code: 'peer-misbehaved' });
    }
    await eventually(() => a.connections().length === 0);
  });
});
