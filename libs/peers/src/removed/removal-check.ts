import type { Log, Unsubscribe } from '@dfs/runtime';
import type { Transport } from '@dfs/transport';
import { DIAL_TIME, MAX_OPINIONS, OPINION_MAX, OPINION_PERIODS } from '../constants.js';
import type { Membership } from '../membership/membership.js';

/** The parts by which a removed node asks others whether its removal counts. */
export interface SecondOpinionComponents {
  transport: Transport;
  membership: Membership;
  log: Log;
  addressesOf: (peerId: string) => string[];
  /** Milliseconds between heartbeats. */
  periodMs: () => number;
  /** Asks a connected member for what it knows of this node's membership. Never throws. */
  ask: (peerId: string, signal: AbortSignal) => Promise<void>;
}

/**
 * A node that believes to be removed may be wrong: who removed it was perhaps removed itself, in another part of the
 * network. Nobody can tell it, for it lets nobody in; so it asks, ever more seldom, some of those it knows as members.
 */
export class SecondOpinion {
  private readonly running = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private unsubscribe: Unsubscribe | undefined;
  private asked = 0;

  constructor(private readonly components: SecondOpinionComponents) {}

  start(): void {
    this.unsubscribe = this.components.membership.onChange(() => this.look());
    this.look();
  }

  /** Ends what is under way. */
  stop(): void {
    this.unsubscribe?.();
    this.running.abort();
    clearTimeout(this.timer);
  }

  private look(): void {
    if (this.components.membership.isRemoved) return this.schedule();
    clearTimeout(this.timer);
    this.timer = undefined;
    this.asked = 0;
  }

  private schedule(): void {
    if (this.timer || this.running.signal.aborted) return;
    const pause = Math.min(this.components.periodMs() * OPINION_PERIODS * 2 ** Math.min(this.asked, 20), OPINION_MAX);
    this.timer = setTimeout(() => void this.askSome(), pause * (0.75 + Math.random() / 2)).unref();
  }

  /** Never rejects. */
  private async askSome(): Promise<void> {
    const { membership, transport } = this.components;
    this.asked++;
    const others = membership.members().filter(({ peerId }) => peerId !== transport.peerId);
    for (const { peerId } of others.sort(() => Math.random() - 0.5).slice(0, MAX_OPINIONS)) {
      if (!membership.isRemoved || this.running.signal.aborted) break;
      await this.askOne(peerId);
    }
    this.timer = undefined;
    this.look();
  }

  private async askOne(peerId: string): Promise<void> {
    const { transport, membership, addressesOf, ask, log } = this.components;
    for (const known of addressesOf(peerId)) {
      const address = `${known.replace(/\/p2p\/[^/]*$/, '')}/p2p/${peerId}`;
      const signal = AbortSignal.any([this.running.signal, AbortSignal.timeout(DIAL_TIME)]);
      try {
        await transport.dial(address, { signal });
        await ask(peerId, signal);
        if (membership.isRemoved) await transport.hangUp(peerId);
        return;
      } catch (error) {
        log.debug({ err: error, peer: peerId }, 'a member could not be asked whether this node was removed');
      }
    }
  }
}
