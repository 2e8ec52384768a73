import { cidOf, signerFromRaw, type Cid } from '@dfs/protocol';
import { minute, silentLog } from '@dfs/runtime';
import type { SeededRandom } from '@dfs/testing';
import type { Connection, Logger, Peer, PeerId, Stream } from '@libp2p/interface';
import type { KadDHTComponents } from '@libp2p/kad-dht';
import { peerIdFromString } from '@libp2p/peer-id';
import { AbstractStream, type SendResult } from '@libp2p/utils';
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr';
import { dhtProtocol, KadRouting } from '../routing/kad-routing.js';

const NETWORK = 'ef'.repeat(32);
const PROTOCOL = dhtProtocol(NETWORK);
/**
 * Nobody is ever silent here: a node that is down refuses at once. A long time tells how busy this machine is, and
 * nothing else.
 */
const PATIENCE = 10 * minute;
/** Look-ups, or providing, at once: their requests share one thread. */
const CONCURRENCY = 8;

type Handler = (stream: Stream, connection: Connection) => void | Promise<void>;
type Topology = { onConnect?(peerId: PeerId, connection: Connection): void };
type MergeData = { multiaddrs?: Multiaddr[]; protocols?: string[]; tags?: Record<string, unknown> };

const quiet: Logger = Object.assign(() => {}, {
  enabled: false,
  error: () => {},
  trace: () => {},
  newScope: () => quiet,
});

/** One of two ends: what goes in at one comes out at the other in the next turn. */
class DirectStream extends AbstractStream {
  other: DirectStream | undefined;

  constructor(protocol: string, direction: 'inbound' | 'outbound') {
    super({ id: '', protocol, direction, log: quiet });
  }

  sendData(data: Parameters<AbstractStream['sendData']>[0]): SendResult {
    const bytes = data.slice();
    setImmediate(() => this.other?.onData(bytes));
    return { sentBytes: bytes.length, canSendMore: true };
  }

  sendReset(): void {
    setImmediate(() => this.other?.onRemoteReset());
  }

  sendCloseWrite(): Promise<void> {
    setImmediate(() => this.other?.onRemoteCloseWrite());
    return Promise.resolve();
  }

  sendCloseRead(): Promise<void> {
    return Promise.resolve();
  }

  sendPause(): void {}

  sendResume(): void {}
}

/** The result of one look-up, and its cost. */
export interface LookUp {
  readonly found: boolean;
  /** Requests sent until somebody named a provider, or until the end. */
  readonly requests: number;
  /** Peers from one to the next until one knew: 1 for a peer that was in the routing table. */
  readonly hops: number;
}

/**
 * Nodes of the DHT as shipped, kad-dht with our options, routing and store, in one process: what is put in place of the
 * network are streams in memory. Nobody is connected before he asks; who is down cannot be reached, and says nothing.
 */
export class KadWorld {
  readonly nodes: KadNode[] = [];
  private readonly byId = new Map<string, KadNode>();

  constructor(readonly random: SeededRandom) {}

  /** A node that knows a few of those that run, as a newcomer knows who invited it. */
  async add(knows = 2): Promise<KadNode> {
    const node = new KadNode(this, signerFromRaw(this.random.bytes(32)).peerId, this.nodes.length);
    this.byId.set(node.peerId.toString(), node);
    const others = this.running();
    this.nodes.push(node);
    await node.start();
    for (let i = 0; i < knows && others.length > 0; i++) node.meet(this.random.pick(others));
    return node;
  }

  running(): KadNode[] {
    return this.nodes.filter(({ up }) => up);
  }

  at(peerId: PeerId): KadNode | undefined {
    const node = this.byId.get(peerId.toString());
    return node?.up ? node : undefined;
  }

  /** Ends a share of the nodes without a word, and starts the same number of those that were down, with empty memories. */
  async churn(share: number): Promise<void> {
    const down = this.nodes.filter(({ up }) => !up);
    const leaving = shuffled(this.running(), this.random).slice(0, Math.round(this.running().length * share));
    await Promise.all(leaving.map((node) => node.stop()));
    const returning = shuffled(down, this.random).slice(0, leaving.length);
    for (const node of returning) {
      await node.start();
      for (let i = 0; i < 2; i++) node.meet(this.random.pick(this.running().filter((other) => other !== node)));
    }
  }

  /** Has nodes provide so many new contents, one each. */
  async provide(count: number, provided: Map<Cid, KadNode>): Promise<void> {
    const work = Array.from({ length: count }, () => ({
      cid: cidOf(this.random.bytes(32)),
      node: this.random.pick(this.nodes),
    }));
    await inTurns(work, async ({ cid, node }) => {
      await node.routing.provide(cid);
      provided.set(cid, node);
    });
  }

  /** Looks each content up from a node that does not provide it. */
  async lookUpAll(provided: ReadonlyMap<Cid, KadNode>): Promise<LookUp[]> {
    const results: LookUp[] = [];
    await inTurns([...provided], async ([cid, provider]) => {
      const from = this.random.pick(this.running().filter((node) => node !== provider));
      results.push(await from.lookUp(cid, provider));
    });
    return results;
  }

  async stop(): Promise<void> {
    await Promise.all(this.running().map((node) => node.stop()));
  }
}

export class KadNode {
  readonly peerId: PeerId;
  readonly address: Multiaddr;
  up = false;
  routing!: KadRouting;
  private readonly handlers = new Map<string, Handler>();
  private readonly topologies = new Map<string, Topology>();
  private readonly peers = new Map<string, Peer>();
  private readonly connected = new Set<string>();

  constructor(
    private readonly world: KadWorld,
    peerId: string,
    index: number,
  ) {
    this.peerId = peerIdFromString(peerId);
    this.address = multiaddr(`/ip4/10.${index >> 16}.${(index >> 8) & 255}.${index & 255}/tcp/4001`);
  }

  async start(): Promise<void> {
    for (const known of [this.handlers, this.topologies, this.peers, this.connected]) known.clear();
    this.up = true;
    const connected = (): string[] => [...this.connected];
    this.routing = new KadRouting({ isMember: () => true, connected, log: silentLog, patience: PATIENCE });
    await this.routing.attach(this.components());
    await this.routing.start(NETWORK);
  }

  async stop(): Promise<void> {
    this.up = false;
    await this.routing.detach();
  }

  /** A connection, over which both say who they are and what they speak. */
  meet(other: KadNode): void {
    if (this.connected.has(other.peerId.toString())) return;
    for (const [one, two] of [
      [this, other],
      [other, this],
    ] as const) {
      one.connected.add(two.peerId.toString());
      one.learn(two.peerId, { multiaddrs: [two.address], protocols: [PROTOCOL] });
      for (const { onConnect } of one.topologies.values()) onConnect?.(two.peerId, connectionTo(two));
    }
  }

  async lookUp(cid: Cid, provider: KadNode): Promise<LookUp> {
    const depth = new Map<string, number>();
    let requests = 0;
    const onProgress = ({ type, detail }: CustomEvent<{ from: PeerId; closer: { id: PeerId }[] }>): void => {
      if (type === 'kad-dht:query:send-query') requests++;
      if (type !== 'kad-dht:query:peer-response') return;
      const hops = (depth.get(detail.from.toString()) ?? 1) + 1;
      for (const { id } of detail.closer) if (!depth.has(id.toString())) depth.set(id.toString(), hops);
      answered = hops - 1;
    };
    let answered = 0;
    // Options that are passed on to kad-dht beyond our own.
    const options = { signal: AbortSignal.timeout(PATIENCE), onProgress };
    try {
      for await (const { peerId } of this.routing.findProviders(cid, options)) {
        if (peerId === provider.peerId.toString()) return { found: true, requests, hops: answered };
      }
    } catch {
      // It took too long.
    }
    return { found: false, requests, hops: answered };
  }

  /** Answers a stream. @throws Error when nothing is there that does */
  accept(stream: Stream, from: KadNode, protocol: string): void {
    const handler = this.handlers.get(protocol);
    if (!handler) throw new Error('the protocol is not spoken there');
    // As libp2p does: a handler that fails ends its stream.
    void (async () => handler(stream, connectionTo(from)))().catch((error: Error) => stream.abort(error));
  }

  private async openStream(to: PeerId, protocol: string): Promise<Stream> {
    const other = this.world.at(to);
    if (!this.up || !other) throw new Error('nobody answers there');
    this.meet(other);
    const near = new DirectStream(protocol, 'outbound');
    const far = new DirectStream(protocol, 'inbound');
    near.other = far;
    far.other = near;
    other.accept(far, this, protocol);
    return near;
  }

  private learn(peerId: PeerId, { multiaddrs = [], protocols = [] }: MergeData): Peer {
    const before = this.peers.get(peerId.toString());
    const addresses = new Map(before?.addresses.map((address) => [address.multiaddr.toString(), address]));
    for (const each of multiaddrs) addresses.set(each.toString(), { multiaddr: each, isCertified: false });
    const peer: Peer = {
      ...{ id: peerId, metadata: new Map(), tags: new Map() },
      addresses: [...addresses.values()],
      protocols: [...new Set([...(before?.protocols ?? []), ...protocols])],
    };
    this.peers.set(peerId.toString(), peer);
    return peer;
  }

  private components(): KadDHTComponents {
    const get = (peerId: PeerId): Peer => {
      const peer = this.peers.get(peerId.toString());
      if (!peer) throw Object.assign(new Error('not known'), { name: 'NotFoundError' });
      return peer;
    };
    return {
      peerId: this.peerId,
      events: new EventTarget(),
      logger: { forComponent: () => quiet },
      addressManager: { getAddresses: () => [this.address.encapsulate(`/p2p/${this.peerId.toString()}`)] },
      registrar: {
        handle: async (protocol: string, handler: Handler) => void this.handlers.set(protocol, handler),
        unhandle: async (protocol: string) => void this.handlers.delete(protocol),
        register: async (protocol: string, topology: Topology) => {
          this.topologies.set(protocol, topology);
          return protocol;
        },
        unregister: (id: string) => void this.topologies.delete(id),
      },
      peerStore: {
        get: async (peerId: PeerId) => get(peerId),
        getInfo: async (peerId: PeerId) => {
          const { id, addresses } = get(peerId);
          return { id, multiaddrs: addresses.map((address) => address.multiaddr) };
        },
        merge: async (peerId: PeerId, data: MergeData) => this.learn(peerId, data),
        all: async () => [...this.peers.values()],
      },
      connectionManager: {
        openStream: (to: PeerId, protocol: string) => this.openStream(to, protocol),
        isDialable: async () => true,
      },
      ping: {
        ping: async (to: PeerId) => {
          if (!this.world.at(to)) throw new Error('nobody answers there');
          return 1;
        },
      },
    } as unknown as KadDHTComponents;
  }
}

async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const next = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (const item of next) await work(item);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

function shuffled<T>(items: readonly T[], random: SeededRandom): T[] {
  const keyed = items.map((item) => ({ item, key: random.next() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}

function connectionTo(node: KadNode): Connection {
  return { remotePeer: node.peerId, remoteAddr: node.address, direct: true } as unknown as Connection;
}

/** Sets of figures as they are told. */
export function summary(results: readonly LookUp[]): string {
  const found = results.filter((result) => result.found);
  const sorted = (of: (result: LookUp) => number): number[] => found.map(of).sort((a, b) => a - b);
  const spread = (values: readonly number[]): string => {
    const at = (share: number): number => values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;
    const mean = values.reduce((sum, value) => sum + value, 0) / (values.length || 1);
    return `mean ${mean.toFixed(1)}, median ${at(0.5)}, 95 % ${at(0.95)}, most ${at(1)}`;
  };
  const share = (100 * found.length) / results.length;
  return (
    `${found.length} of ${results.length} found (${share.toFixed(1)} %); ` +
    `hops ${spread(sorted(({ hops }) => hops))}; requests ${spread(sorted(({ requests }) => requests))}`
  );
}
