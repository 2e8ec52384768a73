import { randomBytes, randomUUID } from 'node:crypto';
import type { SkippedPath, TransferInfo } from '@dfs/contracts';
import type { Tx } from '@dfs/database';
import type { Cid } from '@dfs/protocol';
import { DfsError, isDfsError, minute, second, silentLog, systemTimers, type Log } from '@dfs/runtime';
import { NODE_ASKS, type Asker, type FilesComponents } from '../ports.js';
import { ActStore, type StoredAct } from './act-store.js';
import { goneContents } from '../versions/gone-contents.js';
import { contentsBroughtBack, doItems, nothingDone, type ActDone, type ActItem, type PlannedItem } from './items.js';

/** Records of one unit of work: an act that writes more is a job. */
const MAX_RECORDS = 10_000;
/** Items of one step of a job. */
const STEP_ITEMS = 1000;
const ACT_BYTES = 16;
/** Skipped paths that are kept with a job. */
const KEPT_SKIPPED = 100;
/** After what may pass a step is tried again so soon, and then each time after twice as long. */
const FIRST_WAIT = second;
const MAX_WAIT = minute;

/** An act that is done; or one that goes on as a transfer, and what it is to do. */
export type Run =
  | { done: ActDone; act: string | null }
  | { planned: Pick<ActDone, 'files' | 'bytes' | 'folders' | 'deleted'>; act: string; transfer: TransferInfo };

/** The result of the unit of work by which an act begins. */
type Begun =
  | { done: ActDone; act: string | null }
  | { job: StoredAct; planned: Pick<ActDone, 'files' | 'bytes' | 'folders' | 'deleted'> };

type Parts = Pick<FilesComponents, 'db' | 'catalogue' | 'placement' | 'purges' | 'timers'> & { log?: Log };

/**
 * Acts over many files: one unit of work, all or nothing, up to 10,000 records; beyond that a job that goes on in steps, over
 * restarts too, over the list that was fixed at its begin.
 */
export class ActRuns {
  private readonly store: ActStore;
  private readonly log: Log;
  private readonly ending = new AbortController();
  /** Jobs run one after another. */
  private running: Promise<void> = Promise.resolve();
  /** For so long the job that runs has waited last. */
  private waited = 0;

  constructor(private readonly parts: Parts) {
    this.store = new ActStore(parts.db);
    this.log = parts.log ?? silentLog;
  }

  /** Goes on with the jobs that a stop has interrupted. */
  async resume(): Promise<void> {
    for (const job of await this.store.all()) this.enqueue(job);
  }

  /** Resolves when the step that runs is done; the rest goes on after the next start. */
  async close(): Promise<void> {
    this.ending.abort(new DfsError('shutting-down', 'The node is stopping.'));
    await this.running;
  }

  /** Resolves when no job runs. */
  idle(): Promise<void> {
    return this.running;
  }

  /** How a job stands once none runs that was begun by now; `running` where the node stops first. Undefined for an old one. */
  async ended(id: string): Promise<TransferInfo | undefined> {
    await this.running;
    return this.parts.placement.transfers.get(id);
  }

  /**
   * @param plan what is to be done, as it is within this unit of work
   * @param admit asked once for the whole act; answers what takes its count back if it fails
   * @param by the one who sees it among the transfers, if it becomes a job
   */
  async run(
    path: string,
    plan: (tx: Tx) => Promise<PlannedItem[]>,
    admit: (tx: Tx, items: readonly PlannedItem[]) => Promise<(() => void) | undefined>,
    by: Asker = NODE_ASKS,
  ): Promise<Run> {
    const act = randomBytes(ACT_BYTES);
    const actId = act.toString('hex');
    let takeBack: (() => void) | undefined;
    try {
      const begun = await this.parts.db.write(async (tx): Promise<Begun> => {
        const items = await plan(tx);
        if (items.length === 0) return { done: nothingDone(), act: null };
        takeBack = await admit(tx, items);
        if (recordsOf(items) <= MAX_RECORDS) return { done: await doItems(this.parts, tx, items, act), act: actId };
        const job: StoredAct = {
          ...{ id: randomUUID(), act, network: this.parts.catalogue.networkId, path, key: by.key },
          ...{ total: items.length, done: 0, skipped: [], skippedTotal: 0 },
        };
        await this.store.add(tx, job, items);
        return { job, planned: plannedOf(items) };
      });
      if ('done' in begun) return begun;
      this.enqueue(begun.job);
      return { planned: begun.planned, act: actId, transfer: this.infoOf(begun.job.id) };
    } catch (error) {
      takeBack?.();
      throw error;
    }
  }

  private infoOf(id: string): TransferInfo {
    const info = this.parts.placement.transfers.get(id);
    if (!info) throw new Error('a transfer that was begun is not listed');
    return info;
  }

  private enqueue(job: StoredAct): void {
    this.follow(job, this.track(job));
  }

  private track(job: StoredAct): Tracked {
    const { id, path, key } = job;
    // Gone at once, whether it has begun or not: it does not go on after a restart, however the node ends.
    const onCancel = (): Promise<void> => this.store.remove(id);
    return this.parts.placement.transfers.track({ kind: 'act', id, path, key, items: itemsOf(job), onCancel });
  }

  private follow(job: StoredAct, transfer: Tracked): void {
    this.running = this.running.then(() => this.steps(job, transfer));
  }

  /** Never rejects. */
  private async steps(job: StoredAct, transfer: Tracked): Promise<void> {
    try {
      while (job.done < job.total && !transfer.signal.aborted) {
        this.ending.signal.throwIfAborted();
        try {
          if (!(await this.step(job))) break;
          transfer.describe({ items: itemsOf(job), error: undefined });
          this.waited = 0;
        } catch (error) {
          if (!mayPass(error)) throw error;
          await this.wait(job, transfer, error);
        }
      }
      if (transfer.signal.aborted) return transfer.fail(transfer.signal.reason);
      await this.store.remove(job.id);
      transfer.finish();
    } catch (error) {
      if (isDfsError(error, 'shutting-down')) return;
      transfer.fail(error);
      this.log.warn({ err: error, act: job.act.toString('hex') }, 'an act over many files ended before it was done');
      // It is told as failed: it must not go on after the next start.
      await this.store.remove(job.id).catch(() => undefined);
    }
  }

  /** Until the same may succeed; the transfer tells why it waits. */
  private async wait(job: StoredAct, transfer: Tracked, error: unknown): Promise<void> {
    transfer.describe({ error });
    if (this.waited === 0) {
      this.log.warn({ err: error, act: job.act.toString('hex') }, 'an act over many files waits, and is tried again');
    }
    this.waited = Math.min(MAX_WAIT, Math.max(FIRST_WAIT, 2 * this.waited));
    const signal = AbortSignal.any([this.ending.signal, transfer.signal]);
    await (this.parts.timers ?? systemTimers).sleep(this.waited, signal);
  }

  /** One unit of work; where one path spoils it, each by itself. @returns false where nothing is left of the list */
  private async step(job: StoredAct): Promise<boolean> {
    if (job.network !== this.parts.catalogue.networkId) {
      throw new DfsError('conflict', 'The node has joined another network: the rest of the act was given up.');
    }
    await this.parts.catalogue.writable();
    const items = await this.store.items(job.id, job.done, STEP_ITEMS);
    if (items.length === 0) return false;
    const gone = await goneContents(this.parts, await contentsBroughtBack(this.parts, this.parts.db, items));
    try {
      await this.write(job, items, gone);
    } catch (error) {
      if (!concernsOnePath(error)) throw error;
      for (const item of items) await this.one(job, item, gone);
    }
    return true;
  }

  private async one(job: StoredAct, item: ActItem, gone: ReadonlySet<Cid>): Promise<void> {
    try {
      await this.write(job, [item], gone);
    } catch (error) {
      if (!concernsOnePath(error)) throw error;
      const { code, message: detail } = error;
      await this.advance(job, 1, [{ path: item.path, code, detail }]);
    }
  }

  private async write(job: StoredAct, items: readonly ActItem[], gone: ReadonlySet<Cid>): Promise<void> {
    const done = await this.parts.db.write(async (tx) => {
      const result = await doItems(this.parts, tx, items, job.act, gone);
      await this.store.progress(tx, advanced(job, items.length, result.skipped));
      return result;
    });
    Object.assign(job, advanced(job, items.length, done.skipped));
    await this.parts.placement.keepAgain([...done.contents.keys()]);
    if (items.some(({ does }) => does === 'purge')) this.parts.purges.soon();
  }

  private async advance(job: StoredAct, count: number, skipped: readonly SkippedPath[]): Promise<void> {
    const next = advanced(job, count, skipped);
    await this.parts.db.write((tx) => this.store.progress(tx, next));
    Object.assign(job, next);
  }
}

type Tracked = ReturnType<Parts['placement']['transfers']['track']>;

function advanced(job: StoredAct, count: number, skipped: readonly SkippedPath[]): StoredAct {
  return {
    ...job,
    done: job.done + count,
    skipped: [...job.skipped, ...skipped].slice(0, KEPT_SKIPPED),
    skippedTotal: job.skippedTotal + skipped.length,
  };
}

function itemsOf({ done, total, skipped, skippedTotal }: StoredAct): NonNullable<TransferInfo['items']> {
  return { done, total, skipped: [...skipped], skippedTotal };
}

function recordsOf(items: readonly ActItem[]): number {
  return items.reduce((sum, { does }) => sum + (does === 'move' ? 2 : 1), 0);
}

function plannedOf(items: readonly PlannedItem[]): Pick<ActDone, 'files' | 'bytes' | 'folders' | 'deleted'> {
  const isBack = items.some(({ does }) => does === 'back');
  const goes = ({ does, file }: PlannedItem): boolean => isBack && does === 'delete' && file;
  const files = items.filter((item) => item.file && !goes(item));
  return {
    files: files.length,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    folders: items.filter(({ file }) => !file).length,
    deleted: items.filter(goes).length,
  };
}

/** Whether the same may succeed later: the disk, the clock or the members are not as they should be, or nobody knows why. */
function mayPass(error: unknown): boolean {
  return !(error instanceof DfsError) || (error.status >= 500 && error.code !== 'shutting-down');
}

function concernsOnePath(error: unknown): error is DfsError {
  return error instanceof DfsError && (error.status === 409 || error.status === 412 || error.status === 400);
}
