import type { Catalogue } from '@dfs/catalogue';
import type { Generation } from '@dfs/chunks';
import { Journal, type JournalEntry, type Snapshot, type Snapshots } from '@dfs/database';
import type { Membership } from '@dfs/peers';
import {
  day,
  hour,
  isDfsError,
  MiB,
  minute,
  Recurring,
  second,
  type Clock,
  type Log,
  type Timers,
  type Unsubscribe,
  type WorkStatus,
} from '@dfs/runtime';
import { membershipIdOf, recordIdOf, type SignedRecord } from '@dfs/protocol';
import type { DataDir } from '../start/data-dir.js';
import { fromEntry, toEntry } from './journal-entries.js';
import { keepApart, keptApart } from './set-aside.js';

/** The state that is saved, and the news of it. */
export interface BackupComponents {
  snapshots: Pick<Snapshots, 'list' | 'take'>;
  dataDir: Pick<DataDir, 'path' | 'journalDir'>;
  catalogue: Pick<Catalogue, 'onStored' | 'storedAfter'>;
  /** Raised after each snapshot, so that a snapshot that is put back is known as one. */
  generation: Pick<Generation, 'raise' | 'doubt'>;
  membership: Pick<Membership, 'networkId' | 'missingFrom' | 'onRecords' | 'onChange'>;
  clock: Clock;
  timers?: Timers;
  log: Log;
}

/** In milliseconds. */
export interface BackupTimes {
  /** From the start to the first look whether a snapshot is due, and between two looks. */
  first: number;
  check: number;
  /** Between two snapshots, and between two attempts that failed. */
  every: number;
  again: number;
}

const TIMES: BackupTimes = { first: 20 * second, check: 1 * minute, every: 1 * day, again: 1 * hour };
/**
 * Of the journal that the snapshots make unnecessary, so much is kept: where none of them is good, the names of the files are
 * rebuilt from it.
 */
const KEPT_JOURNAL_BYTES = 64 * MiB;
/** Snapshots are late when the last is older than so many periods. */
const LATE = 2;

/** How well the database is saved. */
export interface BackupStatus {
  /** When the newest snapshot was taken, in milliseconds since 1970; null before the first. */
  readonly lastAt: number | null;
  readonly snapshots: number;
  /** On disk: snapshots and journal. */
  readonly bytes: number;
  /** The last is too old, or there should be one by now. */
  readonly isLate: boolean;
  /** Why the last attempt failed. */
  readonly problem: 'no-space' | 'failed' | null;
  /** Records stored now are in the database alone. */
  readonly isJournalBroken: boolean;
  /** Folder, within the data directory, of what was saved of an earlier database. */
  readonly keptApart: string | undefined;
}

/**
 * Keeps what a damaged database can be restored from: a snapshot of it every day, and every signed record that is stored, as
 * it is stored, in a journal. Never makes a write of the node fail or wait.
 */
export class Backup {
  private journal: Journal | undefined;
  private list: readonly Snapshot[] = [];
  /** The record that stands in the journal last. */
  private last: string | undefined;
  private isDue = false;
  private triedAt = -Infinity;
  private problem: BackupStatus['problem'] = null;
  private networkId: string;
  private apart: string | undefined;
  private readonly unsubscribe: Unsubscribe[];
  private readonly saving: Recurring;

  private constructor(
    private readonly components: BackupComponents,
    private readonly times: BackupTimes,
    private readonly openedAt: number,
  ) {
    const { catalogue, membership, log, timers } = components;
    this.saving = new Recurring(
      {
        name: 'save the database',
        every: times.check,
        failed: 'no snapshot of the database was taken; it is tried again in an hour',
        run: async (signal) => {
          try {
            await this.look(signal);
          } catch (error) {
            if (!signal.aborted) this.problem = problemOf(error);
            throw error;
          }
          return 'idle';
        },
      },
      { log, ...(timers && { timers }) },
    );
    this.networkId = membership.networkId;
    this.unsubscribe = [
      catalogue.onStored((records) => this.append(records)),
      membership.onRecords((records) =>
        this.journal?.append(records.map(({ bytes }) => toEntry({ kind: 'membership', bytes }))),
      ),
      membership.onChange(() => this.lookAtNetwork()),
    ];
  }

  /** From now on what is stored is journaled. Never fails: what is wrong with the disk is told by `status`. */
  static async open(components: BackupComponents, times: Partial<BackupTimes> = {}): Promise<Backup> {
    const backup = new Backup(components, { ...TIMES, ...times }, components.clock.now());
    await backup.lookAtSaved();
    await backup.openJournal();
    await backup.refresh();
    return backup;
  }

  /** Takes snapshots when they are due, from now on. */
  start(): void {
    this.saving.start(this.times.first);
  }

  async stop(): Promise<void> {
    const saved = this.saving.stop();
    for (const off of this.unsubscribe) off();
    await saved;
    await this.journal?.close().catch(() => undefined);
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.saving.status();
  }

  status(): BackupStatus {
    const lastAt = this.list[0]?.takenAt ?? null;
    const isJournalBroken = this.journal?.isBroken ?? true;
    const bytes = this.list.reduce((sum, snapshot) => sum + snapshot.bytes, this.journal?.bytes ?? 0);
    const isLate = this.components.clock.now() - (lastAt ?? this.openedAt) > LATE * this.times.every;
    const snapshots = this.list.length;
    return { lastAt, snapshots, bytes, isLate, problem: this.problem, isJournalBroken, keptApart: this.apart };
  }

  /** One look: opens the journal anew where it is broken, and takes a snapshot where one is due. Never fails. */
  runIfDue(): Promise<void> {
    return this.saving.now();
  }

  private async look(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    if (this.journal?.isBroken ?? true) await this.openJournal();
    const now = this.components.clock.now();
    const age = now - (this.list[0]?.takenAt ?? -Infinity);
    // A clock that was set back since is no reason to wait for it.
    const isDue = this.isDue || age < 0 || age >= this.times.every;
    if (!isDue || Math.abs(now - this.triedAt) < this.times.again) return;
    this.triedAt = now;
    await this.takeSnapshot();
  }

  private async takeSnapshot(): Promise<void> {
    const { snapshots, generation, log } = this.components;
    // Records stored after the cut are in the journal, whether the snapshot has them or not.
    const number = await this.journal?.cut((this.list[0]?.number ?? 0) + 1);
    const taken = await snapshots.take(number);
    await generation.raise();
    this.isDue = false;
    this.problem = null;
    this.triedAt = -Infinity;
    await this.refresh();
    log.info({ number: taken.number, bytes: taken.bytes }, 'a snapshot of the database was taken');
    const oldest = this.list.at(-1);
    if (oldest && this.list.length > 1) await this.journal?.dropBefore(oldest.number, KEPT_JOURNAL_BYTES);
  }

  private failed(error: unknown): void {
    if (this.saving.signal.aborted) return;
    this.problem = problemOf(error);
    this.components.log.warn({ err: error }, 'no journal was begun for another network; it is tried again');
  }

  /** A node that began anew without its database keeps what was saved of that one. */
  private async lookAtSaved(): Promise<void> {
    const { dataDir, generation, membership, clock, log } = this.components;
    try {
      if (generation.doubt === 'database-new') await keepApart(dataDir.path, membership.networkId, clock.now());
      this.apart = await keptApart(dataDir.path);
    } catch (error) {
      log.warn({ err: error }, 'what was saved of an earlier database could not be set aside');
    }
  }

  private async refresh(): Promise<void> {
    this.list = await this.components.snapshots.list().catch(() => this.list);
  }

  /** A snapshot of the network before is of no use, and its records are not in this journal. */
  private lookAtNetwork(): void {
    const { networkId } = this.components.membership;
    if (networkId === this.networkId) return;
    this.networkId = networkId;
    this.isDue = true;
    this.triedAt = -Infinity;
    void this.journal?.cut().catch((error: unknown) => this.failed(error));
  }

  private append(records: readonly SignedRecord[]): void {
    if (!this.journal || this.journal.isBroken) return;
    const last = records.at(-1);
    const written = (): void => void (last && (this.last = recordIdOf(last.body)));
    this.journal.append(
      records.map((record) => toEntry({ kind: 'record', record })),
      written,
    );
  }

  /** Writes what a crash, or a disk that was full, has kept from it. */
  private async openJournal(): Promise<void> {
    const { dataDir, membership, log } = this.components;
    const dir = dataDir.journalDir;
    await this.journal?.close().catch(() => undefined);
    this.journal = undefined;
    const known = new Set<string>();
    try {
      this.last = undefined;
      const journal = await Journal.open({ dir, preamble: () => this.preamble(), log }, (entry) => {
        const journaled = fromEntry(entry);
        if (journaled?.kind === 'membership') known.add(membershipIdOf(journaled.bytes));
        if (journaled?.kind === 'record') this.last = recordIdOf(journaled.record.body);
        if (journaled?.kind === 'position') this.last = journaled.recordId;
      });
      // A snapshot that was taken without a journal makes what comes after it no less necessary.
      const newest = (await this.components.snapshots.list())[0]?.number ?? 0;
      if (journal.number < newest) await journal.cut(newest);
      // Nothing is waited for from here on until it is known where to catch up from.
      this.journal = journal;
      const missing = membership.missingFrom([]).filter(({ id }) => !known.has(id));
      journal.append(missing.map(({ bytes }) => toEntry({ kind: 'membership', bytes })));
      await this.catchUp();
    } catch (error) {
      log.warn({ err: error }, 'the journal cannot be opened: a restore would lack what is stored now');
    }
  }

  private async catchUp(): Promise<void> {
    const { catalogue, snapshots } = this.components;
    // Without a snapshot the journal is to have everything.
    const after = this.last ?? ((await snapshots.list()).length === 0 ? null : undefined);
    const missed = after === undefined ? undefined : await catalogue.storedAfter(after);
    // Nothing says what the database has besides it: a new snapshot has it.
    if (!missed) this.isDue = true;
    else for await (const page of missed) this.append(page);
  }

  private preamble(): JournalEntry[] {
    const membership = this.components.membership.missingFrom([]);
    return [
      ...(this.last === undefined ? [] : [toEntry({ kind: 'position', recordId: this.last })]),
      ...membership.map(({ bytes }) => toEntry({ kind: 'membership', bytes })),
    ];
  }
}

function problemOf(error: unknown): BackupStatus['problem'] {
  return isDfsError(error, 'no-space') ? 'no-space' : 'failed';
}
