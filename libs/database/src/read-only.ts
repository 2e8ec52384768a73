import { rm, stat } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import sqlite3 from 'sqlite3';
import { DfsError } from '@dfs/runtime';
import { refusalOf } from './refusals.js';
import { DatabaseError, type MigrationClass, type Reader, type SqlValue } from './sql/sql.js';

/**
 * A database file that is looked at while no node uses it, and not written to: not migrated, and what a crash left in its
 * log is read, but left there (SQLite’s scratch file beside the log may change: it is made anew at every start). The
 * caller sees to it that nobody else writes meanwhile.
 */
export class ReadOnlyDatabase implements Reader {
  private constructor(
    private readonly database: sqlite3.Database,
    /** SQLite's scratch file beside the log, if it was made for us. */
    private readonly scratch: string | undefined,
  ) {}

  /**
   * A file that is damaged is opened: `damage` tells.
   * @throws DfsError `not-ready` when there is no such file, or it is no database of ours, or of another version
   */
  static async open(file: string, migrations: readonly MigrationClass[]): Promise<ReadOnlyDatabase> {
    if (!(await bytesOf(file)))
      throw new DfsError('not-ready', `There is no database at ${file}: check DFS_DATA_DIR, or --data-dir.`);
    const { database: opened, scratch } = await openFile(file);
    const database = new ReadOnlyDatabase(opened, scratch);
    try {
      await refuseOtherVersion(database, migrations);
      return database;
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  query<R>(sql: string, params: readonly SqlValue[] = []): Promise<R[]> {
    return new Promise((resolve, reject) => {
      this.database.all(sql, [...params], (error, rows) => {
        if (!error) return resolve(rows as R[]);
        reject(new DatabaseError('code' in error ? String(error.code) : 'SQLITE_ERROR', error.message));
      });
    });
  }

  /** The faults that SQLite finds in the file, at most a hundred; none when it is sound. */
  async damage(): Promise<string[]> {
    const rows = await this.query<{ integrity_check: string }>('PRAGMA integrity_check(100)');
    const foreign = await this.query<{ table: string; parent: string }>('PRAGMA foreign_key_check');
    return [
      ...rows.map((row) => row.integrity_check).filter((text) => text !== 'ok'),
      ...foreign.slice(0, 100).map(({ table, parent }) => `a row of ${table} names one of ${parent} that is not there`),
    ];
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.database.close(() => resolve()));
    if (this.scratch) await rm(this.scratch, { force: true });
  }
}

/** Where the log is empty SQLite is told that nothing changes, and makes no file of its own. */
async function openFile(file: string): Promise<{ database: sqlite3.Database; scratch: string | undefined }> {
  const hasLog = (await bytesOf(`${file}-wal`)) > 0;
  const scratch = hasLog && (await bytesOf(`${file}-shm`)) === 0 ? `${file}-shm` : undefined;
  const target = hasLog ? file : `${pathToFileURL(file).href}?immutable=1`;
  const flags = sqlite3.OPEN_READONLY | (hasLog ? 0 : sqlite3.OPEN_URI);
  const database = await new Promise<sqlite3.Database>((resolve, reject) => {
    const opened = new sqlite3.Database(target, flags, (error) => {
      if (!error) return resolve(opened);
      reject(new DfsError('not-ready', `The database ${file} cannot be read: ${error.message}.`, { cause: error }));
    });
  });
  return { database, scratch };
}

async function refuseOtherVersion(database: ReadOnlyDatabase, migrations: readonly MigrationClass[]): Promise<void> {
  const applied = await appliedMigrations(database);
  if (applied === undefined) return;
  const known = new Set(migrations.map(({ name }) => name));
  const refusal = refusalOf(applied, known, 'check it with that version');
  if (refusal) throw refusal;
  const missing = [...known].filter((name) => !applied.has(name));
  if (missing.length === 0) return;
  throw new DfsError(
    'not-ready',
    `The database is of an older version of DFS (it lacks ${missing.join(', ')}): check it with that version, or start the node once with this one.`,
  );
}

/** Undefined where damage keeps them from being read. */
async function appliedMigrations(database: ReadOnlyDatabase): Promise<Set<string> | undefined> {
  try {
    const rows = await database.query<{ name: string }>('SELECT name FROM migrations');
    return new Set(rows.map(({ name }) => name));
  } catch (cause) {
    if (cause instanceof DatabaseError && cause.sqliteCode === 'SQLITE_CORRUPT') return undefined;
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new DfsError('not-ready', `The database cannot be read as one of DFS: ${text}.`, { cause });
  }
}

/** 0 where there is no such file. */
async function bytesOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}
