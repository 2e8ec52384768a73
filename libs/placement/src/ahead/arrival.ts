import type { ReadBlock } from '@dfs/chunks';
import type { Database } from '@dfs/database';
import type { AheadBlock, Cid } from '@dfs/protocol';
import { DfsError, isDfsError, second, type Log, type Timers } from '@dfs/runtime';
import { Swarm, type SwarmComponents } from '@dfs/transfer';
import type { Batch, BlockStore } from '../ports.js';

/** Blocks that are asked for and have not come: with more, nothing further is heard until some have. */
const MAX_WANTED = 1024;
/** Once its file is recorded, the rest of an upload is waited for so long; after that it may be had from others, too. */
const SETTLE_TIME = 2 * second;
const KEY = 'ahead';

/** The parts by which the blocks of one upload are got and kept. */
export interface ArrivalComponents extends SwarmComponents {
  db: Database;
  chunks: Pick<BlockStore, 'batch' | 'has'>;
  log: Log;
}

/** `peerId` takes the upload in. */
export interface ArrivalOptions {
  peerId: string;
  /** Whether so many bytes more may come. */
  mayCome: (bytes: number) => boolean;
  timers: Timers;
  /** Nothing more can come, for this reason. */
  onFailed: (error: DfsError) => void;
}

/** An upload that another member takes in: its blocks, asked for as they are named, in a batch that is not committed. */
export class Arrival {
  /** Known once all of its blocks are named. */
  content: Cid | undefined;
  /** Bytes that have come. */
  bytes = 0;
  /** Bytes that were asked for, those included. */
  wanted = 0;
  /** When something last came, in ticks. */
  lastAt: number;
  private readonly batch: Batch;
  private readonly swarm: Swarm;
  private readonly control = new AbortController();
  private readonly adding = new Set<Promise<void>>();
  private isSlow = false;
  private came = Promise.withResolvers<undefined>();
  private readonly ended = Promise.withResolvers<undefined>();
  private settling: Promise<void> | undefined;

  constructor(
    private readonly components: ArrivalComponents,
    private readonly options: ArrivalOptions,
  ) {
    this.lastAt = options.timers.ticks();
    this.batch = components.chunks.batch('peer');
    this.swarm = new Swarm(components, {
      urgency: 'bulk',
      signal: this.control.signal,
      reuse: true,
      deliver: (block) => this.deliver(block),
      starved: () => this.giveUpMissing(),
      left: (_, error) => this.onLeft(error),
    });
    this.swarm.ended.catch((error: unknown) => this.fail(error));
  }

  /** Resolves once nothing more of it is asked for. */
  get over(): Promise<undefined> {
    return this.ended.promise;
  }

  get peerId(): string {
    return this.options.peerId;
  }

  /** Asks for those that are not here, as far as they may come; waits while many have not come. */
  async want(blocks: readonly AheadBlock[]): Promise<void> {
    const here = await this.components.chunks.has(blocks.map(({ id }) => id));
    const fresh = blocks.filter(({ id, size }) => {
      if (here.has(id) || this.isSlow || !this.options.mayCome(size)) return false;
      this.wanted += size;
      return true;
    });
    if (fresh.length === 0) return;
    this.swarm.want(fresh.map(({ id, size }) => ({ id, size, key: KEY })));
    this.swarm.offer(KEY, [this.peerId]);
    while (this.swarm.open > MAX_WANTED && !this.control.signal.aborted) {
      this.came = Promise.withResolvers<undefined>();
      await this.came.promise;
    }
  }

  /** Puts what has come into the store, unpinned, after a wait for what is under way. Idempotent; never throws. */
  settle(): Promise<void> {
    this.settling ??= this.commit();
    return this.settling;
  }

  /** Nothing of it is left. Idempotent; never throws; what is being settled stays. */
  async drop(): Promise<void> {
    if (this.settling) return this.settling;
    this.end(new DfsError('aborted', 'The upload was given up.'));
    await Promise.allSettled(this.adding);
    await this.batch.abort();
  }

  /** Nothing more can come, and what came is of no use. */
  fail(error: unknown): void {
    if (this.settling || this.control.signal.aborted) return;
    const known = error instanceof DfsError ? error : undefined;
    this.components.log.debug({ err: error, peerId: this.peerId }, 'an upload is not taken ahead any more');
    void this.drop();
    this.options.onFailed(
      known ?? new DfsError('aborted', 'Blocks of the upload could not be kept.', { cause: error }),
    );
  }

  private async commit(): Promise<void> {
    const { db, log } = this.components;
    const waited = new AbortController();
    const drained = this.swarm.drained().catch(() => undefined);
    await Promise.race([drained, this.options.timers.sleep(SETTLE_TIME, waited.signal)]);
    waited.abort();
    this.end(new DfsError('aborted', 'The upload is recorded.'));
    try {
      await Promise.allSettled(this.adding);
      await this.batch.flush();
      await db.write((tx) => this.batch.commit(tx));
    } catch (error) {
      log.debug({ err: error, content: this.content }, 'what came ahead of a file could not be kept');
      await this.batch.abort();
    }
  }

  private end(error: DfsError): void {
    this.control.abort(error);
    this.swarm.close();
    this.came.resolve(undefined);
    this.ended.resolve(undefined);
  }

  private async deliver({ id, bytes, release }: ReadBlock): Promise<void> {
    if (this.control.signal.aborted) return release?.();
    const size = bytes.length;
    const added = this.batch.add({ id, bytes }, release);
    this.adding.add(added);
    try {
      await added;
    } finally {
      this.adding.delete(added);
    }
    this.bytes += size;
    this.lastAt = this.options.timers.ticks();
    this.came.resolve(undefined);
    // A member that said less than it sends has had its share.
    if (this.bytes > this.wanted) throw new DfsError('quota-exceeded', 'More of the upload came than was said.');
  }

  /** Blocks that the other does not have now come from holders later. */
  private giveUpMissing(): void {
    this.swarm.abandon(KEY);
    this.came.resolve(undefined);
  }

  /** One that is slow is not asked any more: the rest comes once the file is recorded. One that lies is not believed. */
  private onLeft(error: unknown): void {
    if (isDfsError(error, 'peer-misbehaved')) this.fail(error);
    else this.isSlow = true;
    this.giveUpMissing();
  }
}
