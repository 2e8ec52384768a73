import { hexOf, slices } from './by-ids.js';
import type { SqlValue, Tx } from './sql.js';

/** More rows a statement gain nothing and hold the connection longer. */
const ROWS_PER_STATEMENT = 500;

/** The treatment of a row whose key is there already. */
export type Conflict = 'ignore' | 'replace' | undefined;

/**
 * Adds rows as one JSON parameter a statement: to bind value by value happens on the main thread and costs it more than
 * twice as much, while SQLite reads JSON on the thread pool. One row alone is bound.
 */
export async function bulkInsert(
  write: Tx['later'],
  table: string,
  columns: readonly string[],
  rows: readonly (readonly SqlValue[])[],
  conflict: Conflict,
): Promise<void> {
  if (rows.length === 0) return;
  const into = `INSERT${conflict ? ` OR ${conflict.toUpperCase()}` : ''} INTO ${table} (${columns.join(',')})`;
  if (rows.length === 1) {
    const places = columns.map(() => '?').join(',');
    return write(`${into} VALUES (${places})`, rows[0]);
  }
  const values = columns.map((_, at) => (holdsBytes(rows, at) ? `unhex(value ->> ${at})` : `value ->> ${at}`));
  const sql = `${into} SELECT ${values.join(',')} FROM json_each(?)`;
  for (const part of slices(rows, ROWS_PER_STATEMENT)) {
    await write(sql, [JSON.stringify(part.map((row) => row.map(jsonOf)))]);
  }
}

/** Whether a column of these rows is a BLOB: its first value that is not null says so. */
function holdsBytes(rows: readonly (readonly SqlValue[])[], at: number): boolean {
  return rows.find((row) => row[at] !== null)?.[at] instanceof Uint8Array;
}

function jsonOf(value: SqlValue): string | number | null {
  return value instanceof Uint8Array ? hexOf(value) : value;
}
