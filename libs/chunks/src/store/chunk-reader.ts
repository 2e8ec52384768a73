import type { FileHandle } from 'node:fs/promises';
import { abortError, MiB } from '@dfs/runtime';
import { cidToBytes, type Cid } from '@dfs/protocol';
import { IDS_PER_QUERY, type Database } from '@dfs/database';
import type { Block } from '../manifest/builder.js';
import { findPlaces, type Place } from './index/chunk-index.js';
import type { Damage } from './damage/damage.js';
import { NoAnswer } from './packs/disk-calls.js';
import { chunkDamaged, chunkNotFound, chunkUnreadable, isLostBytes } from './damage/errors.js';
import { digestOf, ENTRY_HEAD_BYTES, isBlock, keyOf } from './packs/format.js';
import { Grouped } from './index/grouped.js';
import { HASH_ELSEWHERE_BYTES, hashShared } from '../hashing.js';
import { slabs } from '../slabs.js';
import { COPY_BELOW_BYTES } from './limits.js';
import type { Trouble } from './damage/trouble.js';
import type { PackFiles } from './packs/pack-files.js';

/** Bytes and blocks that getMany reads ahead. */
const READ_AHEAD_BYTES = 4 * MiB;
/** As many small blocks are looked up in one query. */
const READ_AHEAD_BLOCKS = 256;
/** Blocks that lie side by side are read at once, up to here. */
const READ_RUN_BYTES = 1 * MiB;

/** How blocks are read. */
export interface ReadOptions {
  signal?: AbortSignal;
  /** Reads large blocks into memory that is used again and again: whoever has done with one may `release` it. */
  reuse?: boolean;
  /**
   * Large blocks are not hashed where `reuse` is set, too: whoever gets them does so, and asks again without this where one is
   * wrong. They are all the same as long as the store has damaged blocks.
   */
  unhashed?: boolean;
}

/** A block that was read. */
export interface ReadBlock extends Block {
  /** Gives the memory of `bytes` back: nobody may look at them any more. Only to be called once. */
  release?: () => void;
}

/** A block asked for, and where it was when we looked. */
interface Wanted {
  id: Cid;
  cid: Uint8Array;
  place: Place | undefined;
}
/** Terms of reading one block. */
type How = Pick<ReadOptions, 'reuse' | 'unhashed'>;
/** The bytes at a place; or why they are no use; or why nobody can tell at the moment. */
export type Attempt = { bytes: Uint8Array } | { lost: unknown } | { unreadable: unknown };
/** Ways to the bytes: by the open file; by one opened anew, to other memory; by another still, past the page cache. */
type Route = 'usual' | 'anew' | 'direct';

/** The result of a block that was read ahead: an error waits for its turn. */
type Outcome = ReadBlock | { error: unknown };

/** Reads blocks, and lets none pass whose bytes do not hash to its id, unless it is told that others hash them. */
export class ChunkReader {
  readonly #places: Grouped<Uint8Array, Place | undefined>;

  constructor(
    private readonly db: Database,
    private readonly files: PackFiles,
    private readonly damage: Damage,
    private readonly trouble: Trouble,
  ) {
    this.#places = new Grouped(async (cids) => {
      const found = await findPlaces(this.db, cids);
      return cids.map((cid) => found.get(keyOf(cid)));
    }, IDS_PER_QUERY);
  }

  async get(id: Cid, signal?: AbortSignal): Promise<Uint8Array> {
    throwIfAborted(signal);
    const cid = cidToBytes(id);
    const bytes = await this.#read({ id, cid, place: await this.#places.get(cid) });
    throwIfAborted(signal);
    return bytes;
  }

  /** In the order of the ids. @throws as `get`, when the turn of the block in question comes */
  async *getMany(
    ids: readonly Cid[],
    { signal, ...how }: ReadOptions = {},
  ): AsyncGenerator<ReadBlock, void, undefined> {
    const ahead: { blocks: number; bytes: number; outcomes: Promise<Outcome[]> }[] = [];
    let [aheadBlocks, aheadBytes] = [0, 0];
    try {
      for await (const run of this.#runs(ids)) {
        throwIfAborted(signal);
        const bytes = run.reduce((sum, { place }) => sum + (place?.size ?? 0), 0);
        const outcomes = this.#readRun(run, how);
        // Nobody may be left to hear of it.
        outcomes.catch(() => undefined);
        ahead.push({ blocks: run.length, bytes, outcomes });
        aheadBlocks += run.length;
        aheadBytes += bytes;
        while (aheadBytes > READ_AHEAD_BYTES || aheadBlocks > READ_AHEAD_BLOCKS) {
          const next = ahead.shift()!;
          aheadBlocks -= next.blocks;
          aheadBytes -= next.bytes;
          yield* blocksOf(await next.outcomes, signal);
        }
      }
      while (ahead.length > 0) yield* blocksOf(await ahead.shift()!.outcomes, signal);
    } finally {
      // Read ahead for nobody.
      for (const { outcomes } of ahead) void outcomes.then(giveBack, () => undefined);
    }
  }

  /**
   * The bytes at a place. One read that fails is not damage: a bit may have flipped on the way or in the page cache, and a
   * disk may answer the second time. Only what another file, other memory and a way past the cache agree on counts as lost.
   * Does not look elsewhere, and takes nothing out of use.
   */
  async attempt(place: Place, how: How = {}): Promise<Attempt> {
    let last = await this.#tryOnce(place, 'usual', how);
    for (const route of ['anew', 'direct'] as const) {
      // Nobody waits for a silent disk twice.
      if ('bytes' in last || ('unreadable' in last && last.unreadable instanceof NoAnswer)) break;
      last = await this.#tryOnce(place, route, {}, last);
    }
    if ('unreadable' in last) this.trouble.cannotRead(place.pack, last.unreadable);
    else this.trouble.canRead(place.pack);
    return last;
  }

  /** `otherwise` where there is no such route. */
  async #tryOnce(
    { cid, pack, offset, size }: Place,
    route: Route,
    { reuse = false, unhashed = false }: How,
    otherwise: Attempt = { lost: new Error('there is no such way to read') },
  ): Promise<Attempt> {
    const isReused = reuse && size >= HASH_ELSEWHERE_BYTES;
    let bytes: Uint8Array;
    try {
      if (route === 'direct') {
        const read = await this.files.readDirect(pack, offset, size);
        if (!read) return otherwise;
        bytes = read;
      } else {
        bytes = isReused ? slabs.take(size) : Buffer.allocUnsafeSlow(size);
        const use = (handle: FileHandle) => handle.read(bytes, 0, size, offset);
        const { bytesRead } = await (route === 'usual' ? this.files.read(pack, use) : this.files.readAnew(pack, use));
        if (bytesRead < size) return { lost: new Error('the pack is shorter than it was') };
      }
    } catch (error) {
      return isLostBytes(error) ? { lost: error } : { unreadable: error };
    }
    // A disk that has damaged one block may have damaged others.
    if (unhashed && isReused && this.damage.count === 0) return { bytes };
    const digest = await hashShared(bytes);
    return Buffer.compare(digest, digestOf(cid)) === 0
      ? { bytes }
      : { lost: new Error('the bytes do not hash to the id') };
  }

  /** A pack may have been rewritten between the look-up and the read: then the block has another place by now. */
  async #read({ cid, place }: Wanted, how: How = {}): Promise<Uint8Array> {
    let usable = place;
    for (;;) {
      if (!usable || this.damage.isDamaged(usable)) return this.#readDamaged(cid);
      const outcome = await this.attempt(usable, how);
      if ('bytes' in outcome) return outcome.bytes;
      const now: Place | undefined = (await findPlaces(this.db, [cid])).get(keyOf(cid));
      if (now?.pack === usable.pack && now.offset === usable.offset) {
        if ('unreadable' in outcome) throw chunkUnreadable(outcome.unreadable);
        this.damage.report(now, outcome.lost);
        throw chunkDamaged();
      }
      usable = now;
    }
  }

  /** Before anybody is told that a block is damaged, it is tried once more: it is back in use where it reads well. */
  async #readDamaged(cid: Uint8Array): Promise<Uint8Array> {
    const place = await this.damage.placeOf(cid);
    if (!place) throw this.damage.isKnown(cid) ? chunkDamaged() : chunkNotFound();
    const bytes = await this.recheck(place);
    if (!bytes) throw chunkDamaged();
    return bytes;
  }

  /** Reads a block that was found damaged; where it is right after all, it is in use again. Gives its bytes then. */
  async recheck(place: Place): Promise<Uint8Array | undefined> {
    const outcome = await this.attempt(place);
    if (!('bytes' in outcome)) return undefined;
    await this.damage.wasWrong(place);
    return outcome.bytes;
  }

  /** The blocks in runs that are read at once. The next ids are looked up while those before are read. */
  async *#runs(ids: readonly Cid[]): AsyncGenerator<Wanted[], void, undefined> {
    const lookUp = async (at: number): Promise<Wanted[]> => {
      const part = ids.slice(at, at + IDS_PER_QUERY).map((id) => ({ id, cid: cidToBytes(id) }));
      const found = await findPlaces(
        this.db,
        part.map(({ cid }) => cid),
      );
      return part.map(({ id, cid }) => ({ id, cid, place: found.get(keyOf(cid)) }));
    };
    let next = lookUp(0);
    for (let at = 0; at < ids.length; at += IDS_PER_QUERY) {
      const wanted = await next;
      next = lookUp(at + IDS_PER_QUERY);
      next.catch(() => undefined);
      yield* inRuns(wanted);
    }
  }

  async #readRun(run: readonly Wanted[], how: How): Promise<Outcome[]> {
    const together = run.length > 1 ? await this.#readTogether(run) : undefined;
    const outcomes: Outcome[] = [];
    for (const [index, wanted] of run.entries()) {
      const bytes = together?.[index];
      outcomes.push(bytes ? { id: wanted.id, bytes } : await this.#outcome(wanted, how));
    }
    return outcomes;
  }

  async #outcome(wanted: Wanted, how: How): Promise<Outcome> {
    try {
      const bytes = await this.#read(wanted, how);
      return { id: wanted.id, bytes, ...(how.reuse && { release: () => slabs.give(bytes) }) };
    } catch (error) {
      return { error };
    }
  }

  /** Small neighbours by one read, each then copied out. A wrong block is left to be read by itself. */
  async #readTogether(run: readonly Wanted[]): Promise<(Uint8Array | undefined)[] | undefined> {
    const places = run.map(({ place }) => place!);
    const start = places[0]!.offset;
    const size = places.at(-1)!.offset + places.at(-1)!.size - start;
    const buffer = Buffer.allocUnsafeSlow(size);
    try {
      await this.files.read(places[0]!.pack, (handle) => handle.read(buffer, 0, size, start));
    } catch {
      return undefined;
    }
    return places.map(({ cid, offset, size }) => {
      const bytes = Buffer.from(buffer.subarray(offset - start, offset - start + size));
      return isBlock(cid, bytes) ? bytes : undefined;
    });
  }
}

/** Small blocks that lie side by side in one pack; every other one for itself. */
function* inRuns(wanted: readonly Wanted[]): Generator<Wanted[], void, undefined> {
  let run: Wanted[] = [];
  let bytes = 0;
  for (const next of wanted) {
    const size = next.place?.size ?? 0;
    if (run.length > 0 && !(continues(run.at(-1)!, next) && bytes + size <= READ_RUN_BYTES)) {
      yield run;
      run = [];
      bytes = 0;
    }
    run.push(next);
    bytes += size;
  }
  if (run.length > 0) yield run;
}

function continues({ place: before }: Wanted, { place: next }: Wanted): boolean {
  if (!before || !next || before.pack !== next.pack) return false;
  if (before.size >= COPY_BELOW_BYTES || next.size >= COPY_BELOW_BYTES) return false;
  return next.offset === before.offset + before.size + ENTRY_HEAD_BYTES;
}

function* blocksOf(
  outcomes: readonly Outcome[],
  signal: AbortSignal | undefined,
): Generator<ReadBlock, void, undefined> {
  for (const outcome of outcomes) {
    throwIfAborted(signal);
    if ('error' in outcome) throw outcome.error;
    yield outcome;
  }
}

function giveBack(outcomes: readonly Outcome[]): void {
  for (const outcome of outcomes) if (!('error' in outcome)) outcome.release?.();
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal);
}
