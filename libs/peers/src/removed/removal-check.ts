import { Recurring, type Log, type Ran, type Unsubscribe, type WorkStatus } from '@dfs/runtime';
import type { Transport } from '@dfs/transport';
import { DIAL_TIME, MAX_OPINIONS, OPINION_MAX, OPINION_PERIODS } from '../constants.js';
import type { Membership } from '../membership/membership.js';

/** The parts by which a removed node asks others whether its removal counts. */
export interface RemovalCheckComponents {
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
export class RemovalCheck {
  private readonly asking: Recurring;
  private unsubscribe: Unsubscribe | undefined;
  private asked = 0;

  constructor(private readonly components: RemovalCheckComponents) {
    const { membership, log } = components;
    const pace = (): number => this.pace();
    this.asking = new Recurring(
      {
        name: 'ask whether this node was removed',
        every: () => (membership.isRemoved ? pace() : Infinity),
        gather: pace,
        failed: 'members could not be asked whether this node was removed',
        run: (signal) => this.askSome(signal),
      },
      { log },
    );
  }

  start(): void {
    this.unsubscribe = this.components.membership.onChange(() => this.look());
    this.asking.start();
    this.look();
  }

  /** Ends what is under way. */
  stop(): Promise<void> {
    this.unsubscribe?.();
    return this.asking.stop();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.asking.status();
  }

  private look(): void {
    if (this.components.membership.isRemoved) this.asking.soon();
    else this.asked = 0;
  }

  private pace(): number {
    const pause = Math.min(this.components.periodMs() * OPINION_PERIODS * 2 ** Math.min(this.asked, 20), OPINION_MAX);
    return pause * (0.75 + Math.random() / 2);
  }

  private async askSome(signal: AbortSignal): Promise<Ran> {
    const { membership, transport } = this.components;
    if (!membership.isRemoved) return 'idle';
    this.asked++;
    const others = membership.members().filter(({ peerId }) => peerId !== transport.peerId);
    for (const { peerId } of others.sort(() => Math.random() - 0.5).slice(0, MAX_OPINIONS)) {
      if (!membership.isRemoved || signal.aborted) break;
      await this.askOne(peerId, signal);
    }
    return 'idle';
  }

  private async askOne(peerId: string, stopped: AbortSignal): Promise<void> {
    const { transport, membership, addressesOf, ask, log } = this.components;
    for (const known of addressesOf(peerId)) {
      const address = `${known.replace(/\/p2p\/[^/]*$/, '')}/p2p/${peerId}`;
      const signal = AbortSignal.any([stopped, AbortSignal.timeout(DIAL_TIME)]);
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
