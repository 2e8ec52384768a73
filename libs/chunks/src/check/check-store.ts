import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { abortError } from '@dfs/runtime';
import { cidFromBytes } from '@dfs/protocol';
import type { Reader } from '@dfs/database';
import { allPacks, type PackRow } from '../store/index/chunk-index.js';
import { ENTRY_HEAD_BYTES, PACK_HEAD } from '../store/packs/format.js';
import { requireFolder } from '../store/generation/generation.js';
import { MARK_FILE } from '../store/generation/mark.js';
import { missingPacks } from '../store/reclaim/sweep.js';
import { checkPack, type CheckStoreOptions, type PackTotals } from './check-pack.js';
import type { Unusable } from './read-only-blocks.js';

/** A full count of what there is. */
export interface StoreTotals extends PackTotals {
  packs: number;
  /** Bytes of the packs. */
  packBytes: number;
  /** Of these, bytes that no chunk is in: a reclaim gives them back. */
  unusedBytes: number;
  unusable: Unusable;
}

/**
 * Compares the packs on the disk with what the database says of them, both ways. Changes nothing; no node has it open.
 * @throws DfsError `not-ready` when the folder is not that of these packs
 */
export async function checkStore(db: Reader, dir: string, options: CheckStoreOptions): Promise<StoreTotals> {
  await requireFolder(db, dir);
  const packs = await allPacks(db);
  const unusable: Unusable = { packs: new Set(), chunks: new Set() };
  const counts = { packs: packs.length, packBytes: 0, unusedBytes: 0, chunks: 0, bytes: 0, hashed: 0 };
  const totals: StoreTotals = { ...counts, unusable };
  const all = packs.reduce((sum, { bytes }) => sum + bytes, 0);
  await findOrphanFiles(db, dir, packs, options);
  await findOrphanRows(db, options);
  await findKnownDamage(db, options);
  for (const pack of packs) {
    if (options.signal?.aborted) throw abortError(options.signal);
    const found = await checkOne(db, dir, pack, unusable, options);
    totals.packBytes += pack.bytes;
    totals.chunks += found.chunks;
    totals.bytes += found.bytes;
    totals.hashed += found.hashed;
    totals.unusedBytes += Math.max(0, pack.bytes - PACK_HEAD.length - found.bytes - found.chunks * ENTRY_HEAD_BYTES);
    options.onProgress?.(totals.packBytes, all);
  }
  return totals;
}

async function checkOne(
  db: Reader,
  dir: string,
  pack: PackRow,
  unusable: Unusable,
  options: CheckStoreOptions,
): Promise<PackTotals> {
  const subject = `packs/${pack.name}.pack`;
  const file = join(dir, subject);
  const size = await stat(file).then(
    (found) => found.size,
    () => undefined,
  );
  if (size === undefined) {
    unusable.packs.add(pack.name);
    const [row] = await db.query<PackTotals>(
      'SELECT count(*) AS chunks, coalesce(sum(size), 0) AS bytes, 0 AS hashed FROM chunk WHERE pack = ?',
      [pack.id],
    );
    const detail = `It held ${row?.chunks ?? 0} chunks. The node fetches them anew from other members when it is started.`;
    options.onFinding({ problem: 'missing-pack', subject, detail });
    return row ?? { chunks: 0, bytes: 0, hashed: 0 };
  }
  if (size !== pack.bytes) {
    const detail = `It has ${size} bytes and should have ${pack.bytes}.`;
    options.onFinding({ problem: 'wrong-pack', subject, detail });
  }
  const handle = await open(file, 'r');
  try {
    const head = Buffer.alloc(PACK_HEAD.length);
    await handle.read(head, 0, head.length, 0);
    if (Buffer.compare(head, PACK_HEAD) !== 0) {
      options.onFinding({ problem: 'wrong-pack', subject, detail: 'It does not begin as a pack does.' });
    }
    return await checkPack(db, pack, { handle, size, unusable }, options);
  } finally {
    await handle.close();
  }
}

async function findOrphanFiles(
  db: Reader,
  dir: string,
  packs: readonly PackRow[],
  options: CheckStoreOptions,
): Promise<void> {
  const known = new Set(packs.map(({ name }) => `${name}.pack`));
  const gone = new Set((await missingPacks(db)).map((name) => `${name}.pack`));
  const tell = (subject: string, detail: string): void =>
    options.onFinding({ problem: 'orphan-file', subject, detail });
  for (const name of await list(dir)) {
    if (name !== 'packs' && name !== 'tmp' && name !== MARK_FILE)
      tell(name, 'Not a file of this store; remove it by hand.');
  }
  for (const name of await list(join(dir, 'packs'))) {
    const unknown = 'The database does not know it: the next start of the node removes it, or takes it in.';
    const back = 'It was gone when the node was last started: the next start takes it in again.';
    if (!known.has(name)) tell(`packs/${name}`, gone.has(name) ? back : unknown);
  }
  for (const name of await list(join(dir, 'tmp'))) {
    tell(`tmp/${name}`, 'It is left from an upload that was not finished: the next start of the node removes it.');
  }
}

/** A folder that is not there has nothing in it. */
async function list(dir: string): Promise<string[]> {
  return readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

async function findOrphanRows(db: Reader, options: CheckStoreOptions): Promise<void> {
  const rows = await db.query<{ cid: Uint8Array }>(
    'SELECT cid FROM chunk WHERE NOT EXISTS (SELECT 1 FROM pack WHERE pack.id = chunk.pack)',
  );
  for (const { cid } of rows) {
    const detail = 'The database places it in a pack that it does not know.';
    options.onFinding({ problem: 'orphan-row', subject: cidFromBytes(cid), detail });
  }
}

async function findKnownDamage(db: Reader, options: CheckStoreOptions): Promise<void> {
  const rows = await db.query<{ cid: Uint8Array; found_at: number }>('SELECT cid, found_at FROM damaged_chunk');
  for (const { cid, found_at } of rows) {
    const when = new Date(found_at).toISOString();
    const detail = `It was found damaged at ${when}, and no other member has been able to heal it yet.`;
    options.onFinding({ problem: 'known-damage', subject: cidFromBytes(cid), detail });
  }
}
