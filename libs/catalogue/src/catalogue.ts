import type { VersionInfo, VersionList } from '@dfs/contracts';
import type { Reader, Tx } from '@dfs/database';
import { fileIdOf, normalisePath, recordIdOf, type Cid, type SignedRecord } from '@dfs/protocol';
import { Recurring, silentLog, systemClock, type DfsError, type Unsubscribe, type WorkStatus } from '@dfs/runtime';
import { chainEnd } from './write/commit.js';
import { WRITE_ALL, WRITE_EACH, writeDrafts, type HowToWrite } from './write/write-drafts.js';
import { Fingerprints } from './store/fingerprints.js';
import { countForks } from './write/forks.js';
import { Ledger } from './write/ledger.js';
import { readVersion, readVersions, type VersionQuery } from './read/history.js';
import { Imports } from './import/imports.js';
import { Intake, type Received, type ReceiveOptions } from './receive/intake.js';
import type { CatalogueComponents, Change, Commit, Draft, Entry, EntryPage, Level, ListQuery } from './ports.js';
import { Folders } from './read/folders.js';
import { PathConditions } from './read/conditions.js';
import { listLevel } from './read/level.js';
import { listPage, listPages, type ListedPage, type PagesQuery } from './read/list.js';
import {
  readContents,
  readEveryContent,
  readNamed,
  readEntries,
  readEntry,
  readTotals,
  type ContentOfHead,
} from './read/queries.js';
import { JUDGE_EVERY, reconsider } from './receive/rejudge.js';
import { isAhead, resignFuture } from './receive/resign.js';
import { RecordSet } from './store/record-set.js';
import { storedAfter } from './store/stored-after.js';
import { choice, duplicate, relocation, restoration, type OtherHeads } from './write/drafts.js';
import { Refusals, type RefusalReason } from './receive/refusals.js';
import { Retention } from './retention/retention.js';
import { standingOf } from './rules/validity.js';
import { refusePurges, refuseUnsynced, refuseWrites } from './write/refuse.js';
import { TakenPaths } from './write/taken-paths.js';
import { adoptionOf, noteAdopted } from './void/adoption.js';
import { VoidVersions } from './void/void-versions.js';

/**
 * The replicated set of signed records, and the current files that follow from it. The same set gives the same files
 * on every node, in whatever order it arrived.
 */
export class Catalogue {
  /** The set as sync sees it. */
  readonly records: RecordSet;
  /** The records outside it for good, which may be adopted. */
  readonly voids: VoidVersions;
  /** The folders, and the sums over them. */
  readonly folders: Folders;
  /** Conditions that a change of a path may set. */
  readonly conditions: PathConditions;
  /** Files that came along from another network, and are on their way into this one. */
  readonly imports: Imports;
  private readonly ledger: Ledger;
  private readonly refusals: Refusals;
  private readonly intake: Intake;
  private firstLook: () => Promise<void> = () => Promise.resolve();
  private readonly judging: Recurring;
  private readonly stopListening: Unsubscribe;

  private constructor(
    private readonly parts: Required<Omit<CatalogueComponents, 'stopwatch'>>,
    fingerprints: Fingerprints,
    voidPrints: Fingerprints,
    /** Which content nothing needs any more. */
    readonly retention: Retention,
  ) {
    this.records = new RecordSet(parts.db, fingerprints);
    this.folders = new Folders(parts.db, () => this.networkId);
    this.conditions = new PathConditions(parts.db, parts.membership);
    this.refusals = new Refusals(parts.log);
    this.ledger = new Ledger({ ...parts, fingerprints, voidPrints, retention });
    this.voids = new VoidVersions(parts.db, voidPrints, () => this.networkId);
    this.imports = new Imports({ ...parts, commit: (tx, drafts) => this.commit(tx, drafts) });
    this.intake = new Intake({
      ...parts,
      members: parts.membership,
      refusals: this.refusals,
      changeset: () => this.ledger.context(),
      finish: (tx, changes) => this.ledger.finish(tx, changes),
      runningMs: () => this.retention.time.now(),
      judgeLater: () => this.judging.soon(),
    });
    this.judging = new Recurring(
      {
        name: 'judge records that wait',
        every: JUDGE_EVERY,
        failed: 'records that wait could not be judged anew',
        severity: 'error',
        run: () => this.judge().then(() => 'idle' as const),
      },
      { log: parts.log },
    ).start();
    this.stopListening = parts.membership.onChange(() => this.judging.soon());
  }

  static async open(components: CatalogueComponents): Promise<Catalogue> {
    const parts = {
      clock: systemClock,
      log: silentLog,
      clockProblem: () => undefined,
      refusal: () => undefined,
      isClockConfirmed: () => false,
      ...components,
    };
    const retention = await Retention.open(
      parts.db,
      parts.events,
      (peerId) => parts.membership.member(peerId)?.role === 'owner',
      components.stopwatch,
    );
    const prints = await Fingerprints.load(parts.db);
    const voids = await Fingerprints.load(parts.db, 'catalogue_void_fingerprint');
    const catalogue = new Catalogue(parts, prints, voids, retention);
    await catalogue.judgeNow();
    return catalogue;
  }

  /** Waits for what is being judged; membership is no longer listened to. */
  async close(): Promise<void> {
    this.stopListening();
    await this.judging.stop();
    await this.retention.time.store();
  }

  /**
   * Resolves when this node may write, outside of any unit of work: after a start it first looks at its members' records,
   * for seconds at most. Commit does not wait for it. @throws DfsError as commit; with `purges` as one of drafts that purge
   */
  async writable({ purges: purge }: { purges?: true } = {}): Promise<void> {
    await this.firstLook();
    if (await isAhead(this.parts)) await this.judgeNow();
    refuseWrites(this.parts, this.otherMembers);
    if (purge) refusePurges(this.parts.membership.self().role, [{ attributes: { purge } }]);
  }

  /** The work that `writable` and `lastRecord` wait for; never rejects. */
  setFirstLook(fn: () => Promise<void>): void {
    this.firstLook = fn;
  }

  /**
   * Signs and stores new versions, and records the events, all within the caller's unit of work. One answer a draft, in
   * their order; each draft sees those before it.
   * @throws DfsError `read-only-member`, `not-an-owner` of a deletion that purges, `invalid-path`, `precondition-failed`, `path-exists`, `path-taken`, `file-not-found`,
   * `clock-skew`, `not-ready` while this node has to compare with a member first, and what `refusal` says
   */
  async commit(tx: Tx, drafts: readonly Draft[]): Promise<Commit[]> {
    return (await this.writeDrafts(tx, drafts, WRITE_ALL)).result;
  }

  /**
   * The same, where what is refused for its own sake is told in its place and stops no other.
   * @throws DfsError what refuses all drafts alike
   */
  async commitEach(tx: Tx, drafts: readonly Draft[]): Promise<(Commit | DfsError)[]> {
    return (await this.writeDrafts(tx, drafts, WRITE_EACH)).result;
  }

  /** Before a file is made at a path. @throws DfsError `path-taken` */
  async refuseTaken(path: string): Promise<void> {
    const draft: Draft = { kind: 'file', path };
    (await TakenPaths.load(this.parts.db, [draft])).take(draft);
  }

  private writeDrafts<T>(
    tx: Tx,
    drafts: readonly Draft[],
    how: HowToWrite<T>,
  ): Promise<{ result: T; written: readonly SignedRecord[] }> {
    refuseWrites(this.parts, this.otherMembers);
    return writeDrafts({ ...this.parts, ledger: this.ledger }, tx, drafts, how);
  }

  /**
   * Brings a version back in place of all heads; without a version, what a deleted file last was. Unchanged when that
   * is all the path shows.
   * @throws DfsError `file-not-found`, `version-not-found`, `conflict` when it is not deleted and no version is named,
   * and as commit
   */
  async restore(tx: Tx, fileId: string, version?: string): Promise<Commit> {
    const [commit] = await this.commit(tx, [await restoration(tx, fileId, version)]);
    return commit as Commit;
  }

  /**
   * Ends a conflict: what the head of this id says is said anew, in place of all heads. Choosing a deletion deletes.
   * @param others heads that go on at other paths, which must be free
   * @throws DfsError `file-not-found`, `version-not-found`, `conflict` when there is none, or the version is no head,
   * `path-exists`, `invalid-path`; and as commit
   */
  async choose(tx: Tx, fileId: string, version: string, others?: OtherHeads): Promise<Commit> {
    const [commit] = await this.commit(tx, await choice(tx, fileId, version, others));
    return commit as Commit;
  }

  /**
   * A file with the bytes of another, or of a version of it, and with what was said of it. Answers the new file.
   * @throws DfsError `file-not-found`, `version-not-found`, `invalid-path`, `path-exists`; and as commit
   */
  async copy(tx: Tx, fileId: string, path: string, version?: string): Promise<Commit> {
    const [commit] = await this.commit(tx, [await duplicate(tx, fileId, path, version)]);
    return commit as Commit;
  }

  /**
   * A version at the new path that says where it comes from, and a deletion at the old one. Answers the new path.
   * @throws DfsError `file-not-found`, `invalid-path`, `path-exists`, `conflict` while versions wait for a choice; and
   * as commit
   */
  async move(tx: Tx, fileId: string, path: string): Promise<Commit> {
    const [commit] = await this.commit(tx, await relocation(tx, fileId, path));
    return commit as Commit;
  }

  /**
   * Says anew, as this node, what a void version said: in place of what that replaced, as far as it counts, and beside what
   * others have written since. Unchanged when that is what the path shows, or this node has adopted it and it still stands.
   * @throws DfsError `not-found` for one that is not void, or not known here; and as commit
   */
  async adopt(tx: Tx, version: string): Promise<Commit> {
    const adoption = await adoptionOf(tx, version, this.parts.clock.now());
    const { result, written } = await this.writeDrafts(tx, [adoption], WRITE_ALL);
    const [commit] = result as [Commit];
    const last = written.at(-1);
    if (last) await noteAdopted(tx, version, recordIdOf(last.body));
    else if (adoption.adopts.as === null) await noteAdopted(tx, version, commit.entry.recordId);
    return commit;
  }

  /**
   * Stores records of others, as far as they are valid. Never fails for what one of them is.
   * @throws DfsError `peer-misbehaved` for small contents that none of them names
   */
  receive(records: readonly SignedRecord[], from: string, options?: ReceiveOptions): Promise<Received> {
    return this.intake.receive(records, from, options);
  }

  /** Members besides this node; any number where that is not known. */
  get otherMembers(): number {
    return (this.parts.membership.members?.().length ?? Infinity) - 1;
  }

  /** Of the network whose files these are. */
  get networkId(): string {
    return this.parts.membership.networkId;
  }

  /** A path by its file id, current or deleted. `reader`: a unit of work, to read what that one will change. */
  get(fileId: string, reader: Reader = this.parts.db): Promise<Entry | undefined> {
    return readEntry(reader, fileId);
  }

  /** Many paths by their file ids; those that there are, current or deleted. */
  getMany(fileIds: readonly string[], reader: Reader = this.parts.db): Promise<Map<string, Entry>> {
    return readEntries(reader, fileIds);
  }

  /** @throws DfsError `invalid-path` */
  byPath(path: string): Promise<Entry | undefined> {
    return this.get(fileIdOf(this.parts.membership.networkId, normalisePath(path)));
  }

  /**
   * One level of the tree: folders first, by name, then files in their order.
   * @throws DfsError `validation-failed`, `invalid-cursor`
   */
  level(query: ListQuery): Promise<Level> {
    return listLevel(this.parts.db, query);
  }

  /** @throws DfsError `invalid-cursor` */
  list(query: ListQuery): Promise<EntryPage> {
    return listPage(this.parts.db, query);
  }

  /** All that match, page after page to the end, in their order; counted once. */
  listPages(query: PagesQuery): AsyncGenerator<ListedPage, void, undefined> {
    return listPages(this.parts.db, query);
  }

  /**
   * A page of the versions that count, newest first; none for a path that never was.
   * @throws DfsError `invalid-cursor`
   */
  versions(fileId: string, query: VersionQuery): Promise<VersionList> {
    return readVersions(this.parts.db, fileId, query);
  }

  /** One version of a path by its record id, if it counts. */
  version(fileId: string, version: string): Promise<VersionInfo | undefined> {
    return readVersion(this.parts.db, fileId, version);
  }

  /** Current files and their bytes. */
  totals(reader: Reader = this.parts.db): Promise<{ count: number; bytes: number }> {
    return readTotals(reader);
  }

  /** Distinct contents of all heads, shown or not: what the network must hold. In order of their bytes. */
  contents(after: Cid | null, limit: number): Promise<ContentOfHead[]> {
    return readContents(this.parts.db, after, limit);
  }

  /** The same of all versions that are not purged, those that were replaced or deleted or are void too: what someone may bring back. */
  everyContent(after: Cid | null, limit: number): Promise<ContentOfHead[]> {
    return readEveryContent(this.parts.db, after, limit);
  }

  /** Which of these contents were purged here: their retention is over, and nothing has needed them since. */
  purged(contents: readonly Cid[], reader?: Reader): Promise<Set<Cid>> {
    return this.retention.purged(contents, reader);
  }

  /** Which of these contents a record here names, in whatever state, or a file that comes along, and of what size. */
  named(contents: readonly Cid[], reader: Reader = this.parts.db): Promise<ReadonlyMap<Cid, number>> {
    return readNamed(reader, contents);
  }

  /** Which of these contents are of files that come along, within the unit of work in which this node changes its network. */
  comesAlong(contents: readonly Cid[], tx: Tx): Promise<Set<Cid>> {
    return this.imports.among(contents, tx);
  }

  /**
   * The record an author's chain ends with, as far as it is here: the one in the set with the greatest clock. Soon after a
   * start this node first looks at its members' records, as before it writes.
   * @throws DfsError `not-ready` while this node has to compare with a member first
   */
  async lastRecord(peerId: string): Promise<string | null> {
    await this.firstLook();
    refuseUnsynced(this.parts.membership, this.otherMembers);
    return (await chainEnd(this.parts.db, peerId, 'in-set'))?.id ?? null;
  }

  /** After the commit, for local changes and those of peers alike. */
  onChange(fn: (changes: Change[]) => void): Unsubscribe {
    return this.ledger.onChange(fn);
  }

  /** Contents of versions that came and that no path came to show, after their commit. */
  onUnshown(fn: (contents: ContentOfHead[]) => void): Unsubscribe {
    return this.ledger.onUnshown(fn);
  }

  /** The set of records has changed, by whatever commit. */
  onRecords(fn: () => void): Unsubscribe {
    return this.ledger.onRecords(fn);
  }

  /** Records this node wrote, after their commit. */
  onWritten(fn: (records: SignedRecord[]) => void): Unsubscribe {
    return this.ledger.onWritten(fn);
  }

  /** Records that came to be stored, this node's or others', in whatever state, after their commit. */
  onStored(fn: (records: SignedRecord[]) => void): Unsubscribe {
    return this.ledger.onStored(fn);
  }

  /**
   * Records that were stored after this one, or all, a page at a time, in the order in which they came; undefined where it
   * is not stored.
   */
  storedAfter(recordId: string | null): Promise<AsyncIterable<SignedRecord[]> | undefined> {
    return storedAfter(this.parts.db, recordId);
  }

  /** Records refused since the start, by reason. */
  refused(): ReadonlyMap<RefusalReason, number> {
    return this.refusals.all();
  }

  /** How many records of one author follow on a record that another of its follows on as well. */
  forks(): Promise<number> {
    return countForks(this.parts.db);
  }

  /** Judges anew what waits: for its author, or for the time to come. */
  judgeNow(): Promise<void> {
    return this.judging.now();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus[] {
    return [this.judging.status(), this.imports.work()];
  }

  /** Drops everything, within the unit of work in which this node goes over to another network. */
  forget(tx: Tx): Promise<void> {
    return this.ledger.forget(tx);
  }

  /** Nobody else has what this node wrote while its clock was ahead, as long as it was always alone. */
  private async mendFuture(): Promise<void> {
    const { membership, clock, log } = this.parts;
    const written = await resignFuture({
      ...this.parts,
      now: clock.now(),
      isAlone: () => membership.hasHadOthers === false,
      changeset: () => this.ledger.context(),
      finish: (tx, changes) => this.ledger.finish(tx, changes, 'anew'),
    });
    if (written.length === 0) return;
    log.warn({ records: written.length }, 'changes that were written while the clock was ahead were signed anew');
    this.ledger.tellWritten(written);
  }

  /** This node has what a member had of the records. */
  async synced(): Promise<void> {
    await this.parts.membership.synced?.();
  }

  private async judge(): Promise<void> {
    const { db, membership, clock } = this.parts;
    await this.mendFuture();
    await reconsider({
      db,
      now: clock.now(),
      runningMs: this.retention.time.now(),
      isConfirmed: this.parts.isClockConfirmed(),
      standing: (peerId) => standingOf(membership, peerId),
      changeset: () => this.ledger.context(),
      finish: (tx, changes) => this.ledger.finish(tx, changes),
    });
    await this.intake.warn();
  }
}
