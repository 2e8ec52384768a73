import { setTimeout as delay } from 'node:timers/promises';
import { abortError, MiB } from '@dfs/runtime';
import { slices, type Database, type Tx } from '@dfs/database';
import {
  findPlaces,
  insertChunks,
  offsetsInPack,
  packUse,
  placesOf,
  type PackRow,
  type Place,
} from '../index/chunk-index.js';
import { chunkUnreadable } from '../damage/errors.js';
import { ENTRY_HEAD_BYTES, keyOf } from './format.js';
import { PACK_BYTES, SMALL_PACKS, SMALL_PACK_BYTES } from '../limits.js';
import type { PackFile, PackRegistry } from './pack-file.js';
import { PackWriter, entryBytes } from './pack-writer.js';
import { dropEmptyPacks } from './empty-packs.js';
import type { Admission } from '../admission/admission.js';
import type { ChunkReader } from '../chunk-reader.js';
import type { Damage } from '../damage/damage.js';

/** A pack is rewritten when less than this share of it is still wanted. */
const COMPACT_BELOW = 0.5;

/** The parts by which packs are rewritten. Rewriting needs room of its own, which admission grants. */
export interface CompactComponents {
  db: Database;
  registry: PackRegistry;
  admission: Admission;
  damage: Damage;
  reader: ChunkReader;
}

/** Blocks read and written at once while a pack is rewritten: a few large ones or many small. */
const STEP_BYTES = 4 * MiB;

/** Between two packs, as a multiple of the time the last one took: the disk is there for uploads and readers first. */
const REST = 2;

/** Rewrites packs that are mostly empty, and puts small ones together once they are many. Gives how many went. */
export async function compact(store: CompactComponents, signal?: AbortSignal): Promise<number> {
  const packs = await unclaimed(store, Number.MAX_SAFE_INTEGER);
  const many = packs.filter(isSmall).length >= SMALL_PACKS;
  const chosen = packs.filter((pack) => pack.wanted < pack.bytes * COMPACT_BELOW || (many && isSmall(pack)));
  return rewriteAll(store, chosen, signal);
}

/** Puts small packs together, whatever is in the others. Gives how many went. */
export async function joinSmall(store: CompactComponents, signal?: AbortSignal): Promise<number> {
  return rewriteAll(store, await unclaimed(store, SMALL_PACK_BYTES), signal);
}

interface Candidate extends PackRow {
  /** Bytes that its wanted blocks take in a new pack. */
  wanted: number;
}

function isSmall({ bytes }: PackRow): boolean {
  return bytes < SMALL_PACK_BYTES;
}

async function unclaimed({ db, registry }: CompactComponents, below: number): Promise<Candidate[]> {
  const packs = (await packUse(db, below)).filter(({ id }) => !registry.isClaimed(id));
  return packs.map((pack) => ({ ...pack, wanted: pack.used + pack.chunks * ENTRY_HEAD_BYTES }));
}

async function rewriteAll(
  store: CompactComponents,
  chosen: readonly Candidate[],
  signal: AbortSignal | undefined,
): Promise<number> {
  let removed = 0;
  let rest = 0;
  for (const [index, packs] of inGroups(chosen).entries()) {
    if (index > 0) await delay(rest, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal?.aborted) throw abortError(signal);
    const began = performance.now();
    removed += await rewrite(store, packs);
    rest = REST * (performance.now() - began);
  }
  return removed;
}

/** Groups of packs whose wanted blocks fit one new pack. */
function inGroups(chosen: readonly Candidate[]): PackRow[][] {
  const groups: PackRow[][] = [];
  let room = 0;
  for (const pack of chosen) {
    if (pack.wanted > room) {
      groups.push([]);
      room = PACK_BYTES;
    }
    groups.at(-1)!.push(pack);
    room -= pack.wanted;
  }
  return groups;
}

/** A block that was copied: from where, and its offset in the new pack. */
interface Moved {
  from: Place;
  offset: number;
}

/** Copies what is wanted of these packs to a new one, then lets the rows name that, then removes the packs. */
async function rewrite(store: CompactComponents, packs: readonly PackRow[]): Promise<number> {
  const copied = await copyWanted(store, packs);
  if (copied) await commitMoves(store, copied.target, copied.moved);
  return dropEmptyPacks(store, packs);
}

async function copyWanted(
  { registry, admission, ...store }: CompactComponents,
  packs: readonly PackRow[],
): Promise<{ target: PackFile; moved: Moved[] } | undefined> {
  const writer = await PackWriter.create(registry.files);
  const moved: Moved[] = [];
  let [admitted, unwritten] = [0, 0];
  try {
    for await (const blocks of wantedBlocks(store, packs)) {
      const bytes = blocks.reduce((sum, { place }) => sum + entryBytes(place.size), 0);
      await admission.admitRewrite(bytes);
      admitted += bytes;
      unwritten += bytes;
      const offsets = await writer.append(blocks.map(({ place, bytes }) => ({ cid: place.cid, bytes })));
      admission.written(bytes);
      unwritten -= bytes;
      blocks.forEach(({ place }, index) => moved.push({ from: place, offset: offsets[index]! }));
    }
    if (moved.length > 0) {
      await writer.finish();
      await registry.files.syncFolder();
      return { target: registry.enter(writer.name, writer.bytes, 1), moved };
    }
    await writer.discard();
    return undefined;
  } catch (error) {
    await writer.discard();
    admission.release(admitted, unwritten);
    throw error;
  }
}

async function commitMoves({ db }: CompactComponents, target: PackFile, moved: readonly Moved[]): Promise<void> {
  try {
    await db.write(async (tx) => {
      await target.insert(tx);
      for (const part of slices(moved)) await moveRows(tx, target.row.id, part);
      tx.afterCommit(() => target.committed());
    });
  } catch (error) {
    // A COMMIT that failed may have succeeded.
    const named = await offsetsInPack(db, target.row.id).catch(() => undefined);
    if (named?.size === 0) await target.abandoned();
    else target.committed();
    throw error;
  }
}

/** Only those that are still where they were copied from: others were dropped or found damaged meanwhile. */
async function moveRows(tx: Tx, pack: number, moved: readonly Moved[]): Promise<void> {
  const cids = moved.map(({ from }) => from.cid);
  const now = await findPlaces(tx, cids);
  const rows = moved.filter(({ from }) => {
    const place = now.get(keyOf(from.cid));
    return place?.pack === from.pack && place.offset === from.offset;
  });
  await insertChunks(
    tx,
    rows.map(({ from: { cid, size }, offset }) => ({ cid, pack, offset, size })),
    'replace',
  );
}

/** The blocks of these packs that rows name, checked, some at a time. Damaged ones are reported, and their packs stay. */
async function* wantedBlocks(
  { db, reader, damage }: Pick<CompactComponents, 'db' | 'reader' | 'damage'>,
  packs: readonly PackRow[],
): AsyncGenerator<{ place: Place; bytes: Uint8Array }[], void, undefined> {
  let blocks: { place: Place; bytes: Uint8Array }[] = [];
  let size = 0;
  for (const pack of packs) {
    for await (const place of placesOf(db, pack.id)) {
      const outcome = await reader.attempt(place);
      if ('unreadable' in outcome) throw chunkUnreadable(outcome.unreadable);
      if ('lost' in outcome) {
        damage.report(place, outcome.lost);
        continue;
      }
      blocks.push({ place, bytes: outcome.bytes });
      size += place.size;
      if (size < STEP_BYTES) continue;
      yield blocks;
      blocks = [];
      size = 0;
    }
  }
  if (blocks.length > 0) yield blocks;
}
