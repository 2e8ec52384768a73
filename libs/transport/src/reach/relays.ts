import { type Log, type Unsubscribe, type WorkStatus, Listeners } from '@dfs/runtime';
import { RELAY_V2_HOP_CODEC } from '@libp2p/circuit-relay-v2';
import { peerIdFromString } from '@libp2p/peer-id';
import { isRelayed } from '../address.js';
import { MAX_RELAYS, RELAYED_LINGER, RELAY_TICK, UPGRADE_INTERVAL } from '../constants.js';
import type { Host, ReservationStore } from '../host.js';
import { Rounds } from '../rounds.js';
import type { ConnectionInfo } from '../transport.js';

/** The parts by which this node finds relays, and leaves them for direct connections. */
export interface RelaysOptions {
  readonly self: string;
  readonly log: Log;
  isMember(peerId: string): boolean;
  /** Connections over which the other side has answered. */
  connections(): ConnectionInfo[];
  /** Connects directly, whatever connection there is; rejects when that fails. */
  dialDirectly(peerId: string): Promise<void>;
  /** Closes a peer's relayed connections. */
  closeRelayed(peerId: string): Promise<void>;
}

/**
 * Connections through other members, for who cannot be reached otherwise. While a member cannot be reached directly, this
 * node holds a place with a few members it is connected to, and announces that; the other side does the same, so that
 * one finds the other. A relayed connection is replaced by a direct one as soon as there is a way.
 */
export class Relays {
  /** Members that could not be dialled directly. */
  readonly #missed = new Set<string>();
  /** When each relayed member was last dialled directly, and when a direct connection was first seen beside. */
  readonly #triedAt = new Map<string, number>();
  readonly #directSince = new Map<string, number>();
  /** Members that have said since then where they listen. */
  readonly #saidAnew = new Set<string>();
  readonly #changed: Listeners<[]>;
  #host: Host | undefined;
  #store: ReservationStore | undefined;
  readonly #rounds: Rounds;
  #held = '';
  #asking = false;

  constructor(private readonly options: RelaysOptions) {
    this.#changed = new Listeners(options.log);
    this.#rounds = new Rounds(options.log);
  }

  attach(host: Host, store: ReservationStore): void {
    this.#host = host;
    this.#store = store;
    store.relayFilter = { has: () => false, add: () => {} };
    // Dispatched before or after the change, depending on which: looked at once that has happened.
    const look = (): void => void setImmediate(() => this.#noteChange());
    store.addEventListener('relay:created-reservation', look);
    store.addEventListener('relay:removed', look);
    this.#rounds.begin('look after ways through other members', RELAY_TICK, () => this.#tick());
  }

  async detach(): Promise<void> {
    this.#host = undefined;
    this.#store = undefined;
    this.#missed.clear();
    this.#triedAt.clear();
    this.#directSince.clear();
    this.#saidAnew.clear();
    this.#held = '';
    await this.#rounds.end();
  }

  work(): WorkStatus[] {
    return this.#rounds.work();
  }

  /** Where this node can be reached through others. */
  addresses(): string[] {
    return this.#relaysHeld().map((relay) => `/p2p/${relay}/p2p-circuit/p2p/${this.options.self}`);
  }

  /** The places held have changed. */
  onChange(fn: () => void): Unsubscribe {
    return this.#changed.add(fn);
  }

  holdsPlaceWith(relay: string): boolean {
    return this.#store?.hasReservation(peerIdFromString(relay)) ?? false;
  }

  /** A member could not be dialled directly. */
  missed(peerId: string): void {
    if (this.#missed.has(peerId)) return;
    this.#missed.add(peerId);
    this.#tick();
  }

  /** A peer has said which addresses and protocols it has. */
  identified(peerId: string): void {
    if (this.#triedAt.has(peerId)) this.#saidAnew.add(peerId);
    this.connectionsChanged();
  }

  /** A connection was opened or closed. */
  connectionsChanged(): void {
    if (this.#missed.size > 0 || this.#held !== '') this.#tick();
  }

  #tick(): void {
    if (!this.#host) return;
    const { direct, relayed } = this.#reached();
    for (const peerId of this.#missed) {
      if (direct.has(peerId) || !this.options.isMember(peerId)) this.#missed.delete(peerId);
    }
    this.#replace(direct, relayed);
    if (this.#missed.size > 0 || relayed.size > 0) void this.#takePlaces([...direct]);
    else if (this.#held !== '') this.#giveUpPlaces();
  }

  #reached(): { direct: Set<string>; relayed: Set<string> } {
    const direct = new Set<string>();
    const relayed = new Set<string>();
    for (const { peerId, address } of this.options.connections()) {
      if (this.options.isMember(peerId)) (isRelayed(address) ? relayed : direct).add(peerId);
    }
    return { direct, relayed };
  }

  /** Never throws. */
  async #takePlaces(direct: readonly string[]): Promise<void> {
    const store = this.#store;
    if (!store || this.#asking) return;
    this.#asking = true;
    try {
      for (const relay of inOrder(direct, this.options.connections())) {
        if (this.#relaysHeld().length >= MAX_RELAYS) break;
        if (this.holdsPlaceWith(relay) || !(await this.#relays(relay))) continue;
        try {
          await store.addRelay(peerIdFromString(relay), 'configured');
        } catch (error) {
          this.options.log.debug({ err: error, peer: relay }, 'a member does not keep a place for this node');
        }
      }
    } finally {
      this.#asking = false;
    }
  }

  /** Whether a member has said that it relays. */
  async #relays(peerId: string): Promise<boolean> {
    try {
      const peer = await this.#host?.components.peerStore.get(peerIdFromString(peerId));
      return peer?.protocols.includes(RELAY_V2_HOP_CODEC) ?? false;
    } catch {
      return false;
    }
  }

  #giveUpPlaces(): void {
    this.#store?.cancelReservations();
    this.#noteChange();
  }

  /** Dials directly those who are reached through others alone, and ends relayed connections that are not needed. */
  #replace(direct: ReadonlySet<string>, relayed: ReadonlySet<string>): void {
    const now = performance.now();
    for (const known of [this.#triedAt, this.#directSince, this.#saidAnew]) {
      for (const peerId of known.keys()) if (!relayed.has(peerId)) known.delete(peerId);
    }
    for (const peerId of relayed) {
      if (direct.has(peerId)) {
        const since = this.#directSince.get(peerId) ?? now;
        this.#directSince.set(peerId, since);
        if (now - since >= RELAYED_LINGER) void this.options.closeRelayed(peerId);
        continue;
      }
      this.#directSince.delete(peerId);
      // At most one try a tick, however often a member says something else.
      const interval = this.#saidAnew.has(peerId) ? RELAY_TICK : UPGRADE_INTERVAL;
      if (now - (this.#triedAt.get(peerId) ?? -Infinity) < interval) continue;
      this.#triedAt.set(peerId, now);
      this.#saidAnew.delete(peerId);
      this.options.dialDirectly(peerId).catch((error: unknown) => {
        this.options.log.debug({ err: error, peer: peerId }, 'a relayed member cannot be reached directly yet');
      });
    }
  }

  #relaysHeld(): string[] {
    const store = this.#store;
    if (!store) return [];
    return [...this.#reached().direct].filter((peerId) => store.hasReservation(peerIdFromString(peerId))).sort();
  }

  #noteChange(): void {
    const held = this.#relaysHeld().join();
    if (held === this.#held) return;
    this.#held = held;
    this.options.log.info({ relays: held === '' ? [] : held.split(',') }, 'members through which this node is reached');
    this.#changed.tell();
    if (this.#missed.size > 0) this.#tick();
  }
}

/** Those first that this node has dialled: others can probably do so too. */
function inOrder(peers: readonly string[], connections: readonly ConnectionInfo[]): string[] {
  const dialled = new Set(connections.flatMap(({ peerId, direction }) => (direction === 'out' ? [peerId] : [])));
  return [...peers].sort((a, b) => Number(dialled.has(b)) - Number(dialled.has(a)) || (a < b ? -1 : 1));
}
