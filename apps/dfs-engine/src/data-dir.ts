import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FileLock } from '@dfs/database';
import { DfsError } from '@dfs/protocol';

/** Where a node keeps what it must not lose; one process at a time. */
export interface DataDir {
  readonly path: string;
  readonly identityFile: string;
  readonly databaseFile: string;
  /** Folders of what a damaged database is restored from. */
  readonly snapshotsDir: string;
  readonly journalDir: string;
  readonly chunksDir: string;
  readonly tokenFile: string;
  /** Which network this node belongs to, and where its members are: what remains where the database is lost. */
  readonly networkFile: string;
  /** Others may use it from now on. */
  release(): Promise<void>;
}

/** @throws DfsError `not-ready` when it cannot be written, or another process uses it */
export async function openDataDir(path: string): Promise<DataDir> {
  const chunksDir = join(path, 'chunks');
  try {
    await mkdir(chunksDir, { recursive: true, mode: 0o700 });
    await probe(join(path, '.probe'));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new DfsError('not-ready', `The data directory ${path} cannot be written (${code}): check DFS_DATA_DIR.`, {
      cause,
    });
  }
  const lock = await FileLock.take(join(path, 'lock.sqlite')).catch((cause: unknown) => {
    if (!(cause instanceof DfsError)) throw cause;
    throw new DfsError(
      'not-ready',
      `Another process is using the data directory ${path}: stop it, or choose another DFS_DATA_DIR.`,
      { cause },
    );
  });
  return {
    path,
    identityFile: join(path, 'identity.key'),
    databaseFile: join(path, 'dfs.sqlite'),
    snapshotsDir: join(path, 'snapshots'),
    journalDir: join(path, 'journal'),
    chunksDir,
    tokenFile: join(path, 'api-token'),
    networkFile: join(path, 'network.json'),
    release: () => lock.release(),
  };
}

async function probe(file: string): Promise<void> {
  const handle = await open(file, 'w', 0o600);
  await handle.close();
  await rm(file);
}
