import { setTimeout as delay } from 'node:timers/promises';
import { CHUNK_MAX_BYTES, cidFromBytes, type Cid } from '@dfs/protocol';
import { abortError, pages, second } from '@dfs/runtime';
import { IDS_PER_QUERY, type Database } from '@dfs/database';
import { hashShared } from '../../hashing.js';
import { slabs } from '../../slabs.js';
import { findPlaces, lastPackId, nextDamaged, placesAfter, type Place } from '../index/chunk-index.js';
import type { ChunkReader } from '../chunk-reader.js';
import type { Damage } from './damage.js';
import { digestOf, keyOf } from '../packs/format.js';
import type { PackFiles } from '../packs/pack-files.js';

/** The parts of a pass over the blocks: rows to find them, packs to read them, and where damage is noted. */
export interface ScrubComponents {
  db: Database;
  files: PackFiles;
  reader: ChunkReader;
  damage: Damage;
}

/** How one pass is run. */
export interface ScrubOptions {
  signal?: AbortSignal;
  /** Told of each damaged block, besides the listeners of the store. */
  onDamaged?: (id: Cid) => void;
  /** Pace. Unlimited when left out. */
  bytesPerSecond?: number;
}

/** The blocks and bytes that a pass has read, and how many of the blocks it found damaged. */
export interface Scrubbed {
  chunks: number;
  bytes: number;
  damaged: number;
}

/** The last block that was looked at: number of its pack, and where it begins there. */
export interface ScrubPlace {
  pack: number;
  offset: number;
}

/** Before the first block of all. */
export const SCRUB_START: ScrubPlace = { pack: 0, offset: 0 };

/** Part of a scrub. */
export interface ScrubSlice extends Scrubbed {
  /** Blocks of which nobody can tell now. */
  unreadable: number;
  /** Where the next one goes on; null at the end. */
  next: ScrubPlace | null;
}

/** How much is looked at in one go, so that a pass can pause, and go on after a restart. */
export interface SliceOptions {
  /** Packs beyond this number are left out. */
  lastPack: number;
  /** The slice ends at the first block that takes it to here. */
  bytes: number;
  signal?: AbortSignal;
}

/** Slices of a scrub of everything. */
const SLICE_BYTES = 8 * CHUNK_MAX_BYTES;

/**
 * Reads and hashes every block, in the order in which they lie on the disk.
 * @throws DfsError `aborted` when the signal fires
 */
export async function scrub(
  components: ScrubComponents,
  { signal, onDamaged, bytesPerSecond = Infinity }: ScrubOptions,
): Promise<Scrubbed> {
  const done: Scrubbed = { chunks: 0, bytes: 0, damaged: 0 };
  const started = performance.now();
  const lastPack = await lastPackId(components.db);
  const bytes = Math.min(SLICE_BYTES, bytesPerSecond);
  for (let from: ScrubPlace | null = SCRUB_START; from;) {
    const slice: ScrubSlice = await scrubSlice(components, from, { lastPack, bytes, signal }, onDamaged);
    done.chunks += slice.chunks;
    done.bytes += slice.bytes;
    done.damaged += slice.damaged;
    from = slice.next;
    const ahead = (done.bytes / bytesPerSecond) * second - (performance.now() - started);
    if (ahead > 0) await delay(ahead, undefined, { signal, ref: false }).catch(() => undefined);
  }
  return done;
}

/**
 * Reads and hashes some blocks behind a place. A damaged block is out of use before this resolves.
 * @throws DfsError `aborted` when the signal fires
 */
export async function scrubSlice(
  components: ScrubComponents,
  from: ScrubPlace,
  { lastPack, bytes, signal }: SliceOptions,
  onDamaged?: (id: Cid) => void,
): Promise<ScrubSlice> {
  const done: ScrubSlice = { chunks: 0, bytes: 0, damaged: 0, unreadable: 0, next: from };
  while (done.next && done.bytes < bytes) {
    const places = await placesAfter(components.db, done.next, lastPack, IDS_PER_QUERY);
    if (places.length === 0) done.next = null;
    for (const run of sideBySide(places)) {
      if (signal?.aborted) throw abortError(signal);
      for (const place of await suspects(components, run)) {
        const found = await lookAgain(components, place);
        if (found === 'unreadable') done.unreadable++;
        if (found !== 'lost') continue;
        done.damaged++;
        onDamaged?.(cidFromBytes(place.cid));
      }
      const { packId, offset } = run.at(-1)!;
      done.next = { pack: packId, offset };
      done.chunks += run.length;
      done.bytes += run.reduce((sum, { size }) => sum + size, 0);
      if (done.bytes >= bytes) break;
    }
  }
  await components.damage.settled();
  return done;
}

/**
 * Reads again what was found damaged: what reads well is in use again.
 * @returns how many blocks
 * @throws DfsError `aborted` when the signal fires
 */
export async function verifyDamaged(
  { db, reader, damage }: Pick<ScrubComponents, 'db' | 'reader' | 'damage'>,
  signal: AbortSignal,
): Promise<number> {
  await damage.settled();
  let back = 0;
  const damaged = (after: Uint8Array | null): Promise<Place[]> => nextDamaged(db, after, IDS_PER_QUERY);
  for await (const places of pages(IDS_PER_QUERY, damaged, ({ cid }) => cid)) {
    for (const place of places) {
      if (signal.aborted) throw abortError(signal);
      if (await reader.recheck(place)) back++;
    }
  }
  return back;
}

type Found = Place & { packId: number };

/** Blocks of one pack that fit one read. */
function* sideBySide(places: readonly Found[]): Generator<Found[], void, undefined> {
  let run: Found[] = [];
  for (const place of places) {
    const first = run[0];
    if (first && (first.packId !== place.packId || place.offset + place.size - first.offset > CHUNK_MAX_BYTES)) {
      yield run;
      run = [];
    }
    run.push(place);
  }
  if (run.length > 0) yield run;
}

/** Those of the run that were not read as they should be: by one read, hashed in the other thread where that pays. */
async function suspects({ files }: ScrubComponents, run: readonly Found[]): Promise<Found[]> {
  const start = run[0]!.offset;
  const window = slabs.take(run.at(-1)!.offset + run.at(-1)!.size - start);
  // Whether that was the disk or a lack of descriptors is seen when they are read one by one. The memory is not used again: the
  // disk may write to it yet.
  const read = await files
    .read(run[0]!.pack, (handle) => handle.read(window, 0, window.length, start))
    .catch(() => undefined);
  if (!read) return [...run];
  try {
    if (read.bytesRead !== window.length) return [...run];
    const wrong: Found[] = [];
    for (const place of run) {
      const at = place.offset - start;
      const digest = await hashShared(window.subarray(at, at + place.size));
      if (Buffer.compare(digest, digestOf(place.cid)) !== 0) wrong.push(place);
    }
    return wrong;
  } finally {
    slabs.give(window);
  }
}

/** Lost: damaged, and not just gone from here since it was looked up. */
async function lookAgain(
  { db, reader, damage }: ScrubComponents,
  place: Place,
): Promise<'right' | 'lost' | 'unreadable'> {
  const outcome = await reader.attempt(place);
  if ('bytes' in outcome) return 'right';
  if ('unreadable' in outcome) return 'unreadable';
  const now = (await findPlaces(db, [place.cid])).get(keyOf(place.cid));
  if (now?.pack !== place.pack || now.offset !== place.offset) return 'right';
  damage.report(place, outcome.lost);
  return 'lost';
}
