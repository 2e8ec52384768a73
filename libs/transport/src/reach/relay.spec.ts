import { createHash, randomBytes } from 'node:crypto';
import { MiB } from '@dfs/runtime';
import { eventually } from '@dfs/testing';
import { RELAY_V2_HOP_CODEC, RELAY_V2_STOP_CODEC } from '@libp2p/circuit-relay-v2';
import type { Connection } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { createHost, privateKeyOf } from '../libp2p/libp2p-host.js';
import type { Host } from '../host.js';
import { Libp2pTransport, type Libp2pTransportOptions } from '../libp2p/libp2p-transport.js';
import { ask, firstFrame, request } from '../request.js';
import type { ProtocolHandler } from '../transport.js';
import { ListGate, testIdentity, type TestIdentity } from '../testing/suite-context.js';

const ECHO = '/dfs/test-echo/1';
const BULK = '/dfs/test-bulk/1';

const echo: ProtocolHandler = async (channel) => {
  for await (const { header, payload } of channel.frames()) await channel.send(header, payload);
};

/** Bytes that answer the shortest of messages, which asks a relay for a place. */
async function heard(connection: Connection, protocol: string): Promise<number> {
  let bytes = 0;
  try {
    const stream = await connection.newStream(protocol);
    stream.send(Buffer.from('020800', 'hex'));
    for await (const chunk of stream) bytes += chunk.byteLength;
  } catch {
    // Refused.
  }
  return bytes;
}

describe('members that cannot reach each other', () => {
  let gate: ListGate;
  let nodes: Libp2pTransport[];
  let hosts: Host[];

  /** Without a host it listens at nothing: nobody can dial it. */
  async function node(
    options: Partial<Libp2pTransportOptions> = {},
    identity = testIdentity(),
  ): Promise<Libp2pTransport> {
    const made = await Libp2pTransport.create({
      ...{ privateKeyRaw: identity.privateKeyRaw, host: undefined, port: 0, dht: false, relay: true },
      ...options,
    });
    nodes.push(made);
    made.setGate(gate);
    made.handle(ECHO, echo);
    await made.start();
    return made;
  }
  async function member(options: Partial<Libp2pTransportOptions> = {}): Promise<Libp2pTransport> {
    const identity = testIdentity();
    gate.members.add(identity.peerId);
    return node(options, identity);
  }
  /** libp2p alone, that does as it likes. */
  async function raw(identity: TestIdentity): Promise<Host> {
    const publicKey = peerIdFromString(identity.peerId).publicKey?.raw ?? new Uint8Array();
    const host = await createHost({
      privateKey: privateKeyOf(identity.privateKeyRaw, publicKey),
      host: undefined,
      port: 0,
      gater: {},
      maySpeak: () => true,
    });
    hosts.push(host);
    await host.libp2p.start();
    return host;
  }
  async function rawMember(): Promise<Host> {
    const identity = testIdentity();
    gate.members.add(identity.peerId);
    return raw(identity);
  }
  const listening = { host: '127.0.0.1' } as const;
  const circuits = (of: Libp2pTransport): string[] =>
    of.addresses().filter((address) => address.includes('p2p-circuit'));
  const waysTo = (from: Libp2pTransport, to: Libp2pTransport): string[] =>
    from.connections().flatMap(({ peerId, address }) => (peerId === to.peerId ? [address] : []));

  /** A and B know each other as members, and each is connected to the relay alone. */
  async function apart(
    relayOptions: Partial<Libp2pTransportOptions> = {},
  ): Promise<Record<'a' | 'relay' | 'b', Libp2pTransport>> {
    const relay = await member({ ...listening, ...relayOptions });
    const [a, b] = [await member(), await member()];
    for (const each of [a, b]) await each.dialPeer(relay.peerId, relay.addresses());
    return { a, relay, b };
  }
  /** B has missed A, and so holds a place that A can use. */
  async function holdPlace(b: Libp2pTransport, missing: Libp2pTransport): Promise<string[]> {
    await expect(b.dialPeer(missing.peerId)).rejects.toMatchObject({ code: 'peer-unreachable' });
    return eventually(() => (circuits(b).length > 0 ? circuits(b) : undefined), { what: 'a place with the relay' });
  }

  beforeEach(() => {
    gate = new ListGate();
    nodes = [];
    hosts = [];
  });
  afterEach(async () => {
    await Promise.all([...nodes.map((each) => each.stop()), ...hosts.map(({ libp2p }) => libp2p.stop())]);
  });

  it('meet through a member that both reach, and exchange what they like', async () => {
    const { a, relay, b } = await apart();
    let told = 0;
    b.onAddresses(() => told++);
    expect(circuits(b)).toEqual([]);
    const addresses = await holdPlace(b, a);
    expect(addresses).toEqual([`/p2p/${relay.peerId}/p2p-circuit/p2p/${b.peerId}`]);
    expect(told).toBeGreaterThan(0);

    await a.dialPeer(b.peerId, addresses);
    expect(waysTo(a, b)[0]).toContain(`/p2p/${relay.peerId}/p2p-circuit/`);
    await eventually(() => waysTo(b, a)[0]?.includes('/p2p-circuit/'));
    expect((await ask(a, b.peerId, ECHO, 'there', { payload: randomBytes(10) })).header).toBe('there');
    expect((await ask(b, a.peerId, ECHO, 'and back')).header).toBe('and back');
  });

  it('pass bulk through it, whole and with back-pressure', async () => {
    const { a, b } = await apart();
    const part = randomBytes(1 * MiB);
    const parts = 32;
    b.handle(BULK, async (channel) => {
      await firstFrame(channel);
      for (let i = 0; i < parts; i++) await channel.send(i, part);
    });
    await a.dialPeer(b.peerId, await holdPlace(b, a));
    const [got, sent] = [createHash('sha256'), createHash('sha256')];
    for await (const { payload } of request(a, b.peerId, BULK, 'all of it')) got.update(payload);
    for (let i = 0; i < parts; i++) sent.update(part);
    expect(got.digest('hex')).toBe(sent.digest('hex'));
  });

  it('are connected directly as soon as there is a way', async () => {
    const relay = await member(listening);
    const a = await member();
    const b = await member(listening);
    for (const each of [a, b]) await each.dialPeer(relay.peerId, relay.addresses());
    await a.dialPeer(b.peerId, await holdPlace(b, a));
    // B has said over the relayed connection where it listens.
    await eventually(() => waysTo(a, b).some((address) => !address.includes('p2p-circuit')));
    await eventually(() => waysTo(a, b).length > 0 && waysTo(a, b).every((way) => !way.includes('p2p-circuit')));
    expect((await ask(a, b.peerId, ECHO, 'direct')).header).toBe('direct');
  });

  it('stay apart where the member does not relay', async () => {
    const { a, b } = await apart({ relay: false });
    await expect(a.dialPeer(b.peerId)).rejects.toMatchObject({ code: 'peer-unreachable' });
    await expect(b.dialPeer(a.peerId)).rejects.toMatchObject({ code: 'peer-unreachable' });
    expect([circuits(a), circuits(b)]).toEqual([[], []]);
  });

  it('are cut when one of them is removed', async () => {
    const { a, b } = await apart();
    await a.dialPeer(b.peerId, await holdPlace(b, a));
    await eventually(() => waysTo(b, a).length > 0);
    gate.members.delete(a.peerId);
    await b.enforceGate();
    await eventually(() => waysTo(b, a).length === 0 && waysTo(a, b).length === 0);
    await expect(a.dialPeer(b.peerId, circuits(b))).rejects.toMatchObject({ code: 'peer-unreachable' });
  });

  describe('and a stranger', () => {
    const stranger = (): Promise<Host> => raw(testIdentity());

    it('is refused relaying, tries of its address and punched holes, even while an invite is open', async () => {
      const relay = await member({ ...listening, autonat: true });
      gate.open = true;
      const inside = await rawMember();
      const reserve = await inside.libp2p.dial(multiaddr(relay.addresses()[0]));
      expect(await heard(reserve, RELAY_V2_HOP_CODEC)).toBeGreaterThan(0);
      expect(await heard(reserve, '/dfs/autonat/1.0.0')).toBeGreaterThan(0);

      const { libp2p } = await stranger();
      const connection = await libp2p.dial(multiaddr(relay.addresses()[0]));
      for (const protocol of [RELAY_V2_HOP_CODEC, RELAY_V2_STOP_CODEC, '/libp2p/dcutr', '/dfs/autonat/1.0.0']) {
        expect([protocol, await heard(connection, protocol)]).toEqual([protocol, 0]);
      }
      expect(connection.status).toBe('open');
    });

    it('is not reached through a member, nor comes in through one', async () => {
      const { a, relay, b } = await apart();
      const [address] = (await holdPlace(b, a)) as [string];
      const outside = testIdentity();
      await expect(a.dial(address.replace(b.peerId, outside.peerId))).rejects.toMatchObject({ code: 'not-a-member' });
      // For the relay, one who was a member when it connected; for B he never was.
      gate.open = true;
      const strict = new ListGate(a.peerId, b.peerId, relay.peerId);
      strict.open = true;
      b.setGate(strict);
      const guest = await member();
      await guest.dialPeer(relay.peerId, relay.addresses());
      await expect(guest.dialPeer(b.peerId, [address])).rejects.toMatchObject({ code: 'peer-unreachable' });
      expect(waysTo(b, guest)).toEqual([]);
    });

    it('is not let in by who holds no place with him', async () => {
      const { a, relay } = await apart();
      await expect(
        relay.dialPeer(a.peerId).then(async () => ask(relay, a.peerId, RELAY_V2_STOP_CODEC, 1)),
      ).rejects.toMatchObject({ code: 'peer-unreachable' });
    });
  });
});
