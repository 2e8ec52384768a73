import { randomUUID } from 'node:crypto';
import { signerFromRaw, silentLog, systemClock, type Clock, type Log, type Unsubscribe } from '@dfs/protocol';
import type { Connection, PeerInfo, PrivateKey, Stream } from '@libp2p/interface';
import { mdns } from '@libp2p/mdns';
import { peerIdFromString } from '@libp2p/peer-id';
import type { Multiaddr } from '@multiformats/multiaddr';
import { addressOf, parseAddress } from './address.js';
import { Budget } from './budget.js';
import { FrameChannel, type ChannelContext, type FrameChannelOptions } from './channel.js';
import { Connections, type LiveConnection } from './connections.js';
import {
  CHANNEL_IDLE_TIMEOUT,
  GATE_SWEEP,
  HANDLER_IDLE_TIMEOUT,
  MAX_DIAL_ADDRESSES,
  MAX_INBOUND_STREAMS,
  MAX_PEER_CHANNELS,
  MDNS_INTERVAL,
  OPEN_TIMEOUT,
  PEER_RECEIVE_BUDGET,
  RECEIVE_BUDGET,
  SEND_BUDGET,
} from './constants.js';
import { Gatekeeper } from './gatekeeper.js';
import { Handlers } from './handlers.js';
import { KadRouting, NoRouting } from './kad-routing.js';
import { EarlyAgreement, early } from './early-negotiation.js';
import { mapError, notAMember, selfDial } from './errors.js';
import { createHost, privateKeyOf, stopReconnecting, type Host } from './libp2p-host.js';
import { Libp2pStream } from './libp2p-stream.js';
import { Limit } from './limit.js';
import { Listeners } from './listeners.js';
import { Places } from './places.js';
import { Traffic } from './traffic.js';
import type {
  Channel,
  ConnectionInfo,
  ContentRouting,
  DialOptions,
  Gate,
  OpenOptions,
  ProtocolHandler,
  Rates,
  Transport,
} from './transport.js';

export interface Libp2pTransportOptions {
  /** 32 bytes of Ed25519 seed, or the 64 of libp2p. */
  privateKeyRaw: Uint8Array;
  /** IP address to listen at. */
  host: string;
  /** 0 picks a free one at every start. */
  port: number;
  /** Look for nodes on the local network. */
  mdns?: boolean;
  /** Take part in the DHT. */
  dht?: boolean;
  log?: Log;
  clock?: Clock;
}

/** libp2p over TCP: TLS or Noise, yamux, and everything behind the membership gate. */
export class Libp2pTransport implements Transport {
  readonly peerId: string;
  readonly routing: ContentRouting;
  readonly #options: Libp2pTransportOptions;
  readonly #privateKey: PrivateKey;
  readonly #log: Log;
  readonly #traffic: Traffic;
  readonly #handlers: Handlers;
  readonly #keeper: Gatekeeper;
  readonly #connections: Connections;
  readonly #kad: KadRouting | undefined;
  readonly #discovered: Listeners<[string, string[]]>;
  readonly #context: ChannelContext;
  readonly #places = new Places(MAX_PEER_CHANNELS);
  #host: Host | undefined;
  #mdns: { stop(): Promise<void> } | undefined;
  #sweeping: NodeJS.Timeout | undefined;

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
    this.#traffic = new Traffic(clock);
    this.#handlers = new Handlers(this.#log);
    this.#keeper = new Gatekeeper(clock, (protocol) => this.#handlers.opensToStrangers(protocol));
    this.#connections = new Connections({ keeper: this.#keeper, clock, log: this.#log });
    this.#discovered = new Listeners(this.#log);
    const sendBudget = new Budget(SEND_BUDGET);
    this.#context = {
      traffic: this.#traffic,
      receiveBudget: new Budget(RECEIVE_BUDGET, PEER_RECEIVE_BUDGET),
      sendBudget,
      onOverweight: () => this.#connections.cut(sendBudget.heaviest() ?? '', 'it takes too little of what it asks for'),
    };
    if (options.dht ?? true) {
      this.#kad = new KadRouting({
        isMember: (peerId) => this.#keeper.isMember(peerId),
        connected: () => this.#connections.list().map(({ peerId }) => peerId),
        log: this.#log,
      });
    }
    this.routing = this.#kad ?? new NoRouting();
  }

  async start(): Promise<void> {
    if (this.#host) return;
    const host = await createHost({
      privateKey: this.#privateKey,
      host: this.#options.host,
      port: this.#options.port,
      maySpeak: ({ remotePeer }, protocol) => this.#keeper.maySpeak(remotePeer.toString(), protocol),
      gater: {
        denyDialPeer: (peerId) => !this.#keeper.admitsOutbound(peerId.toString()),
        denyOutboundEncryptedConnection: (peerId, connection) =>
          !this.#keeper.admitsOutbound(peerId.toString(), connection.remoteAddr.toString()),
        denyInboundEncryptedConnection: (peerId) => !this.#connections.admits(peerId.toString()),
        denyInboundUpgradedConnection: (peerId) => !this.#connections.admits(peerId.toString()),
      },
    });
    host.libp2p.addEventListener('connection:open', ({ detail }) => this.#connections.opened(detail));
    host.libp2p.addEventListener('connection:close', ({ detail }) => this.#connections.closed(detail));
    for (const protocol of this.#handlers.protocols()) await this.#register(host, protocol);
    await host.libp2p.start();
    stopReconnecting(host);
    this.#host = host;
    this.#sweeping = setInterval(() => this.#keeper.sweep(), GATE_SWEEP).unref();
    await this.#kad?.attach(host.components);
    if (this.#options.mdns) await this.#listenForOthers(host);
    this.#log.info({ addresses: this.addresses() }, 'listening for peers');
  }

  async stop(): Promise<void> {
    const host = this.#host;
    if (!host) return;
    this.#host = undefined;
    clearInterval(this.#sweeping);
    await this.#mdns?.stop();
    await this.#kad?.detach();
    await host.libp2p.stop();
    this.#connections.cutAll('stopped');
  }

  addresses(): string[] {
    return this.#host?.libp2p.getMultiaddrs().map((address) => address.toString()) ?? [];
  }

  setGate(gate: Gate): void {
    this.#keeper.setGate(gate);
  }

  async enforceGate(): Promise<void> {
    this.#keeper.sweep();
  }

  handle(protocol: string, handler: ProtocolHandler, options?: { strangers?: boolean }): void {
    this.#handlers.add(protocol, handler, options);
    const host = this.#host;
    if (!host) return;
    this.#register(host, protocol).catch((error: unknown) => {
      this.#log.error({ err: error, protocol }, 'a protocol could not be registered');
    });
  }

  async open(peerId: string, protocol: string, options: OpenOptions = {}): Promise<Channel> {
    if (!this.#keeper.maySpeak(peerId, protocol)) throw notAMember();
    const idleMs = options.timeoutMs ?? CHANNEL_IDLE_TIMEOUT;
    using limit = new Limit(options.timeoutMs ?? OPEN_TIMEOUT, options.signal);
    try {
      const onDone = await this.#places.take(peerId, limit.signal);
      try {
        const connection = await this.#running().libp2p.dial(peerIdFromString(peerId), { signal: limit.signal });
        const terms = early({ signal: limit.signal, maxOutboundStreams: MAX_INBOUND_STREAMS });
        const stream = await connection.newStream(protocol, terms);
        const { signal, allocate } = options;
        return this.#channel(stream, peerId, { idleMs, signal, allocate, onDone }, { agree: protocol });
      } catch (error) {
        onDone();
        throw error;
      }
    } catch (error) {
      throw mapError(error, limit.signal);
    }
  }

  async dial(text: string, options: DialOptions = {}): Promise<string> {
    const { multiaddr, peerId } = parseAddress(text);
    if (peerId === this.peerId) throw selfDial();
    return this.#keeper.inviting(peerId ?? multiaddr.toString(), async () => {
      const connection = await this.#connect(multiaddr, options);
      return connection.peerId;
    });
  }

  async dialPeer(peerId: string, addresses: readonly string[] = [], options: DialOptions = {}): Promise<void> {
    if (!this.#keeper.isMember(peerId)) throw notAMember();
    if (this.#connections.isConnected(peerId)) return;
    const given = addresses.flatMap((text) => addressOf(text, peerId) ?? []);
    const known = given.length === 0 ? [] : await this.#knownAddresses(peerId);
    const all = new Map([...given, ...known].map((address) => [address.toString(), address]));
    const target = [...all.values()].slice(0, MAX_DIAL_ADDRESSES);
    await this.#connect(target.length > 0 ? target : peerIdFromString(peerId), options);
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
    this.#connections.cut(peerId, 'forgotten');
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

  /** Dials, and waits until the other side has let us in. */
  async #connect(target: Parameters<Host['libp2p']['dial']>[0], options: DialOptions): Promise<LiveConnection> {
    using limit = new Limit(undefined, options.signal);
    try {
      const connection = await this.#running().libp2p.dial(target, { signal: limit.signal });
      return await this.#connections.ready(connection);
    } catch (error) {
      throw mapError(error, limit.signal);
    }
  }

  async #knownAddresses(peerId: string): Promise<Multiaddr[]> {
    try {
      const peer = await this.#running().libp2p.peerStore.get(peerIdFromString(peerId));
      return peer.addresses.flatMap(({ multiaddr }) => addressOf(multiaddr.toString(), peerId) ?? []);
    } catch {
      return [];
    }
  }

  async #register({ libp2p }: Host, protocol: string): Promise<void> {
    const answer = (stream: Stream, connection: Connection): void => {
      const peerId = connection.remotePeer.toString();
      const channel = this.#channel(stream, peerId, { idleMs: HANDLER_IDLE_TIMEOUT }, { connection });
      void this.#handlers.serve(protocol, channel);
    };
    await libp2p.handle(protocol, answer, {
      maxInboundStreams: MAX_INBOUND_STREAMS,
      maxOutboundStreams: MAX_INBOUND_STREAMS,
    });
  }

  #channel(
    stream: Stream,
    peerId: string,
    limits: Pick<FrameChannelOptions, 'idleMs' | 'signal' | 'allocate' | 'onDone'>,
    { connection, agree }: { connection?: Connection; agree?: string },
  ): FrameChannel {
    const agreement = agree === undefined ? undefined : new EarlyAgreement(agree);
    const bytes = new Libp2pStream(stream, peerId, this.#context.receiveBudget, agreement);
    const onOffence = (): void => this.#connections.offence(peerId, connection);
    return new FrameChannel(bytes, this.#context, { peerId, onOffence, ...limits });
  }

  #running(): Host {
    if (!this.#host) throw new Error('the transport is not running');
    return this.#host;
  }

  /** mDNS, outside libp2p's own discovery, which would keep every address that anyone on the LAN announces. */
  async #listenForOthers({ components }: Host): Promise<void> {
    const service = mdns({ serviceTag: '_dfs._udp.local', interval: MDNS_INTERVAL, peerName: randomUUID() })(
      components,
    );
    service.addEventListener('peer', ({ detail }: CustomEvent<PeerInfo>) => {
      const peerId = detail.id.toString();
      if (peerId === this.peerId) return;
      this.#discovered.tell(
        peerId,
        detail.multiaddrs.slice(0, MAX_DIAL_ADDRESSES).map((address) => address.toString()),
      );
    });
    const startable = service as unknown as { start(): Promise<void>; stop(): Promise<void> };
    await startable.start();
    this.#mdns = startable;
  }
}
