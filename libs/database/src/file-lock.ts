import sqlite3 from 'sqlite3';
import { DfsError } from '@dfs/runtime';

/**
 * An exclusive lock between processes that vanishes with its holder, also by `kill -9`: SQLite's own lock on an empty
 * database, held by a transaction that is never committed.
 */
export class FileLock {
  private constructor(private readonly database: sqlite3.Database) {}

  /** @throws DfsError `not-ready` when another process holds it */
  static async take(file: string): Promise<FileLock> {
    const database = await new Promise<sqlite3.Database>((resolve, reject) => {
      const opened = new sqlite3.Database(file, (error) => (error ? reject(error) : resolve(opened)));
    });
    try {
      await execute(database, 'BEGIN EXCLUSIVE');
      return new FileLock(database);
    } catch (cause) {
      await close(database);
      if (!String(cause).includes('SQLITE_BUSY')) throw cause;
      throw new DfsError('not-ready', 'Another process is using this data directory.', { cause });
    }
  }

  async release(): Promise<void> {
    await execute(this.database, 'ROLLBACK').catch(() => undefined);
    await close(this.database);
  }
}

function execute(database: sqlite3.Database, sql: string): Promise<void> {
  return new Promise((resolve, reject) => database.exec(sql, (error) => (error ? reject(error) : resolve())));
}

function close(database: sqlite3.Database): Promise<void> {
  return new Promise((resolve) => database.close(() => resolve()));
}
