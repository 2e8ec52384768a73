import { second, systemTimers, type Timers, type Unsubscribe } from '@dfs/runtime';

/** The members to compare with. `connected` are peer ids. */
export interface FreshLookPorts {
  connected(): string[];
  /** Members besides this node. */
  otherMembers(): number;
}

/** How long a node that starts waits for members before it writes. */
export interface FirstSyncOptions {
  /** Milliseconds that members have to connect, where one was compared with already. */
  gatherMs?: number;
  /** Milliseconds without any member after which this node is taken to be alone. */
  aloneMs?: number;
  /** Milliseconds after which it goes on in any case. */
  longestMs?: number;
}

const DEFAULTS: Required<FirstSyncOptions> = { gatherMs: 2 * second, aloneMs: 5 * second, longestMs: 30 * second };
const LOOK_EVERY = 40;

/**
 * The steps of a node before it writes for the first time: it compares catalogues with the members it finds, and so
 * learns
 * of records of its own that it does not have, should it have been restored from an old copy. Its chain goes on from
 * those, and does not fork. Bounded: a node that finds nobody goes on alone.
 */
export class FirstSync {
  private readonly options: Required<FirstSyncOptions>;
  private readonly compared = new Set<string>();
  private readonly waiting: (() => void)[] = [];
  private endLooking: Unsubscribe | undefined;
  private since = 0;

  constructor(
    private readonly ports: FreshLookPorts,
    options: FirstSyncOptions = {},
    private readonly timers: Timers = systemTimers,
  ) {
    this.options = { ...DEFAULTS, ...options };
  }

  /** From now on writes wait: at the start, and in another network. */
  begin(): void {
    this.compared.clear();
    this.since = this.timers.ticks();
    this.endLooking?.();
    // Not at once: the members of a network that was just joined are not known within the unit of work that joins it.
    this.endLooking = this.timers.every(LOOK_EVERY, () => this.consider());
  }

  /** This node has all that the member had. */
  comparedWith(peerId: string): void {
    if (this.endLooking === undefined) return;
    this.compared.add(peerId);
    this.consider();
  }

  /** Resolves when this node may write. */
  over(): Promise<void> {
    if (this.endLooking === undefined) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  end(): void {
    this.endLooking?.();
    this.endLooking = undefined;
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  private consider(): void {
    if (this.isEnough()) this.end();
  }

  private isEnough(): boolean {
    const { gatherMs, aloneMs, longestMs } = this.options;
    const passed = this.timers.ticks() - this.since;
    if (this.compared.size >= this.ports.otherMembers() || passed >= longestMs) return true;
    if (this.ports.connected().some((peerId) => !this.compared.has(peerId))) return false;
    return passed >= (this.compared.size > 0 ? gatherMs : aloneMs);
  }
}
