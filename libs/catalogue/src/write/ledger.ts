import type { Tx } from '@dfs/database';
import type { EventLog } from '@dfs/events';
import { Listeners, type Log, type Unsubscribe } from '@dfs/runtime';
import type { SignedRecord } from '@dfs/protocol';
import type { Change, MemberView } from '../ports.js';
import type { ContentOfHead } from '../read/queries.js';
import type { Retention } from '../retention/retention.js';
import { standingOf } from '../rules/validity.js';
import type { Fingerprints } from '../store/fingerprints.js';
import type { Changeset, ChangesetContext } from './changeset.js';
import { changesOf, hasVanished, recordEvents } from './file-events.js';
import { Forks } from './forks.js';

/** Of one network: all but the counts, which start again from nothing. */
const TABLES = [
  'author',
  'record',
  'parent',
  'file',
  'fork',
  'purged',
  'concluded',
  'void',
  'adopted',
  'waiting',
  'folder',
];

/** The parts that the ledger writes with. The two sums of fingerprints are those of the set and of the void records. */
export interface LedgerComponents {
  events: Pick<EventLog, 'record' | 'renew'>;
  membership: MemberView;
  log: Log;
  fingerprints: Fingerprints;
  voidPrints: Fingerprints;
  retention: Retention;
}

/**
 * The end of every change of the catalogue, its author aside: rows and events are written within its unit of work, and
 * listeners are told after the commit.
 */
export class Ledger {
  private readonly changed: Listeners<[Change[]]>;
  private readonly recorded: Listeners<[]>;
  private readonly written: Listeners<[SignedRecord[]]>;
  private readonly stored: Listeners<[SignedRecord[]]>;
  private readonly unshown: Listeners<[ContentOfHead[]]>;
  private readonly forks: Forks;

  constructor(private readonly parts: LedgerComponents) {
    this.forks = new Forks(parts);
    this.changed = new Listeners(parts.log);
    this.recorded = new Listeners(parts.log);
    this.written = new Listeners(parts.log);
    this.stored = new Listeners(parts.log);
    this.unshown = new Listeners(parts.log);
  }

  /** The rows that a changeset is loaded with. */
  context(): ChangesetContext {
    const { membership, fingerprints, voidPrints, retention } = this.parts;
    return {
      networkId: membership.networkId,
      fingerprints,
      voids: voidPrints,
      standing: (peerId) => standingOf(membership, peerId),
      runningMs: () => retention.time.now(),
    };
  }

  /** @param how `anew`: clients are to read everything again, and hear of no path */
  async finish(tx: Tx, changes: Changeset, how?: 'anew'): Promise<void> {
    const { events, retention } = this.parts;
    const [forks, rows] = await Promise.all([this.forks.find(tx, changes.links), changes.prepare()]);
    const outcomes = await changes.flush(rows);
    if (how !== 'anew') await recordEvents(tx, events, outcomes);
    if (how === 'anew' || hasVanished(outcomes)) await events.renew(tx);
    await retention.needed(tx, changes.contents);
    await this.forks.note(tx, forks);
    const told = changesOf(outcomes);
    const shown = new Set(told.map(({ contentId }) => contentId));
    const unshown = changes.named.filter(({ contentId }) => !shown.has(contentId));
    const { stored } = changes;
    if (stored.length > 0) tx.afterCommit(() => this.stored.tell(stored));
    if (unshown.length > 0) tx.afterCommit(() => this.unshown.tell(unshown));
    tx.afterCommit(() => this.recorded.tell());
    if (told.length > 0) tx.afterCommit(() => this.changed.tell(told));
  }

  /** Drops everything, within the unit of work in which this node goes over to another network. */
  async forget(tx: Tx): Promise<void> {
    for (const table of TABLES) await tx.later(`DELETE FROM catalogue_${table}`);
    await tx.later('UPDATE catalogue_total SET count = 0, bytes = 0');
    await tx.later(`INSERT INTO catalogue_folder VALUES ('', NULL, 0, 0, 0, 0, 0, 0)`);
    await this.parts.fingerprints.clear(tx);
    await this.parts.voidPrints.clear(tx);
  }

  /** This node wrote these; after their commit. */
  tellWritten(records: SignedRecord[]): void {
    this.written.tell(records);
  }

  /** Paths that show something else now, after the commit. */
  onChange(fn: (changes: Change[]) => void): Unsubscribe {
    return this.changed.add(fn);
  }

  /**
   * Contents of versions that came, and of which no path came to tell: replaced before they came, or by a record of the same
   * unit, void, or of the future. After the commit of their records.
   */
  onUnshown(fn: (contents: ContentOfHead[]) => void): Unsubscribe {
    return this.unshown.add(fn);
  }

  /** The set of records has changed, by whatever commit. */
  onRecords(fn: () => void): Unsubscribe {
    return this.recorded.add(fn);
  }

  /** Records this node wrote, after their commit. */
  onWritten(fn: (records: SignedRecord[]) => void): Unsubscribe {
    return this.written.add(fn);
  }

  /** Records that came to be stored, in whatever state, after their commit. */
  onStored(fn: (records: SignedRecord[]) => void): Unsubscribe {
    return this.stored.add(fn);
  }
}
