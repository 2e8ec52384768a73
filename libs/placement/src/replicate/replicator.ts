import type { Database, Tx } from '@dfs/database';
import {
  DfsError,
  firstOf,
  isDfsError,
  pause,
  Recurring,
  stopping,
  type Log,
  type Ran,
  type WorkStatus,
} from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import type { Arrivals } from '../ahead/arrivals.js';
import { isEmpty, isLarge } from '../plan/extents.js';
import { ExtentCountLearner } from './extent-count-learner.js';
import type { HolderFinder } from '../pins/holder-finder.js';
import { DEEP_SEARCHES, MAX_WANTS, SCAN_PAGE } from '../limits.js';
import {
  NOTABLE_BYTES,
  REASK_AFTER,
  type Meeting,
  type SwarmComponents,
  type Transfer,
  type Transfers,
} from '@dfs/transfer';
import type { BlockStore, ContentRef } from '../ports.js';
import type { PinnedExtent } from '../pins/pin-log.js';
import type { RepairBudget } from './repair-budget.js';
import { ReplicationJob, type ReplicationResult } from './replication-job.js';
import { Scanner, type ScannerComponents } from './scanner.js';
import type { Headroom } from './headroom.js';
import { survey, type ExtentCounts } from './find-wants.js';
import { Unshown } from './unshown.js';
import { wantKey, WantQueue, type WantedExtent } from './want-queue.js';

/** Jobs at a time: while one is made durable, others receive. */
const JOBS = 3;
/** Of the jobs, those that may be at that: there is always one for what is new or has one copy left. */
const REPAIR_JOBS = JOBS - 1;

/** The parts by which wants are found, queued, fetched and shown. */
export interface ReplicatorComponents extends SwarmComponents, ScannerComponents, Meeting {
  db: Database;
  chunks: BlockStore;
  counts: ExtentCounts;
  finder: HolderFinder;
  room: Headroom;
  transfers: Transfers;
  budget: RepairBudget;
  /** Blocks of files that came before the files were recorded. */
  arrivals: Pick<Arrivals, 'has' | 'settle'>;
  /** As WantQueue has it. */
  mostWaiting?: number | undefined;
  pin(tx: Tx, extents: readonly PinnedExtent[]): Promise<void>;
  /** It was learned how many extents a content has. */
  counted(content: Cid): void;
  /** Path of a file with this content, for people. */
  pathOf(content: Cid): string | null;
  log: Log;
}

/**
 * Pulls what placement says this node should hold and lacks: told of news at once, and by scans of the whole catalogue
 * at start and whenever members or holders change. Nothing but a bounded queue is kept in memory: what does not fit, and
 * what could not be got, is found again by the next scan.
 */
export class Replicator {
  private readonly wants: WantQueue;
  /** There was more than there was room for: it is looked for once little is left. */
  private leftOut = false;
  /** Something came since that was found out. */
  private gotOn = false;
  /** Wants under way. */
  private readonly busy = new Map<string, WantedExtent>();
  private readonly unshown = new Unshown();
  private readonly news = new Map<Cid, ContentRef>();
  /** Contents of the unit of work of whose commit listeners hear just now. */
  private readonly justPinned = new Set<Cid>();
  private readonly control = new AbortController();
  private running = 0;
  /** Of those, jobs that the budget is for. */
  private repairing = 0;
  private readonly digesting: Recurring;
  private readonly jobs = new Set<Promise<void>>();
  private readonly active = new Set<ReplicationJob>();
  /** New contents that are being looked over. */
  private looking: ReadonlySet<Cid> = new Set();
  /** Blocks that came by jobs that have ended. */
  private came = 0;
  /** Something was looked over, or fetched, or put into the store, or given up. */
  private gone = Promise.withResolvers<undefined>();
  private readonly learner: ExtentCountLearner;
  private readonly scanner: Scanner;

  constructor(private readonly components: ReplicatorComponents) {
    this.wants = new WantQueue(components.mostWaiting);
    this.scanner = new Scanner(components, {
      signal: this.control.signal,
      pressing: () => this.wants.pressing,
      found: (wants) => this.enqueue(wants),
      more: () => this.moreLater(),
    });
    this.digesting = new Recurring(
      {
        name: 'look over new contents',
        every: Infinity,
        failed: 'new contents could not be looked over',
        severity: 'error',
        run: () => this.digest(),
      },
      { log: components.log },
    );
    this.learner = new ExtentCountLearner({
      ...components,
      onLearned: (content) => components.counted(content),
      onLeft: () => this.scanner.retryLater(),
      onLied: (content, peerId) => components.finder.lied(content, peerId),
    });
  }

  start(): void {
    this.digesting.start(Infinity);
    this.components.room.onRoom(() => this.rescan());
    this.scanner.start();
  }

  async stop(): Promise<void> {
    this.control.abort(stopping());
    await Promise.allSettled([...this.jobs, this.digesting.stop(), this.scanner.stop(), this.learner.idle()]);
  }

  /** Its recurring work in the background. */
  work(): WorkStatus[] {
    return [this.digesting.status(), this.scanner.work()];
  }

  /** Extents that are waited for, as far as is known. */
  get wanted(): number {
    return this.news.size + this.wants.size + this.busy.size;
  }

  /** Someone reads this content here: if it is wanted anyway, it is fetched now, and once. */
  hurry(content: Cid): void {
    this.hurryAll(new Set([content]));
  }

  /** A block that is being fetched anyway: its bytes once they have come, undefined if they are not to be had so. */
  async take(id: Cid): Promise<Uint8Array | undefined> {
    for (const job of this.active) {
      const bytes = await job.take(id);
      if (bytes) return bytes;
    }
    return undefined;
  }

  /** Blocks that have come by the job that someone waits for with `take`. */
  progress(id: Cid): number {
    for (const job of this.active) if (job.isAwaited(id)) return job.arrivals;
    return 0;
  }

  /**
   * Waits until none of these contents is on its way here or about to be: all have come or are not to be had now. They are fetched before
   * others. Waits for no replication that does not get on. Never throws.
   */
  async untilHere(contents: readonly Cid[], signal: AbortSignal): Promise<void> {
    const all = new Set(contents);
    for (let more = this.more(all, signal); more && (await more);) more = this.more(all, signal);
  }

  /**
   * Undefined where none of these contents is on its way here or about to be: what has come of them is in the store. Else resolves when more
   * of them may be there, and to false where nothing comes for long. They are fetched before others. Never rejects.
   */
  more(contents: ReadonlySet<Cid>, signal: AbortSignal): Promise<boolean> | undefined {
    if (signal.aborted || !this.isWanted(contents)) return undefined;
    this.hurryAll(contents);
    return this.goesOn(signal);
  }

  private async goesOn(signal: AbortSignal): Promise<boolean> {
    const seen = this.arrived;
    const over = new AbortController();
    const quiet = pause(REASK_AFTER, AbortSignal.any([signal, over.signal])).then(
      () => 'quiet' as const,
      () => undefined,
    );
    const how = await Promise.race([this.gone.promise, quiet]);
    over.abort();
    // A slow disk holds up what comes.
    const isKeeping = [...this.active].some((job) => job.isKeeping);
    return how !== 'quiet' || this.arrived !== seen || isKeeping;
  }

  private hurryAll(contents: ReadonlySet<Cid>): void {
    if (this.wants.hurry(contents)) this.dispatch(JOBS + 1);
  }

  private isWanted(contents: ReadonlySet<Cid>): boolean {
    for (const content of contents) if (this.news.has(content) || this.looking.has(content)) return true;
    for (const { content } of this.busy.values()) if (contents.has(content)) return true;
    return this.wants.of(contents).size > 0;
  }

  private get arrived(): number {
    return [...this.active].reduce((sum, { arrivals }) => sum + arrivals, this.came);
  }

  private getOn(): void {
    this.gone.resolve(undefined);
    this.gone = Promise.withResolvers<undefined>();
  }

  /** Whether a block is here for what is being fetched, and so not yet for a pin. */
  isUnderWay(id: Cid): boolean {
    for (const job of this.active) if (job.has(id)) return true;
    return false;
  }

  /** Extents that are pinned: news that the same unit of work brings of what is whole by that asks for nothing. */
  pinned(tx: Tx, extents: readonly PinnedExtent[]): void {
    const whole = extents.filter(({ size }) => !isLarge(size));
    tx.afterCommit(() => {
      for (const { content } of whole) this.justPinned.add(content);
      // Listeners of this very commit have heard of it by then.
      queueMicrotask(() => this.justPinned.clear());
    });
  }

  /** Contents that are new in the catalogue. */
  heardOf(refs: readonly ContentRef[]): void {
    for (const ref of refs) {
      if (isEmpty(ref.contentId) || this.justPinned.has(ref.contentId)) continue;
      if (this.news.size >= MAX_WANTS) {
        this.rescan();
        break;
      }
      this.news.set(ref.contentId, ref);
    }
    this.digesting.soon();
  }

  /** Members, holders or room changed: what should be here may be another now, or may be had now. */
  rescan(): void {
    this.scanner.rescan();
  }

  /** Others count now than did: what should be here is looked for once that has been so for a while. */
  letSettle(milliseconds: number): void {
    this.scanner.letSettle(milliseconds);
  }

  /** Contents of versions that came and that no path shows. */
  heardOfUnshown(refs: readonly ContentRef[]): void {
    if (!this.unshown.named(refs)) this.rescan();
    this.digesting.soon();
  }

  /** Holders of these contents were heard of: tries again what could not be got. */
  holdersLearned(contents: readonly Cid[]): void {
    if (this.scanner.isToRetry) this.rescan();
    if (this.unshown.held(contents)) this.digesting.soon();
  }

  private async digest(): Promise<Ran> {
    try {
      while (this.news.size > 0 && !this.control.signal.aborted) {
        const page = firstOf(this.news.values(), SCAN_PAGE);
        this.looking = new Set(page.map(({ contentId }) => contentId));
        for (const { contentId } of page) this.news.delete(contentId);
        const found = await survey(this.components, page, { signal: this.control.signal });
        for (const ref of page.slice(found.looked)) this.news.set(ref.contentId, ref);
        this.enqueue(found.wants);
        if (found.more) this.moreLater();
        if (found.unsourced.length > 0) this.scanner.retryLater();
      }
      while (this.unshown.isDue && !this.control.signal.aborted) {
        await this.scanner.lookOver(this.unshown.take(SCAN_PAGE));
      }
    } catch (error) {
      this.scanner.retryLater();
      throw error;
    } finally {
      this.looking = new Set();
      this.getOn();
    }
    return 'idle';
  }

  private enqueue(wants: readonly WantedExtent[]): void {
    if (this.components.room.isFull()) {
      const unknown = wants.filter(({ extent }) => extent === null);
      if (unknown.length > 0 && !this.learner.learn(unknown, this.control.signal)) this.scanner.retryLater();
      return;
    }
    for (const want of wants) {
      if (this.components.arrivals.has(want.content)) this.settleFirst(want);
      else if (!this.busy.has(wantKey(want)) && !this.wants.add(want)) this.leaveOut();
    }
    this.dispatch();
  }

  /** Puts into the store the blocks that came ahead; after that only missing ones are fetched. */
  private settleFirst(want: WantedExtent): void {
    const settled = this.components.arrivals.settle(want.content).then(() => {
      this.jobs.delete(settled);
      if (!this.control.signal.aborted) this.enqueue([want]);
    });
    this.jobs.add(settled);
  }

  private leaveOut(): void {
    if (!this.leftOut) this.gotOn = false;
    this.leftOut = true;
  }

  /** There is more of what was found: it is looked for after that. */
  private moreLater(): void {
    if (this.wants.size + this.running === 0) this.scanner.retryLater();
    else this.leaveOut();
  }

  /** At once where what was found could be got, and ever more seldom where not. */
  private lookForMore(): void {
    if (!this.leftOut || !this.wants.isFew) return;
    this.leftOut = false;
    if (this.gotOn) this.rescan();
    else this.scanner.retryLater();
  }

  private dispatch(most = JOBS): void {
    while (this.running < most && this.wants.size > 0 && !this.control.signal.aborted) {
      const taken = this.wants.takeGroup(this.repairing < REPAIR_JOBS);
      if (taken.length === 0) return;
      const group = this.components.room.admit(taken);
      if (group.length === 0) continue;
      const isRepair = group[0]!.canWait ?? false;
      for (const want of group) this.busy.set(wantKey(want), want);
      this.running++;
      if (isRepair) this.repairing++;
      const job = this.run(group, isRepair).finally(() => {
        this.running--;
        if (isRepair) this.repairing--;
        for (const want of group) this.busy.delete(wantKey(want));
        this.jobs.delete(job);
        this.getOn();
        this.dispatch();
        this.lookForMore();
      });
      this.jobs.add(job);
    }
  }

  private async run(group: readonly WantedExtent[], isRepair: boolean): Promise<void> {
    const { transfers, finder, room, budget, log } = this.components;
    const transfer = this.track(group, transfers);
    const signal = transfer ? AbortSignal.any([this.control.signal, transfer.signal]) : this.control.signal;
    const job = new ReplicationJob(this.components, group, {
      signal,
      onReceived: (bytes, peerId) => transfer?.progress(bytes, peerId),
      onLied: (content, peerId) => finder.lied(content, peerId),
      onKept: () => this.getOn(),
      ...(isRepair && { pace: (bytes) => budget.take(bytes, signal) }),
      ...(group.length <= DEEP_SEARCHES && { findMore: (content, ids, s) => this.findMore(content, ids, s) }),
    });
    this.active.add(job);
    try {
      const result = await job.run();
      await this.settle(group, result);
      if (result.failed.length < group.length) transfer?.finish();
      else transfer?.fail(new DfsError('content-unavailable', 'No reachable node holds it right now.'));
    } catch (error) {
      transfer?.fail(error);
      if (isDfsError(error, 'quota-exceeded') || isDfsError(error, 'no-space')) room.refused();
      else if (this.control.signal.aborted) return;
      else log.warn({ err: error }, 'a replication failed');
      this.scanner.retryLater();
    } finally {
      this.active.delete(job);
      this.came += job.arrivals;
    }
  }

  private async settle(group: readonly WantedExtent[], result: ReplicationResult): Promise<void> {
    const { counts } = this.components;
    this.gotOn ||= result.pinned.length > 0;
    for (const { want, extents } of result.counted) {
      await counts.learn(want.content, extents);
      this.components.counted(want.content);
      this.heardOf([{ contentId: want.content, size: want.size, author: want.holders[0] ?? '' }]);
    }
    for (const { content, holders } of result.rootless) this.wants.drop(content, holders);
    if (result.failed.length > 0) {
      this.components.log.debug({ failed: result.failed.length, of: group.length }, 'extents without a holder for now');
      this.scanner.retryLater();
    } else if (result.pinned.length > 0) {
      this.scanner.gotOn();
    }
  }

  private async findMore(content: Cid, ids: readonly Cid[], signal: AbortSignal): Promise<string[]> {
    const { finder } = this.components;
    const found = new Set<string>();
    const add = (peerId: string): void => void found.add(peerId);
    for (const peerId of (await finder.known(content)).any) add(peerId);
    await Promise.all([finder.byDht(content, signal, add), finder.byAsking(content, ids, signal, new Set(), add)]);
    return [...found];
  }

  /** Only what takes a while is listed: small files are here before anyone looks. */
  private track(group: readonly WantedExtent[], transfers: Transfers): Transfer | undefined {
    const bytes = group.reduce((sum, want) => sum + want.size, 0);
    if (bytes < NOTABLE_BYTES) return undefined;
    const only = group.length === 1 ? group[0]! : undefined;
    return transfers.track({
      kind: 'replication',
      contentId: only?.content ?? null,
      path: only ? this.components.pathOf(only.content) : null,
      bytes: only ? extentBytes(only) : bytes,
    });
  }
}

/** Of a content of several extents, the bytes of one are known only once its manifest is read. */
function extentBytes(want: WantedExtent): number | null {
  return want.extent === 0 ? want.size : null;
}
