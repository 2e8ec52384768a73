import { performance } from 'node:perf_hooks';
import type { CatalogueSync } from '@dfs/catalogue';
import type { SyncView } from '@dfs/live-folders';
import { minute, second, type Clock, type Timers, type Unsubscribe } from '@dfs/runtime';

/** How often the node looks whether its machine has slept. */
const LOOK_EVERY = 10 * second;
/** Time that the clock of the machine may be ahead of the running time by, from one look to the next: it was set a little. */
const MADE_UP = minute;

/** A test lets the machine sleep by `running`; the running time of this process when left out. */
export interface SyncedParts {
  sync: Pick<CatalogueSync, 'comparedSince' | 'onCompared'>;
  clock: Clock;
  timers: Timers;
  /** Milliseconds that pass while the machine runs, and do not while it sleeps. */
  running?: () => number;
}

/**
 * Whether the node knows what the others know: it has compared its records with those of a member since its start, or since its
 * machine last slept, or it is alone. A sleep shows in the clock of the machine, which then jumps ahead of the running time.
 */
export class Synced implements SyncView {
  private since: number;
  private ahead: number;
  private readonly running: () => number;
  private end: Unsubscribe | undefined;

  constructor(private readonly parts: SyncedParts) {
    this.running = parts.running ?? (() => performance.now());
    this.since = this.running();
    this.ahead = this.drift();
  }

  /** Looks now and then, besides whenever it is asked. */
  start(): void {
    this.end = this.parts.timers.every(LOOK_EVERY, () => this.look());
  }

  isSynced(): boolean {
    this.look();
    return this.parts.sync.comparedSince(this.since);
  }

  onSynced(fn: () => void): Unsubscribe {
    return this.parts.sync.onCompared(fn);
  }

  /** Looks no more. */
  stop(): void {
    this.end?.();
  }

  private look(): void {
    const drift = this.drift();
    if (drift - this.ahead > MADE_UP) this.since = this.running();
    this.ahead = drift;
  }

  private drift(): number {
    return this.parts.clock.now() - this.running();
  }
}
