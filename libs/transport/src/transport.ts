import type { Cid, WireValue } from '@dfs/protocol';
import type { Unsubscribe, WorkStatus } from '@dfs/runtime';

/** One message: a msgpack header and, after it, raw bytes (empty when there are none). */
export interface Frame {
  readonly header: WireValue;
  readonly payload: Uint8Array;
}

/** One stream to one peer, seen as frames. Each request has its own; many are open at once. */
export interface Channel {
  /** The peer at the other end, as proven by the encryption handshake. */
  readonly peerId: string;
  /** Aborted when the stream or its connection is lost or cut; not by an orderly end. */
  readonly signal: AbortSignal;
  /**
   * Sends one frame and waits until there is room for more. The payload may come in parts. Parts in shared memory are
   * copied on their way, and may be used anew once this resolves; others are passed on as they are, and stay the
   * channel's.
   * @throws DfsError `aborted`, `timeout`, `peer-unreachable`; TypeError for a header that is no WireValue.
   */
  send(header: WireValue, payload?: Uint8Array | readonly Uint8Array[]): Promise<void>;
  /**
   * Frames as they arrive, until the other side has ended. A loop that is left early can be taken up again by another
   * one. Nothing more is read from the peer than the loop asks for (and a bounded window).
   * @throws DfsError what an error frame carries; `peer-misbehaved` for bytes that are no frames; `peer-unreachable`,
   * `timeout`, `aborted`.
   */
  frames(): AsyncIterable<Frame>;
  /** No more frames from this side. Idempotent. */
  end(): Promise<void>;
  /** Tears the stream down at once, in both directions. Idempotent. */
  abort(error: Error): void;
}

/** Answers a stream that a peer has opened. Throwing sends an error frame; returning ends the channel. */
export type ProtocolHandler = (channel: Channel) => Promise<void>;

/** How a protocol is served. */
export interface HandleOptions {
  /** Whether those who are no members may speak it too. */
  strangers?: boolean;
  /** Milliseconds that a wait for the peer may bring nothing; for one protocol, more than the usual minute. */
  idleMs?: number;
  /** Its bytes, in both directions and whoever opens the stream, keep to the limits that are set. */
  limited?: boolean;
  /**
   * It may be asked over bulk connections too: one frame without payload is asked, frames are answered, and asking twice
   * does no harm. Members only.
   */
  bulk?: boolean;
}

/** The gate: asked at every connection and every stream. */
export interface Gate {
  isMember(peerId: string): boolean;
  /**
   * Whether this peer, who is no member, may connect for a short time and use protocols marked for strangers: an
   * invite is open, or it was a member once.
   */
  acceptsStrangers(peerId: string): boolean;
}

/** An open connection, as people may see it. */
export interface ConnectionInfo {
  readonly peerId: string;
  /** Multiaddr of the other end; one with `/p2p-circuit` where the connection passes through another member. */
  readonly address: string;
  readonly direction: 'in' | 'out';
  /** Milliseconds since 1970. */
  readonly openedAt: number;
}

/** Bytes a second over the last few seconds. */
export interface Rates {
  readonly receive: number;
  readonly send: number;
}

/** Bytes a second with all peers together; undefined for as many as can be. */
export interface TransferLimits {
  readonly send?: number | undefined;
  readonly receive?: number | undefined;
}

/** How a stream is opened and waited on. */
export interface OpenOptions {
  signal?: AbortSignal;
  /** Milliseconds to open it, and then that any wait for the peer may last without bringing anything. */
  timeoutMs?: number;
  /** Where a payload of so many bytes is put together when it comes in pieces; fresh memory when left out. */
  allocate?: (size: number) => Uint8Array;
  /**
   * One frame without payload is asked, and so many bytes are expected in answer: a bulk connection may carry them. For
   * protocols that the other side has registered so.
   */
  bulk?: { readonly bytes: number } | undefined;
}

/** `signal` ends the dial; a connection that is up by then stays. */
export interface DialOptions {
  signal?: AbortSignal;
}

/** Connections to peers, and streams over them. Knows nothing of what the frames mean. */
export interface Transport {
  /** Of this node. */
  readonly peerId: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Recurring work in the background. */
  work(): WorkStatus[];
  /**
   * Multiaddrs this node can be reached at, each ending in `/p2p/<peer id>`; last those through another member,
   * `/p2p/<relay>/p2p-circuit/p2p/<peer id>`, if any.
   */
  addresses(): string[];
  /** They may have changed. */
  onAddresses(fn: () => void): Unsubscribe;
  /** Nobody passes before it is set. */
  setGate(gate: Gate): void;
  /** Cuts the connections of all whom the gate no longer lets through. To be called after membership has changed. */
  enforceGate(): Promise<void>;
  /** Registers the one handler of `protocol`. */
  handle(protocol: string, handler: ProtocolHandler, options?: HandleOptions): void;
  /**
   * Opens a stream, over the connection there is or a new one.
   * @throws DfsError `peer-unreachable`, `not-a-member`, `timeout`, `aborted`
   */
  open(peerId: string, protocol: string, options?: OpenOptions): Promise<Channel>;
  /**
   * Connects to a multiaddr, with or without `/p2p/<peer id>`, member or not, and answers who is there.
   * @throws DfsError `invalid-address`, `peer-unreachable`, `timeout`, `aborted`
   */
  dial(address: string, options?: DialOptions): Promise<string>;
  /**
   * Makes sure there is a connection to a member, by the addresses given and those known.
   * @throws DfsError `peer-unreachable`, `not-a-member`, `timeout`, `aborted`
   */
  dialPeer(peerId: string, addresses?: readonly string[], options?: DialOptions): Promise<void>;
  /** Closes all connections to a peer. */
  hangUp(peerId: string): Promise<void>;
  /** Those whose silence shows within 20 s; of others it shows when somebody asks. Everybody, until this is called. */
  watch(peerIds: ReadonlySet<string>): void;
  /** There is reason to doubt that a peer lives: its connections are cut unless it gives a sign of life soon. */
  probe(peerId: string): void;
  /** Hangs up and takes the peer out of the peer store and the routing table. */
  forget(peerId: string): Promise<void>;
  connections(): ConnectionInfo[];
  /** First connection of a peer: members and, while they are let in, strangers alike. */
  onConnect(fn: (peerId: string) => void): Unsubscribe;
  /** The last connection of a peer is gone. */
  onDisconnect(fn: (peerId: string) => void): Unsubscribe;
  /** A node was heard of on the local network. A hint: anyone may claim it. */
  onDiscovery(fn: (peerId: string, addresses: string[]) => void): Unsubscribe;
  rates(peerId: string): Rates;
  /** The limits of limited protocols from now on. */
  setLimits(limits: TransferLimits): void;
  limits(): TransferLimits;
  /** More comes over these protocols than this node may receive: that little comes from a peer says nothing about it. */
  isHeldBack(): boolean;
  readonly routing: ContentRouting;
}

/** A holder that the DHT names. It is a hint: nobody has asked the holder. */
export interface Provider {
  readonly peerId: string;
  /** Multiaddrs, perhaps none. */
  readonly addresses: string[];
}

/** Provider records in a network's own DHT. A hint: what it says is checked with the peers it names. */
export interface ContentRouting {
  /** Joins the DHT of this network (64 hex digits), leaving another one first. */
  start(networkId: string): Promise<void>;
  stop(): Promise<void>;
  /** Tells the DHT that this node holds `cid`. @throws DfsError `not-ready`, `timeout`, `aborted` */
  provide(cid: Cid, options?: { signal?: AbortSignal }): Promise<void>;
  /** No longer tells the DHT so; what it knows runs out. */
  withdraw(cid: Cid): Promise<void>;
  /** Providers that the DHT names, each once; ends without an error when nobody answers. */
  findProviders(cid: Cid, options?: { signal?: AbortSignal }): AsyncIterable<Provider>;
  /** Peers in the routing table. */
  size(): number;
}

/** A provider record of another node, which this node keeps for those that look for it. */
export interface KeptRecord {
  /** The content, as the DHT names it. */
  readonly content: string;
  readonly peer: string;
  /** When it was said, as the DHT encodes that. */
  readonly value: Uint8Array;
}

/** Where such records outlive a restart. They are hints: one that is lost is provided again in time. */
export interface RecordArchive {
  load(): AsyncIterable<KeptRecord>;
  /** All of it or nothing. */
  save(kept: readonly KeptRecord[], dropped: readonly Pick<KeptRecord, 'content' | 'peer'>[]): Promise<void>;
}
