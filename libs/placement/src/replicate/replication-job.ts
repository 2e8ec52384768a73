import { isNotHere, readExtent, summarise, type ReadBlock } from '@dfs/chunks';
import type { Database, Tx } from '@dfs/database';
import { abortError, DfsError, isDfsError } from '@dfs/runtime';
import { isManifestCid, type Cid } from '@dfs/protocol';
import { ASSUMED_BLOCK_BYTES, SHARED_BYTES } from '../limits.js';
import { CoFetchers, type Meeting, Swarm, type SwarmComponents } from '@dfs/transfer';
import type { BlockStore } from '../ports.js';
import type { PinnedExtent } from '../pins/pin-log.js';
import { RotatingBatch } from '../rotating-batch.js';
import { wantKey, type WantedExtent } from './want-queue.js';

/** The parts by which one group of wants is fetched and pinned. */
export interface ReplicationJobComponents extends SwarmComponents, Meeting {
  db: Database;
  chunks: BlockStore;
  /** Pins these extents: every block of them is committed in this very unit of work, or before. */
  pin(tx: Tx, extents: readonly PinnedExtent[]): Promise<void>;
}

/** Calls by which a job reports, and is slowed down. */
export interface ReplicationJobOptions {
  signal: AbortSignal;
  onReceived(bytes: number, peerId: string): void;
  onLied(content: Cid, peerId: string): void;
  /** Some of what has come is in the store, though not pinned yet. */
  onKept?(): void;
  /** Waits until more may come, after so many bytes have: as long as nobody reads what comes. */
  pace?(bytes: number): Promise<void>;
  /** Last resort for blocks of this content that no known holder has: more of them, or none. */
  findMore?(content: Cid, ids: readonly Cid[], signal: AbortSignal): Promise<string[]>;
}

/** How it ended for each want. */
export interface ReplicationResult {
  pinned: WantedExtent[];
  failed: WantedExtent[];
  /** Of these, those whose manifest is not to be had: no other extent of the content is, from the same holders. */
  rootless: WantedExtent[];
  /** Contents whose number of extents was learned on the way. */
  counted: { want: WantedExtent; extents: number }[];
}

interface Task {
  readonly want: WantedExtent;
  /** Every block of the extent, once its manifest is read. */
  needs: Cid[] | undefined;
  /** Those of them that are chunks. */
  chunks: Cid[] | undefined;
  failed: boolean;
}

/**
 * Fetches a group of extents, each from its holders, and commits them in one unit of work with their pins: whole and
 * verified, with every manifest block from the root. Blocks of extents that could not be completed are kept too, so
 * that it need not be fetched again.
 */
export class ReplicationJob {
  private readonly swarm: Swarm;
  private readonly batch: RotatingBatch;
  private readonly tasks: Map<string, Task>;
  /** On this node's disk, or in the batch. */
  private readonly here = new Set<Cid>();
  private readonly awaited = new Map<Cid, PromiseWithResolvers<Uint8Array>>();
  /** Came by this job. */
  private readonly delivered = new Set<Cid>();
  private readonly readers = new Map<Cid, PromiseWithResolvers<Uint8Array | undefined>>();
  private readonly counted: ReplicationResult['counted'] = [];
  private readonly searched = new Set<string>();
  private readonly firstRead = Promise.withResolvers<undefined>();
  private isRead = false;
  /** Nothing comes any more. */
  private ended = false;
  /** Others who fetch the same, where it is one large extent. */
  private readonly partners: CoFetchers | undefined;

  constructor(
    private readonly components: ReplicationJobComponents,
    wants: readonly WantedExtent[],
    private readonly options: ReplicationJobOptions,
  ) {
    this.tasks = new Map(
      wants.map((want) => [wantKey(want), { want, needs: undefined, chunks: undefined, failed: false }]),
    );
    this.batch = new RotatingBatch(components.chunks, components.db, () => options.onKept?.());
    const [only] = wants;
    const isShared = wants.length === 1 && only!.size >= SHARED_BYTES && components.others().length > 1;
    this.swarm = new Swarm(components, {
      ...(isShared && { self: components.self }),
      urgency: 'bulk',
      signal: options.signal,
      reuse: true,
      deliver: (block, peerId) => this.deliver(block, peerId),
      starved: (keys) => this.starved(keys),
      left: (peerId, error) => this.onLeft(peerId, error),
    });
    if (isShared && only!.extent !== null) this.partners = this.meet(only!, only!.extent);
  }

  /** @throws DfsError `no-space`, `quota-exceeded` (nothing uncommitted is kept), `aborted`, `shutting-down` */
  async run(): Promise<ReplicationResult> {
    try {
      await this.lookUpContents();
      for (const [key, { want }] of this.tasks) {
        this.swarm.offer(key, want.holders);
        this.partners?.askAt(want.holders);
      }
      const expanded = Promise.all([...this.tasks].map(([key, task]) => this.expand(key, task)));
      await Promise.race([expanded, this.swarm.ended]);
      await this.swarm.drained();
      return await this.commit();
    } catch (error) {
      if (!isDfsError(error, 'quota-exceeded') && !isDfsError(error, 'no-space')) await this.keepWhatCame();
      throw error;
    } finally {
      this.swarm.close();
      this.partners?.close();
      this.ended = true;
      for (const { resolve } of this.readers.values()) resolve(undefined);
      this.readers.clear();
      this.partners?.leave();
      await this.batch.abort();
    }
  }

  /** Whether it has come, or was found here: it is to be kept until this job has ended. */
  has(id: Cid): boolean {
    return this.here.has(id);
  }

  /**
   * For a reader: a block that this job fetches anyway, as soon as it is here and before it is committed; undefined when
   * it is not among them, or does not come.
   */
  async take(id: Cid): Promise<Uint8Array | undefined> {
    if (this.delivered.has(id)) return this.batch.get(id);
    if (this.ended || !this.swarm.expedite(id)) return undefined;
    // From now on somebody waits for it.
    this.isRead = true;
    this.firstRead.resolve(undefined);
    const waiting = this.readers.get(id) ?? Promise.withResolvers<Uint8Array | undefined>();
    this.readers.set(id, waiting);
    return waiting.promise;
  }

  /** Someone waits for it, by `take`. */
  isAwaited(id: Cid): boolean {
    return this.readers.has(id);
  }

  /** Blocks that have come. */
  get arrivals(): number {
    return this.delivered.size;
  }

  /** Blocks that have come are being put into the store. */
  get isKeeping(): boolean {
    return this.batch.isCommitting;
  }

  private meet({ content, size }: WantedExtent, extent: number): CoFetchers {
    const [key, task] = [...this.tasks][0]!;
    return new CoFetchers(this.components, {
      ...{ content, size, extent, key, swarm: this.swarm, signal: this.options.signal },
      own: {
        chunks: () => task.chunks,
        has: (id) => this.here.has(id),
        read: (id) => this.batch.get(id),
      },
    });
  }

  /** Whole contents of one chunk, and roots, in one question. */
  private async lookUpContents(): Promise<void> {
    const contents = [...new Set([...this.tasks.values()].map(({ want }) => want.content))];
    for (const id of await this.components.chunks.has(contents)) this.here.add(id);
  }

  /** Finds out which blocks an extent needs, and wants those that are not here. */
  private async expand(key: string, task: Task): Promise<void> {
    const { content, size, extent } = task.want;
    if (!isManifestCid(content)) {
      task.needs = [content];
      if (!this.here.has(content)) this.swarm.want([{ id: content, size, key }]);
      return;
    }
    const get = (id: Cid): Promise<Uint8Array> => this.manifestBlock(key, id);
    try {
      if (extent === null) {
        const { extentCount } = await summarise(content, size, get);
        this.counted.push({ want: task.want, extents: extentCount });
        task.needs = [content];
        return;
      }
      const { manifestBlocks, chunks } = await readExtent(content, size, extent, get);
      const ids = chunks.map(({ id }) => id);
      for (const id of await this.components.chunks.has(ids)) this.here.add(id);
      task.chunks = ids;
      this.partners?.chunksKnown();
      await this.partners?.ready();
      const shared = this.partners && { extent: { content, extent } };
      this.swarm.want(
        chunks.filter(({ id }) => !this.here.has(id)).map(({ id, size }) => ({ id, size, key, ...shared })),
      );
      task.needs = [...manifestBlocks, ...ids];
    } catch (error) {
      task.failed = true;
      this.components.log.debug({ err: error, content, extent }, 'the manifest of a content cannot be read yet');
      this.swarm.abandon(key);
    }
  }

  private async manifestBlock(key: string, id: Cid): Promise<Uint8Array> {
    const known = this.awaited.get(id);
    if (known) return known.promise;
    if (this.options.signal.aborted) throw abortError(this.options.signal);
    if ((await this.components.chunks.has([id])).has(id)) {
      try {
        const bytes = await this.components.chunks.get(id, { signal: this.options.signal });
        this.here.add(id);
        return bytes;
      } catch (error) {
        if (!isNotHere(error)) throw error;
      }
      const meanwhile = this.awaited.get(id);
      if (meanwhile) return meanwhile.promise;
    }
    const waiting = Promise.withResolvers<Uint8Array>();
    waiting.promise.catch(() => undefined);
    this.awaited.set(id, waiting);
    this.swarm.want([{ id, size: ASSUMED_BLOCK_BYTES, key }]);
    return waiting.promise;
  }

  private async deliver({ id, bytes, release }: ReadBlock, peerId: string): Promise<void> {
    // Others who look at the bytes, and for how long is theirs to say.
    const isShared = this.readers.has(id) || this.awaited.has(id);
    const size = bytes.length;
    this.readers.get(id)?.resolve(bytes);
    this.readers.delete(id);
    await this.batch.add({ id, bytes }, isShared ? undefined : release);
    this.here.add(id);
    this.delivered.add(id);
    this.partners?.arrived();
    this.options.onReceived(size, peerId);
    if (isShared) this.awaited.get(id)?.resolve(bytes);
    if (this.options.pace && !this.isRead) await Promise.race([this.options.pace(size), this.firstRead.promise]);
  }

  private onLeft(peerId: string, error: unknown): void {
    const block = isDfsError(error, 'peer-misbehaved') ? error.facts?.['block'] : undefined;
    if (block === undefined) return;
    for (const { want, needs } of this.tasks.values()) {
      if (want.content === block || needs?.includes(String(block))) this.options.onLied(want.content, peerId);
    }
  }

  private starved(keys: readonly string[]): void {
    for (const key of keys) void this.rescue(key);
  }

  private async rescue(key: string): Promise<void> {
    const task = this.tasks.get(key);
    if (!task) return;
    if (!this.searched.has(key)) {
      this.searched.add(key);
      const more = await this.search(task);
      if (more.length > 0) return this.swarm.offer(key, more);
    }
    task.failed = true;
    const error = new DfsError('content-unavailable', 'No reachable node holds this extent.');
    for (const id of this.swarm.abandon(key)) {
      this.awaited.get(id)?.reject(error);
      this.readers.get(id)?.resolve(undefined);
      this.readers.delete(id);
    }
  }

  /** Never throws: nobody waits for it, and a job that heard nothing of it would never end. */
  private async search({ want, needs }: Task): Promise<string[]> {
    const ids = (needs ?? [want.content]).filter((id) => !this.here.has(id));
    try {
      return (await this.options.findMore?.(want.content, ids, this.options.signal)) ?? [];
    } catch (error) {
      this.components.log.debug({ err: error, content: want.content }, 'no more holders could be looked for');
      return [];
    }
  }

  /** Cut short, by a stop or a person: what came need not be fetched again. */
  private async keepWhatCame(): Promise<void> {
    this.swarm.close();
    try {
      await this.batch.finish(async () => undefined);
    } catch (error) {
      this.components.log.debug({ err: error }, 'what came of a replication was not kept');
    }
  }

  private async commit(): Promise<ReplicationResult> {
    const tasks = [...this.tasks.values()];
    const isWhole = ({ needs, failed }: Task): boolean => !failed && (needs?.every((id) => this.here.has(id)) ?? false);
    const pinned = tasks
      .filter(isWhole)
      .map(({ want }) => want)
      .filter(({ extent }) => extent !== null);
    // Nothing came, nothing is whole: nothing to commit.
    if (pinned.length > 0 || this.delivered.size > 0)
      await this.batch.finish(async (tx) => {
        await this.refuseGone(tx, tasks.filter(isWhole));
        await this.components.pin(
          tx,
          pinned.map(({ content, size, extent }) => ({ content, size, extent: extent! })),
        );
      });
    const failed = tasks.filter((task) => !isWhole(task)).map(({ want }) => want);
    const rootless = failed.filter(({ content }) => isManifestCid(content) && !this.here.has(content));
    return { pinned, failed, rootless, counted: this.counted };
  }

  /**
   * Blocks that were here before, or were committed on the way, may have been reclaimed since: no pin promises them
   * then. Blocks that are committed with the pins are here.
   */
  private async refuseGone(tx: Tx, whole: readonly Task[]): Promise<void> {
    const safe = this.batch.rotated ? new Set<Cid>() : this.delivered;
    const ids = whole.flatMap(({ needs }) => needs!.filter((id) => !safe.has(id)));
    if (ids.length === 0) return;
    const here = await this.components.chunks.has(ids, tx);
    if (ids.some((id) => !here.has(id))) {
      throw new DfsError('chunk-not-found', 'Part of the fetched data is gone again, and is fetched anew.');
    }
  }
}
