import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Database, type DatabaseOptions, type MigrationClass } from '@dfs/database';

/** Files of databases that were migrated and never used, by the migrations that made them. */
const templates = new Map<string, Promise<Buffer>>();
/** Migrations are told apart by their classes, not by their names: of the same name there could be two. */
const numbers = new Map<MigrationClass, number>();

/**
 * Opens a database as `Database.open` does. A new file begins as a copy of one that the same migrations, in the same order, have
 * made in this process before: they run once, and not for each node of a test.
 * @param folder where the first one is made
 */
export async function openDatabase(options: DatabaseOptions, folder: string): Promise<Database> {
  if (!existsSync(options.file))
    await writeFile(options.file, await template(options.migrations, folder), { flag: 'wx' });
  return Database.open(options);
}

function template(migrations: readonly MigrationClass[], folder: string): Promise<Buffer> {
  const key = migrations.map(numberOf).join();
  const known = templates.get(key);
  if (known) return known;
  const made = make([...migrations], folder);
  templates.set(key, made);
  return made;
}

async function make(migrations: MigrationClass[], folder: string): Promise<Buffer> {
  const dir = await mkdtemp(join(folder, 'dfs-template-'));
  try {
    const file = join(dir, 'dfs.sqlite');
    // Closed, all of it is in this one file.
    await (await Database.open({ file, migrations })).close();
    return await readFile(file);
  } finally {
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

function numberOf(migration: MigrationClass): number {
  const number = numbers.get(migration) ?? numbers.size;
  numbers.set(migration, number);
  return number;
}
