import { CHUNK_MAX_BYTES, cidToBytes, type Cid } from '@dfs/protocol';
import { copyBytes, DfsError, isDfsError, MiB } from '@dfs/runtime';
import type { Database, Tx } from '@dfs/database';
import type { Block } from '../manifest/builder.js';
import type { Admission } from './admission/admission.js';
import type { Purpose } from './admission/room.js';
import type { Budget } from './admission/budget.js';
import { insertChunks, type PackRow } from './index/chunk-index.js';
import type { Damage } from './damage/damage.js';
import { chunkDamaged, writeError } from './damage/errors.js';
import { keyOf } from './packs/format.js';
import { PACK_BYTES } from './limits.js';
import { promisedBytes, type PackRegistry, type SharedWrites } from './packs/pack-file.js';
import { PackWriter, entryBytes, type Entry } from './packs/pack-writer.js';
import type { Trouble } from './damage/trouble.js';
import type { Presence } from './index/presence.js';
import { WrittenBlocks } from './packs/written-blocks.js';

/** A batch below this shares a pack with the others that flush at the same moment. */
const SHARED_BATCH_BYTES = 1 * MiB;
/** Bytes of blocks that one batch holds in memory before `add` waits, and blocks likewise. */
const BATCH_QUEUE_BYTES = 8 * MiB;
/** Many small blocks cost rows and promises rather than bytes. */
const BATCH_QUEUE_BLOCKS = 512;
/** Bytes of these that are looked up and written at once. */
const BATCH_GROUP_BYTES = 2 * MiB;

/** Blocks that become part of the store together, or not at all. */
export interface BlockBatch {
  /**
   * Takes a block whose bytes hash to its id: the caller vouches for that. Waits while too much is in memory. Skips
   * what the store or this batch has, and protects that from being reclaimed until `commit` or `abort`.
   * @param released called once the batch needs the bytes no more and the caller may reuse their buffer
   * @throws DfsError `no-space` | `quota-exceeded` | `disk-failed`, of this block or of one before it; nothing more can be added then
   */
  add(block: Block, released?: () => void): Promise<void>;
  /** A block that was added to this batch and not committed yet. Blocks that were skipped are the store's. */
  get(id: Cid): Promise<Uint8Array | undefined>;
  /** Waits until all that was added is on disk for good. @throws DfsError as `add` */
  flush(): Promise<void>;
  /**
   * After `flush`: enters the blocks in the caller's unit of work. They can be read once that has committed; if it
   * fails, enter them in another, or `abort`.
   * @throws DfsError `chunk-damaged` when a block that was skipped has been found damaged since
   */
  commit(tx: Tx): Promise<void>;
  /** Takes back all that was not committed. May be called at any time, again too; never throws. */
  abort(): Promise<void>;
}

/** The parts of its store that a batch uses. */
export interface BatchComponents {
  db: Database;
  registry: PackRegistry;
  admission: Admission;
  presence: Presence;
  damage: Damage;
  trouble: Trouble;
  budget: Budget;
  shared: SharedWrites;
  /** Told how many blocks a commit added, and the packs it named. */
  onCommitted(chunks: number, packs: readonly PackRow[]): void;
}

interface Waiting {
  cid: Uint8Array;
  bytes: Uint8Array;
  released: (() => void) | undefined;
  /** It is being looked up or written. */
  isTaken: boolean;
}

/**
 * A batch over pack files. Added blocks wait in memory, are looked up in groups, and are written in groups: small
 * batches stay in memory until `flush` and share a pack; larger ones write packs of their own.
 */
export class PackBatch implements BlockBatch {
  #state: 'open' | 'committed' | 'aborted' = 'open';
  #failure: Error | undefined;
  /** Added, not yet looked up or written. In order. */
  readonly #waiting = new Map<string, Waiting>();
  #waitingBytes = 0;
  #pump: Promise<void> | undefined;
  #lookingUp: Promise<void> = Promise.resolve();
  #flushing: Promise<void> | undefined;
  /** Looked up, copied, to be written by `flush` or with the next group. */
  readonly #staged = new Map<string, Entry>();
  #stagedBytes = 0;
  /** Skipped: leased from the store. */
  readonly #leased = new Set<string>();
  readonly #written = new WrittenBlocks();
  #writer: PackWriter | undefined;
  /** The pack before, being made durable. */
  #finishing: Promise<void> = Promise.resolve();
  #unsynced = false;
  /** Admitted, and not in a finished pack. */
  #promised = 0;
  #unwritten = 0;
  #commitTried = false;

  constructor(
    private readonly store: BatchComponents,
    private readonly purpose: Purpose,
  ) {}

  async add({ id, bytes }: Block, released?: () => void): Promise<void> {
    if (bytes.length === 0 || bytes.length > CHUNK_MAX_BYTES) throw new RangeError(`a block of ${bytes.length} bytes`);
    const cid = cidToBytes(id);
    const key = keyOf(cid);
    this.#check();
    while (!this.#has(key) && !this.#hasRoom(bytes.length)) {
      await this.store.budget.changed();
      this.#check();
    }
    if (this.#has(key)) return released?.();
    this.#waiting.set(key, { cid, bytes, released, isTaken: false });
    this.#waitingBytes += bytes.length;
    this.store.budget.take(bytes.length);
    this.#pump ??= this.#run();
  }

  async get(id: Cid): Promise<Uint8Array | undefined> {
    const key = keyOf(cidToBytes(id));
    const inMemory = this.#waiting.get(key) ?? this.#staged.get(key);
    if (inMemory) return copyOf(inMemory.bytes);
    if (this.#state !== 'open') return undefined;
    return this.#written.read(key, this.store.registry.files).catch((error: unknown) => {
      throw writeError(error);
    });
  }

  async flush(): Promise<void> {
    this.#check();
    this.#flushing = (this.#flushing ?? Promise.resolve())
      .then(() => this.#flush())
      .catch((error) => this.#fail(error));
    await this.#flushing;
    this.#check();
  }

  async commit(tx: Tx): Promise<void> {
    this.#check();
    if (this.#pump || this.#staged.size > 0 || !this.#written.whole) {
      throw new Error('flush the batch before its commit');
    }
    for (const key of this.#leased) {
      if (this.store.damage.isKnown(Buffer.from(key, 'latin1'))) throw chunkDamaged();
    }
    this.#commitTried = true;
    for (const pack of this.#written.packs) await pack.insert(tx);
    let added = 0;
    for (const rows of this.#written.rows()) {
      await this.store.damage.heal(
        tx,
        rows.map(({ cid }) => cid),
      );
      added += await insertChunks(tx, rows, 'ignore');
    }
    tx.afterCommit(() => this.#settle(added));
  }

  async abort(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'aborted';
    this.#dropWaiting();
    await this.#pump;
    await this.#flushing;
    await this.#finishing.catch(() => undefined);
    // A COMMIT that failed may have succeeded: then rows of ours are there, and the bytes must stay. Also when nobody knows:
    // the next start sweeps what no row names.
    const committed = this.#commitTried ? await this.#written.committedRows(this.store.db) : 0;
    if (committed !== 0) return this.#settle(committed ?? 0);
    for (const writer of this.#written.unfinished) await writer.discard();
    for (const pack of this.#written.packs) await pack.abandoned().catch(() => undefined);
    this.store.admission.release(this.#promised, this.#unwritten);
    this.#end();
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#state === 'aborted') throw new DfsError('aborted', 'The operation was cancelled.');
    if (this.#state === 'committed') throw new Error('the batch is committed');
  }

  #has(key: string): boolean {
    return this.#waiting.has(key) || this.#staged.has(key) || this.#written.has(key) || this.#leased.has(key);
  }

  #hasRoom(bytes: number): boolean {
    if (this.#waiting.size === 0) return true;
    return (
      this.#waiting.size < BATCH_QUEUE_BLOCKS &&
      this.#waitingBytes + bytes <= BATCH_QUEUE_BYTES &&
      this.store.budget.has(bytes)
    );
  }

  /** Works off what waits, group by group, until nothing does. Never rejects. */
  async #run(): Promise<void> {
    try {
      while (this.#waiting.size > 0 && this.#state === 'open') {
        let group = await this.#lookUpNext();
        while (group.length > 0 && this.#state === 'open') {
          // The next ones are looked up while these are written.
          const next = this.#lookUpNext();
          next.catch(() => undefined);
          await this.#store(group.filter(([key]) => !this.#leased.has(key)));
          for (const [key, waiting] of group) this.#done(key, waiting);
          group = await next;
        }
      }
    } catch (error) {
      this.#fail(error);
    }
    // A look-up that was under way may still take leases.
    await this.#lookingUp.catch(() => undefined);
    this.#pump = undefined;
  }

  /** The next group, and which of it the store has. Not all that waits: while one is written others may come in. */
  async #lookUpNext(): Promise<[string, Waiting][]> {
    const group: [string, Waiting][] = [];
    let bytes = 0;
    for (const [key, waiting] of this.#waiting) {
      if (waiting.isTaken) continue;
      bytes += waiting.bytes.length;
      if (group.length > 0 && bytes > BATCH_GROUP_BYTES) break;
      waiting.isTaken = true;
      group.push([key, waiting]);
    }
    if (group.length > 0) await (this.#lookingUp = this.#skipPresent(group));
    return group;
  }

  /** Every lease that was given must be known here, also when another could not be had. */
  async #skipPresent(group: readonly [string, Waiting][]): Promise<void> {
    const claims = await Promise.allSettled(group.map(([, { cid }]) => this.store.presence.claim(cid)));
    claims.forEach((claim, index) => {
      if (claim.status === 'fulfilled' && claim.value) this.#leased.add(group[index]![0]);
    });
    for (const claim of claims) if (claim.status === 'rejected') throw claim.reason;
  }

  async #flush(): Promise<void> {
    while (this.#pump) await this.#pump;
    this.#check();
    if (this.#writer) this.#finishWriter();
    else if (this.#staged.size > 0) await this.#writeShared();
    await this.#finishing;
    if (this.#unsynced) await this.store.registry.files.syncFolder();
    this.#unsynced = false;
  }

  async #store(group: [string, Waiting][]): Promise<void> {
    const bytes = group.reduce((sum, [, block]) => sum + entryBytes(block.bytes.length), 0);
    if (group.length === 0) return;
    await this.store.admission.admit(bytes, this.purpose);
    this.#promised += bytes;
    this.#unwritten += bytes;
    if (this.#written.parts.length === 0 && this.#stagedBytes + bytes <= SHARED_BATCH_BYTES) {
      for (const [key, { cid, bytes }] of group) this.#staged.set(key, { cid, bytes: copyOf(bytes) });
      this.#stagedBytes += bytes;
      return;
    }
    await this.#append([...this.#staged, ...group]);
    this.#staged.clear();
    this.#stagedBytes = 0;
  }

  async #append(entries: [string, Entry][]): Promise<void> {
    const writer = await this.#openWriter();
    const offsets = await writer.append(entries.map(([, entry]) => entry));
    let bytes = 0;
    entries.forEach(([key, entry], index) => {
      this.#written.note(key, offsets[index]!, entry.bytes.length);
      bytes += entryBytes(entry.bytes.length);
    });
    this.#unwritten -= bytes;
    this.store.admission.written(bytes);
    if (writer.bytes < PACK_BYTES) return;
    await this.#finishing;
    this.#finishWriter();
  }

  async #openWriter(): Promise<PackWriter> {
    if (this.#writer) return this.#writer;
    this.#writer = await PackWriter.create(this.store.registry.files);
    this.#written.parts.push({ writer: this.#writer });
    return this.#writer;
  }

  /** The pack at hand is made durable while the next one is written. */
  #finishWriter(): void {
    const writer = this.#writer!;
    const part = this.#written.parts.at(-1)!;
    this.#writer = undefined;
    this.#finishing = this.#finishing.then(async () => {
      try {
        await writer.finish();
      } catch (error) {
        await writer.discard();
        throw error;
      }
      part.pack = this.store.registry.enter(writer.name, writer.bytes, 1);
      this.#promised -= promisedBytes(writer.bytes);
      this.#unsynced = true;
    });
    part.becomingWhole = this.#finishing;
    this.#finishing.catch((error: unknown) => this.#fail(error));
  }

  async #writeShared(): Promise<void> {
    const staged = [...this.#staged];
    const { pack, offsets } = await this.store.shared.get(staged.map(([, entry]) => entry));
    this.#written.parts.push({ pack });
    staged.forEach(([key, entry], index) => this.#written.note(key, offsets[index]!, entry.bytes.length));
    this.#promised -= this.#stagedBytes;
    this.#unwritten -= this.#stagedBytes;
    this.#staged.clear();
    this.#stagedBytes = 0;
  }

  #done(key: string, { bytes, released }: Waiting): void {
    if (!this.#waiting.delete(key)) return;
    this.#waitingBytes -= bytes.length;
    this.store.budget.give(bytes.length);
    released?.();
  }

  #fail(error: unknown): void {
    this.#failure ??= writeError(error);
    // A refusal of the admission has no cause: nothing is wrong with the disk.
    if (isDfsError(this.#failure) && this.#failure.cause !== undefined) this.store.trouble.cannotWrite(this.#failure);
    this.#dropWaiting();
  }

  #dropWaiting(): void {
    this.#waiting.clear();
    this.store.budget.give(this.#waitingBytes);
    this.#waitingBytes = 0;
  }

  #settle(added: number): void {
    this.#state = 'committed';
    if (this.#written.packs.length > 0) this.store.trouble.canWrite();
    for (const pack of this.#written.packs) pack.committed();
    this.store.onCommitted(
      added,
      this.#written.packs.map(({ row }) => row),
    );
    this.#end();
  }

  /** Nothing is owed to this batch any more, nor kept for it. */
  #end(): void {
    this.store.presence.release(this.#leased);
    this.#leased.clear();
    this.#staged.clear();
    this.store.budget.wake();
  }
}

function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes.length);
  copyBytes(copy, 0, bytes);
  return copy;
}
