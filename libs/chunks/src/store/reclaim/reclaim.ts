import { IDS_PER_QUERY, slices } from '@dfs/database';
import { abortError, systemClock, type Clock, day } from '@dfs/runtime';
import { cidFromBytes, cidToBytes, type Cid } from '@dfs/protocol';
import {
  allPacks,
  cidsInPack,
  damagedCids,
  deleteChunks,
  endFound,
  forgetUnused,
  foundPacksOf,
  nextCids,
  noteUnused,
  settleFound,
  touchUnused,
  unusedBytes,
  unusedSince,
} from '../index/chunk-index.js';
import { compact, type CompactComponents } from '../packs/compact.js';
import { dropEmptyPacks } from '../packs/empty-packs.js';
import { keyOf } from '../packs/format.js';
import type { Presence } from '../index/presence.js';
import type { RecentReads } from '../index/recent-reads.js';

/** How long what was found at a start is kept though nothing needs it: until then a person can say what it is. */
export const FOUND_RETENTION = 30 * day;

/** Which of these blocks something still needs. */
export type IsLive = (ids: Cid[]) => Promise<Set<Cid>>;

/** The blocks that a run may free. */
export interface ReclaimOptions {
  /**
   * Milliseconds for which what nothing needs is kept as cache, counted from the run that first found it so, or that
   * found it read since the run before. None when left out.
   */
  graceMs?: number;
  /** Where room is short: of what is past this grace so many bytes go too, what was not of use for longest first. */
  short?: { graceMs: number; bytes: number };
  clock?: Clock;
  signal?: AbortSignal;
}

/** The blocks that a run of `reclaim` freed. */
export interface Reclaimed {
  chunks: number;
  packs: number;
  /** Bytes of the disk. */
  bytes: number;
}

/** The parts of a run, rewriting of packs included. */
export interface ReclaimComponents extends CompactComponents {
  presence: Presence;
  reads: RecentReads;
  /** Told how many blocks went. */
  onDropped(chunks: number): void;
}

/**
 * Drops the blocks nobody needs, but for those that were found lately, then the packs that are empty, then rewrites what is mostly empty. Writing and reading
 * go on meanwhile: a block is dropped in a unit of work in which nobody can be told "already here".
 */
export async function reclaim(
  store: ReclaimComponents,
  isLive: IsLive,
  options: ReclaimOptions = {},
): Promise<Reclaimed> {
  const { signal, clock = systemClock } = options;
  await store.db.write((tx) => endFound(tx, clock.now() - FOUND_RETENTION));
  const chunks = (await dropDead(store, isLive, options)) + (await forgetDead(store, isLive));
  return { chunks, ...(await giveBack(store, signal)) };
}

/** Drops these blocks, as far as nobody needs them, however lately they were of use, and gives their room back. */
export async function drop(
  store: ReclaimComponents,
  ids: readonly Cid[],
  isLive: IsLive,
  signal?: AbortSignal,
): Promise<Reclaimed> {
  let chunks = 0;
  for (const part of slices(ids.map(cidToBytes))) chunks += await dropLocked(store, part, isLive);
  return chunks === 0 ? { chunks, packs: 0, bytes: 0 } : { chunks, ...(await giveBack(store, signal)) };
}

/** Removes empty packs, and rewrites those that are mostly so. */
async function giveBack(store: ReclaimComponents, signal?: AbortSignal): Promise<Omit<Reclaimed, 'chunks'>> {
  const before = store.admission.keptBytes;
  const emptied = await dropEmptyPacks(store, await allPacks(store.db));
  const rewritten = await compact(store, signal);
  return { packs: emptied + rewritten, bytes: Math.max(0, before - store.admission.keptBytes) };
}

/**
 * Drops these blocks of found packs, as far as nothing needs them, whenever they were found. A pack of which only what is
 * needed is left is like all others then.
 * @param isLive as of `reclaim`
 * @param isNeeded the same but for what is kept since it was found
 */
export async function dropFound(
  store: ReclaimComponents,
  ids: readonly Cid[],
  isLive: IsLive,
  isNeeded: IsLive,
): Promise<void> {
  const cids = ids.map(cidToBytes);
  const packs = await foundPacksOf(store.db, cids);
  for (const part of slices(cids)) await dropLocked(store, part, isLive);
  for (const pack of packs) {
    const left = await notLive(await cidsInPack(store.db, pack), isNeeded);
    if (left.length === 0) await store.db.write((tx) => settleFound(tx, pack));
  }
}

async function dropDead(store: ReclaimComponents, isLive: IsLive, options: ReclaimOptions): Promise<number> {
  let dropped = 0;
  let after: Uint8Array | null = null;
  const limits = await limitsOf(store, options);
  for (;;) {
    if (options.signal?.aborted) throw abortError(options.signal);
    const cids: Uint8Array[] = await nextCids(store.db, after, IDS_PER_QUERY);
    // Asked twice: first without holding anybody up, then, for what seems dead, while nothing can change.
    const unused = await notLive(cids, isLive);
    const suspects = await pastGrace(store, { after, last: cids.at(-1) ?? null }, unused, limits);
    if (suspects.length > 0) dropped += await dropLocked(store, suspects, isLive);
    if (cids.length === 0) return dropped;
    after = cids.at(-1)!;
  }
}

/** When this run is, and until when what it drops must have been unused; undefined where all of that goes. */
interface Limits {
  now: number;
  until: number | undefined;
}

/** Notes what was read since the run before, and finds out how far back cache is to go. */
async function limitsOf(
  { db, reads }: ReclaimComponents,
  { graceMs = 0, short, clock = systemClock }: ReclaimOptions,
): Promise<Limits> {
  const now = clock.now();
  const read = reads.take().map(cidToBytes);
  if (graceMs <= 0) return { now, until: undefined };
  if (read.length > 0) await db.write((tx) => touchUnused(tx, read, now));
  let until = now - graceMs;
  let left = short?.bytes ?? 0;
  for (const { since, bytes } of short && left > 0 ? await unusedBytes(db, now - short.graceMs) : []) {
    if (left <= 0) break;
    left -= bytes;
    until = Math.max(until, since);
  }
  return { now, until };
}

/** Those of the unused that were so for long enough. Notes which of a run became so, and forgets the others. */
async function pastGrace(
  { db }: ReclaimComponents,
  run: { after: Uint8Array | null; last: Uint8Array | null },
  unused: Uint8Array[],
  { now, until }: Limits,
): Promise<Uint8Array[]> {
  if (until === undefined) return unused;
  const known = await unusedSince(db, run.after, run.last);
  const keys = new Set(unused.map(keyOf));
  const fresh = unused.filter((cid) => !known.has(keyOf(cid)));
  // Needed again, or gone.
  const others = [...known.keys()].filter((key) => !keys.has(key)).map((key) => Buffer.from(key, 'latin1'));
  if (fresh.length > 0 || others.length > 0) {
    await db.write(async (tx) => {
      await noteUnused(tx, fresh, now);
      await forgetUnused(tx, others);
    });
  }
  return unused.filter((cid) => (known.get(keyOf(cid)) ?? now) <= until);
}

async function dropLocked(store: ReclaimComponents, suspects: Uint8Array[], isLive: IsLive): Promise<number> {
  let unlock = (): void => {};
  try {
    return await store.db.write(async (tx) => {
      unlock = await store.presence.lock();
      const dead = await notLive(
        suspects.filter((cid) => !store.presence.isLeased(cid)),
        isLive,
      );
      const dropped = await deleteChunks(tx, dead);
      await forgetUnused(tx, dead);
      tx.afterCommit(() => store.onDropped(dropped));
      return dropped;
    });
  } finally {
    // Only now, after COMMIT, does everybody see that they are gone.
    unlock();
  }
}

/** Damaged blocks that nobody needs are no loss. */
async function forgetDead({ db, damage }: ReclaimComponents, isLive: IsLive): Promise<number> {
  const dead = await notLive(await damagedCids(db), isLive);
  if (dead.length > 0) await db.write((tx) => damage.forget(tx, dead));
  return dead.length;
}

async function notLive(cids: readonly Uint8Array[], isLive: IsLive): Promise<Uint8Array[]> {
  if (cids.length === 0) return [];
  const ids = cids.map((cid) => cidFromBytes(cid));
  const live = await isLive(ids);
  return cids.filter((_, index) => !live.has(ids[index]!));
}
