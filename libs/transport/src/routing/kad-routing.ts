import { DfsError, abortError, type Log, type WorkStatus } from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import { kadDHT, type KadDHT, type KadDHTComponents } from '@libp2p/kad-dht';
import { peerIdFromString } from '@libp2p/peer-id';
import { start, stop, type PeerId, type PeerInfo } from '@libp2p/interface';
import { CID } from 'multiformats/cid';
import {
  MAX_DHT_STREAMS,
  PROVIDER_CLEANUP,
  PROVIDER_VALIDITY,
  ROUTING_FEED,
  SELF_QUERY_INTERVAL,
} from '../constants.js';
import { mapError } from '../errors.js';
import { Rounds } from '../rounds.js';
import { ProviderStore } from './provider-store.js';
import type { ContentRouting, Provider, RecordArchive } from '../transport.js';

/** Members that are public in the class but missing from the interface of @libp2p/kad-dht 16, or private. */
interface KadInternals {
  readonly routingTable: {
    readonly size: number;
    queueRoutingTableUpdate(peerId: PeerId): void;
    find(peerId: PeerId): Promise<PeerId | undefined>;
    remove(peerId: PeerId): Promise<void>;
  };
}
type Kad = KadDHT & KadInternals & EventTarget;

/** The members that take part, and the time that requests may take. */
export interface KadRoutingOptions {
  /** Only members take part. */
  isMember(peerId: string): boolean;
  /** Members with a live connection. */
  connected(): string[];
  readonly log: Log;
  /** Milliseconds that one request may take; what kad-dht finds right, if left out: it learns from those before. */
  readonly patience?: number;
  /** Of this node. */
  readonly self?: string;
  /** Where records that others gave us outlive a restart. */
  readonly archive?: RecordArchive;
}

/** The protocol of one network's DHT: nobody speaks it by accident. */
export function dhtProtocol(networkId: string): string {
  return `/dfs/kad/${networkId.slice(0, 16)}/1.0.0`;
}

/** Kademlia among the members of one network; started anew for another one, on the same connections. */
export class KadRouting implements ContentRouting {
  readonly #records: ProviderStore;
  #components: KadDHTComponents | undefined;
  #networkId: string | undefined;
  /** The members whose records are kept. */
  #lastNetworkId: string | undefined;
  #kad: Kad | undefined;
  readonly #rounds: Rounds;

  constructor(private readonly options: KadRoutingOptions) {
    this.#rounds = new Rounds(options.log);
    this.#records = new ProviderStore(options);
  }

  /** The parts of a libp2p that has started. */
  async attach(components: KadDHTComponents): Promise<void> {
    this.#components = components;
    if (this.#networkId !== undefined) await this.start(this.#networkId);
  }

  /** Before that libp2p stops. The network stays in mind for the next one. */
  async detach(): Promise<void> {
    await this.#leave();
    await this.#records.flush();
    this.#components = undefined;
  }

  async start(networkId: string): Promise<void> {
    await this.#leave();
    if (this.#lastNetworkId !== undefined && this.#lastNetworkId !== networkId) this.#records.clear();
    this.#lastNetworkId = this.#networkId = networkId;
    if (!this.#components) return;
    await this.#records.load();
    // kad-dht marks its neighbours to be reconnected by libp2p; who is connected is decided above this library.
    const kad = kadDHT({
      protocol: dhtProtocol(networkId),
      clientMode: false,
      allowQueryWithZeroPeers: true,
      peerInfoMapper: (peer) => this.#membersOnly(peer),
      querySelfInterval: SELF_QUERY_INTERVAL,
      maxInboundStreams: MAX_DHT_STREAMS,
      ...(this.options.patience !== undefined && timesOf(this.options.patience)),
      // Providing again is paced by our own queue, which outlives a restart: its own would repeat all at once.
      reprovide: { validity: PROVIDER_VALIDITY, threshold: 0, interval: PROVIDER_CLEANUP },
    })(kadComponents(this.#components, this.#records)) as Kad;
    kad.addEventListener('peer', (event) => this.#learn((event as CustomEvent<PeerInfo>).detail));
    this.#kad = kad;
    await start(kad);
    this.#feed();
    this.#rounds.begin('put members into the table of the DHT', ROUTING_FEED, () => this.#feed());
  }

  async stop(): Promise<void> {
    await this.#leave();
    await this.#records.flush();
    this.#networkId = undefined;
  }

  work(): WorkStatus[] {
    return this.#rounds.work();
  }

  async provide(cid: Cid, options: { signal?: AbortSignal } = {}): Promise<void> {
    const kad = this.#running();
    let told = 0;
    try {
      for await (const event of kad.provide(CID.parse(cid), options)) {
        if (event.name === 'PEER_RESPONSE' && event.messageName === 'ADD_PROVIDER') told++;
      }
    } catch (error) {
      throw mapError(error, options.signal);
    }
    if (options.signal?.aborted) throw abortError(options.signal);
    if (told === 0) throw new DfsError('peer-unreachable', 'No node of the DHT has taken the record.');
  }

  async withdraw(cid: Cid): Promise<void> {
    await this.#kad?.cancelReprovide(CID.parse(cid));
  }

  async *findProviders(cid: Cid, options: { signal?: AbortSignal } = {}): AsyncIterable<Provider> {
    if (options.signal?.aborted) throw abortError(options.signal);
    if (!this.#kad || !this.#components) return;
    const self = this.#components.peerId.toString();
    const seen = new Set<string>();
    try {
      for await (const event of this.#kad.findProviders(CID.parse(cid), options)) {
        if (event.name !== 'PROVIDER') continue;
        for (const { id, multiaddrs } of event.providers) {
          const peerId = id.toString();
          if (seen.has(peerId) || (peerId !== self && !this.options.isMember(peerId))) continue;
          seen.add(peerId);
          yield { peerId, addresses: multiaddrs.map((address) => address.toString()) };
        }
      }
    } catch (error) {
      if (options.signal?.aborted) throw abortError(options.signal);
      this.options.log.debug({ err: error }, 'a DHT query ended early');
    }
  }

  size(): number {
    return this.#kad?.routingTable.size ?? 0;
  }

  async forget(peerId: string): Promise<void> {
    this.#records.forget(peerId);
    await this.#kad?.routingTable.remove(peerIdFromString(peerId));
  }

  async #leave(): Promise<void> {
    const kad = this.#kad;
    this.#kad = undefined;
    await this.#rounds.end();
    if (!kad) return;
    await stop(kad);
    // Not done by kad-dht itself.
    if (this.#networkId !== undefined) await this.#components?.registrar.unhandle(dhtProtocol(this.#networkId));
  }

  #running(): Kad {
    if (this.#kad && this.size() > 0) return this.#kad;
    throw new DfsError('not-ready', 'No other node takes part in the DHT yet.');
  }

  #feed(): void {
    for (const peerId of this.options.connected()) {
      void this.#offer(peerIdFromString(peerId)).catch((error: unknown) => {
        this.options.log.debug({ err: error }, 'a member was not added to the DHT');
      });
    }
  }

  /** A connected member belongs into the routing table if it has said that it takes part in this DHT. */
  async #offer(peerId: PeerId): Promise<void> {
    const kad = this.#kad;
    if (!kad || this.#networkId === undefined || (await kad.routingTable.find(peerId))) return;
    const peer = await this.#components?.peerStore.get(peerId);
    if (peer?.protocols.includes(dhtProtocol(this.#networkId))) kad.routingTable.queueRoutingTableUpdate(peerId);
  }

  #membersOnly(peer: PeerInfo): PeerInfo {
    return this.options.isMember(peer.id.toString()) ? peer : { ...peer, multiaddrs: [] };
  }

  /** Another member has told of a peer: its addresses are remembered if it is one of us. */
  #learn(peer: PeerInfo): void {
    if (peer.multiaddrs.length === 0 || !this.options.isMember(peer.id.toString())) return;
    this.#components?.peerStore
      .merge(peer.id, { multiaddrs: peer.multiaddrs })
      .catch((error: unknown) => this.options.log.debug({ err: error }, 'an address from the DHT was not kept'));
  }
}

/** All that kad-dht measures requests by. */
function timesOf(patience: number): Parameters<typeof kadDHT>[0] {
  const timeout = { minTimeout: patience, maxTimeout: patience };
  return {
    networkDialTimeout: timeout,
    pingOldContactTimeout: timeout,
    pingNewContactTimeout: timeout,
    onPeerConnectTimeout: patience,
    incomingMessageTimeout: patience,
  };
}

/** libp2p looks its components up by name when asked for them; they cannot be spread. */
function kadComponents(components: KadDHTComponents, datastore: ProviderStore): KadDHTComponents {
  const { peerId, privateKey, registrar, addressManager, peerStore, connectionManager, events, logger, ping } =
    components;
  const named = { peerId, privateKey, registrar, addressManager, peerStore, connectionManager, events, logger, ping };
  return { ...named, datastore };
}

/** With the DHT off: files are found through the members. */
export class NoRouting implements ContentRouting {
  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  provide(): Promise<void> {
    return Promise.reject(new DfsError('not-ready', 'The DHT is switched off.'));
  }

  withdraw(): Promise<void> {
    return Promise.resolve();
  }

  async *findProviders(): AsyncIterable<Provider> {
    // Nobody to ask.
  }

  size(): number {
    return 0;
  }
}
