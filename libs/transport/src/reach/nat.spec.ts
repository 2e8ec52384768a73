import { createServer, type Server } from 'node:http';
import { networkInterfaces } from 'node:os';
import { text } from 'node:stream/consumers';
import { eventually, unless } from '@dfs/testing';
import type { AutoNATComponents } from '@libp2p/autonat';
import { peerIdFromString } from '@libp2p/peer-id';
import { streamPair } from '@libp2p/utils';
import { multiaddr } from '@multiformats/multiaddr';
import { isLoopback, isPublicIPv4 } from './ip-ranges.js';
import { Libp2pTransport, type Libp2pTransportOptions } from '../libp2p/libp2p-transport.js';
import { believeOwnAddresses, reachability, SeenAddresses } from './nat.js';
import { ListGate, testIdentity } from '../testing/suite-context.js';

const PUBLIC_IP = '8.8.4.4';

/** An address that a gateway would pass something on to. */
function lanAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal, address }) => family === 'IPv4' && !internal && !isPublicIPv4(address))?.address;
}

/** A router's description and answers by the Internet Gateway Device 2, as far as they are used. */
class Gateway {
  readonly mapped: { port: string; client: string }[] = [];
  readonly removed: string[] = [];
  asked = 0;
  #server: Server | undefined;

  async start(): Promise<string> {
    const server = createServer((request, response) => {
      this.asked++;
      void text(request).then((body) => response.setHeader('content-type', 'text/xml').end(this.#answer(body)));
    });
    this.#server = server;
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as { port: number };
    return `http://127.0.0.1:${port}/description.xml`;
  }

  stop(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }

  #answer(body: string): string {
    const field = (name: string): string => new RegExp(`<${name}[^>]*>([^<]*)<`).exec(body)?.[1] ?? '';
    if (body.includes('GetExternalIPAddress')) return said('GetExternalIPAddress', 'NewExternalIPAddress', PUBLIC_IP);
    if (body.includes('DeletePortMapping')) {
      this.removed.push(field('NewExternalPort'));
      return said('DeletePortMapping', '', '');
    }
    if (!body.includes('AddAnyPortMapping')) return DESCRIPTION;
    this.mapped.push({ port: field('NewInternalPort'), client: field('NewInternalClient') });
    return said('AddAnyPortMapping', 'NewReservedPort', '40001');
  }
}

const WAN_IP = 'urn:schemas-upnp-org:service:WANIPConnection:2';
const device = (type: string, inner: string): string =>
  `<device><deviceType>urn:schemas-upnp-org:device:${type}:2</deviceType><UDN>uuid:${type}</UDN>${inner}</device>`;
const service =
  `<serviceList><service><serviceType>${WAN_IP}</serviceType><serviceId>urn:upnp-org:serviceId:WANIPConn1</serviceId>` +
  '<controlURL>/control</controlURL><SCPDURL>/scpd</SCPDURL><eventSubURL>/event</eventSubURL></service></serviceList>';
const list = (inner: string): string => `<deviceList>${inner}</deviceList>`;
const DESCRIPTION = `<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0">${device(
  'InternetGatewayDevice',
  list(device('WANDevice', list(device('WANConnectionDevice', service)))),
)}</root>`;
const said = (action: string, field: string, value: string): string =>
  '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>' +
  `<u:${action}Response xmlns:u="${WAN_IP}">${field && `<${field}>${value}</${field}>`}</u:${action}Response>` +
  '</s:Body></s:Envelope>';

describe('a node behind a gateway', () => {
  const nodes: Libp2pTransport[] = [];
  let gateway: Gateway;
  let gate: ListGate;

  async function node(options: Partial<Libp2pTransportOptions>): Promise<Libp2pTransport> {
    const identity = testIdentity();
    gate.members.add(identity.peerId);
    const made = await Libp2pTransport.create({ ...identity, host: '127.0.0.1', port: 0, dht: false, ...options });
    nodes.push(made);
    made.setGate(gate);
    await made.start();
    return made;
  }

  beforeEach(() => {
    gate = new ListGate();
    gateway = new Gateway();
  });
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((each) => each.stop()));
    gateway.stop();
  });

  const host = lanAddress();
  const why = host === undefined ? 'this machine has no address but its own loopback' : undefined;
  unless(why, it)(
    'has it pass its port on, says where it is reached then, and takes that back in the end',
    async () => {
      const gateways = [await gateway.start()];
      const behind = await node({ host: host!, upnp: { gateways } });
      const [own = ''] = behind.addresses();
      const [, port = ''] = /\/tcp\/(\d+)/.exec(own) ?? [];
      let told = 0;
      behind.onAddresses(() => told++);
      await eventually(() => behind.addresses().some((address) => address.includes(PUBLIC_IP)));
      expect(gateway.mapped).toContainEqual({ port, client: host });
      expect(behind.addresses()).toContain(`/ip4/${PUBLIC_IP}/tcp/40001/p2p/${behind.peerId}`);
      expect(behind.addresses()[0]).toBe(own);
      await eventually(() => told > 0);
      await behind.stop();
      expect(gateway.removed.length).toBeGreaterThan(0);
    },
  );

  it('does not ask one while it listens for its own machine alone', async () => {
    const gateways = [await gateway.start()];
    const local = await node({ upnp: { gateways } });
    const other = await node({});
    await other.dialPeer(local.peerId, local.addresses());
    expect(gateway.asked).toBe(0);
  });
});

describe('a member that is asked whether it reaches another one', () => {
  it('dials it anew, and closes that connection alone', async () => {
    const asking = peerIdFromString(testIdentity().peerId);
    const there = multiaddr(`/ip4/${PUBLIC_IP}/tcp/4001/p2p/${asking.toString()}`);
    let answer: ((stream: unknown, connection: unknown) => void) | undefined;
    const dials: unknown[] = [];
    let closed = 0;
    const connection = { remoteAddr: there, close: () => Promise.resolve(closed++) };
    const parts = {
      logger: { forComponent: () => Object.assign(() => {}, { error: () => {}, trace: () => {} }) },
      registrar: { handle: (_: string, handler: typeof answer) => (answer = handler), register: () => 'id' },
      addressManager: { getAddresses: () => [], getAddressesWithMetadata: () => [] },
      transportManager: { dialTransportForMultiaddr: () => ({}) },
      connectionManager: {
        openConnection: (to: unknown, options: { force?: boolean }) => {
          dials.push([String(to), options.force]);
          return connection;
        },
      },
    } as unknown as AutoNATComponents;
    const service = reachability()(parts) as { start(): Promise<void>; findPeers: { stop(): void } };
    await service.start();
    service.findPeers.stop();
    const [near, far] = await streamPair();
    answer?.(near, { remotePeer: asking, remoteAddr: multiaddr(`/ip4/${PUBLIC_IP}/tcp/50000`) });
    const id = asking.toMultihash().bytes;
    const address = there.decapsulate('/p2p').bytes;
    // Message { type: DIAL, dial: { peer: { id, addrs: [address] } } }, as AutoNAT's specification has it.
    const field = (tag: number, bytes: Uint8Array): Uint8Array =>
      Buffer.concat([Buffer.from([tag, bytes.length]), bytes]);
    const peer = Buffer.concat([field(0x0a, id), field(0x12, address)]);
    const message = Buffer.concat([Buffer.from([0x08, 0x00]), field(0x12, field(0x0a, peer))]);
    far.send(Buffer.concat([Buffer.from([message.length]), message]));
    await eventually(() => closed === 1);
    expect(dials).toEqual([[there.toString(), true]]);
  });
});

describe('public addresses', () => {
  const here = multiaddr(`/ip4/${PUBLIC_IP}/tcp/4001`);
  type Manager = Parameters<typeof believeOwnAddresses>[0];
  type Known = ReturnType<Manager['getAddressesWithMetadata']>[number];

  /** Records what it is told. */
  function manager(...known: Partial<Known>[]) {
    const [confirmed, mapped]: [string[], unknown[][]] = [[], []];
    const parts = {
      getAddressesWithMetadata: () => known,
      confirmObservedAddr: (address: unknown) => confirmed.push(String(address)),
      addPublicAddressMapping: (...mapping: unknown[]) => mapped.push(mapping),
    };
    return { manager: parts as unknown as Manager, confirmed, mapped };
  }

  it('of this machine are announced until they are found wrong', () => {
    const own = { multiaddr: here, type: 'transport', verified: false, expires: 0 } as const;
    const fresh = manager(own);
    believeOwnAddresses(fresh.manager);
    expect(fresh.confirmed).toEqual([here.toString()]);
    // Members have tried it in vain; it is of the gateway; it is known already.
    const others = manager({ ...own, expires: 1 }, { ...own, type: 'ip-mapping' }, { ...own, verified: true });
    believeOwnAddresses(others.manager);
    expect(others.confirmed).toEqual([]);
  });

  it('that members see are guesses at what a gateway passes on, and few', () => {
    const { manager: addresses, mapped } = manager(
      { multiaddr: multiaddr('/ip4/192.168.1.2/tcp/4001'), type: 'transport' },
      { multiaddr: multiaddr('/ip4/127.0.0.1/tcp/4001'), type: 'transport' },
    );
    const seen = new SeenAddresses(addresses);
    const note = (at: string, direct = true): void =>
      seen.note({ observedAddr: multiaddr(at), connection: { direct } } as Parameters<typeof seen.note>[0]);
    note('/ip4/192.168.1.2/tcp/50000');
    note('/ip4/9.9.9.9/tcp/50000', false);
    note('/ip6/2600::1/tcp/50000');
    expect(mapped).toEqual([]);
    for (const ip of ['8.8.8.8', '8.8.8.8', '8.8.4.4', '1.1.1.1']) note(`/ip4/${ip}/tcp/50000`);
    expect(mapped).toEqual([
      ['192.168.1.2', 4001, '8.8.8.8', 4001, 'tcp'],
      ['192.168.1.2', 4001, '8.8.4.4', 4001, 'tcp'],
    ]);
  });

  it('are told from others', () => {
    const isPublic = ['8.8.8.8', '100.63.255.255', '172.32.0.1', '192.169.0.1'];
    const isNot = ['10.0.0.1', '100.64.0.1', '127.0.0.1', '172.31.255.255', '192.168.0.1', '224.0.0.1', '::1', 'x', ''];
    expect([...isPublic, ...isNot].filter(isPublicIPv4)).toEqual(isPublic);
    expect(['127.0.0.1', '127.8.9.1', '::1', '10.0.0.1', '0.0.0.0', '::'].filter(isLoopback)).toHaveLength(3);
  });
});
