import type { Database, Tx } from '@dfs/database';
import type { Cid } from '@dfs/protocol';
import { DfsError, isDfsError, pause, type Log } from '@dfs/runtime';
import {
  NOTABLE_BYTES,
  REASK_AFTER,
  type Meeting,
  type SwarmComponents,
  type Transfer,
  type Transfers,
} from '@dfs/transfer';
import { DEEP_SEARCHES } from '../limits.js';
import type { HolderFinder } from '../pins/holder-finder.js';
import type { PinnedExtent } from '../pins/pin-log.js';
import type { BlockStore } from '../ports.js';
import type { Headroom } from './headroom.js';
import type { RepairBudget } from './repair-budget.js';
import { ReplicationJob, type ReplicationResult } from './replication-job.js';
import { wantKey, type WantedExtent, type WantQueue } from './want-queue.js';

/** Jobs at a time: while one is made durable, others receive. */
const JOBS = 3;
/** Of the jobs, those that may be at that: there is always one for what is new or has one copy left. */
const REPAIR_JOBS = JOBS - 1;

/** The parts by which wants are fetched, kept and shown. */
export interface ReplicationJobsComponents extends SwarmComponents, Meeting {
  db: Database;
  chunks: BlockStore;
  finder: HolderFinder;
  room: Headroom;
  transfers: Transfers;
  budget: RepairBudget;
  pin(tx: Tx, extents: readonly PinnedExtent[]): Promise<void>;
  /** Path of a file with this content, for people. */
  pathOf(content: Cid): string | null;
  log: Log;
}

/** Calls by which jobs tell how they ended. */
export interface ReplicationJobsOptions {
  signal: AbortSignal;
  /** A job has ended; its transfer is shown until this resolves. */
  settle: (group: readonly WantedExtent[], result: ReplicationResult) => Promise<void>;
  /** A job has failed as a whole. */
  failed: () => void;
  /** There is room for another job. */
  free: () => void;
}

/** Fetches what is queued, a few groups at a time, and tells those that wait for some of it how it gets on. */
export class ReplicationJobs {
  /** Wants under way. */
  private readonly busy = new Map<string, WantedExtent>();
  private running = 0;
  /** Of those, jobs that the budget is for. */
  private repairing = 0;
  private readonly jobs = new Set<Promise<void>>();
  private readonly active = new Set<ReplicationJob>();
  /** Blocks that came by jobs that have ended. */
  private came = 0;
  /** Something was looked over, or fetched, or put into the store, or given up. */
  private gone = Promise.withResolvers<undefined>();

  constructor(
    private readonly components: ReplicationJobsComponents,
    private readonly wants: WantQueue,
    private readonly options: ReplicationJobsOptions,
  ) {}

  /** Resolves when those that run now have ended. Never rejects. */
  async ended(): Promise<void> {
    await Promise.allSettled(this.jobs);
  }

  /** Wants under way. */
  get size(): number {
    return this.busy.size;
  }

  /** No job runs. */
  get isIdle(): boolean {
    return this.running === 0;
  }

  /** Whether this very want is under way. */
  has(want: WantedExtent): boolean {
    return this.busy.has(wantKey(want));
  }

  /** Whether something of these contents is under way. */
  hasAny(contents: ReadonlySet<Cid>): boolean {
    for (const { content } of this.busy.values()) if (contents.has(content)) return true;
    return false;
  }

  /** Whether a block is here for what is being fetched, and so not yet for a pin. */
  hasBlock(id: Cid): boolean {
    for (const job of this.active) if (job.has(id)) return true;
    return false;
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

  /** Wants of these contents are fetched before the rest, by one more job than usual. */
  hurry(contents: ReadonlySet<Cid>): void {
    if (this.wants.hurry(contents)) this.dispatch(JOBS + 1);
  }

  /** Begins as many jobs as may run at a time and as there is work for. */
  dispatch(most = JOBS): void {
    while (this.running < most && this.wants.size > 0 && !this.options.signal.aborted) {
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
        this.options.free();
      });
      this.jobs.add(job);
    }
  }

  /** Resolves when more may be there, and to false where nothing comes for long. Never rejects. */
  async goesOn(signal: AbortSignal): Promise<boolean> {
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

  /** Tells those that wait with `goesOn` to look again. */
  getOn(): void {
    this.gone.resolve(undefined);
    this.gone = Promise.withResolvers<undefined>();
  }

  private get arrived(): number {
    return [...this.active].reduce((sum, { arrivals }) => sum + arrivals, this.came);
  }

  private async run(group: readonly WantedExtent[], isRepair: boolean): Promise<void> {
    const { transfers, finder, room, budget, log } = this.components;
    const { signal: stop } = this.options;
    const transfer = this.track(group, transfers);
    const signal = transfer ? AbortSignal.any([stop, transfer.signal]) : stop;
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
      await this.options.settle(group, result);
      if (result.failed.length < group.length) transfer?.finish();
      else transfer?.fail(new DfsError('content-unavailable', 'No reachable node holds it right now.'));
    } catch (error) {
      transfer?.fail(error);
      if (isDfsError(error, 'quota-exceeded') || isDfsError(error, 'no-space')) room.refused();
      else if (stop.aborted) return;
      else log.warn({ err: error }, 'a replication failed');
      this.options.failed();
    } finally {
      this.active.delete(job);
      this.came += job.arrivals;
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
