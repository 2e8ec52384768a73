import type { Tx } from '@dfs/database';
import type { Cid } from '@dfs/protocol';
import { firstOf, Recurring, stopping, type Ran, type WorkStatus } from '@dfs/runtime';
import type { Arrivals } from '../ahead/arrivals.js';
import { MAX_WANTS, SCAN_PAGE } from '../limits.js';
import type { PinnedExtent } from '../pins/pin-log.js';
import { isEmpty, isLarge } from '../plan/extents.js';
import type { ContentRef } from '../ports.js';
import { ExtentCountLearner } from './extent-count-learner.js';
import { survey, type ExtentCounts } from './find-wants.js';
import type { Headroom } from './headroom.js';
import type { ReplicationResult } from './replication-job.js';
import { ReplicationJobs, type ReplicationJobsComponents } from './replication-jobs.js';
import { Scanner, type ScannerComponents } from './scanner.js';
import { Unshown } from './unshown.js';
import { WantQueue, type WantedExtent } from './want-queue.js';

/** The parts by which wants are found, queued, fetched and shown. */
export interface ReplicatorComponents extends ReplicationJobsComponents, ScannerComponents {
  room: Headroom;
  counts: ExtentCounts;
  /** Blocks of files that came before the files were recorded. */
  arrivals: Pick<Arrivals, 'has' | 'settle'>;
  /** As WantQueue has it. */
  mostWaiting?: number | undefined;
  /** It was learned how many extents a content has. */
  counted(content: Cid): void;
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
  private readonly unshown = new Unshown();
  private readonly news = new Map<Cid, ContentRef>();
  /** Contents of the unit of work of whose commit listeners hear just now. */
  private readonly justPinned = new Set<Cid>();
  private readonly control = new AbortController();
  private readonly digesting: Recurring;
  /** Contents of which what came ahead is put into the store just now. */
  private readonly settling = new Set<Promise<void>>();
  /** New contents that are being looked over. */
  private looking: ReadonlySet<Cid> = new Set();
  private readonly jobs: ReplicationJobs;
  private readonly learner: ExtentCountLearner;
  private readonly scanner: Scanner;

  constructor(private readonly components: ReplicatorComponents) {
    this.wants = new WantQueue(components.mostWaiting);
    this.jobs = new ReplicationJobs(components, this.wants, {
      signal: this.control.signal,
      settle: (group, result) => this.settle(group, result),
      failed: () => this.scanner.retryLater(),
      free: () => this.lookForMore(),
    });
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
    const work = [this.jobs.ended(), this.digesting.stop(), this.scanner.stop(), this.learner.idle()];
    await Promise.allSettled([...this.settling, ...work]);
  }

  /** Its recurring work in the background. */
  work(): WorkStatus[] {
    return [this.digesting.status(), this.scanner.work()];
  }

  /** Extents that are waited for, as far as is known. */
  get wanted(): number {
    return this.news.size + this.wants.size + this.jobs.size;
  }

  /** Someone reads this content here: if it is wanted anyway, it is fetched now, and once. */
  hurry(content: Cid): void {
    this.jobs.hurry(new Set([content]));
  }

  /** A block that is being fetched anyway: its bytes once they have come, undefined if they are not to be had so. */
  take(id: Cid): Promise<Uint8Array | undefined> {
    return this.jobs.take(id);
  }

  /** Blocks that have come by the job that someone waits for with `take`. */
  progress(id: Cid): number {
    return this.jobs.progress(id);
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
    this.jobs.hurry(contents);
    return this.jobs.goesOn(signal);
  }

  private isWanted(contents: ReadonlySet<Cid>): boolean {
    for (const content of contents) if (this.news.has(content) || this.looking.has(content)) return true;
    return this.jobs.hasAny(contents) || this.wants.of(contents).size > 0;
  }

  /** Whether a block is here for what is being fetched, and so not yet for a pin. */
  isUnderWay(id: Cid): boolean {
    return this.jobs.hasBlock(id);
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
      this.jobs.getOn();
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
      else if (!this.jobs.has(want) && !this.wants.add(want)) this.leaveOut();
    }
    this.jobs.dispatch();
  }

  /** Puts into the store the blocks that came ahead; after that only missing ones are fetched. */
  private settleFirst(want: WantedExtent): void {
    const settled = this.components.arrivals.settle(want.content).then(() => {
      this.settling.delete(settled);
      if (!this.control.signal.aborted) this.enqueue([want]);
    });
    this.settling.add(settled);
  }

  private leaveOut(): void {
    if (!this.leftOut) this.gotOn = false;
    this.leftOut = true;
  }

  /** There is more of what was found: it is looked for after that. */
  private moreLater(): void {
    if (this.wants.size === 0 && this.jobs.isIdle) this.scanner.retryLater();
    else this.leaveOut();
  }

  /** At once where what was found could be got, and ever more seldom where not. */
  private lookForMore(): void {
    if (!this.leftOut || !this.wants.isFew) return;
    this.leftOut = false;
    if (this.gotOn) this.rescan();
    else this.scanner.retryLater();
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
}
