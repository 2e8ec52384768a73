import { AsyncLocalStorage } from 'node:async_hooks';
import { circuitRelayServer, type CircuitRelayService } from '@libp2p/circuit-relay-v2';
import type { Connection, ConnectionGater, PeerId, Stream } from '@libp2p/interface';
import {
  MAX_RELAYED,
  MAX_RELAYED_PER_PEER,
  MAX_RESERVATIONS,
  RESERVATION_TIMEOUT,
  RESERVATION_TTL,
} from '../constants.js';
import { relayPace, watchFlow } from './relay-flow.js';

/** Members that are public in the class and missing from the type that @libp2p/circuit-relay-v2 exports. */
interface ServerInternals {
  onHop: (stream: Stream, connection: Connection) => Promise<void>;
  stopHop: (request: unknown, options: unknown) => Promise<Stream | undefined>;
  readonly reservationStore: {
    reserve: (peer: PeerId, ...rest: unknown[]) => unknown;
    get(peer: PeerId): { signal: { clear(): void } } | undefined;
    removeReservation(peer: PeerId): void;
  };
}

/** Peers that this node relays for. Both ends must be members. */
export interface RelayServerOptions {
  isMember(peerId: string): boolean;
  /** Whether there is a connection to a peer that is not relayed itself. */
  isDirect(peerId: string): boolean;
  /** Milliseconds that a place is kept without being renewed. */
  readonly placeTtl?: number;
}

type RelayGater = Pick<ConnectionGater, 'denyInboundRelayReservation' | 'denyOutboundRelayedConnection'>;

/**
 * This node as a relay: members that cannot be reached hold a place here, and other members reach them through it. The
 * bytes are encrypted between the two ends. Bounded in places, connections, bytes on their way and bytes a second.
 */
export class RelayServer {
  /** Peers on whose behalf a relayed connection is open, with how many. */
  readonly #opened = new Map<string, number>();
  readonly #hop = new AsyncLocalStorage<{ stream: Stream; source: string }>();
  readonly #pace = relayPace();

  constructor(private readonly options: RelayServerOptions) {}

  /** The relayed connections that pass through this node now. */
  get relayed(): number {
    let count = 0;
    for (const opened of this.#opened.values()) count += opened;
    return count;
  }

  /** The rules by which peers get a place, and are connected with each other. */
  readonly gater: RelayGater = {
    denyInboundRelayReservation: (source: PeerId) => !this.options.isMember(source.toString()),
    denyOutboundRelayedConnection: (source: PeerId, destination: PeerId) =>
      !this.#mayConnect(source.toString(), destination.toString()),
  };

  /** For `services` of createLibp2p. */
  service(): (components: Parameters<ReturnType<typeof circuitRelayServer>>[0]) => CircuitRelayService {
    return (components) => {
      const server = circuitRelayServer({
        hopTimeout: RESERVATION_TIMEOUT,
        maxInboundHopStreams: MAX_RELAYED_PER_PEER,
        maxOutboundHopStreams: MAX_RELAYED_PER_PEER,
        maxOutboundStopStreams: MAX_RELAYED,
        // libp2p's own limits would mark the connection, and keep most protocols off it; what is bounded here is enough.
        reservations: {
          maxReservations: MAX_RESERVATIONS,
          reservationTtl: this.options.placeTtl ?? RESERVATION_TTL,
          applyDefaultLimit: false,
        },
      })(components);
      const internals = server as unknown as ServerInternals;
      this.#watch(internals);
      renewWhole(internals);
      return server;
    };
  }

  #mayConnect(source: string, destination: string): boolean {
    const { options } = this;
    if (!options.isMember(source) || !options.isMember(destination) || !options.isDirect(destination)) return false;
    return this.relayed < MAX_RELAYED && (this.#opened.get(source) ?? 0) < MAX_RELAYED_PER_PEER;
  }

  /** The two streams that become one connection are known together only inside the server. */
  #watch(server: ServerInternals): void {
    const onHop = server.onHop.bind(server);
    const stopHop = server.stopHop.bind(server);
    server.onHop = (stream, connection) =>
      this.#hop.run({ stream, source: connection.remotePeer.toString() }, () => onHop(stream, connection));
    server.stopHop = async (request, options) => {
      const far = await stopHop(request, options);
      const near = this.#hop.getStore();
      if (far && near) this.#join(near, far);
      return far;
    };
  }

  #join({ stream, source }: { stream: Stream; source: string }, far: Stream): void {
    this.#opened.set(source, (this.#opened.get(source) ?? 0) + 1);
    watchFlow(stream, far, {
      pace: this.#pace,
      onClose: () => {
        const left = (this.#opened.get(source) ?? 1) - 1;
        if (left === 0) this.#opened.delete(source);
        else this.#opened.set(source, left);
      },
    });
  }
}

/**
 * A place that is renewed is a new one: libp2p would end it when the time is up that it had after its first renewal. So it
 * would for a place that was taken back.
 */
function renewWhole({ reservationStore: store }: ServerInternals): void {
  const reserve = store.reserve.bind(store);
  const remove = store.removeReservation.bind(store);
  store.removeReservation = (peer) => {
    store.get(peer)?.signal.clear();
    remove(peer);
  };
  store.reserve = (peer, ...rest) => {
    store.removeReservation(peer);
    return reserve(peer, ...rest);
  };
}
