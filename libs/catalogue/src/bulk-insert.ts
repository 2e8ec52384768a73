import type { SqlValue, Tx } from '@dfs/database';
import { toHex } from './store/rows.js';
import { slices } from './store/slices.js';

/** Rows bound in one statement. */
const ROWS_PER_STATEMENT = 500;

/** A table and its columns; those in `blobs` hold bytes. */
export interface BulkTable {
  name: string;
  columns: readonly string[];
  blobs: ReadonlySet<string>;
}

/**
 * Many rows as one JSON parameter a statement. Binding value by value happens on the main thread and costs it more than
 * twice as much; SQLite reads JSON on the thread pool.
 */
export async function bulkInsert(
  tx: Tx,
  { name, columns, blobs }: BulkTable,
  rows: readonly (readonly SqlValue[])[],
  conflict: '' | 'OR REPLACE' | 'OR IGNORE' = '',
): Promise<void> {
  const values = columns.map((column, at) => (blobs.has(column) ? `unhex(value ->> ${at})` : `value ->> ${at}`));
  const sql = `INSERT ${conflict} INTO ${name} (${columns.join(',')}) SELECT ${values.join(',')} FROM json_each(?)`;
  for (const slice of slices(rows, ROWS_PER_STATEMENT)) {
    await tx.run(sql, [JSON.stringify(slice.map((row) => row.map(textOf)))]);
  }
}

function textOf(value: SqlValue): string | number | null {
  return value instanceof Uint8Array ? toHex(value) : value;
}
