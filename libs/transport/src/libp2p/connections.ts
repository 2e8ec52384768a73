import { DfsError, type Clock, type Log, type Unsubscribe, Listeners } from '@dfs/runtime';
import type { Connection } from '@libp2p/interface';
import { MAX_OFFENCES, MAX_PEER_CONNECTIONS, UPGRADE_TIMEOUT } from '../constants.js';
import type { Gatekeeper, GuardedConnection } from '../gatekeeper.js';
import { pulseOf, type PingableMuxer } from './keep-alive.js';
import type { ConnectionInfo } from '../transport.js';

/** A connection of libp2p, from opening to closing. */
export interface LiveConnection extends GuardedConnection {
  readonly connection: Connection;
  /** Resolves when the other side has let us in, rejects when it has not. */
  readonly admitted: Promise<void>;
  /** The other side has let us in. */
  ready: boolean;
  offences: number;
}

/**
 * The connections there are. One counts as open when the other side has answered over it: a dialler finishes its
 * handshake before it can know that the other end refuses it.
 */
export class Connections {
  readonly #live = new Map<string, LiveConnection>();
  readonly #connected: Listeners<[string]>;
  readonly #disconnected: Listeners<[string]>;
  #watched: ReadonlySet<string> | undefined;

  constructor(private readonly components: { keeper: Gatekeeper; clock: Clock; log: Log }) {
    this.#connected = new Listeners(components.log);
    this.#disconnected = new Listeners(components.log);
  }

  onConnect(fn: (peerId: string) => void): Unsubscribe {
    return this.#connected.add(fn);
  }

  onDisconnect(fn: (peerId: string) => void): Unsubscribe {
    return this.#disconnected.add(fn);
  }

  list(): ConnectionInfo[] {
    return [...this.#live.values()]
      .filter(({ ready }) => ready)
      .map(({ peerId, direction, openedAt, connection }) => {
        return { peerId, direction, openedAt, address: connection.remoteAddr.toString() };
      });
  }

  isConnected(peerId: string): boolean {
    return this.#of(peerId).some(({ ready }) => ready);
  }

  /** Whether there is a connection to a peer that does not pass through another one. */
  isDirect(peerId: string): boolean {
    return this.#of(peerId).some(({ ready, connection }) => ready && connection.direct);
  }

  /** Closes the connections to a peer that pass through another one. */
  async closeRelayed(peerId: string): Promise<void> {
    await this.#close(this.#of(peerId).filter(({ connection }) => !connection.direct));
  }

  /** Whether one more connection from a peer that has proven who it is may come in. */
  admits(peerId: string): boolean {
    return this.components.keeper.admitsInbound(peerId) && this.#of(peerId).length < MAX_PEER_CONNECTIONS;
  }

  opened(connection: Connection): void {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const live: LiveConnection = {
      connection,
      peerId: connection.remotePeer.toString(),
      direction: connection.direction === 'inbound' ? 'in' : 'out',
      openedAt: this.components.clock.now(),
      admitted: promise,
      ready: false,
      offences: 0,
      cut: (reason) => {
        reject(new Error(reason));
        connection.abort(new Error(reason));
      },
    };
    promise.catch(() => {});
    this.#live.set(connection.id, live);
    this.components.keeper.opened(live);
    connection.addEventListener('close', () => reject(new Error('the peer did not let this node in')));
    signOfLife(connection).then(() => {
      resolve(undefined);
      this.#admitted(live);
    }, reject);
    promise.catch((error: unknown) => connection.abort(error instanceof Error ? error : new Error(String(error))));
  }

  closed(connection: Connection): void {
    const live = this.#live.get(connection.id);
    if (!live) return;
    this.#live.delete(connection.id);
    this.components.keeper.closed(live);
    if (live.ready && !this.isConnected(live.peerId)) this.#disconnected.tell(live.peerId);
  }

  /** Waits until the other side has let us in. @throws DfsError `peer-unreachable` */
  async ready(connection: Connection): Promise<LiveConnection> {
    const live = this.#live.get(connection.id);
    const refused = 'The peer closed the connection: it may belong to another network.';
    if (!live) throw new DfsError('peer-unreachable', refused);
    try {
      await live.admitted;
      return live;
    } catch (cause) {
      throw new DfsError('peer-unreachable', refused, { cause });
    }
  }

  /** A peer has sent what is no message: a few times on one connection, and it is cut. */
  offence(peerId: string, connection?: Connection): void {
    const found = connection && this.#live.get(connection.id);
    for (const live of found ? [found] : this.#of(peerId)) {
      this.components.log.warn({ peer: peerId, offences: live.offences + 1 }, 'a peer sent what is not a message');
      if (++live.offences >= MAX_OFFENCES) live.cut('malformed messages');
    }
  }

  cut(peerId: string, reason: string): void {
    for (const live of this.#of(peerId)) live.cut(reason);
  }

  cutAll(reason: string): void {
    for (const live of [...this.#live.values()]) {
      live.cut(reason);
      this.closed(live.connection);
    }
  }

  /** These show soon when they fall silent; all do until this is called. */
  watch(peerIds: ReadonlySet<string>): void {
    this.#watched = peerIds;
    for (const live of this.#live.values()) this.#watchAsTold(live);
  }

  /** Asks a peer for a sign of life, and cuts its connections when none comes. */
  probe(peerId: string): void {
    for (const { connection } of this.#of(peerId)) pulseOf(muxerOf(connection))?.probe();
  }

  #watchAsTold({ peerId, connection }: LiveConnection): void {
    pulseOf(muxerOf(connection))?.watchClosely(this.#watched?.has(peerId) ?? true);
  }

  /** Closes in order what can be closed in order within a second. */
  async hangUp(peerId: string): Promise<void> {
    await this.#close(this.#of(peerId));
  }

  async #close(connections: readonly LiveConnection[]): Promise<void> {
    await Promise.all(
      connections.map(async (live) => {
        try {
          await live.connection.close();
        } catch {
          // It is cut instead.
        }
        live.cut('hung up');
        this.closed(live.connection);
      }),
    );
  }

  #admitted(live: LiveConnection): void {
    if (!this.#live.has(live.connection.id)) return;
    const first = !this.isConnected(live.peerId);
    live.ready = true;
    this.#watchAsTold(live);
    if (first) this.#connected.tell(live.peerId);
  }

  #of(peerId: string): LiveConnection[] {
    return [...this.#live.values()].filter((live) => live.peerId === peerId);
  }
}

/** A round trip through the other side's muxer, which it only has when it has let us in. It also sets yamux's pace. */
async function signOfLife(connection: Connection): Promise<void> {
  await muxerOf(connection)?.ping?.({ signal: AbortSignal.timeout(UPGRADE_TIMEOUT) });
}

/** It is private in libp2p's Connection; without it a connection is taken as it is. */
function muxerOf(connection: Connection): Partial<PingableMuxer> | undefined {
  return (connection as unknown as { muxer?: Partial<PingableMuxer> }).muxer;
}
