import { DfsError, isDfsError, type Log, Slots } from '@dfs/runtime';
import { HANDLER_IDLE_TIMEOUT, MAX_PEER_HANDLERS } from '../constants.js';
import type { Channel, HandleOptions, ProtocolHandler } from '../transport.js';

/** A channel that a peer has opened, as the one who has it answered sees it. */
export interface ServedChannel extends Channel {
  /** Ends this side and lets the other come to its end. */
  finish(): Promise<void>;
  /** Tells the other side why, in the last frame of this one. Never throws. */
  refuse(error: unknown): Promise<void>;
}

interface Registration {
  readonly handler: ProtocolHandler;
  readonly strangers: boolean;
  readonly idleMs: number;
  readonly limited: boolean;
  readonly bulk: boolean;
}

/** The handlers of protocols, and how many requests they answer at once. */
export class Handlers {
  readonly #protocols = new Map<string, Registration>();
  readonly #places = new Slots(MAX_PEER_HANDLERS);

  constructor(private readonly log: Log) {}

  add(protocol: string, handler: ProtocolHandler, options: HandleOptions = {}): void {
    if (this.#protocols.has(protocol)) throw new TypeError(`the protocol ${protocol} has a handler already`);
    const { strangers = false, idleMs = HANDLER_IDLE_TIMEOUT, limited = false, bulk = false } = options;
    this.#protocols.set(protocol, { handler, strangers, idleMs, limited, bulk });
  }

  has(protocol: string): boolean {
    return this.#protocols.has(protocol);
  }

  protocols(): string[] {
    return [...this.#protocols.keys()];
  }

  /** Whether `protocol` may be spoken with someone who is not a member. */
  opensToStrangers(protocol: string): boolean {
    return this.#protocols.get(protocol)?.strangers ?? false;
  }

  /** How long a stream that speaks `protocol` may be silent. */
  idleMs(protocol: string): number {
    return this.#protocols.get(protocol)?.idleMs ?? HANDLER_IDLE_TIMEOUT;
  }

  /** Whether it keeps to the limits that are set. */
  isLimited(protocol: string): boolean {
    return this.#protocols.get(protocol)?.limited ?? false;
  }

  /** Whether it may be asked over bulk connections. */
  isBulk(protocol: string): boolean {
    return this.#protocols.get(protocol)?.bulk ?? false;
  }

  /** Answers a stream that a peer has opened, in its turn. Never throws. */
  async serve(protocol: string, channel: ServedChannel): Promise<void> {
    const registration = this.#protocols.get(protocol);
    if (!registration) return channel.refuse(new DfsError('not-found', 'This node does not speak that protocol.'));
    let leave: (() => void) | undefined;
    try {
      leave = await this.#places.take(channel.peerId, { signal: channel.signal });
      await registration.handler(channel);
      await channel.finish();
    } catch (error) {
      this.#tell(protocol, channel, error);
      await channel.refuse(error);
    } finally {
      leave?.();
    }
  }

  #tell(protocol: string, channel: ServedChannel, error: unknown): void {
    const facts = { err: error, protocol, peer: channel.peerId };
    if (isDfsError(error)) this.log.debug(facts, 'a request of a peer was refused or cut short');
    else this.log.error(facts, 'a request of a peer failed');
  }
}
