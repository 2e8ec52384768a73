import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { FileLock, isOpenElsewhere } from '@dfs/database';
import { DfsError } from '@dfs/runtime';

/** Where a node keeps what it must not lose; one process at a time. */
export interface DataDir {
  readonly path: string;
  readonly identityFile: string;
  readonly databaseFile: string;
  /** Folders of what a damaged database is restored from. */
  readonly snapshotsDir: string;
  readonly journalDir: string;
  readonly chunksDir: string;
  /** Small pictures of images: made again where they are lost. */
  readonly thumbnailsDir: string;
  readonly tokenFile: string;
  /** Where the running node answers HTTP: a program on this machine finds it so. Absent while no node runs. */
  readonly addressFile: string;
  /** Which network this node belongs to, and where its members are: what remains where the database is lost. */
  readonly networkFile: string;
  /** Directories that the command line on this machine has allowed live folders in, one a line. */
  readonly folderRootsFile: string;
  /** Open files in it: closed before it is released, where nobody has done so. */
  readonly open: Set<{ close(): Promise<void> }>;
  /** Others may use it from now on. */
  release(): Promise<void>;
}

/** @throws DfsError `not-ready` when it cannot be written, or another process uses it */
export async function openDataDir(path: string): Promise<DataDir> {
  const chunksDir = join(path, 'chunks');
  try {
    await makeDirectory(resolve(chunksDir));
    await probe(join(path, '.probe'));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new DfsError('not-ready', `The data directory ${path} cannot be written (${code}): check DFS_DATA_DIR.`, {
      cause,
    });
  }
  const open = new Set<{ close(): Promise<void> }>();
  const databaseFile = join(path, 'dfs.sqlite');
  const lock = await FileLock.take(join(path, 'lock.sqlite')).catch((cause: unknown) => {
    throw cause instanceof DfsError ? inUse(path, cause) : cause;
  });
  // Somebody may have removed the lock file while a node runs.
  if (await isOpenElsewhere(databaseFile)) {
    await lock.release();
    throw inUse(path);
  }
  return {
    path,
    identityFile: join(path, 'identity.key'),
    databaseFile,
    snapshotsDir: join(path, 'snapshots'),
    journalDir: join(path, 'journal'),
    chunksDir,
    thumbnailsDir: join(path, 'thumbnails'),
    tokenFile: join(path, 'api-token'),
    addressFile: join(path, 'http-address'),
    networkFile: join(path, 'network.json'),
    folderRootsFile: join(path, 'folder-roots'),
    open,
    release: async () => {
      for (const each of open) await each.close();
      await lock.release();
    },
  };
}

function inUse(path: string, cause?: unknown): DfsError {
  const detail = `Another process is using the data directory ${path}: stop it, or choose another DFS_DATA_DIR.`;
  return new DfsError('not-ready', detail, { cause });
}

/**
 * Makes a directory and those above it. Node's own `recursive` tries for ever where the file system answers `ENOENT`
 * although the directory above exists, as `/proc` does.
 * @throws the error of the file system
 */
async function makeDirectory(path: string): Promise<void> {
  const make = () => mkdir(path, { mode: 0o700 });
  try {
    await make();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeDirectory(dirname(path));
    await make();
  }
}

async function probe(file: string): Promise<void> {
  await writeFile(file, '', { mode: 0o600 });
  await rm(file);
}
