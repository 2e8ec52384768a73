import type { Tx } from '@dfs/database';
import type { LiveFolderInfo } from '@dfs/contracts';
import { day, minute, Recurring, second, type Ran, type Unsubscribe, type WorkStatus } from '@dfs/runtime';
import { BaseTree } from '../base/base-tree.js';
import type { FolderStore, StoredFolder } from '../base/folder-store.js';
import { HeldStore } from '../base/held-store.js';
import { IssueStore, type Issue } from '../base/issue-store.js';
import { IGNORE_NAME } from '../disk/names.js';
import type { Dirty, RootDisk } from '../disk/root-disk.js';
import { PassNotes, type PassContext } from '../pass/context.js';
import { Dirt, FULL_PASS, type Decided } from './dirt.js';
import { failureOf, isStopped } from './failure.js';
import { FolderRules } from './folder-rules.js';
import { SlidingCount } from './lately.js';
import { movedTo, rowsAt } from './moved-to.js';
import { asAsked, isPauseOver, momentOf, pauseDetail, untilPauseEnds } from './pause.js';
import { Standing, type LiveFolderStanding } from './standing.js';
import { tellIssues } from './tell-issues.js';
import { NetworkTree } from '../pass/network-tree.js';
import type { Rules } from '../pass/disk-tree.js';
import { runPass, type PassResult } from '../pass/pass.js';
import type { LiveFoldersComponents } from '../pass/ports.js';
import { DETAIL, FolderStopped } from '../pass/root-check.js';
import { RootGuard } from '../pass/root-guard.js';

/** After a pass that failed: first and at the longest. */
const RETRY = { first: 2 * second, longest: 5 * minute };
/** Files stay in the trash for so long (rule 6), and the folder knows for so long what was deleted from its disk. */
const TRASH_TIME = 30 * day;

/** One live folder while it runs: what is dirty, its passes, its state. */
export class Folder {
  readonly base: BaseTree;
  readonly held: HeldStore;
  readonly issues: IssueStore;
  readonly disk: RootDisk;
  private readonly work: Recurring;
  private root: RootGuard;
  private network: NetworkTree;
  private readonly lately: SlidingCount;
  private readonly unsubscribe: Unsubscribe[] = [];
  private readonly dirt: Dirt;
  private readonly rules: FolderRules;
  private decided: Decided = { revert: new Set(), override: new Set() };
  private mayEmpty = false;
  private isRecovered = false;
  /** The rules by which all of it was looked at last. */
  private tried: Rules | undefined;
  private readonly walked = new Map<string, bigint>();
  private readonly unfit: PassContext['unfit'] = new Map();
  private readonly signed = new Set<string>();
  /** Times that a person changed it. */
  private changed = 0;
  private hourlyAt = -Infinity;
  private readonly stands: Standing;

  constructor(
    private readonly parts: LiveFoldersComponents,
    private readonly store: FolderStore,
    readonly stored: StoredFolder,
  ) {
    const { db, timers, log, catalogue, events } = parts;
    this.stands = new Standing(events, () => this.named);
    this.base = new BaseTree(db, stored.id);
    this.held = new HeldStore(db, stored.id);
    this.issues = new IssueStore(db, stored.id);
    this.disk = parts.openDisk(stored.root, stored.probe);
    this.root = new RootGuard(parts, store, stored, this.disk);
    this.network = new NetworkTree(catalogue, stored.prefix);
    this.lately = new SlidingCount(stored.lately, timers.ticks());
    this.dirt = new Dirt(timers, () => this.work.soon());
    this.rules = new FolderRules(this.disk, timers);
    this.work = new Recurring(
      {
        name: `live folder ${stored.name}`,
        every: () => Math.min(FULL_PASS, untilPauseEnds(this.stored, parts.clock.now())),
        retry: RETRY,
        failed: 'a pass over a live folder failed',
        run: (signal) => this.run(signal),
      },
      { timers, log },
    );
  }

  /** Looks at everything, and then at what changes. */
  start(): void {
    this.listen();
    this.work.start(0);
  }

  /** Hears of changes, which wait for the next pass. */
  listen(): void {
    const { catalogue, sync, membership } = this.parts;
    this.unsubscribe.push(
      this.disk.watch((dirty) => this.diskChanged(dirty)),
      catalogue.onChange((changes) => this.networkChanged(changes.map(({ path }) => path))),
      sync.onSynced(() => this.scan()),
      sync.onCompared(() => this.dirt.memberMet()),
      membership.onChange(() => this.work.soon()),
    );
  }

  /** Does not wait for a disk that hangs. */
  async stop(): Promise<void> {
    for (const unsubscribe of this.unsubscribe.splice(0)) unsubscribe();
    this.dirt.stop();
    await this.disk.close();
    await this.work.stop();
  }

  workStatus(): WorkStatus {
    return this.work.status();
  }

  /** A full pass, soon. */
  scan(): void {
    this.dirt.all();
    this.work.soon();
  }

  /** The same, and it has ended when this resolves. */
  async pass(): Promise<void> {
    this.dirt.all();
    await this.work.now();
  }

  /** One pass over what is dirty has ended when this resolves. */
  async passOverDirty(): Promise<void> {
    await this.work.now();
  }

  /** Changes what is stored of it, and looks at everything anew. */
  async change(act: (stored: StoredFolder) => void): Promise<void> {
    act(this.stored);
    this.changed += 1;
    await this.parts.db.write((tx) => this.store.save(tx, this.stored));
    this.network = new NetworkTree(this.parts.catalogue, this.stored.prefix);
    this.scan();
  }

  /** Looks at these paths once, and makes disk or network as the other has them. */
  settlePaths(how: keyof Decided, paths: readonly string[]): void {
    for (const path of paths) this.decided[how].add(path);
    this.look(paths);
  }

  /** A person says that the folder may be emptied after its prefix. */
  async empty(): Promise<void> {
    this.mayEmpty = true;
    await this.change((stored) => (stored.stopped = null));
  }

  /** The prefix was moved: rows follow the records of the same content at its new place; of others the two sides meet. */
  async follow(prefix: string): Promise<void> {
    const network = new NetworkTree(this.parts.catalogue, prefix);
    const changes = await rowsAt(network, await this.base.all());
    await this.parts.db.write(async (tx) => {
      await this.base.change(tx, changes);
      await this.held.clear(tx);
      await this.store.save(tx, Object.assign(this.stored, { prefix, stopped: null }));
    });
    this.network = network;
    this.scan();
  }

  /** Forgets what was agreed on: the root, as it is found, and the network meet anew (rule 1). */
  async meetAnew(found: Pick<StoredFolder, 'nonce' | 'epoch' | 'identity' | 'probe'>): Promise<void> {
    Object.assign(this.stored, found, { meeting: true, raising: false, stopped: null });
    this.changed += 1;
    await this.parts.db.write(async (tx) => {
      await this.base.clear(tx);
      await this.held.clear(tx);
      await this.store.save(tx, this.stored);
    });
    this.root = new RootGuard(this.parts, this.store, this.stored, this.disk);
    this.scan();
  }

  /** How it stands: of its files nothing is counted. */
  async standing(): Promise<LiveFolderStanding> {
    return { ...this.named, ...this.how, held: await this.held.count() };
  }

  /** The path in the network of one below the prefix. */
  full(path: string): string {
    return this.network.full(path);
  }

  /** As it is told. */
  async info(): Promise<LiveFolderInfo> {
    const { id, name, root, prefix, mode, ignore, paused, pausedUntil, bound } = this.stored;
    const [count, held, issues] = await Promise.all([this.base.count(), this.held.count(), this.issues.count()]);
    return {
      ...{ id, name, root, prefix, mode, ignore: [...ignore], paused },
      pausedUntil: momentOf(pausedUntil),
      ...this.how,
      ...count,
      ...this.stands.moved(),
      held,
      issues,
      lastPassAt: momentOf(this.stands.lastPassAt),
      boundAt: new Date(bound).toISOString(),
      ...(this.stands.reason === 'prefix-gone' && { movedTo: await this.movedTo() }),
    };
  }

  /** The prefix at which most of its files are now; null where no record says so. */
  async movedTo(): Promise<string | null> {
    return movedTo(this.parts.catalogue, this.network, (await this.base.all()).values());
  }

  private diskChanged(dirty: Dirty): void {
    this.dirt.disk(dirty);
    this.work.soon();
  }

  private networkChanged(paths: readonly string[]): void {
    const below = paths.map((path) => this.network.below(path)).filter((path) => path !== undefined);
    this.look(below.filter((path) => !this.signed.has(path)));
  }

  private look(paths: readonly string[]): void {
    if (paths.length === 0) return;
    this.dirt.some(paths);
    this.work.soon();
  }

  private async run(signal: AbortSignal): Promise<Ran> {
    try {
      await this.endPause();
      this.refuse();
      await this.pass1(signal);
    } catch (error) {
      if (signal.aborted) throw error;
      this.dirt.all();
      await this.failed(error);
      if (!(error instanceof FolderStopped)) throw error;
      if (error.reason !== 'asked' && error.reason !== 'prefix-gone') this.after(RETRY.longest, () => this.scan());
    }
    this.dirt.wait();
    return this.isDirty ? 'again' : 'idle';
  }

  private get isDirty(): boolean {
    const { state } = this.stands;
    return state !== 'paused' && state !== 'error' && this.dirt.isAny;
  }

  private async endPause(): Promise<void> {
    if (!isPauseOver(this.stored, this.parts.clock.now())) return;
    Object.assign(this.stored, { paused: false, pausedUntil: null });
    await this.parts.db.write((tx) => this.store.save(tx, this.stored));
  }

  /** Why there is no pass. @throws FolderStopped */
  private refuse(): void {
    const { paused, stopped, mode, meeting } = this.stored;
    if (paused) throw new FolderStopped('asked', pauseDetail(this.stored));
    if (stopped !== null) throw new FolderStopped(stopped);
    if (mode !== 'receive' && this.parts.membership.self().role === 'storage')
      throw new FolderStopped('read-only-member');
    if (meeting && !this.parts.sync.isSynced()) throw new FolderStopped('not-synced');
  }

  private async pass1(signal: AbortSignal): Promise<void> {
    await this.sameNetwork();
    const { timers, clock } = this.parts;
    const { rules, changed } = await this.rules.read(this.stored, signal);
    if (changed) this.dirt.all();
    const scope = this.dirt.take();
    const isFull = scope === 'full';
    const { decided } = this;
    this.decided = { revert: new Set(), override: new Set() };
    // A folder that waits for a disk or an answer says so until this pass has shown that it is well.
    if (isFull && !isStopped(this.stands)) this.stands.become('scanning', null);
    const notes = new PassNotes();
    const { files: left } = await this.base.count();
    const lately = this.lately.look(timers.ticks(), left);
    const isHourly = isFull && timers.ticks() - this.hourlyAt >= FULL_PASS;
    const context = this.context(notes, isHourly, signal);
    const result = await runPass(context, {
      ...{
        scope,
        rules,
        areTried: this.tried === rules,
        lately,
        left,
        isSynced: this.parts.sync.isSynced(),
        mayEmpty: this.mayEmpty,
        ...decided,
      },
      onWork: () => this.stands.become('syncing', null),
    }).catch((error: unknown) => {
      this.decideAgain(decided);
      throw error;
    });
    this.isRecovered = true;
    if (context.isOver()) this.decideAgain(decided);
    if (isHourly) await this.hourly(timers.ticks());
    if (isFull) {
      this.dirt.wasAll();
      if (result.isWhole && !context.isOver()) this.tried = rules;
      this.mayEmpty = false;
    }
    this.stands.lastPassAt = clock.now();
    await this.finish(result, notes, context.isOver());
  }

  private async finish(result: PassResult, notes: PassNotes, isOver: boolean): Promise<void> {
    const { db } = this.parts;
    const { stored } = this;
    this.stands.count(notes);
    const met = stored.meeting && result.isWhole && !isOver;
    if (met) stored.meeting = false;
    if (result.pause !== undefined) stored.stopped = result.pause;
    await db.write(async (tx) => {
      await this.tell(tx, notes.told, (path) => result.isWithin(path));
      if (met || notes.deleted > 0 || result.pause !== undefined) {
        stored.lately = this.lately.now();
        await this.store.save(tx, stored);
      }
    });
    if (result.pause !== undefined) throw new FolderStopped(result.pause);
    this.dirt.later(notes.again, new Set(notes.told.map(({ path }) => path)));
    for (const { kind, path } of notes.told) if (kind === 'unavailable') this.dirt.lack(path);
    if (notes.isFull) this.after(minute, () => this.scan());
    if (notes.isFull) await this.stands.say('error', 'no-room');
    else if (this.dirt.isPending) this.stands.become('syncing', null);
    else if ((await this.held.count()) > 0) await this.stands.say('held', null);
    else await this.stands.say('up-to-date', null);
  }

  private after(within: number, callback: () => void): void {
    this.unsubscribe.push(this.parts.timers.after(within, callback));
  }

  private context(notes: PassNotes, takesAsIs: boolean, signal: AbortSignal): PassContext {
    const { parts, disk, network, base, held, root, walked, unfit, signed, deleted, changed, stored: folder } = this;
    return {
      ...{ parts, folder, disk, network, base, held, root, walked, unfit, signed, notes, takesAsIs, signal, deleted },
      ...{ atStart: !this.isRecovered, isOver: () => this.changed !== changed },
    };
  }

  private readonly deleted: PassContext['deleted'] = async (tx, count) => {
    const { deleted, paths } = this.lately.now();
    await this.store.save(tx, { ...this.stored, lately: { deleted: deleted + count, paths } });
    tx.afterCommit(() => this.lately.delete(count));
  };

  /** Decisions of a person wait for the next pass. */
  private decideAgain(decided: Decided): void {
    for (const how of ['revert', 'override'] as const) for (const path of decided[how]) this.decided[how].add(path);
  }

  /** The work of once an hour, with a full pass. */
  private async hourly(now: number): Promise<void> {
    this.hourlyAt = now;
    const { clock } = this.parts;
    const before = clock.now() - TRASH_TIME;
    await this.disk.trash.empty({ olderThan: before });
    await this.parts.db.write((tx) => this.base.forgetDeletions(tx, before));
  }

  private tell(tx: Tx, told: readonly Issue[], isWithin: (path: string) => boolean): Promise<void> {
    const { issues, named: folder, parts } = this;
    return tellIssues(tx, { ...parts, issues, folder }, told, isWithin);
  }

  /** In another network nothing was agreed on. */
  private async sameNetwork(): Promise<void> {
    const { networkId } = this.parts.catalogue;
    if (this.stored.network === networkId) return;
    this.stored.network = networkId;
    this.stored.meeting = true;
    await this.parts.db.write(async (tx) => {
      await this.base.clear(tx);
      await this.held.clear(tx);
      await this.store.save(tx, this.stored);
    });
    this.dirt.all();
    this.refuse();
  }

  private async failed(error: unknown): Promise<void> {
    const { state, reason, detail } = failureOf(error);
    if (reason === 'rules-unreadable') {
      const issue = { kind: 'unreadable', path: IGNORE_NAME, detail: DETAIL[reason] } as const;
      await this.parts.db.write((tx) => this.tell(tx, [issue], (path) => path === issue.path));
    }
    return this.stands.say(state, reason, detail);
  }

  private get how(): ReturnType<Standing['now']> {
    return asAsked(this.stored, this.stands.now());
  }

  private get named(): Pick<LiveFolderInfo, 'id' | 'name'> {
    return { id: this.stored.id, name: this.stored.name };
  }
}
