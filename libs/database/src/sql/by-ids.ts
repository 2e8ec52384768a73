import { bufferOf } from '@dfs/runtime';
import type { Reader, SqlValue, Tx } from './sql.js';

/** Ids that one statement is given at most, and rows of a page where a table is gone through. */
export const IDS_PER_QUERY = 1000;

/**
 * `x IN ${BLOBS}`: the ids of `byIds`, `changeByIds` or `idsParameter`, as bytes. They are the first parameter. A query that
 * begins with them goes on by CROSS JOIN: SQLite does not know how few they are, and may go through the table instead.
 */
export const BLOBS = '(SELECT unhex(value) AS id FROM json_each(?1))';
/** Such ids given as `[id, place]`, for a query that begins with them and answers with places, `at`, in place of ids. */
export const BLOBS_AT = '(SELECT unhex(value ->> 0) AS id, value ->> 1 AS at FROM json_each(?1))';
/** The same for ids that are numbers or texts. */
export const VALUES = '(SELECT value AS id FROM json_each(?1))';

/** The same for ids of two columns: `(x, y) IN ${PAIRS}`. The first is bytes, the second a number or a text. */
export const PAIRS = '(SELECT unhex(value ->> 0), value ->> 1 FROM json_each(?1))';
/** The same where neither is bytes. */
export const VALUE_PAIRS = '(SELECT value ->> 0, value ->> 1 FROM json_each(?1))';

/** One column of what names a row: bytes, or their hex digits; a number; a text. */
type IdPart = Uint8Array | string | number;
/** Names a row, by one column or by several. */
export type RowId = IdPart | readonly IdPart[];

/** One parameter for all of these ids: JSON, with bytes as hex digits. SQLite reads it on its own thread. */
export function idsParameter(ids: readonly RowId[]): string {
  return JSON.stringify(ids.map(valueOf));
}

/** Consecutive parts of a list, each of at most `size`. */
export function* slices<T>(items: readonly T[], size: number = IDS_PER_QUERY): Generator<T[], void, undefined> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

/**
 * Rows of a query about ids, in parts of so many that no statement is long and none holds the connection for long.
 * @param sql names the ids by `BLOBS`, `VALUES` or `PAIRS`, or takes `?1` as JSON itself; and `params` by `?2` and on
 * @throws DatabaseError
 */
export async function byIds<R>(
  reader: Reader,
  sql: string,
  ids: readonly RowId[],
  params: readonly SqlValue[] = [],
): Promise<R[]> {
  if (ids.length <= IDS_PER_QUERY) {
    return ids.length === 0 ? [] : reader.query<R>(sql, [idsParameter(ids), ...params]);
  }
  const rows: R[] = [];
  for (const part of slices(ids)) {
    for (const row of await reader.query<R>(sql, [idsParameter(part), ...params])) rows.push(row);
  }
  return rows;
}

/** An UPDATE, DELETE or INSERT about ids, as `byIds` asks; it is done as `Tx.later` does. */
export async function changeByIds(
  tx: Pick<Tx, 'later'>,
  sql: string,
  ids: readonly RowId[],
  params: readonly SqlValue[] = [],
): Promise<void> {
  for (const part of slices(ids)) await tx.later(sql, [idsParameter(part), ...params]);
}

/**
 * The same at once. Gives how many rows it changed.
 * @throws DatabaseError
 */
export async function countByIds(
  tx: Pick<Tx, 'run'>,
  sql: string,
  ids: readonly RowId[],
  params: readonly SqlValue[] = [],
): Promise<number> {
  let changes = 0;
  for (const part of slices(ids)) changes += (await tx.run(sql, [idsParameter(part), ...params])).changes;
  return changes;
}

function valueOf(id: RowId): unknown {
  if (typeof id !== 'object') return id;
  return id instanceof Uint8Array ? hexOf(id) : id.map(valueOf);
}

/** Hex digits, as SQLite reads bytes within JSON and literals. */
export function hexOf(bytes: Uint8Array): string {
  return bufferOf(bytes).toString('hex');
}
