import { cidOf, signerFromRaw, type Cid } from '@dfs/protocol';
import { eventually, seededRandom } from '@dfs/testing';
import type { Connection } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { dhtProtocol } from './kad-routing.js';
import { createHost, privateKeyOf } from '../libp2p/libp2p-host.js';
import type { Host } from '../host.js';
import { Libp2pTransport } from '../libp2p/libp2p-transport.js';
import { ListGate, testIdentity } from '../testing/suite-context.js';
import type { Provider } from '../transport.js';

const NETWORK = '01'.repeat(32);
const OTHER_NETWORK = '02'.repeat(32);

describe('the DHT of real nodes', () => {
  const random = seededRandom(11);
  let gate: ListGate;
  let nodes: Libp2pTransport[];
  let strangers: Host[];

  const content = (): Cid => cidOf(random.bytes(32));
  async function member(options: { dht?: boolean } = {}): Promise<Libp2pTransport> {
    const identity = testIdentity();
    gate.members.add(identity.peerId);
    const node = await Libp2pTransport.create({ ...identity, host: '127.0.0.1', port: 0, ...options });
    nodes.push(node);
    node.setGate(gate);
    await node.start();
    return node;
  }
  async function found(node: Libp2pTransport, cid: Cid): Promise<Provider[]> {
    const providers: Provider[] = [];
    for await (const provider of node.routing.findProviders(cid)) providers.push(provider);
    return providers;
  }
  /** All connected to the first one only: they find each other through it. */
  async function star(count: number): Promise<Libp2pTransport[]> {
    const all: Libp2pTransport[] = [];
    for (let i = 0; i < count; i++) {
      const node = await member();
      await node.routing.start(NETWORK);
      if (all[0]) await node.dialPeer(all[0].peerId, all[0].addresses());
      all.push(node);
    }
    await eventually(() => all.every((node) => node.routing.size() > 0), { what: 'everybody knows somebody' });
    return all;
  }

  beforeEach(() => {
    gate = new ListGate();
    nodes = [];
    strangers = [];
  });
  afterEach(async () => {
    await Promise.all([...nodes.map((node) => node.stop()), ...strangers.map(({ libp2p }) => libp2p.stop())]);
  });

  it('finds on one node what another provides, with its address', async () => {
    const all = await star(5);
    const [, second, , , last] = all as [Libp2pTransport, Libp2pTransport, unknown, unknown, Libp2pTransport];
    const cid = content();
    expect(await found(last, cid)).toEqual([]);
    await second.routing.provide(cid);
    const [provider, ...others] = await eventually(async () => {
      const providers = await found(last, cid);
      return providers.length > 0 ? providers : undefined;
    });
    expect(provider?.peerId).toBe(second.peerId);
    expect(provider?.addresses.join()).toContain('/ip4/127.0.0.1/tcp/');
    expect(others).toEqual([]);
  });

  it('says so while nobody else takes part', async () => {
    const alone = await member();
    await expect(alone.routing.provide(content())).rejects.toMatchObject({ code: 'not-ready' });
    await alone.routing.start(NETWORK);
    await expect(alone.routing.provide(content())).rejects.toMatchObject({ code: 'not-ready' });
    expect(await found(alone, content())).toEqual([]);
    expect(alone.routing.size()).toBe(0);
  });

  it('moves to another network on the connections there are', async () => {
    const [a, b, c] = (await star(3)) as [Libp2pTransport, Libp2pTransport, Libp2pTransport];
    const before = content();
    await a.routing.provide(before);
    await b.routing.start(OTHER_NETWORK);
    await c.routing.start(OTHER_NETWORK);
    await b.dialPeer(c.peerId, c.addresses());
    await eventually(() => b.routing.size() > 0 && c.routing.size() > 0);
    const after = content();
    await b.routing.provide(after);
    await eventually(async () => (await found(c, after)).length === 1);
    expect(await found(a, after)).toEqual([]);
    expect(await found(a, before)).toMatchObject([{ peerId: a.peerId }]);
  });

  it('no longer names who has left', async () => {
    const [a, b, c] = (await star(3)) as [Libp2pTransport, Libp2pTransport, Libp2pTransport];
    const cid = content();
    await b.routing.provide(cid);
    await eventually(async () => (await found(c, cid)).length === 1);
    gate.members.delete(b.peerId);
    await Promise.all([a.forget(b.peerId), c.forget(b.peerId)]);
    expect(await found(c, cid)).toEqual([]);
    expect(a.routing.size()).toBe(1);
  });

  it('comes back with the node', async () => {
    const [a, b] = (await star(2)) as [Libp2pTransport, Libp2pTransport];
    await b.stop();
    await b.start();
    await b.dialPeer(a.peerId, a.addresses());
    await eventually(() => b.routing.size() > 0);
    const cid = content();
    await b.routing.provide(cid);
    await eventually(async () => (await found(a, cid)).length === 1);
  });

  it('is silent where it is switched off', async () => {
    const off = await member({ dht: false });
    await off.routing.start(NETWORK);
    expect(off.routing.size()).toBe(0);
    expect(await found(off, content())).toEqual([]);
    await expect(off.routing.provide(content())).rejects.toMatchObject({ code: 'not-ready' });
    await off.routing.withdraw(content());
  });

  it('gives strangers no answer: not of the DHT, nor of any protocol of libp2p', async () => {
    const [a] = (await star(2)) as [Libp2pTransport];
    gate.open = true;
    const { privateKeyRaw } = testIdentity();
    const publicKey = peerIdFromString(signerFromRaw(privateKeyRaw).peerId).publicKey?.raw ?? new Uint8Array();
    const stranger = await createHost({
      privateKey: privateKeyOf(privateKeyRaw, publicKey),
      host: '127.0.0.1',
      port: 0,
      gater: {},
      maySpeak: () => true,
    });
    strangers.push(stranger);
    await stranger.libp2p.start();
    const connection = await stranger.libp2p.dial(multiaddr(a.addresses()[0] ?? ''));
    const names = [dhtProtocol(NETWORK), '/dfs/id/1.0.0', '/dfs/id/push/1.0.0', '/dfs/ping/1.0.0'];
    for (const name of names) {
      expect([name, await heard(connection, name)]).toEqual([name, 0]);
    }
  });
});

/** Bytes that come back on a stream of `protocol`, whatever becomes of it. */
async function heard(connection: Connection, protocol: string): Promise<number> {
  let bytes = 0;
  try {
    const stream = await connection.newStream(protocol);
    // FIND_NODE of some key, as kad-dht frames it; identify answers without being asked.
    stream.send(Buffer.from('0608041202abcd', 'hex'));
    for await (const chunk of stream) bytes += chunk.byteLength;
  } catch {
    // Refused: as it should be.
  }
  return bytes;
}
