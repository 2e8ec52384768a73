import { stat } from 'node:fs/promises';
import { second } from '@dfs/runtime';
import { closeRaw, execute, openRaw, rowsOf } from './raw.js';
import { DatabaseError } from './sql/sql.js';

/** How long another program may take to close the file. */
const PATIENCE = 2 * second;

/**
 * Whether another process has a database file open. A node keeps it open for as long as it runs, and holds a lock on the
 * file itself, which nobody takes away by removing a lock file. Only for a start: what a crash left in the log is brought
 * into the file.
 */
export async function isOpenElsewhere(file: string): Promise<boolean> {
  const size = await stat(file).then(
    (found) => (found.isFile() ? found.size : 0),
    () => 0,
  );
  if (size === 0) return false;
  const connection = await openRaw(file);
  try {
    connection.configure('busyTimeout', PATIENCE);
    await execute(connection, 'PRAGMA locking_mode = EXCLUSIVE');
    await rowsOf(connection, 'SELECT count(*) FROM sqlite_master');
    return false;
  } catch (error) {
    // One that is damaged is refused by who opens it.
    return error instanceof DatabaseError && error.sqliteCode === 'SQLITE_BUSY';
  } finally {
    await closeRaw(connection);
  }
}
