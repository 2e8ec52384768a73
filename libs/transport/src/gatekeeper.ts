import type { Clock } from '@dfs/runtime';
import { MAX_CONNECTIONS_OF_STRANGER, MAX_STRANGERS, STRANGER_STAY } from './constants.js';
import type { Gate } from './transport.js';

/** A live connection, as the gatekeeper sees it. */
export interface GuardedConnection {
  readonly peerId: string;
  readonly direction: 'in' | 'out';
  readonly openedAt: number;
  /** Closes it at once. */
  cut(reason: string): void;
}

/** The rules of who may connect, stay and speak. Decides; the transports ask it and carry out. */
export class Gatekeeper {
  #gate: Gate | undefined;
  /** Connections whose peer was no member when they opened. */
  readonly #strangers = new Set<GuardedConnection>();
  readonly #connections = new Set<GuardedConnection>();
  /** Peers that a dial under way is allowed to meet: peer ids and addresses, with how often they were asked for. */
  readonly #invited = new Map<string, number>();

  constructor(
    private readonly clock: Clock,
    private readonly opensToStrangers: (protocol: string) => boolean,
  ) {}

  setGate(gate: Gate): void {
    this.#gate = gate;
  }

  isMember(peerId: string): boolean {
    return this.#gate?.isMember(peerId) ?? false;
  }

  /** Whether a peer that has proven who it is may come in. */
  admitsInbound(peerId: string): boolean {
    if (this.isMember(peerId)) return true;
    if (!this.#gate?.acceptsStrangers(peerId)) return false;
    return this.#strangersInside() < MAX_STRANGERS && this.#strangersInside(peerId) < MAX_CONNECTIONS_OF_STRANGER;
  }

  /** Whether we may connect to a peer: a member, or one that `dial` is on its way to. */
  admitsOutbound(peerId: string, address?: string): boolean {
    return this.isMember(peerId) || this.#invited.has(peerId) || (address !== undefined && this.#invited.has(address));
  }

  maySpeak(peerId: string, protocol: string): boolean {
    return this.isMember(peerId) || (this.#gate !== undefined && this.opensToStrangers(protocol));
  }

  /** Lets `dial` meet someone who is not a member, at this peer id or address, while `work` runs. */
  async inviting<T>(whom: string, work: () => Promise<T>): Promise<T> {
    this.#invited.set(whom, (this.#invited.get(whom) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const left = (this.#invited.get(whom) ?? 1) - 1;
      if (left === 0) this.#invited.delete(whom);
      else this.#invited.set(whom, left);
    }
  }

  opened(connection: GuardedConnection): void {
    this.#connections.add(connection);
    if (this.isMember(connection.peerId)) return;
    this.#strangers.add(connection);
    // Several may have been admitted at the same moment.
    if (connection.direction === 'in' && this.#strangersInside() > MAX_STRANGERS) connection.cut('too many strangers');
  }

  closed(connection: GuardedConnection): void {
    this.#connections.delete(connection);
    this.#strangers.delete(connection);
  }

  /** Cuts whoever may not stay: members no longer, at once; strangers after their time. */
  sweep(): void {
    const now = this.clock.now();
    for (const connection of [...this.#connections]) {
      if (this.isMember(connection.peerId)) {
        this.#strangers.delete(connection);
      } else if (!this.#strangers.has(connection)) {
        connection.cut('not a member any more');
      } else if (now - connection.openedAt >= STRANGER_STAY) {
        connection.cut('strangers stay for a short time only');
      }
    }
  }

  #strangersInside(of?: string): number {
    let inside = 0;
    for (const { direction, peerId } of this.#strangers) {
      if (direction === 'in' && (of === undefined || of === peerId)) inside++;
    }
    return inside;
  }
}
