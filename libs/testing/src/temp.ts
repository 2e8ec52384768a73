import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database, DatabaseOptions, EntityClass, MigrationClass } from '@dfs/database';
import { openDatabase } from './template-database.js';

/** `DFS_TEST_FOLDER`: another place for folders of tests than that of the system; one in memory is quicker. */
const FOLDER = process.env['DFS_TEST_FOLDER'] || tmpdir();

/** A folder that is gone when the block ends: `await using dir = await tempDir()`. */
export interface TempDir extends AsyncDisposable {
  readonly path: string;
  /** A path within it. */
  file(name: string): string;
  /** A copy of a directory, in place of what had this name here. @returns its path */
  copy(from: string, name: string): Promise<string>;
  remove(): Promise<void>;
}

/** Made in the system's folder for temporary files; the prefix tells whose it is if a test leaves it behind. */
export async function tempDir(prefix = 'dfs-test-'): Promise<TempDir> {
  const path = await mkdtemp(join(FOLDER, prefix));
  const file = (name: string): string => join(path, name);
  const removeAt = (place: string) => rm(place, { recursive: true, force: true, maxRetries: 5 });
  const remove = () => removeAt(path);
  const copy = async (from: string, name: string): Promise<string> => {
    await removeAt(file(name));
    await cp(from, file(name), { recursive: true });
    return file(name);
  };
  return { path, file, copy, remove, [Symbol.asyncDispose]: remove };
}

/** A real database in a folder of its own. */
export interface TempDatabase extends AsyncDisposable {
  readonly db: Database;
  readonly dir: TempDir;
  remove(): Promise<void>;
}

/** Opened with these migrations run. */
export async function tempDatabase(migrations: MigrationClass[], entities: EntityClass[] = []): Promise<TempDatabase> {
  const dir = await tempDir();
  const db = await testDatabase({ file: dir.file('dfs.sqlite'), migrations, entities });
  const remove = async (): Promise<void> => {
    await db.close();
    await dir.remove();
  };
  return { db, dir, remove, [Symbol.asyncDispose]: remove };
}

/** Opens a database as `Database.open` does; a new file is not migrated step by step, but a copy of one that was. */
export function testDatabase(options: DatabaseOptions): Promise<Database> {
  return openDatabase(options, FOLDER);
}
