import { type FileListState, type FileSort } from '@dfs/contracts';
import type { Reader, SqlValue } from '@dfs/database';
import { openCursor, sealCursor, type Position, pageLimit } from './cursor.js';
import type { EntryPage, ListQuery, OnlyRows } from '../ports.js';
import { entryFrom, FILE_COLUMNS, FILES, type FileRow } from '../store/rows.js';
import { CONFLICT_TOTAL, PathState } from '../rules/states.js';
import { foldCase } from './search.js';

/** The column that each order sorts by. */
export const COLUMN: Record<FileSort, 'path' | 'size' | 'modified'> = {
  path: 'path',
  '-path': 'path',
  size: 'size',
  '-size': 'size',
  modifiedAt: 'modified',
  '-modifiedAt': 'modified',
};
const SELECTED: Record<FileListState, { where: string; total: number }> = {
  current: { where: `f.state = ${PathState.current}`, total: PathState.current },
  deleted: { where: `f.state = ${PathState.deleted}`, total: PathState.deleted },
  conflict: { where: 'f.conflict = 1', total: CONFLICT_TOTAL },
};

/** Matches of a search up to which they are gathered first, and then put in an order that the search does not follow. */
const FEW_MATCHES = 5000;

interface Filter {
  where: string[];
  params: SqlValue[];
}

/** Some of the rows that match, in an order. */
interface RowsPage {
  sort: FileSort;
  filter: Filter;
  limit: number;
  /** All that match. */
  total: number;
}

/** The conditions of a query, for counting and for reading. */
interface Filters extends Filter {
  rows(sort: FileSort, total: number): Filter;
}

/** One page of paths, by keyset: each that is there throughout comes once, in order, whatever comes and goes meanwhile. */
export async function listPage(reader: Reader, query: ListQuery): Promise<EntryPage> {
  // Of one path any order will do, and is read from its index.
  const sort = query.path === undefined ? (query.sort ?? 'path') : 'path';
  const limit = pageLimit(query.limit);
  const bound = [
    query.state ?? 'current',
    sort,
    query.prefix ?? null,
    query.q ?? null,
    query.path ?? null,
    query.type ?? null,
    query.only?.name ?? null,
  ];
  const filter = filterOf(query);
  const after = query.cursor === undefined ? undefined : openCursor(bound, query.cursor);
  const total = await readTotal(reader, query, filter);
  const { offset } = query;
  const rows = await readPage(reader, {
    sort,
    filter: filter.rows(sort, total),
    after,
    offset,
    limit: limit + 1,
    total,
  });
  const items = rows.slice(0, limit);
  const last = rows.length > limit ? items.at(-1) : undefined;
  return {
    items: items.map(entryFrom),
    nextCursor: last ? sealCursor(bound, positionOf(last, sort)) : null,
    total,
  };
}

/** Rows that match, from the place where a page ended or from one of a number on. */
async function readPage(
  reader: Reader,
  { after, offset, ...page }: RowsPage & { after: Position | undefined; offset: number | undefined },
): Promise<FileRow[]> {
  if (page.total === 0) return [];
  if (offset !== undefined) return readRowsAt(reader, { ...page, offset });
  return readRows(reader, page.sort, page.filter, after, page.limit);
}

/** Those of the rows that a query is narrowed to, in its order: of one level its own files. */
export function readOnly(
  reader: Reader,
  only: OnlyRows,
  page: { sort: FileSort; after: Position | undefined; offset: number | undefined; limit: number },
): Promise<FileRow[]> {
  const filter = filterOf({ only, limit: page.limit }).rows(page.sort, only.count);
  return readPage(reader, { ...page, filter, total: only.count });
}

function filterOf({ state, prefix, path, q, type, only }: ListQuery): Filters {
  const where = [SELECTED[state ?? 'current'].where];
  const params: SqlValue[] = [];
  if (prefix) {
    const from = prefix.normalize('NFC');
    where.push('f.path >= ?', 'f.path < CAST(? AS TEXT)');
    params.push(from, afterPrefix(from));
  }
  if (path !== undefined) {
    where.push('f.path = ?');
    params.push(path.normalize('NFC'));
  }
  if (type) {
    // A type may have parameters, such as a charset, behind it.
    const isWhole = type.includes('/');
    const begin = isWhole ? `${type};` : `${type}/`;
    const inRange = 'f.media_type >= ? AND f.media_type < CAST(? AS TEXT)';
    where.push(isWhole ? `(f.media_type = ? OR ${inRange})` : inRange);
    params.push(...(isWhole ? [type] : []), begin, afterPrefix(begin));
  }
  if (q) {
    where.push('instr(coalesce(f.search, f.path), ?) > 0');
    params.push(foldCase(q));
  }
  if (only) {
    if (only.count <= FEW_MATCHES) return fewOf(only, where, params);
    where.push(`substr(?, f.seq, 1) = x'01'`);
    params.push(only.rows);
  }
  const direct: Filter = { where, params };
  // By size or time every row would be looked up to be searched; few matches are found sooner by their paths.
  const gathered: Filter = {
    where: [
      SELECTED[state ?? 'current'].where,
      `f.seq IN (SELECT f.seq FROM catalogue_file f WHERE ${where.join(' AND ')})`,
    ],
    params,
  };
  return {
    ...direct,
    rows: (sort, total) => {
      if ((type || (q && COLUMN[sort] !== 'path')) && total <= FEW_MATCHES) return gathered;
      // Many of a type are met on the way through an order, sooner than all of them are put in it.
      return type ? { where: where.map((each) => each.replaceAll('f.media_type', '+f.media_type')), params } : direct;
    },
  };
}

/** Few rows are looked up, rather than met on the way through an order. */
function fewOf({ rows }: OnlyRows, where: readonly string[], params: readonly SqlValue[]): Filters {
  const numbers = Array.from(rows.keys())
    .filter((index) => rows[index] === 1)
    .map((index) => index + 1);
  const found: Filter = {
    where: [
      `f.seq IN (SELECT f.seq FROM json_each(?) these CROSS JOIN catalogue_file f ON f.seq = these.value
       WHERE ${where.join(' AND ')})`,
    ],
    params: [JSON.stringify(numbers), ...params],
  };
  return { ...found, rows: () => found };
}

function readRows(
  reader: Reader,
  sort: FileSort,
  filter: Filter,
  after: Position | undefined,
  limit: number,
): Promise<FileRow[]> {
  const column = COLUMN[sort];
  const down = sort.startsWith('-');
  const where = [...filter.where];
  const params = [...filter.params];
  if (after !== undefined) {
    where.push(column === 'path' ? `f.path ${down ? '<' : '>'} ?` : `(f.${column}, f.path) ${down ? '<' : '>'} (?, ?)`);
    params.push(...(column === 'path' ? [after.path] : [after.value, after.path]));
  }
  return reader.query<FileRow>(
    `SELECT ${FILE_COLUMNS} FROM ${FILES} WHERE ${where.join(' AND ')} ORDER BY ${orderOf(sort)} LIMIT ?`,
    [...params, limit],
  );
}

/**
 * The same from the row with this number on: rows are passed over within the index, from the end that is nearer.
 */
function readRowsAt(
  reader: Reader,
  { sort, filter, offset, limit, total }: RowsPage & { offset: number },
): Promise<FileRow[]> {
  const count = Math.min(limit, total - offset);
  if (count <= 0) return Promise.resolve([]);
  const fromEnd = offset > total - offset - count;
  const order = orderOf(sort);
  return reader.query<FileRow>(
    `SELECT ${FILE_COLUMNS} FROM (
       SELECT f.seq FROM catalogue_file f WHERE ${filter.where.join(' AND ')}
       ORDER BY ${fromEnd ? orderOf(opposite(sort)) : order} LIMIT ? OFFSET ?
     ) page CROSS JOIN catalogue_file f ON f.seq = page.seq JOIN catalogue_author a ON a.id = f.author ORDER BY ${order}`,
    [...filter.params, count, fromEnd ? total - offset - count : offset],
  );
}

/** The keys that order a page. */
export function orderOf(sort: FileSort): string {
  const column = COLUMN[sort];
  const direction = sort.startsWith('-') ? 'DESC' : 'ASC';
  return column === 'path' ? `f.path ${direction}` : `f.${column} ${direction}, f.path ${direction}`;
}

function opposite(sort: FileSort): FileSort {
  return (sort.startsWith('-') ? sort.slice(1) : `-${sort}`) as FileSort;
}

/** Kept where it is of all; counted where it is of some. */
async function readTotal(reader: Reader, query: ListQuery, filter: Filter): Promise<number> {
  const isNarrowed = query.prefix || query.q || query.type || query.path !== undefined;
  const { only, state = 'current' } = query;
  if (only && !isNarrowed && state === 'current') return only.count;
  const [row] =
    isNarrowed || only
      ? await reader.query<{ count: number }>(
          `SELECT count(*) AS count FROM catalogue_file f WHERE ${filter.where.join(' AND ')}`,
          filter.params,
        )
      : await reader.query<{ count: number }>('SELECT count FROM catalogue_total WHERE state = ?', [
          SELECTED[state].total,
        ]);
  return row?.count ?? 0;
}

/** Where a page that ends with this row goes on. */
export function positionOf(row: FileRow, sort: FileSort): Position {
  const column = COLUMN[sort];
  return { value: column === 'path' ? null : row[column], path: row.path };
}

/** The least bytes after all that begin with `prefix`: the last byte of UTF-8 is never 0xff. */
export function afterPrefix(prefix: string): Uint8Array {
  const bytes = Buffer.from(prefix, 'utf8');
  bytes[bytes.length - 1]! += 1;
  return bytes;
}
