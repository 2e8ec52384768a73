import { RESERVE_SHARE } from '@dfs/chunks';
import { KiB, MiB } from '@dfs/runtime';
import { DiskError, isDiskError } from '../disk-error.js';
import type { OpenFile } from '../fs/file-system.js';
import { joinDiskPath, parentOf, temporaryName, type DiskPath, type TemporaryIds } from '../names.js';
import type { FileAttributes, Staged } from '../root-disk.js';
import { absent, type RootFiles } from '../root/root-files.js';

/** A run of zeros this long, where a block of the file system begins, becomes a hole. */
const BLOCK = 4 * KiB;
const ZEROS = Buffer.alloc(BLOCK);
/** A staged file is synced each so many bytes: a slow disk with all of a large file before it would seem to hang (rule 17). */
const SYNC_EVERY = 32 * MiB;
/** The reserve of the node is looked after each time so many bytes were written. */
const ROOM_EVERY = 64 * MiB;

/** A new file on its way to the disk. */
export interface StageOptions {
  files: RootFiles;
  /** Free bytes that are left alone. */
  reserveBytes: number;
  path: DiskPath;
  ids: TemporaryIds;
  body: AsyncIterable<Uint8Array>;
  attributes: FileAttributes;
}

/** A complete file, synced, under a temporary name beside its place (rule 8 a). */
export async function stage(options: StageOptions): Promise<Staged> {
  const { files, path, ids, body, attributes } = options;
  await files.within(path);
  const temporary = joinDiskPath(parentOf(path), temporaryName('staged', ids));
  await absent(files.unlink(temporary));
  let stat;
  try {
    stat = await files.with(temporary, 'create', async (file) => {
      await fill(file, body, () => checkRoom(options));
      if (attributes.executable !== undefined) await file.setExecutable(attributes.executable);
      if (attributes.mtime !== undefined) await file.setMtime(attributes.mtime);
      await file.sync();
      return file.stat();
    });
  } catch (error) {
    await files.unlink(temporary).catch(() => undefined);
    throw error;
  }
  return { path, temporary, stat };
}

/** Bytes that may be written before the reserve is reached, which is a small share of a small file system. */
export async function roomOf(files: RootFiles, reserveBytes: number): Promise<number> {
  const { freeBytes, totalBytes } = await files.statfs();
  return Math.max(0, freeBytes - Math.min(reserveBytes, totalBytes * RESERVE_SHARE));
}

async function checkRoom({ files, reserveBytes, path }: StageOptions): Promise<void> {
  if (reserveBytes > 0 && (await roomOf(files, reserveBytes)) === 0) throw new DiskError('ENOSPC', { path });
}

async function fill(file: OpenFile, body: AsyncIterable<Uint8Array>, checkRoom: () => Promise<void>): Promise<void> {
  let position = 0;
  let checkAt = 0;
  let syncAt = SYNC_EVERY;
  let end = 0;
  for await (const piece of body) {
    if (position >= checkAt) {
      await checkRoom();
      checkAt = position + ROOM_EVERY;
    }
    for (const [from, to] of runs(piece, position)) {
      for (let at = from; at < to;) at += await file.write(piece.subarray(at, to), position + at);
      end = position + to;
    }
    position += piece.length;
    if (position < syncAt) continue;
    await file.sync();
    syncAt = position + SYNC_EVERY;
  }
  if (end < position) await file.truncate(position);
}

/** The parts of a piece that are to be written: all but whole blocks of zeros. */
function* runs(piece: Uint8Array, position: number): Generator<[from: number, to: number]> {
  let from = 0;
  let at = (BLOCK - (position % BLOCK)) % BLOCK;
  for (; at + BLOCK <= piece.length; at += BLOCK) {
    if (ZEROS.compare(piece, at, at + BLOCK) !== 0) continue;
    if (from < at) yield [from, at];
    from = at + BLOCK;
  }
  if (from < piece.length) yield [from, piece.length];
}

/** Takes back a staged file, or what is left of it. */
export async function discard(files: RootFiles, { temporary }: Pick<Staged, 'temporary'>): Promise<void> {
  try {
    await files.unlink(temporary);
  } catch (error) {
    if (!isDiskError(error, 'ENOENT')) throw error;
  }
}
