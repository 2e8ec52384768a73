import { circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { privateKeyFromRaw } from '@libp2p/crypto/keys';
import { dcutr } from '@libp2p/dcutr';
import { identify, identifyPush } from '@libp2p/identify';
import type { ComponentLogger, Connection, ConnectionGater, Logger, PrivateKey, Stream } from '@libp2p/interface';
import type { KadDHTComponents } from '@libp2p/kad-dht';
import { noise } from '@libp2p/noise';
import { ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { createLibp2p } from 'libp2p';
import {
  ADDRESS_DIAL_TIMEOUT,
  DHT_STREAM_BYTES,
  DIAL_TIMEOUT,
  MAX_CONNECTIONS,
  MAX_CONNECTIONS_PER_SECOND,
  MAX_DIAL_ADDRESSES,
  MAX_PENDING_CONNECTIONS,
  MAX_RELAYED,
  OPEN_TIMEOUT,
  RESERVATION_TIMEOUT,
  UPGRADE_TIMEOUT,
} from '../constants.js';
import type { Timers } from '@dfs/runtime';
import { isLoopback } from '../reach/ip-ranges.js';
import { mergeProtocolsOnce } from './known-protocols.js';
import { watchedYamux } from './muxer.js';
import { believeOwnAddresses, portMapping, reachability } from '../reach/nat.js';
import type { RelayServer } from '../reach/relay-server.js';
import type { Host, ReservationStore } from '../host.js';
import { socketTls } from './tls-encrypter.js';

/** How a libp2p node is set up. Ports and addresses are fixed once it has started. */
export interface HostOptions {
  readonly privateKey: PrivateKey;
  /** IP address to listen at; undefined for none. */
  readonly host: string | undefined;
  /** 0 picks a free one. */
  readonly port: number;
  readonly gater: ConnectionGater;
  /** Relay for others, and be reached through others. */
  readonly relay?: RelayServer;
  /** Have members try whether this node can be reached at its public addresses, and try theirs. */
  readonly autonat?: boolean;
  /** Open the port at the gateway of the local network. `gateways`: URLs of descriptions, in place of a search. */
  readonly upnp?: boolean | { readonly gateways: string[] };
  /** By which silence is measured; those of the process when left out. */
  readonly timers?: Timers | undefined;
  /** Whether `stream`, of either side, may be spoken over `connection`. */
  maySpeak(connection: Connection, stream: Pick<Stream, 'protocol' | 'direction'>): boolean;
}

/** How the protocols of all DHTs begin, one for each network. */
const DHT_PREFIX = '/dfs/kad/';

/** The key of libp2p for a seed of 32 bytes, or the 64 of seed and public key. */
export function privateKeyOf(raw: Uint8Array, publicKey: Uint8Array): PrivateKey {
  return privateKeyFromRaw(raw.length === 64 ? raw : Buffer.concat([raw, publicKey]));
}

/** A libp2p with our encrypters, limits and guard, not started. */
export async function createHost(options: HostOptions): Promise<Host> {
  let components: KadDHTComponents | undefined;
  const { host, port, relay, autonat, upnp } = options;
  const circuits = relay && circuitTransport();
  const libp2p = await createLibp2p({
    privateKey: options.privateKey,
    start: false,
    logger: silence,
    addresses: { listen: host === undefined ? [] : [`/${host.includes(':') ? 'ip6' : 'ip4'}/${host}/tcp/${port}`] },
    transports: [
      tcp({ maxConnections: MAX_CONNECTIONS + MAX_PENDING_CONNECTIONS }),
      ...(circuits ? [circuits.transport] : []),
    ],
    connectionEncrypters: [socketTls(), noise()],
    streamMuxers: [watchedYamux(options.timers)],
    connectionGater: options.gater,
    // Its pings cost more than all else of an idle node; silent connections are watched in muxer.ts.
    connectionMonitor: { enabled: false },
    connectionManager: {
      maxConnections: MAX_CONNECTIONS,
      maxIncomingPendingConnections: MAX_PENDING_CONNECTIONS,
      inboundConnectionThreshold: MAX_CONNECTIONS_PER_SECOND,
      inboundUpgradeTimeout: UPGRADE_TIMEOUT,
      inboundStreamProtocolNegotiationTimeout: OPEN_TIMEOUT,
      outboundStreamProtocolNegotiationTimeout: OPEN_TIMEOUT,
      maxPeerAddrsToDial: MAX_DIAL_ADDRESSES,
      addressDialTimeout: ADDRESS_DIAL_TIMEOUT,
      dialTimeout: DIAL_TIMEOUT,
    },
    services: {
      identify: identify({ protocolPrefix: 'dfs' }),
      identifyPush: identifyPush({ protocolPrefix: 'dfs' }),
      ping: ping({ protocolPrefix: 'dfs' }),
      ...(relay && { relay: relay.service(), dcutr: dcutr() }),
      ...(autonat && { autonat: reachability() }),
      // The gateway cannot pass anything on to a node that listens for its own machine alone.
      ...(upnp &&
        host !== undefined &&
        !isLoopback(host) && { upnp: portMapping(upnp === true ? undefined : upnp.gateways) }),
      parts: (all: unknown) => {
        components = all as KadDHTComponents;
        return {};
      },
    },
  });
  if (!components) throw new Error('libp2p did not show its components');
  guard(components, options);
  mergeProtocolsOnce(libp2p.peerStore);
  return { libp2p, components, reservations: circuits?.store() };
}

/** Stops it, and the two timers that libp2p leaves behind: each keeps the process alive for a second, for nothing. */
export async function stopHost({ libp2p, components }: Host): Promise<void> {
  await libp2p.stop();
  const { identifyPush } = libp2p.services as { identifyPush?: { _push?: { stop?(): void } } };
  identifyPush?._push?.stop?.();
  const manager = components.addressManager as { _updatePeerStoreAddresses?: { stop?(): void } };
  manager._updatePeerStoreAddresses?.stop?.();
}

/** Public addresses of this machine's own are announced from the start, not only once somebody has tried them. */
export function announceOwnAddresses({ components }: Host): void {
  believeOwnAddresses(components.addressManager);
}

/** libp2p's relay transport, and its store, which the type does not show. */
function circuitTransport(): { transport: ReturnType<typeof circuitRelayTransport>; store(): ReservationStore } {
  let made: { reservationStore: ReservationStore } | undefined;
  const create = circuitRelayTransport({
    reservationCompletionTimeout: RESERVATION_TIMEOUT,
    maxInboundStopStreams: MAX_RELAYED,
    maxOutboundStopStreams: MAX_RELAYED,
  });
  return {
    transport: (parts) => {
      const transport = create(parts);
      made = transport as unknown as typeof made;
      return transport;
    },
    store: () => {
      if (!made) throw new Error('libp2p did not make its relay transport');
      return made.reservationStore;
    },
  };
}

/** libp2p reconnects to neighbours of the DHT by itself; who is connected is decided above this library. */
export function stopReconnecting({ components }: Host): void {
  const { reconnectQueue } = components.connectionManager as { reconnectQueue?: { stop(): void } };
  reconnectQueue?.stop();
}

/**
 * One middleware before every protocol, libp2p's own and those to come, in both directions: what is not allowed is
 * refused. Set in place of `registrar.use`, which would have to be called for each protocol; and whose list libp2p
 * 3.3 appends each stream's handler to, so that the second stream would be handled twice.
 */
function guard(components: KadDHTComponents, options: HostOptions): void {
  components.registrar.getMiddleware = () => [
    (stream: Stream, connection: Connection, next: (stream: Stream, connection: Connection) => void): void => {
      if (stream.protocol.startsWith(DHT_PREFIX)) limitBytes(stream, DHT_STREAM_BYTES);
      if (options.maySpeak(connection, stream)) return next(stream, connection);
      throw new Error(`${stream.protocol} is not for those outside the network`);
    },
  ];
}

/** A stream on which more comes is reset, before that is kept: libp2p's own protocols are not under our budgets. */
function limitBytes(stream: Stream, limit: number): void {
  const inner = stream as unknown as { onData?(data: { byteLength: number }): void };
  const take = inner.onData?.bind(stream);
  if (!take) throw new TypeError('this libp2p takes data in another way');
  let left = limit;
  inner.onData = (data) => {
    left -= data.byteLength;
    if (left >= 0) take(data);
    else stream.abort(new Error('more bytes came than a message may have'));
  };
}

/** libp2p logs for its own developers; what matters reaches our log as errors of what was asked. */
const quiet: Logger = Object.assign(() => {}, {
  enabled: false,
  error: () => {},
  trace: () => {},
  newScope: () => quiet,
});
const silence: ComponentLogger = { forComponent: () => quiet };
