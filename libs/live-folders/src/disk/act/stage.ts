import { RESERVE_SHARE } from '@dfs/chunks';
import { KiB, MiB } from '@dfs/runtime';
import { asDiskError, DiskError, isDiskError } from '../disk-error.js';
import type { OpenFile } from '../fs/file-system.js';
import { joinDiskPath, parentOf, ROOT, temporaryName, type DiskPath, type TemporaryIds } from '../names.js';
import type { FileAttributes, Staged } from '../root-disk.js';
import { absent, type RootFiles } from '../root/root-files.js';

/** A run of zeros this long, where a block of the file system begins, becomes a hole. */
const BLOCK = 4 * KiB;
const ZEROS = Buffer.alloc(BLOCK);
/** A staged file is synced each so many bytes: a slow disk with all of a large file before it would seem to hang (rule 17). */
const SYNC_EVERY = 32 * MiB;
/** The reserve of the node is looked after each time so many bytes were written. */
const ROOM_EVERY = 64 * MiB;

/** Where files are staged. */
export interface StageComponents {
  files: RootFiles;
  /** Free bytes that are left alone. */
  reserveBytes: number;
}

/** A new file on its way to the disk. */
export interface NewFile {
  readonly path: DiskPath;
  readonly ids: TemporaryIds;
  readonly body: AsyncIterable<Uint8Array>;
  readonly attributes: FileAttributes;
}

/** A complete file, synced, under a temporary name beside its place (rule 8 a). */
export async function stage(components: StageComponents, made: NewFile): Promise<Staged> {
  const { files } = components;
  const temporary = temporaryOf(made);
  await files.within(temporary);
  let file: OpenFile | undefined;
  try {
    file = await created(files, temporary);
    await fill(file, made.body, () => checkRoom(components, made.path));
    await dress(file, made.attributes);
    await file.sync();
    return { path: made.path, temporary, stat: await file.stat() };
  } catch (error) {
    throw await givenUp(files, temporary, file, error);
  } finally {
    await file?.close().catch(() => undefined);
  }
}

/**
 * The same for several small files, each for itself: all are written before the first one is synced, and they are synced side by side.
 * @returns in the order of the files; an error in place of one that failed, of which nothing is left
 */
export async function stageAll(
  components: StageComponents,
  all: readonly (Omit<NewFile, 'body'> & { readonly bytes: Uint8Array })[],
): Promise<(Staged | DiskError)[]> {
  const { files } = components;
  const room = await checkRoom(components, ROOT).catch(asFailure);
  if (room) return all.map(() => room);
  const written = [];
  for (const one of all) written.push(await writeOne(files, one));
  return Promise.all(written.map((one, at) => endOne(files, all[at]!.path, one)));
}

interface Written {
  readonly temporary: DiskPath;
  readonly file: OpenFile;
}

async function writeOne(
  files: RootFiles,
  made: Omit<NewFile, 'body'> & { readonly bytes: Uint8Array },
): Promise<Written | DiskError> {
  const temporary = temporaryOf(made);
  let file: OpenFile | undefined;
  try {
    await files.within(temporary);
    file = await created(files, temporary);
    const size = made.bytes.length;
    if ((await writePiece(file, made.bytes, 0)) < size) await file.truncate(size);
    await dress(file, made.attributes);
    return { temporary, file };
  } catch (error) {
    const failure = await givenUp(files, temporary, file, error);
    await file?.close().catch(() => undefined);
    return asFailure(failure);
  }
}

async function endOne(files: RootFiles, path: DiskPath, written: Written | DiskError): Promise<Staged | DiskError> {
  if (written instanceof DiskError) return written;
  const { temporary, file } = written;
  try {
    await file.sync();
    return { path, temporary, stat: await file.stat() };
  } catch (error) {
    return asFailure(await givenUp(files, temporary, file, error));
  } finally {
    await file.close().catch(() => undefined);
  }
}

function temporaryOf({ path, ids }: Pick<NewFile, 'path' | 'ids'>): DiskPath {
  return joinDiskPath(parentOf(path), temporaryName('staged', ids));
}

/** A file of an earlier act that has the name makes way. */
async function created(files: RootFiles, temporary: DiskPath): Promise<OpenFile> {
  try {
    return await files.open(temporary, 'create');
  } catch (error) {
    if (!isDiskError(error, 'EEXIST')) throw error;
    await absent(files.unlink(temporary));
    return files.open(temporary, 'create');
  }
}

async function dress(file: OpenFile, { executable, mtime }: FileAttributes): Promise<void> {
  if (executable !== undefined) await file.setExecutable(executable);
  if (mtime !== undefined) await file.setMtime(mtime);
}

/** Nothing is left of it. @returns why */
async function givenUp(
  files: RootFiles,
  temporary: DiskPath,
  file: OpenFile | undefined,
  error: unknown,
): Promise<unknown> {
  if (file) await files.unlink(temporary).catch(() => undefined);
  return asDiskError(error, temporary);
}

/** The failure of a disk; what is none is thrown. */
function asFailure(error: unknown): DiskError {
  if (error instanceof DiskError) return error;
  throw error;
}

/** Bytes that may be written before the reserve is reached, which is a small share of a small file system. */
export async function roomOf(files: RootFiles, reserveBytes: number): Promise<number> {
  const { freeBytes, totalBytes } = await files.statfs();
  return Math.max(0, freeBytes - Math.min(reserveBytes, totalBytes * RESERVE_SHARE));
}

async function checkRoom({ files, reserveBytes }: StageComponents, path: DiskPath): Promise<undefined> {
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
    end = Math.max(end, await writePiece(file, piece, position));
    position += piece.length;
    if (position < syncAt) continue;
    await file.sync();
    syncAt = position + SYNC_EVERY;
  }
  if (end < position) await file.truncate(position);
}

/** @returns where the last byte ends that was written: none behind it is other than zero */
async function writePiece(file: OpenFile, piece: Uint8Array, position: number): Promise<number> {
  let end = 0;
  for (const [from, to] of runs(piece, position)) {
    for (let at = from; at < to;) at += await file.write(piece.subarray(at, to), position + at);
    end = position + to;
  }
  return end;
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
