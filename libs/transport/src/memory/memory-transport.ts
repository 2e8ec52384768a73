import { DfsError, abortError, type Log, type Unsubscribe, type WorkStatus, Listeners } from '@dfs/runtime';
import { addressOf, parseAddress } from '../address.js';
import { MemoryBudget } from '../limits/memory-budget.js';
import { StreamLostError } from '../channel/byte-stream.js';
import { FrameChannel } from '../channel/channel.js';
import {
  CHANNEL_IDLE_TIMEOUT,
  GATE_SWEEP,
  MAX_CONNECTIONS,
  MAX_OFFENCES,
  MAX_PEER_CONNECTIONS,
  OPEN_TIMEOUT,
  PEER_RECEIVE_BUDGET,
  RECEIVE_BUDGET,
  SEND_BUDGET,
} from '../constants.js';
import { Gatekeeper, type GuardedConnection } from '../gatekeeper.js';
import { Handlers } from '../channel/handlers.js';
import { notAMember, selfDial } from '../errors.js';
import type { MemoryLink } from './memory-link.js';
import { MemoryRouting } from './memory-routing.js';
import { memoryStreamPair, type MemoryStream } from './memory-stream.js';
import { Paces } from '../limits/rate-limit.js';
import { Rounds } from '../rounds.js';
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
  TransferLimits,
  Transport,
} from '../transport.js';

/** One side of a connection between two nodes of a MemoryNetwork. */
interface MemoryConnection extends GuardedConnection {
  readonly node: MemoryTransport;
  readonly far: MemoryTransport;
  /** The same connection, seen from the other side. */
  other: MemoryConnection;
  readonly streams: Set<MemoryStream>;
  offences: number;
}

/** The same semantics as Libp2pTransport, without sockets: for tests and simulations. */
export class MemoryTransport implements Transport {
  readonly routing: ContentRouting;
  started = false;
  readonly #traffic: RateMeter;
  readonly #handlers: Handlers;
  readonly #keeper: Gatekeeper;
  readonly #connections = new Set<MemoryConnection>();
  /** Addresses learned, as a peer store would. */
  readonly #known = new Map<string, Set<string>>();
  readonly #connected: Listeners<[string]>;
  readonly #disconnected: Listeners<[string]>;
  readonly #discovered: Listeners<[string, string[]]>;
  readonly #context;
  readonly #rounds: Rounds;

  constructor(
    readonly network: MemoryLink<MemoryTransport>,
    readonly peerId: string,
    /** Without `/p2p`. */
    readonly address: string,
    log: Log,
  ) {
    this.#traffic = new RateMeter(network.clock);
    this.#handlers = new Handlers(log);
    this.#rounds = new Rounds(log);
    this.#keeper = new Gatekeeper(network.clock, (protocol) => this.#handlers.opensToStrangers(protocol));
    this.#connected = new Listeners(log);
    this.#disconnected = new Listeners(log);
    this.#discovered = new Listeners(log);
    this.#context = {
      traffic: this.#traffic,
      receiveBudget: new MemoryBudget(RECEIVE_BUDGET, PEER_RECEIVE_BUDGET),
      sendBudget: new MemoryBudget(SEND_BUDGET),
      paces: new Paces(),
      onOverweight: () => void this.hangUp(this.#context.sendBudget.heaviest() ?? ''),
    };
    this.routing = new MemoryRouting(network, this);
  }

  async start(): Promise<void> {
    this.started = true;
    this.#rounds.begin('cut connections that may not stay', GATE_SWEEP, () => this.#keeper.sweep());
    this.network.announce(this);
  }

  async stop(): Promise<void> {
    this.started = false;
    await this.#rounds.end();
    await this.routing.stop();
    for (const connection of [...this.#connections]) connection.cut('stopped');
  }

  work(): WorkStatus[] {
    return this.#rounds.work();
  }

  addresses(): string[] {
    return this.started ? [`${this.address}/p2p/${this.peerId}`] : [];
  }

  /** Never told: an address in memory stays. */
  onAddresses(): Unsubscribe {
    return () => {};
  }

  setGate(gate: Gate): void {
    this.#keeper.setGate(gate);
  }

  async enforceGate(): Promise<void> {
    this.#keeper.sweep();
  }

  handle(protocol: string, handler: ProtocolHandler, options?: HandleOptions): void {
    this.#handlers.add(protocol, handler, options);
  }

  async open(peerId: string, protocol: string, options: OpenOptions = {}): Promise<Channel> {
    if (!this.#keeper.maySpeak(peerId, protocol)) throw notAMember();
    const idleMs = options.timeoutMs ?? CHANNEL_IDLE_TIMEOUT;
    const { signal, allocate } = options;
    const connection =
      this.#connectionTo(peerId) ?? (await this.#connect(peerId, { signal, timeoutMs: options.timeoutMs }));
    const [near, far] = memoryStreamPair(linkOf(connection));
    track(connection, near);
    track(connection.other, far);
    const channel = new FrameChannel(near, this.#context, {
      peerId,
      idleMs,
      signal,
      allocate,
      limited: this.#handlers.isLimited(protocol),
      onOffence: offence(connection),
    });
    connection.far.#accept(connection.other, far, protocol);
    if (!connection.far.#handlers.has(protocol)) {
      const error = new DfsError(
        'peer-misbehaved',
        `The peer does not speak ${protocol}: it may run another version of DFS.`,
      );
      channel.abort(error);
      throw error;
    }
    if (signal?.aborted) throw abortError(signal);
    return channel;
  }

  async dial(text: string, options: DialOptions = {}): Promise<string> {
    const address = parseAddress(text);
    const place = withoutPeerId(address.multiaddr.toString());
    const there = this.network.byAddress(place);
    if (there === this || address.peerId === this.peerId) throw selfDial();
    if (address.peerId !== undefined && there && there.peerId !== address.peerId) throw unreachable();
    return this.#keeper.inviting(there?.peerId ?? place, async () => {
      const peerId = there?.peerId ?? '';
      if (!this.#connectionTo(peerId)) await this.#connect(peerId, { signal: options.signal }, place);
      return peerId;
    });
  }

  async dialPeer(peerId: string, addresses: readonly string[] = [], options: DialOptions = {}): Promise<void> {
    if (!this.#keeper.isMember(peerId)) throw notAMember();
    const known = this.#known.get(peerId) ?? new Set<string>();
    for (const text of addresses) {
      const address = addressOf(text, peerId);
      if (address) known.add(withoutPeerId(address.toString()));
    }
    this.#known.set(peerId, known);
    if (!this.#connectionTo(peerId)) await this.#connect(peerId, { signal: options.signal });
  }

  /** Nobody falls silent here: what cannot be reached is cut at once. */
  watch(): void {}

  probe(): void {}

  async hangUp(peerId: string): Promise<void> {
    for (const connection of [...this.#connections]) if (connection.peerId === peerId) connection.cut('hung up');
  }

  async forget(peerId: string): Promise<void> {
    await this.hangUp(peerId);
    this.#known.delete(peerId);
    this.#traffic.forget(peerId);
  }

  connections(): ConnectionInfo[] {
    return [...this.#connections].map(({ peerId, direction, openedAt, far }) => {
      return { peerId, direction, openedAt, address: `${far.address}/p2p/${peerId}` };
    });
  }

  onConnect(fn: (peerId: string) => void): Unsubscribe {
    return this.#connected.add(fn);
  }

  onDisconnect(fn: (peerId: string) => void): Unsubscribe {
    return this.#disconnected.add(fn);
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

  isHeldBack(): boolean {
    return this.#context.paces.receive.isFull;
  }

  /** Bytes since it was made, frames of all protocols. */
  get totals(): { readonly received: number; readonly sent: number } {
    return this.#traffic.totals;
  }

  /** Called by the network. */
  discovered(other: MemoryTransport): void {
    this.#discovered.tell(other.peerId, [other.address]);
  }

  /** Called by the network when it has split. */
  dropUnreachable(): void {
    for (const connection of [...this.#connections]) {
      if (!this.network.reaches(this.peerId, connection.peerId)) connection.cut('partitioned');
    }
  }

  #connectionTo(peerId: string): MemoryConnection | undefined {
    for (const connection of this.#connections) if (connection.peerId === peerId) return connection;
    return undefined;
  }

  async #connect(peerId: string, options: OpenOptions, address?: string): Promise<MemoryConnection> {
    if (!this.#keeper.admitsOutbound(peerId)) throw notAMember();
    await travel(this.network.latency() * 2, options);
    const far = this.network.byPeerId(peerId);
    if (!this.started || !far?.started || !this.network.reaches(this.peerId, peerId)) throw unreachable();
    if (!address && !this.#known.get(peerId)?.has(far.address)) throw unreachable();
    if (!far.#keeper.admitsInbound(this.peerId)) throw unreachable('The peer did not let this node in.');
    const raced = this.#connectionTo(peerId);
    if (raced) return raced;
    if (!this.#hasRoom(peerId) || !far.#hasRoom(this.peerId)) throw unreachable('One of the two has no room for it.');
    const out = this.#side(far, 'out');
    const back = far.#side(this, 'in');
    out.other = back;
    back.other = out;
    this.#admit(out);
    far.#admit(back);
    return out;
  }

  /** The limits of a real transport, so that nothing passes here that would be refused there. */
  #hasRoom(peerId: string): boolean {
    if (this.#connections.size >= MAX_CONNECTIONS) return false;
    return [...this.#connections].filter((connection) => connection.peerId === peerId).length < MAX_PEER_CONNECTIONS;
  }

  #side(far: MemoryTransport, direction: 'in' | 'out'): MemoryConnection {
    const connection: MemoryConnection = {
      node: this,
      far,
      peerId: far.peerId,
      direction,
      openedAt: this.network.clock.now(),
      streams: new Set(),
      offences: 0,
      cut: () => {
        this.#drop(connection);
        far.#drop(connection.other);
      },
      other: undefined as unknown as MemoryConnection, // set by the caller, before anyone sees it
    };
    return connection;
  }

  #admit(connection: MemoryConnection): void {
    const first = !this.#connectionTo(connection.peerId);
    this.#connections.add(connection);
    this.#keeper.opened(connection);
    const known = this.#known.get(connection.peerId) ?? new Set<string>();
    this.#known.set(connection.peerId, known.add(connection.far.address));
    if (first) this.#connected.tell(connection.peerId);
  }

  #drop(connection: MemoryConnection): void {
    if (!this.#connections.delete(connection)) return;
    this.#keeper.closed(connection);
    for (const stream of [...connection.streams]) stream.lose(new StreamLostError('the connection is closed'));
    if (!this.#connectionTo(connection.peerId)) this.#disconnected.tell(connection.peerId);
  }

  #accept(connection: MemoryConnection, stream: MemoryStream, protocol: string): void {
    if (!this.#keeper.maySpeak(connection.peerId, protocol)) {
      stream.abort(new StreamLostError('not a member'));
      return;
    }
    const channel = new FrameChannel(stream, this.#context, {
      peerId: connection.peerId,
      idleMs: this.#handlers.idleMs(protocol),
      limited: this.#handlers.isLimited(protocol),
      onOffence: offence(connection),
    });
    void this.#handlers.serve(protocol, channel);
  }
}

function linkOf(connection: MemoryConnection): { latency(): number; carries(): boolean } {
  const network = connection.node.network;
  return {
    latency: () => network.latency(),
    carries: () => {
      if (!network.drops()) return true;
      connection.cut('lost');
      return false;
    },
  };
}

function track(connection: MemoryConnection, stream: MemoryStream): void {
  connection.streams.add(stream);
  stream.onClosed = () => connection.streams.delete(stream);
}

function offence(connection: MemoryConnection): () => void {
  return () => {
    if (++connection.offences >= MAX_OFFENCES) connection.cut('malformed messages');
  };
}

/** Waits as long as the way takes, no longer than the caller does. */
async function travel(ms: number, { signal, timeoutMs = OPEN_TIMEOUT }: OpenOptions): Promise<void> {
  if (signal?.aborted) throw abortError(signal);
  const arrived = Promise.withResolvers<undefined>();
  const timer = setTimeout(
    () =>
      ms > timeoutMs
        ? arrived.reject(new DfsError('timeout', 'The peer did not answer in time.'))
        : arrived.resolve(undefined),
    Math.min(ms, timeoutMs),
  );
  const onAbort = (): void => arrived.reject(abortError(signal as AbortSignal));
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await arrived.promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

function withoutPeerId(address: string): string {
  return address.replace(/\/p2p\/.*$/, '');
}

function unreachable(detail = 'No node answers at that address.'): DfsError {
  return new DfsError('peer-unreachable', detail);
}
