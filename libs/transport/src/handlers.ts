import { DfsError, isDfsError, type Log } from '@dfs/protocol';
import type { FrameChannel } from './channel.js';
import { MAX_PEER_HANDLERS } from './constants.js';
import type { ProtocolHandler } from './transport.js';

interface Registration {
  readonly handler: ProtocolHandler;
  readonly strangers: boolean;
}

/** Who answers which protocol, and how many at once. */
export class Handlers {
  readonly #protocols = new Map<string, Registration>();
  readonly #running = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(private readonly log: Log) {}

  add(protocol: string, handler: ProtocolHandler, options: { strangers?: boolean } = {}): void {
    if (this.#protocols.has(protocol)) throw new TypeError(`the protocol ${protocol} has a handler already`);
    this.#protocols.set(protocol, { handler, strangers: options.strangers ?? false });
  }

  has(protocol: string): boolean {
    return this.#protocols.has(protocol);
  }

  /** Whether `protocol` may be spoken with someone who is not a member. */
  opensToStrangers(protocol: string): boolean {
    return this.#protocols.get(protocol)?.strangers ?? false;
  }

  /** Answers a stream that a peer has opened, in its turn. Never throws. */
  async serve(protocol: string, channel: FrameChannel): Promise<void> {
    const registration = this.#protocols.get(protocol);
    if (!registration) return channel.refuse(new DfsError('not-found', 'This node does not speak that protocol.'));
    await this.#turn(channel.peerId);
    try {
      if (channel.signal.aborted) return;
      await registration.handler(channel);
      await channel.finish();
    } catch (error) {
      this.#tell(protocol, channel, error);
      await channel.refuse(error);
    } finally {
      this.#done(channel.peerId);
    }
  }

  #tell(protocol: string, channel: FrameChannel, error: unknown): void {
    const facts = { err: error, protocol, peer: channel.peerId };
    if (isDfsError(error)) this.log.debug(facts, 'a request of a peer was refused or cut short');
    else this.log.error(facts, 'a request of a peer failed');
  }

  async #turn(peerId: string): Promise<void> {
    const running = this.#running.get(peerId) ?? 0;
    if (running < MAX_PEER_HANDLERS) {
      this.#running.set(peerId, running + 1);
      return;
    }
    let queue = this.#waiting.get(peerId);
    if (!queue) this.#waiting.set(peerId, (queue = []));
    const { promise, resolve } = Promise.withResolvers<void>();
    queue.push(resolve);
    await promise;
  }

  /** Hands the place on, or gives it back. */
  #done(peerId: string): void {
    const queue = this.#waiting.get(peerId);
    const next = queue?.shift();
    if (queue?.length === 0) this.#waiting.delete(peerId);
    if (next) return next();
    const running = (this.#running.get(peerId) ?? 1) - 1;
    if (running === 0) this.#running.delete(peerId);
    else this.#running.set(peerId, running);
  }
}
