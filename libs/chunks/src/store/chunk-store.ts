import { cidFromBytes, cidToBytes, type Cid } from '@dfs/protocol';
import { silentLog, systemTimers, type Log, type Timers, type Unsubscribe, MiB, second } from '@dfs/runtime';
import type { Database, Reader } from '@dfs/database';
import { Admission, type FileSystemSize, type Quota } from './admission/admission.js';
import type { Purpose, RoomMaker } from './admission/room.js';
import { PackBatch, type BlockBatch } from './batch.js';
import { Budget } from './admission/budget.js';
import { ChunkReader, type ReadBlock, type ReadOptions } from './chunk-reader.js';
import {
  allPacks,
  countChunks,
  countFound,
  damagedCids,
  findPlaces,
  foundBlocks,
  lastPackId,
  type Found,
  type PackRow,
} from './index/chunk-index.js';
import { joinSmall } from './packs/compact.js';
import { SmallPacks } from './packs/small-packs.js';
import { Trouble, type DiskTrouble } from './damage/trouble.js';
import { Damage } from './damage/damage.js';
import { Proofs } from './damage/proofs.js';
import { keyOf } from './packs/format.js';
import { Generation } from './generation/generation.js';
import { takeIn } from './generation/take-in.js';
import { Grouped } from './index/grouped.js';
import { OPEN_PACKS } from './limits.js';
import { PackFiles } from './packs/pack-files.js';
import { PackRegistry, writeShared, type SharedWrites } from './packs/pack-file.js';
import { Presence } from './index/presence.js';
import { RecentReads } from './index/recent-reads.js';
import { drop, dropFound, reclaim, type IsLive, type Reclaimed, type ReclaimOptions } from './reclaim/reclaim.js';
import {
  scrub,
  scrubSlice,
  verifyDamaged,
  type ScrubOptions,
  type ScrubPlace,
  type Scrubbed,
  type ScrubSlice,
  type SliceOptions,
} from './damage/scrub.js';
import { sweep } from './reclaim/sweep.js';

/** Bytes of blocks that all batches together hold in memory before `add` waits. Each may always hold one block. */
const STORE_QUEUE_BYTES = 64 * MiB;
/** How long the opening of a store waits for found packs to be taken in. */
const TAKE_IN_PATIENCE = 20 * second;

/** Where a store is, and how much it may hold. */
export interface ChunkStoreOptions {
  /** Folder of the store; made if it is not there. One process at a time. */
  dir: string;
  db: Database;
  /** Bytes, or a share of the file system. */
  quotaBytes: Quota;
  /** Free bytes of the file system that are left alone: 5 % of it, at most 512 MiB, when left out. */
  reserveBytes?: number;
  log?: Log;
  /** Where the sizes of the file system come from; for tests. */
  fileSystem?: FileSystemSize;
  /** Of the same database and folder. It is judged and raised here when left out; else its owner raises it. */
  generation?: Generation;
  /** By which calls that the disk does not answer are given up; those of the process when left out. */
  timers?: Timers;
}

/** Bytes of a file that is never written to again: it may be gone, as its blocks have another place by then. */
export interface BlockPlace {
  readonly file: string;
  readonly offset: number;
  readonly size: number;
}

/** The use of the store, and its limits. */
export interface Usage {
  /** Blocks that can be read: chunks and manifest blocks. */
  chunks: number;
  /** Bytes on disk, what was deleted and not yet reclaimed included: what the quota limits. */
  bytes: number;
  quotaBytes: number;
  /** Free bytes of the file system, as of a moment ago. */
  freeBytes: number;
}

/** Shared by the parts of one open store. */
interface Parts {
  db: Database;
  log: Log;
  files: PackFiles;
  admission: Admission;
  registry: PackRegistry;
  damage: Damage;
  trouble: Trouble;
  presence: Presence;
  reader: ChunkReader;
  reads: RecentReads;
  budget: Budget;
  shared: SharedWrites;
}

/** Blocks by their ids, on the disk of this node. */
export class ChunkStore {
  #maintenance: Promise<unknown> = Promise.resolve();
  readonly #closing = new AbortController();
  readonly #proofs: Proofs;
  readonly #keepers: IsLive[] = [];
  readonly #small: SmallPacks;

  private constructor(
    private readonly parts: Parts,
    private chunkCount: number,
    private readonly timers: Timers = systemTimers,
  ) {
    this.#proofs = new Proofs(parts);
    this.#small = new SmallPacks(() => this.#joinSmall(), timers);
    parts.damage.onTakenOut = (chunks) => (this.chunkCount -= chunks);
  }

  /**
   * Opens the store; takes out of use what is gone from the disk. A pack that the database does not know is swept where
   * it is
   * proven the newest of its directory, since a crash left it behind; else it is taken in. That may go on for a while after
   * the store is open.
   * @throws DfsError `not-ready` when the folder is not that of the chunks the database knows
   */
  static async open({ dir, db, quotaBytes, log = silentLog, ...options }: ChunkStoreOptions): Promise<ChunkStore> {
    const generation = options.generation ?? (await Generation.open({ db, log }, dir));
    const files = await PackFiles.open(dir, OPEN_PACKS, options.timers);
    try {
      await sweep({ db, files, log }, generation.isProven);
      const packs = await allPacks(db);
      const admission = await Admission.open({
        dir,
        quota: quotaBytes,
        reserveBytes: options.reserveBytes,
        keptBytes: packs.reduce((sum, { bytes }) => sum + bytes, 0),
        fileSystem: options.fileSystem,
      });
      const registry = new PackRegistry(files, admission, await lastPackId(db));
      const damage = new Damage(db, log, await damagedCids(db));
      const trouble = new Trouble(files, log);
      const parts = {
        db,
        log,
        files,
        admission,
        registry,
        damage,
        trouble,
        presence: new Presence(db, damage),
        reader: new ChunkReader(db, files, damage, trouble),
        reads: new RecentReads(),
        budget: new Budget(STORE_QUEUE_BYTES),
        shared: new Grouped(writeShared.bind(undefined, registry), SHARED_BATCHES),
      };
      const store = new ChunkStore(parts, await countChunks(db), options.timers);
      await store.#takeIn();
      if (!options.generation) await generation.raise();
      // Behind the taking in, for which the opening waits.
      if (damage.count > 0) store.#verifyDamagedSoon();
      store.#small.found(packs);
      return store;
    } catch (error) {
      await files.close();
      throw error;
    }
  }

  /**
   * Those of the ids whose blocks can be read, as far as is known.
   * @param reader a unit of work, for an answer that holds until its end
   */
  async has(ids: readonly Cid[], reader: Reader = this.parts.db): Promise<Set<Cid>> {
    const { damage } = this.parts;
    const cids = ids.map(cidToBytes);
    const places = await findPlaces(reader, cids);
    return new Set(
      ids.filter((_, index) => {
        const place = places.get(keyOf(cids[index]!));
        return place && !damage.isDamaged(place);
      }),
    );
  }

  /**
   * Those of the ids whose bytes were read or written, and hashed, within the last hour. For others their packs are read now,
   * paced and for so long at most: blocks that were not reached count when they are asked again. A damaged block is
   * taken out of use.
   */
  prove(ids: readonly Cid[], { timeMs, signal }: { timeMs: number; signal?: AbortSignal }): Promise<Set<Cid>> {
    return this.#proofs.prove(ids, timeMs, this.#untilClosed({ ...(signal && { signal }) }));
  }

  /**
   * The bytes of a block, held against its id.
   * @throws DfsError `chunk-not-found`; `chunk-damaged` when the bytes are wrong, however they are read: then the block counts
   * as absent from now on, and the listeners are told; `chunk-unreadable` when nobody can tell now; `aborted`
   */
  get(id: Cid, { signal }: { signal?: AbortSignal } = {}): Promise<Uint8Array> {
    this.parts.reads.note([id]);
    return this.parts.reader.get(id, signal);
  }

  /** Blocks in the order of the ids, read ahead. @throws as `get`, when it is the turn of the block in question */
  getMany(ids: readonly Cid[], options: ReadOptions = {}): AsyncIterable<ReadBlock> {
    this.parts.reads.note(ids);
    return this.parts.reader.getMany(ids, options);
  }

  /** Where these blocks lie, as far as they can be read: for a reader in another process, which holds them against their ids. */
  async places(ids: readonly Cid[]): Promise<Map<Cid, BlockPlace>> {
    this.parts.reads.note(ids);
    const { db, damage, files } = this.parts;
    const cids = ids.map(cidToBytes);
    const places = await findPlaces(db, cids);
    return new Map(
      ids.flatMap((id, index) => {
        const place = places.get(keyOf(cids[index]!));
        if (!place || damage.isDamaged(place)) return [];
        return [[id, { file: files.pathOf(place.pack), offset: place.offset, size: place.size }]];
      }),
    );
  }

  /** A batch of blocks to be added. Peers' data is admitted up to a share of the quota only. */
  batch(purpose: Purpose): BlockBatch {
    const onCommitted = (chunks: number, packs: readonly PackRow[]): void => {
      this.chunkCount += chunks;
      for (const { name } of packs) this.#proofs.written(name);
      this.#small.came(packs);
    };
    return new PackBatch({ ...this.parts, onCommitted }, purpose);
  }

  /**
   * Whether blocks of so many bytes could be added now, all of them new: asked before they come in, for nothing is promised.
   * @throws DfsError `no-space` | `quota-exceeded`
   */
  requireRoom(bytes: number, purpose: Purpose): Promise<void> {
    return this.parts.admission.require(bytes, purpose);
  }

  usage(): Usage {
    const { admission } = this.parts;
    void admission.refresh().catch(() => undefined);
    return {
      chunks: this.chunkCount,
      bytes: admission.keptBytes,
      quotaBytes: admission.quotaBytes,
      freeBytes: admission.freeBytes,
    };
  }

  /** Bytes that the file system has room for, as of a moment ago: what is free but for the reserve. The quota may allow less. */
  room(): number {
    const { admission } = this.parts;
    void admission.refresh().catch(() => undefined);
    return admission.roomBytes;
  }

  /** Packs found at a start whose database did not know them. */
  found(): Promise<Found> {
    return countFound(this.parts.db);
  }

  /** Blocks that lie in packs that were found, in the order of their binary ids, after `after`. `foundAt`: milliseconds since 1970. */
  async foundBlocks(after: Cid | null, limit: number): Promise<{ id: Cid; size: number; foundAt: number }[]> {
    const rows = await foundBlocks(this.parts.db, after === null ? null : cidToBytes(after), limit);
    return rows.map(({ cid, size, foundAt }) => ({ id: cidFromBytes(cid), size, foundAt }));
  }

  /**
   * Gives up blocks of packs that were found, as far as nothing needs them: a person has said so.
   * @param isLive as of `reclaim`
   * @param isNeeded the same but for what is kept since it was found
   */
  dropFound(ids: readonly Cid[], isLive: IsLive, isNeeded: IsLive): Promise<void> {
    const components = { ...this.parts, onDropped: (chunks: number) => (this.chunkCount -= chunks) };
    return this.#oneAtATime(() => dropFound(components, ids, this.#orKept(isLive), this.#orKept(isNeeded)));
  }

  /**
   * Frees these blocks at once, as far as nothing needs them: a person has said so.
   * @param isLive as of `reclaim`
   */
  drop(ids: readonly Cid[], isLive: IsLive): Promise<Reclaimed> {
    const components = { ...this.parts, onDropped: (chunks: number) => (this.chunkCount -= chunks) };
    return this.#oneAtATime(() => drop(components, ids, this.#orKept(isLive), this.#closing.signal));
  }

  setQuota(quota: Quota): void {
    this.parts.admission.setQuota(quota);
  }

  /** Asked when bytes of this node's own users find no room, before they are refused. */
  setRoomMaker(maker: RoomMaker): void {
    this.parts.admission.setRoomMaker(maker);
  }

  /**
   * Asked by every reclaim, as its own `isLive` is and before that: blocks that are kept for another purpose than the one the
   * reclaim knows of. A block that passes from one purpose to the other in one unit of work is kept all along.
   */
  alsoKeep(isLive: IsLive): void {
    this.#keepers.push(isLive);
  }

  /** Tells of every block found damaged, once. */
  onDamaged(listener: (id: Cid) => void): Unsubscribe {
    return this.parts.damage.onDamaged(listener);
  }

  /** Blocks that were found damaged and have not been added anew. */
  damaged(): Cid[] {
    return this.parts.damage.ids();
  }

  /**
   * Frees what nothing needs. `isLive` is asked for some hundred ids at a time, and again within a unit of work: it
   * must answer from what is committed, by the read connection, and count as live what a batch that has committed
   * may name.
   */
  reclaim(isLive: IsLive, options: ReclaimOptions = {}): Promise<Reclaimed> {
    const components = { ...this.parts, onDropped: (chunks: number) => (this.chunkCount -= chunks) };
    return this.#oneAtATime(() =>
      reclaim(components, this.#orKept(isLive), { ...options, signal: this.#untilClosed(options) }),
    );
  }

  /** Reads and hashes everything. A damaged block is taken out of use, as by `get`. */
  verifyAll(options: ScrubOptions = {}): Promise<Scrubbed> {
    return this.#oneAtATime(() => scrub(this.parts, { ...options, signal: this.#untilClosed(options) }));
  }

  /** The same for some of it, behind a place. Other maintenance may run before the next slice. */
  verifySome(from: ScrubPlace, options: SliceOptions): Promise<ScrubSlice> {
    return this.#oneAtATime(() => scrubSlice(this.parts, from, { ...options, signal: this.#untilClosed(options) }));
  }

  /**
   * Reads again what was found damaged, and takes into use what reads well.
   * @returns how many blocks @throws DfsError `aborted`
   */
  verifyDamaged(options: { signal?: AbortSignal } = {}): Promise<number> {
    return this.#oneAtATime(() => verifyDamaged(this.parts, this.#untilClosed(options)));
  }

  /** The calls that the disk refuses now, as far as is known: a moment later they have been tried again. */
  trouble(): DiskTrouble {
    return this.parts.trouble.now();
  }

  /** Waits for maintenance under way, the taking in of found packs above all. */
  async settled(): Promise<void> {
    await this.#maintenance.catch(() => undefined);
  }

  /** Waits for maintenance and notes of damage. Batches under way must have ended. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#small.close();
    await this.#maintenance.catch(() => undefined);
    await this.#proofs.settled();
    await this.parts.damage.settled();
    await this.parts.files.close();
  }

  /** Found packs are named by now, and the next start goes on where this one is cut short: few are waited for. */
  async #takeIn(): Promise<void> {
    const onAdded = (chunks: number): void => void (this.chunkCount += chunks);
    const done = this.#oneAtATime(() => takeIn({ ...this.parts, onAdded }, this.#closing.signal)).catch(
      (error: unknown) => {
        if (!this.#closing.signal.aborted)
          this.parts.log.error({ err: error }, 'packs that were found were not taken in');
      },
    );
    const enough = new AbortController();
    await Promise.race([done, this.timers.sleep(TAKE_IN_PATIENCE, enough.signal)]);
    enough.abort();
  }

  #joinSmall(): void {
    this.#oneAtATime(() => joinSmall(this.parts, this.#closing.signal)).catch((error: unknown) => {
      if (!this.#closing.signal.aborted) this.parts.log.warn({ err: error }, 'small packs could not be joined');
    });
  }

  /** A block found damaged before this start may read well by now. */
  #verifyDamagedSoon(): void {
    this.verifyDamaged().catch((error: unknown) => {
      if (!this.#closing.signal.aborted) this.parts.log.warn({ err: error }, 'damaged chunks could not be read again');
    });
  }

  #orKept(isLive: IsLive): IsLive {
    return async (ids) => {
      const kept = new Set<Cid>();
      for (const keeper of this.#keepers) for (const id of await keeper(ids)) kept.add(id);
      for (const id of await isLive(ids)) kept.add(id);
      return kept;
    };
  }

  #untilClosed({ signal }: { signal?: AbortSignal }): AbortSignal {
    return signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
  }

  /** Reclaiming moves what a scrub reads. */
  #oneAtATime<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#maintenance.then(work);
    this.#maintenance = run.catch(() => undefined);
    return run;
  }
}

/** Small batches in one pack. */
const SHARED_BATCHES = 64;
