import { createHash, randomBytes } from 'node:crypto';
import { MiB, VirtualTime } from '@dfs/runtime';
import { eventually } from '@dfs/testing';
import { BULK_WORTH } from '../constants.js';
import { Libp2pTransport } from '../libp2p/libp2p-transport.js';
import { request, type RequestOptions } from '../request.js';
import { code, ListGate, testIdentity } from '../testing/suite-context.js';
import type { Channel } from '../transport.js';

const GET = '/dfs/test-get/1';
const MUCH = { bytes: 100 * MiB };

describe('bulk connections', () => {
  let gate: ListGate;
  let time: VirtualTime;
  let nodes: Libp2pTransport[];

  beforeEach(() => {
    gate = new ListGate();
    time = new VirtualTime();
    nodes = [];
  });
  afterEach(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
  });

  async function member({ bulk = true, relay = false, listens = true, ip = '127.0.0.1' } = {}) {
    const { peerId, privateKeyRaw } = testIdentity();
    gate.members.add(peerId);
    const host = listens ? ip : undefined;
    const node = await Libp2pTransport.create({ privateKeyRaw, host, port: 0, dht: false, relay, bulk, timers: time });
    node.setGate(gate);
    nodes.push(node);
    return node;
  }

  /** Two that are connected; the second answers. `b` is asked over a bulk connection as soon as it can be. */
  async function pair(
    answer: (channel: Channel, asked: unknown) => Promise<void>,
    options: { a?: boolean; b?: boolean; host?: string } = {},
  ): Promise<[Libp2pTransport, Libp2pTransport]> {
    const { host: ip } = options;
    const [a, b] = [await member({ bulk: options.a, ip }), await member({ bulk: options.b, ip })];
    b.handle(
      GET,
      async (channel) => {
        for await (const { header } of channel.frames()) await answer(channel, header);
      },
      { bulk: true, limited: true },
    );
    await Promise.all([a.start(), b.start()]);
    await a.dialPeer(b.peerId, b.addresses());
    return [a, b];
  }

  async function take(a: Libp2pTransport, b: Libp2pTransport, options: RequestOptions = {}): Promise<Uint8Array[]> {
    const payloads: Uint8Array[] = [];
    for await (const { payload } of request(a, b.peerId, GET, 'go', { bulk: MUCH, ...options })) payloads.push(payload);
    return payloads;
  }

  /** Asks until there is a bulk connection: the peer may not have said yet that it takes any. */
  async function connected(a: Libp2pTransport, b: Libp2pTransport): Promise<void> {
    await eventually(async () => {
      await take(a, b);
      return a.bulkConnections().out === 1;
    });
  }

  it.each([
    ['IPv4', '127.0.0.1'],
    ['IPv6', '::1'],
  ])('carry answers whole and in order, over %s', async (_, host) => {
    const sent = createHash('sha256');
    const [a, b] = await pair(
      async (channel, asked) => {
        for (let i = 0; i < (asked === 'go' ? 1 : 12); i++) {
          const payload = randomBytes(asked === 'go' ? 10 : 4 * MiB - i);
          if (asked !== 'go') sent.update(payload);
          await channel.send(i, payload);
        }
      },
      { host },
    );
    await connected(a, b);
    expect(b.bulkConnections()).toEqual({ in: 1, out: 0 });
    const received = createHash('sha256');
    let next = 0;
    for await (const { header, payload } of request(a, b.peerId, GET, 'much', { bulk: MUCH })) {
      expect(header).toBe(next++);
      received.update(payload);
    }
    expect(next).toBe(12);
    expect(received.digest('hex')).toBe(sent.digest('hex'));
    expect(a.rates(b.peerId).receive).toBeGreaterThan(0);
    expect(b.rates(a.peerId).send).toBeGreaterThan(0);
    expect(a.bulkConnections()).toEqual({ in: 0, out: 1 });
  });

  const answersOnce = (channel: Channel): Promise<void> => channel.send('one', Buffer.alloc(1000));

  it('are not made for little, nor with a peer that takes none; either way the answer comes by a stream', async () => {
    const [a, b] = await pair(answersOnce);
    await connected(a, b);
    const [c, d] = await pair(answersOnce, { b: false });
    for (let i = 0; i < 3; i++) {
      expect(await take(c, d)).toHaveLength(1);
      expect(await take(d, c).catch(() => [])).toEqual([]);
    }
    expect([c.bulkConnections(), d.bulkConnections()]).toEqual(Array(2).fill({ in: 0, out: 0 }));
    const e = await member();
    await e.start();
    await e.dialPeer(b.peerId, b.addresses());
    expect(await take(e, b, { bulk: { bytes: BULK_WORTH - 1 } })).toHaveLength(1);
    expect(e.bulkConnections().out).toBe(0);
  });

  it('are not made through another member: the streams of the relayed connection carry the answer', async () => {
    const relay = await member({ relay: true });
    const [a, b] = [await member({ relay: true, listens: false }), await member({ relay: true, listens: false })];
    b.handle(GET, (channel) => channel.send('through another', Buffer.alloc(3 * MiB, 5)), { bulk: true });
    await Promise.all([relay, a, b].map((node) => node.start()));
    for (const each of [a, b]) await each.dialPeer(relay.peerId, relay.addresses());
    // B has missed A, and so holds a place that A can use.
    await code(b.dialPeer(a.peerId), 'peer-unreachable');
    await eventually(() => b.addresses().length > 0);
    await a.dialPeer(b.peerId, b.addresses());
    expect(a.connections().map(({ address }) => address.includes('p2p-circuit'))).toContain(true);
    for (let i = 0; i < 3; i++) await take(a, b);
    const [payload] = await take(a, b);
    expect(payload?.every((byte) => byte === 5)).toBe(true);
    expect([a, b].map((node) => node.bulkConnections())).toEqual(Array(2).fill({ in: 0, out: 0 }));
  });

  it('go the other way over a connection that the peer has opened', async () => {
    const [a, b] = await pair(answersOnce);
    await eventually(() => b.connections().some(({ peerId }) => peerId === a.peerId));
    a.handle(GET, answersOnce, { bulk: true });
    await connected(b, a);
    expect(a.bulkConnections()).toEqual({ in: 1, out: 0 });
  });

  it('end with the membership of their peer, and with the connection of libp2p', async () => {
    const [a, b] = await pair(async (channel) => {
      await channel.send('one');
      await new Promise((resolve) => channel.signal.addEventListener('abort', resolve));
    });
    const begin = async (): Promise<AsyncGenerator<unknown>> => {
      for (;;) {
        const frames = request(a, b.peerId, GET, 'go', { bulk: MUCH });
        await frames.next();
        if (a.bulkConnections().out === 1) return frames;
        await frames.return();
      }
    };
    const removed = await begin();
    gate.members.delete(a.peerId);
    await b.enforceGate();
    await code(removed.next(), 'peer-unreachable');
    expect(b.bulkConnections().in).toBe(0);
    gate.members.add(a.peerId);
    await eventually(() => a.connections().length === 0);
    await a.dialPeer(b.peerId, b.addresses());
    const hungUp = await begin();
    await b.hangUp(a.peerId);
    await code(hungUp.next(), 'peer-unreachable');
    await eventually(() => a.bulkConnections().out === 0 && b.bulkConnections().in === 0);
  });
});
