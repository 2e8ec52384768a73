import { pathToFileURL } from 'node:url';
import sqlite3 from 'sqlite3';
import { DatabaseError } from './sql/sql.js';

/**
 * A connection of its own, beside those of the node: for a lock, a snapshot, or a look at a file.
 * @param mode `immutable`: a file that nobody changes; SQLite then makes no file beside it
 * @throws DatabaseError
 */
export function openRaw(file: string, mode: 'write' | 'immutable' = 'write'): Promise<sqlite3.Database> {
  const [target, flags] =
    mode === 'write'
      ? ([file, sqlite3.OPEN_READWRITE | sqlite3.OPEN_CREATE] as const)
      : ([`${pathToFileURL(file).href}?immutable=1`, sqlite3.OPEN_READONLY | sqlite3.OPEN_URI] as const);
  return new Promise((resolve, reject) => {
    const opened = new sqlite3.Database(target, flags, (error) => (error ? reject(failure(error)) : resolve(opened)));
  });
}

/** @throws DatabaseError */
export function execute(database: sqlite3.Database, sql: string): Promise<void> {
  return new Promise((resolve, reject) => database.exec(sql, (error) => (error ? reject(failure(error)) : resolve())));
}

/** @throws DatabaseError */
export function rowsOf<R>(database: sqlite3.Database, sql: string): Promise<R[]> {
  return new Promise((resolve, reject) =>
    database.all<R>(sql, (error, rows) => (error ? reject(failure(error)) : resolve(rows))),
  );
}

/** Closes a connection made by `openRaw`. Never fails: a connection that cannot be closed is given up. */
export function closeRaw(database: sqlite3.Database): Promise<void> {
  return new Promise((resolve) => database.close(() => resolve()));
}

function failure(error: Error): DatabaseError {
  return new DatabaseError('code' in error ? String(error.code) : 'SQLITE_ERROR', error.message);
}
