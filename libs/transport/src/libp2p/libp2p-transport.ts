import {
  DfsError,
  silentLog,
  systemClock,
  systemTimers,
  type Clock,
  type Log,
  type Unsubscribe,
  type WorkStatus,
  Deadline,
  Listeners,
} from '@dfs/runtime';
import { signerFromRaw } from '@dfs/protocol';
import { RELAY_V2_STOP_CODEC } from '@libp2p/circuit-relay-v2';
import type { Connection, PrivateKey, Stream } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { directTargets, isRelayed, parseAddress, relayedTargets } from '../address.js';
import { MemoryBudget } from '../limits/memory-budget.js';
import type { ChannelContext } from '../channel/channel.js';
import { attachBulk, bulkTargets } from '../bulk/bulk-libp2p.js';
import { BulkPlane } from '../bulk/bulk-plane.js';
import { connectionGater } from './connection-gater.js';
import { Connections, type LiveConnection } from './connections.js';
import {
  DIRECT_FIRST,
  GATE_SWEEP,
  PEER_RECEIVE_BUDGET,
  RECEIVE_BUDGET,
  RELAY_TICK,
  SEND_BUDGET,
} from '../constants.js';
import { Gatekeeper } from '../gatekeeper.js';
import { Handlers } from '../channel/handlers.js';
import { KadRouting, NoRouting } from '../routing/kad-routing.js';
import { listenFailed, mapError, notAMember, selfDial } from '../errors.js';
import {
  announceOwnAddresses,
  createHost,
  privateKeyOf,
  stopReconnecting,
  type HostOptions,
  stopHost,
} from './libp2p-host.js';
import type { Host } from '../host.js';
import { listenForOthers } from './lan-discovery.js';
import { Streams } from './streams.js';
import { SeenAddresses } from '../reach/nat.js';
import { Paces } from '../limits/rate-limit.js';
import { Rounds } from '../rounds.js';
import { RelayServer } from '../reach/relay-server.js';
import { Relays } from '../reach/relays.js';
import { RateMeter } from '../limits/rate-meter.js';
import type {
  Channel,
  ConnectionInfo,
  ContentRouting,
  DialOptions,
  Gate,
  HandleOptions,
  OpenOptions,
  ProtocolHandler,
  Rates,
  RecordArchive,
  TransferLimits,
  Transport,
} from '../transport.js';

/** How a node reaches others, and may be reached. */
export interface Libp2pTransportOptions {
  /** 32 bytes of Ed25519 seed, or the 64 of libp2p. */
  privateKeyRaw: Uint8Array;
  /** IP address to listen at; undefined to listen at none, and be reached through other members alone. */
  host: string | undefined;
  /** 0 picks a free one at every start. */
  port: number;
  /** Look for nodes on the local network. */
  mdns?: boolean;
  /** Take part in the DHT. */
  dht?: boolean;
  /** Where provider records that others gave us outlive a restart. */
  records?: RecordArchive;
  /** Relay for other members, and be reached through them where there is no other way; off unless said. */
  relay?: boolean;
  /** Have members try this node's public addresses; off unless said. */
  autonat?: boolean;
  /** As for HostOptions; off unless said. */
  upnp?: HostOptions['upnp'];
  /** Bulk connections beside those of libp2p; off unless said. */
  bulk?: boolean;
  log?: Log;
  clock?: Clock;
  timers?: HostOptions['timers'];
}

/** libp2p over TCP: TLS or Noise, yamux, and everything behind the membership gate. */
export class Libp2pTransport implements Transport {
  readonly peerId: string;
  readonly routing: ContentRouting;
  readonly #options: Libp2pTransportOptions;
  readonly #privateKey: PrivateKey;
  readonly #log: Log;
  readonly #traffic: RateMeter;
  readonly #handlers: Handlers;
  readonly #keeper: Gatekeeper;
  readonly #connections: Connections;
  readonly #kad: KadRouting | undefined;
  readonly #relays: Relays | undefined;
  readonly #relayServer: RelayServer | undefined;
  readonly #discovered: Listeners<[string, string[]]>;
  readonly #addressed: Listeners<[]>;
  readonly #context: ChannelContext;
  readonly #streams: Streams;
  readonly #bulk: BulkPlane | undefined;
  #host: Host | undefined;
  #mdns: { stop(): Promise<void> } | undefined;
  readonly #rounds: Rounds;

  static create(options: Libp2pTransportOptions): Promise<Libp2pTransport> {
    return Promise.resolve(new Libp2pTransport(options));
  }

  private constructor(options: Libp2pTransportOptions) {
    const clock = options.clock ?? systemClock;
    this.#options = options;
    this.#log = options.log ?? silentLog;
    this.peerId = signerFromRaw(options.privateKeyRaw).peerId;
    this.#privateKey = privateKeyOf(
      options.privateKeyRaw,
      peerIdFromString(this.peerId).publicKey?.raw ?? new Uint8Array(),
    );
    this.#traffic = new RateMeter(clock);
    this.#handlers = new Handlers(this.#log);
    this.#rounds = new Rounds(this.#log);
    this.#keeper = new Gatekeeper(clock, (protocol) => this.#handlers.opensToStrangers(protocol));
    this.#connections = new Connections({ keeper: this.#keeper, clock, log: this.#log });
    this.#discovered = new Listeners(this.#log);
    this.#addressed = new Listeners(this.#log);
    const sendBudget = new MemoryBudget(SEND_BUDGET);
    this.#context = {
      traffic: this.#traffic,
      receiveBudget: new MemoryBudget(RECEIVE_BUDGET, PEER_RECEIVE_BUDGET),
      sendBudget,
      paces: new Paces(),
      onOverweight: () => this.#cut(sendBudget.heaviest() ?? '', 'it takes too little of what it asks for'),
    };
    const onOffence = (peerId: string, connection?: Connection): void => this.#connections.offence(peerId, connection);
    this.#streams = new Streams({ handlers: this.#handlers, context: this.#context, onOffence });
    this.#bulk = options.bulk ? this.#bulkPlane(onOffence) : undefined;
    if (options.dht ?? true) {
      this.#kad = new KadRouting({
        self: this.peerId,
        ...(options.records && { archive: options.records }),
        isMember: (peerId) => this.#keeper.isMember(peerId),
        connected: () => this.#connections.list().map(({ peerId }) => peerId),
        log: this.#log,
      });
    }
    this.routing = this.#kad ?? new NoRouting();
    if (!options.relay) return;
    const isMember = (peerId: string) => this.#keeper.isMember(peerId);
    this.#relayServer = new RelayServer({ isMember, isDirect: (peerId) => this.#connections.isDirect(peerId) });
    this.#relays = new Relays({
      self: this.peerId,
      log: this.#log,
      isMember,
      connections: () => this.#connections.list(),
      dialDirectly: (peerId) => this.#dialDirectly(peerId, []),
      closeRelayed: (peerId) => this.#connections.closeRelayed(peerId),
    });
  }

  async start(): Promise<void> {
    if (this.#host) return;
    const host = await createHost({
      privateKey: this.#privateKey,
      host: this.#options.host,
      port: this.#options.port,
      relay: this.#relayServer,
      autonat: this.#options.autonat,
      upnp: this.#options.upnp,
      timers: this.#options.timers,
      maySpeak: (connection, stream) => this.#maySpeak(connection, stream),
      gater: { ...this.#relayServer?.gater, ...connectionGater(this.#keeper, this.#connections) },
    });
    this.#listen(host);
    for (const protocol of this.#handlers.protocols()) await this.#streams.register(host, protocol);
    await this.#begin(host);
    stopReconnecting(host);
    announceOwnAddresses(host);
    this.#host = host;
    this.#rounds.begin('cut connections that may not stay', GATE_SWEEP, () => this.#keeper.sweep());
    this.#rounds.begin('announce own addresses', RELAY_TICK, () => announceOwnAddresses(host));
    if (this.#bulk) await attachBulk(this.#bulk, host);
    if (host.reservations) this.#relays?.attach(host, host.reservations);
    await this.#kad?.attach(host.components);
    if (this.#options.mdns) this.#mdns = await listenForOthers(host, (...other) => this.#discovered.tell(...other));
    this.#log.info({ addresses: this.addresses() }, 'listening for peers');
  }

  /** @throws DfsError `not-ready` where it cannot listen */
  async #begin({ libp2p }: Host): Promise<void> {
    try {
      await libp2p.start();
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'UnsupportedListenAddressesError') throw error;
      throw listenFailed(error, this.#options.host, this.#options.port);
    }
  }

  async stop(): Promise<void> {
    const host = this.#host;
    if (!host) return;
    this.#host = undefined;
    await this.#rounds.end();
    await this.#relays?.detach();
    this.#bulk?.detach();
    await this.#mdns?.stop();
    await this.#kad?.detach();
    await stopHost(host);
    this.#connections.cutAll('stopped');
  }

  work(): WorkStatus[] {
    return [this.#rounds, this.#relays, this.#kad].flatMap((part) => part?.work() ?? []);
  }

  addresses(): string[] {
    const own = this.#host?.libp2p.getMultiaddrs().map((address) => address.toString()) ?? [];
    return [...own.filter((address) => !isRelayed(address)), ...(this.#relays?.addresses() ?? [])];
  }

  onAddresses(fn: () => void): Unsubscribe {
    const offs = [this.#addressed.add(fn), this.#relays?.onChange(fn)];
    return () => offs.forEach((off) => off?.());
  }

  setGate(gate: Gate): void {
    this.#keeper.setGate(gate);
  }

  async enforceGate(): Promise<void> {
    this.#keeper.sweep();
  }

  handle(protocol: string, handler: ProtocolHandler, options?: HandleOptions): void {
    this.#handlers.add(protocol, handler, options);
    const host = this.#host;
    if (!host) return;
    this.#streams.register(host, protocol).catch((error: unknown) => {
      this.#log.error({ err: error, protocol }, 'a protocol could not be registered');
    });
  }

  async open(peerId: string, protocol: string, options: OpenOptions = {}): Promise<Channel> {
    if (!this.#keeper.maySpeak(peerId, protocol)) throw notAMember();
    const stream = (): Promise<Channel> => this.#streams.open(this.#running(), peerId, protocol, options);
    return (await this.#bulk?.open(peerId, protocol, options, stream)) ?? stream();
  }

  async dial(text: string, options: DialOptions = {}): Promise<string> {
    const { multiaddr, peerId, relay } = parseAddress(text);
    if (peerId === this.peerId) throw selfDial();
    if (relay !== undefined && !(this.#keeper.isMember(relay) && this.#keeper.isMember(peerId ?? '')))
      throw notAMember();
    return this.#keeper.inviting(peerId ?? multiaddr.toString(), async () => {
      const connection = await this.#connect(multiaddr, options);
      return connection.peerId;
    });
  }

  async dialPeer(peerId: string, addresses: readonly string[] = [], options: DialOptions = {}): Promise<void> {
    if (!this.#keeper.isMember(peerId)) throw notAMember();
    if (this.#connections.isConnected(peerId)) return;
    const isRelay = (relay: string): boolean => this.#keeper.isMember(relay) && this.#connections.isDirect(relay);
    const relayed = this.#relays ? relayedTargets(peerId, addresses, isRelay) : [];
    try {
      using limit = new Deadline(relayed.length > 0 ? DIRECT_FIRST : undefined, options.signal);
      await this.#dialDirectly(peerId, addresses, limit.signal);
    } catch (error) {
      if (options.signal?.aborted) throw mapError(error, options.signal);
      this.#relays?.missed(peerId);
      if (relayed.length === 0) throw error;
      await this.#connect(relayed, options);
    }
  }

  watch(peerIds: ReadonlySet<string>): void {
    this.#connections.watch(peerIds);
  }

  probe(peerId: string): void {
    this.#connections.probe(peerId);
  }

  async hangUp(peerId: string): Promise<void> {
    await this.#connections.hangUp(peerId);
  }

  async forget(peerId: string): Promise<void> {
    this.#cut(peerId, 'forgotten');
    this.#traffic.forget(peerId);
    await this.#kad?.forget(peerId);
    await this.#host?.libp2p.peerStore.delete(peerIdFromString(peerId));
  }

  connections(): ConnectionInfo[] {
    return this.#connections.list();
  }

  onConnect(fn: (peerId: string) => void): Unsubscribe {
    return this.#connections.onConnect(fn);
  }

  onDisconnect(fn: (peerId: string) => void): Unsubscribe {
    return this.#connections.onDisconnect(fn);
  }

  onDiscovery(fn: (peerId: string, addresses: string[]) => void): Unsubscribe {
    return this.#discovered.add(fn);
  }

  rates(peerId: string): Rates {
    return this.#traffic.rates(peerId);
  }

  setLimits(limits: TransferLimits): void {
    this.#context.paces.limits = limits;
  }

  limits(): TransferLimits {
    return this.#context.paces.limits;
  }

  /** How many bulk connections there are, by who asks over them: peers, this node. */
  bulkConnections(): { readonly in: number; readonly out: number } {
    return this.#bulk?.counts() ?? { in: 0, out: 0 };
  }

  isHeldBack(): boolean {
    return this.#context.paces.receive.isFull;
  }

  #maySpeak({ remotePeer }: Connection, { protocol, direction }: Pick<Stream, 'protocol' | 'direction'>): boolean {
    const peerId = remotePeer.toString();
    // Nobody passes connections on to this node that it has not asked to.
    if (protocol === RELAY_V2_STOP_CODEC && direction === 'inbound')
      return this.#relays?.holdsPlaceWith(peerId) ?? false;
    return this.#keeper.maySpeak(peerId, protocol);
  }

  #listen({ libp2p, components }: Host): void {
    const seen = new SeenAddresses(components.addressManager);
    libp2p.addEventListener('connection:open', ({ detail }) => this.#connections.opened(detail));
    libp2p.addEventListener('connection:close', ({ detail }) => {
      this.#connections.closed(detail);
      this.#relays?.connectionsChanged();
    });
    libp2p.addEventListener('self:peer:update', () => this.#addressed.tell());
    libp2p.addEventListener('peer:identify', ({ detail }) => {
      if (this.#options.autonat && this.#keeper.isMember(detail.peerId.toString())) seen.note(detail);
      // Now it is known whether the peer relays, and where it may be dialled.
      this.#relays?.identified(detail.peerId.toString());
    });
  }

  /** Dials, and waits until the other side has let us in. */
  async #connect(target: Parameters<Host['libp2p']['dial']>[0], options: DialOptions): Promise<LiveConnection> {
    using limit = new Deadline(undefined, options.signal);
    try {
      const connection = await this.#running().libp2p.dial(target, { signal: limit.signal });
      return await this.#connections.ready(connection);
    } catch (error) {
      throw mapError(error, limit.signal);
    }
  }

  /** All direct addresses there are; not what libp2p would find by itself, which may lead through another member. */
  async #dialDirectly(peerId: string, given: readonly string[], signal?: AbortSignal): Promise<void> {
    const target = directTargets(peerId, given, await this.#knownAddresses(peerId));
    if (target.length === 0) throw new DfsError('peer-unreachable', 'No address of that peer is known.');
    await this.#connect(target, { signal });
  }

  async #knownAddresses(peerId: string): Promise<string[]> {
    try {
      const peer = await this.#running().libp2p.peerStore.get(peerIdFromString(peerId));
      return peer.addresses.map(({ multiaddr }) => multiaddr.toString());
    } catch {
      return [];
    }
  }

  #bulkPlane(onOffence: (peerId: string) => void): BulkPlane {
    const { clock = systemClock, timers = systemTimers } = this.#options;
    const { keeper, handlers, context, log, connections, privateKey } = {
      ...{ keeper: this.#keeper, handlers: this.#handlers, context: this.#context, log: this.#log },
      ...{ connections: this.#connections, privateKey: this.#privateKey },
    };
    const targets = (peerId: string) => bulkTargets(peerId, connections.list(), this.#running());
    const plane = new BulkPlane({
      ...{ privateKey, keeper, handlers, context, clock, timers, log },
      targets,
      onOffence,
    });
    connections.onConnect((peerId) => plane.retry(peerId));
    connections.onDisconnect((peerId) => plane.cut(peerId, 'it is not connected any more'));
    return plane;
  }

  #cut(peerId: string, reason: string): void {
    this.#connections.cut(peerId, reason);
    this.#bulk?.cut(peerId, reason);
  }

  #running(): Host {
    if (!this.#host) throw new Error('the transport is not running');
    return this.#host;
  }
}
