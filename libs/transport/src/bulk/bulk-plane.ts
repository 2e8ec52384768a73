import type { Server, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Deadline, DfsError, type Clock, type Log, type Timers } from '@dfs/runtime';
import type { PrivateKey } from '@libp2p/interface';
import { makeCertificate, type Certificate } from '../libp2p/certificate.js';
import type { ChannelContext } from '../channel/channel.js';
import type { Handlers } from '../channel/handlers.js';
import {
  BULK_DIAL_TIMEOUT,
  BULK_IDLE,
  BULK_IDLE_ANSWERER,
  BULK_PATIENCE,
  BULK_RETRY,
  BULK_RETRY_MAX,
  BULK_TICK,
  BULK_WORTH,
  MAX_BULK_ADDRESSES,
  MAX_BULK_CONNECTIONS,
  MAX_BULK_HANDSHAKES,
  UPGRADE_TIMEOUT,
} from '../constants.js';
import type { Gatekeeper } from '../gatekeeper.js';
import type { Channel, OpenOptions } from '../transport.js';
import { BulkAnswerer } from './bulk-answerer.js';
import { BulkAsker } from './bulk-asker.js';
import { BulkChannel } from './bulk-channel.js';
import { answerTls, askTls, peerOf, type BulkTarget } from './bulk-tls.js';
import { splitByFirstByte } from './first-byte.js';

/** The parts of a transport that its bulk connections work with. */
export interface BulkPlaneComponents {
  readonly privateKey: PrivateKey;
  readonly keeper: Gatekeeper;
  readonly handlers: Handlers;
  readonly context: ChannelContext;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /** Where a peer may be dialled: the best first; none where it is not connected directly, or takes none. */
  targets(peerId: string): Promise<BulkTarget[]>;
  onOffence(peerId: string): void;
}

/** An attempt to reach a peer. */
interface Dialling {
  readonly outcome: Promise<BulkAsker | undefined>;
  /** In ticks: nobody waits for it for longer. */
  readonly patientUntil: number;
}

/** How the last attempts to reach a peer have ended. */
interface Failed {
  readonly times: number;
  /** In ticks. */
  readonly retryAt: number;
}

/**
 * Connections for bytes alone, beside those of libp2p: raw TLS on the same port, one in each direction between two members,
 * dialled by the one who asks. A request that finds none has a stream of libp2p.
 */
export class BulkPlane {
  readonly #asking = new Map<string, BulkAsker>();
  readonly #answering = new Map<string, BulkAnswerer>();
  readonly #dialling = new Map<string, Dialling>();
  readonly #failed = new Map<string, Failed>();
  /** Ends when the plane does. */
  #control = new AbortController();
  #handshakes = 0;
  #certificate: Promise<Certificate> | undefined;
  readonly #leave: (() => void)[] = [];

  constructor(private readonly components: BulkPlaneComponents) {}

  /** @param servers those that take the connections of libp2p */
  attach(servers: readonly Server[]): void {
    this.#control = new AbortController();
    for (const server of servers) this.#leave.push(splitByFirstByte(server, (socket) => void this.#take(socket)));
    this.#leave.push(this.components.timers.every(BULK_TICK, () => this.#tick()));
  }

  detach(): void {
    this.#control.abort(new DfsError('shutting-down', 'This node is stopping.'));
    for (const leave of this.#leave.splice(0)) leave();
    for (const connection of this.#all()) connection.cut('this node is stopping');
    this.#failed.clear();
  }

  /** How many there are, by direction. */
  counts(): { readonly in: number; readonly out: number } {
    return { in: this.#answering.size, out: this.#asking.size };
  }

  cut(peerId: string, reason: string): void {
    this.#asking.get(peerId)?.cut(reason);
    this.#answering.get(peerId)?.cut(reason);
    this.#failed.delete(peerId);
  }

  /** There is a new way to a peer: it is worth another attempt. */
  retry(peerId: string): void {
    this.#failed.delete(peerId);
  }

  /** A channel for one request; undefined where that has to have a stream. */
  async open(
    peerId: string,
    protocol: string,
    options: OpenOptions,
    instead: () => Promise<Channel>,
  ): Promise<Channel | undefined> {
    if (!options.bulk || !this.components.keeper.isMember(peerId)) return undefined;
    const connection = this.#asking.get(peerId) ?? (await this.#patiently(peerId, options.bulk.bytes, options.signal));
    if (!connection?.hasRoom || options.signal?.aborted) return undefined;
    const limited = this.components.handlers.isLimited(protocol);
    return new BulkChannel(connection, { ...options, protocol, limited, instead });
  }

  async #patiently(peerId: string, bytes: number, signal?: AbortSignal): Promise<BulkAsker | undefined> {
    const isLeftAlone = (this.#failed.get(peerId)?.retryAt ?? 0) > this.components.timers.ticks();
    if (signal?.aborted || bytes < BULK_WORTH || isLeftAlone) return undefined;
    const { outcome, patientUntil } = this.#dialling.get(peerId) ?? this.#dial(peerId);
    const left = patientUntil - this.components.timers.ticks();
    if (left <= 0) return undefined;
    const enough = new AbortController();
    const end = (): void => enough.abort();
    signal?.addEventListener('abort', end, { once: true });
    try {
      const patience = this.components.timers.sleep(left, enough.signal);
      return await Promise.race([outcome, patience.then(() => undefined)]);
    } finally {
      signal?.removeEventListener('abort', end);
      end();
    }
  }

  #dial(peerId: string): Dialling {
    const { signal } = this.#control;
    const outcome = this.#reach(peerId)
      .catch((error: unknown) => {
        if (!signal.aborted) this.components.log.debug({ err: error, peer: peerId }, 'no bulk connection to a peer');
        return undefined;
      })
      .finally(() => this.#dialling.delete(peerId));
    const dialling = { outcome, patientUntil: this.components.timers.ticks() + BULK_PATIENCE };
    this.#dialling.set(peerId, dialling);
    return dialling;
  }

  /** @throws DfsError `peer-unreachable` … of the last address that was tried */
  async #reach(peerId: string): Promise<BulkAsker | undefined> {
    const targets = await this.components.targets(peerId);
    let failure: Error | undefined;
    for (const target of targets.slice(0, MAX_BULK_ADDRESSES)) {
      if (this.#control.signal.aborted) return undefined;
      try {
        return await this.#connect(peerId, target);
      } catch (error) {
        failure = error as Error;
      }
    }
    if (!failure) return undefined;
    this.#fails(peerId);
    throw failure;
  }

  /** The peer is left alone with that for a while. */
  #fails(peerId: string): void {
    const times = (this.#failed.get(peerId)?.times ?? 0) + 1;
    const pause = Math.min(BULK_RETRY * 2 ** (times - 1), BULK_RETRY_MAX);
    this.#failed.set(peerId, { times, retryAt: this.components.timers.ticks() + pause });
  }

  async #connect(peerId: string, target: BulkTarget): Promise<BulkAsker> {
    const { clock, timers, context, keeper } = this.components;
    const certificate = await this.#ownCertificate();
    const connection = new BulkAsker(peerId, clock.now(), {
      context,
      timers,
      onOffence: () => this.components.onOffence(peerId),
      onOver: () => {
        if (this.#asking.get(peerId) === connection) this.#asking.delete(peerId);
        if (connection.hasHeard) this.#failed.delete(peerId);
        else this.#fails(peerId);
        keeper.closed(connection);
      },
    });
    const socket = askTls(target, certificate, connection);
    // Stays for the life of the connection: an error without a listener would end the process.
    socket.on('error', () => {});
    using limit = new Deadline(BULK_DIAL_TIMEOUT, this.#control.signal);
    const found = await peerOf(socket, limit.signal);
    if (found !== peerId || !keeper.isMember(peerId)) {
      socket.destroy();
      throw new DfsError(
        'peer-unreachable',
        'Another node answers at that address: its peer id is not the expected one.',
      );
    }
    if (!this.#makeRoom()) {
      socket.destroy();
      throw new DfsError('too-many-requests', 'This node has as many bulk connections as it may have, all in use.');
    }
    connection.attach(socket);
    this.#asking.set(peerId, connection);
    keeper.opened(connection);
    return connection;
  }

  /** A connection whose first byte says TLS. */
  async #take(socket: Socket): Promise<void> {
    socket.on('error', () => {});
    if (this.#handshakes >= MAX_BULK_HANDSHAKES) return void socket.destroy();
    this.#handshakes++;
    try {
      const certificate = await this.#ownCertificate();
      if (!socket.destroyed) await this.#admit(answerTls(socket, certificate));
    } catch (error) {
      this.components.log.debug({ err: error }, 'a bulk connection did not come about');
    } finally {
      this.#handshakes--;
    }
  }

  async #admit(secured: TLSSocket): Promise<void> {
    secured.on('error', () => {});
    using limit = new Deadline(UPGRADE_TIMEOUT, this.#control.signal);
    const peerId = await peerOf(secured, limit.signal);
    if (!this.components.keeper.isMember(peerId)) return void secured.destroy();
    // The newer one counts: its asker has but one, and may have lost the other without this node's knowing.
    this.#answering.get(peerId)?.cut('its asker has opened another one');
    if (this.#makeRoom()) this.#answer(peerId, secured);
    else secured.destroy();
  }

  #answer(peerId: string, secured: TLSSocket): void {
    const { clock, timers, context, keeper, handlers } = this.components;
    const connection = new BulkAnswerer(peerId, clock.now(), secured, {
      context,
      timers,
      terms: (protocol) =>
        handlers.isBulk(protocol)
          ? { idleMs: handlers.idleMs(protocol), limited: handlers.isLimited(protocol) }
          : undefined,
      serve: (protocol, channel) => handlers.serve(protocol, channel),
      onOffence: () => this.components.onOffence(peerId),
      onOver: () => {
        if (this.#answering.get(peerId) === connection) this.#answering.delete(peerId);
        keeper.closed(connection);
      },
    });
    this.#answering.set(peerId, connection);
    keeper.opened(connection);
  }

  /** Room for one more: the one that has been idle for longest is closed where there is none. */
  #makeRoom(): boolean {
    const all = this.#all();
    if (all.length < MAX_BULK_CONNECTIONS) return true;
    const [oldest] = all
      .filter(({ idleSince }) => idleSince !== undefined)
      .sort((one, other) => (one.idleSince ?? 0) - (other.idleSince ?? 0));
    oldest?.cut('others need its place');
    return oldest !== undefined;
  }

  #tick(): void {
    const now = this.components.timers.ticks();
    for (const connection of this.#all()) {
      connection.checkStall();
      const { idleSince, direction } = connection;
      const most = direction === 'out' ? BULK_IDLE : BULK_IDLE_ANSWERER;
      if (idleSince !== undefined && now - idleSince >= most) connection.cut('nothing is asked');
    }
  }

  #all(): (BulkAsker | BulkAnswerer)[] {
    return [...this.#asking.values(), ...this.#answering.values()];
  }

  /** Of this run of the node: a key of its own, which the identity has signed. */
  async #ownCertificate(): Promise<Certificate> {
    this.#certificate ??= makeCertificate(this.components.privateKey);
    return this.#certificate;
  }
}
