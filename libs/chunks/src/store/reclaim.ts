import { abortError, cidFromBytes, type Cid } from '@dfs/protocol';
import { allPacks, damagedCids, deleteChunks, nextCids } from './chunk-index.js';
import { compact, type CompactComponents } from './compact.js';
import { dropEmptyPacks } from './empty-packs.js';
import { IDS_PER_QUERY } from './limits.js';
import type { Presence } from './presence.js';

/** Which of these blocks something still needs. */
export type IsLive = (ids: Cid[]) => Promise<Set<Cid>>;

/** What a run of `reclaim` freed. */
export interface Reclaimed {
  chunks: number;
  packs: number;
  /** Bytes of the disk. */
  bytes: number;
}

export interface ReclaimComponents extends CompactComponents {
  presence: Presence;
  /** Told how many blocks went. */
  onDropped(chunks: number): void;
}

/**
 * Drops the blocks nobody needs, then the packs that are empty, then rewrites what is mostly empty. Writing and reading
 * go on meanwhile: a block is dropped in a unit of work in which nobody can be told "already here".
 */
export async function reclaim(store: ReclaimComponents, isLive: IsLive, signal?: AbortSignal): Promise<Reclaimed> {
  const chunks = (await dropDead(store, isLive, signal)) + (await forgetDead(store, isLive));
  const before = store.admission.keptBytes;
  const emptied = await dropEmptyPacks(store, await allPacks(store.db));
  const rewritten = await compact(store, signal);
  return { chunks, packs: emptied + rewritten, bytes: Math.max(0, before - store.admission.keptBytes) };
}

async function dropDead(store: ReclaimComponents, isLive: IsLive, signal?: AbortSignal): Promise<number> {
  let dropped = 0;
  let after: Uint8Array | null = null;
  for (;;) {
    if (signal?.aborted) throw abortError(signal);
    const cids: Uint8Array[] = await nextCids(store.db, after, IDS_PER_QUERY);
    if (cids.length === 0) return dropped;
    after = cids.at(-1)!;
    // Asked twice: first without holding anybody up, then, for what seems dead, while nothing can change.
    const suspects = await notLive(cids, isLive);
    if (suspects.length > 0) dropped += await dropLocked(store, suspects, isLive);
  }
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
