import { VOID_PROTOCOL, type SignedRecord } from '@dfs/protocol';
import type { Unsubscribe, WorkStatus } from '@dfs/runtime';
import type { Catalogue } from '../catalogue.js';
import type { SetRoot } from '../store/fingerprints.js';
import type { Received } from '../receive/intake.js';
import { sameRoot } from './reconcile/exchange.js';
import { SetSync, type SetSyncComponents, type SetSyncOptions } from './reconcile/set-sync.js';

/** As for the set itself, with the void records in its place. */
export interface VoidSyncParts extends SetSyncComponents {
  catalogue: Pick<Catalogue, 'voids' | 'onRecords'>;
  /** Stores what came from a member, as far as it is valid. */
  receive: (records: readonly SignedRecord[], from: string) => Promise<Received>;
  /** Members are to hear soon of what this node has. */
  nudgeSoon: () => void;
}

/**
 * Shows void records to all members: who was cut off with their author when it was removed has them, and others do not.
 * They are outside the set, and compared as a set of their own.
 */
export class VoidSync {
  private readonly sync: SetSync;
  private unsubscribe: Unsubscribe | undefined;
  private last: SetRoot | undefined;

  constructor(
    private readonly parts: VoidSyncParts,
    options: SetSyncOptions,
  ) {
    const { catalogue, receive } = parts;
    this.sync = new SetSync(
      parts,
      {
        protocol: VOID_PROTOCOL,
        section: 'void',
        name: 'void records',
        records: catalogue.voids.records,
        receive: async (records, from) => {
          const received = await receive(records, from);
          // Outside the set is where they belong.
          return { ...received, added: received.added + received.waiting };
        },
      },
      options,
    );
  }

  start(): void {
    this.last = this.sync.root();
    this.sync.start();
    this.unsubscribe = this.parts.catalogue.onRecords(() => this.changed());
  }

  stop(): Promise<void> {
    this.unsubscribe?.();
    return this.sync.stop();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.sync.work();
  }

  /** In another network. */
  clear(): void {
    this.sync.clear();
  }

  private changed(): void {
    const before = this.last;
    this.last = this.sync.root();
    if (before !== undefined && !sameRoot(before, this.last)) this.parts.nudgeSoon();
  }
}
