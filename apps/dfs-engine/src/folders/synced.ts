import { performance } from 'node:perf_hooks';
import type { CatalogueSync } from '@dfs/catalogue';
import type { SyncView } from '@dfs/live-folders';
import type { SleepWatch, Unsubscribe } from '@dfs/runtime';

/** A test lets the running time pass by `running`; that of this process when left out. */
export interface SyncedParts {
  sync: Pick<CatalogueSync, 'comparedSince' | 'onCompared'>;
  sleep: Pick<SleepWatch, 'look' | 'onJump'>;
  /** Milliseconds that pass while the machine runs, and do not while it sleeps. */
  running?: () => number;
}

/**
 * Whether the node knows what the others know: it has compared its records with those of a member since its start, or since its
 * machine last slept, or it is alone.
 */
export class Synced implements SyncView {
  private since: number;
  /** How often the answer was no. */
  private denied = 0;

  constructor(private readonly parts: SyncedParts) {
    const running = parts.running ?? (() => performance.now());
    this.since = running();
    // A clock that was set back hides nothing that others did.
    parts.sleep.onJump((by) => by > 0 && (this.since = running()));
  }

  isSynced(): boolean {
    this.parts.sleep.look();
    const isSynced = this.parts.sync.comparedSince(this.since);
    if (!isSynced) this.denied++;
    return isSynced;
  }

  /** Members compare with each beat of theirs: of those the first one is told, and the first since the answer was no. */
  onSynced(fn: () => void): Unsubscribe {
    let told: string | undefined;
    return this.parts.sync.onCompared(() => {
      if (!this.isSynced()) return;
      const now = `${this.since} ${this.denied}`;
      if (now === told) return;
      told = now;
      fn();
    });
  }

  onCompared(fn: () => void): Unsubscribe {
    return this.parts.sync.onCompared(fn);
  }
}
