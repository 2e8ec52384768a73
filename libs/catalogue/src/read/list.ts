import { MAX_PAGE, type FileListState, type FileSort } from '@dfs/contracts';
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

/** Matches of a filter up to which they are looked up, rather than met on the way through an order. */
const FEW_MATCHES = 5000;

/** Numbers of matches of a search or of a type, for each of which a file has to be looked at. */
interface Bounds {
  /** Up to so many are gathered first, and then put in order. */
  few: number;
  /** Up to so many are counted. */
  counted: number;
}

const BOUNDS: Bounds = { few: FEW_MATCHES, counted: 100_000 };

interface Filter {
  where: string[];
  params: SqlValue[];
}

/** Some of the rows that match, in an order. */
interface RowsPage {
  sort: FileSort;
  filter: Filter;
  limit: number;
  /** All that match, as far as they were counted. */
  total: number;
  totalIsAtLeast?: boolean;
}

/** How many match, and which, where these are few. */
interface Matches {
  total: number;
  /** There are so many that not all were counted. */
  isAtLeast: boolean;
  rows: Filter;
}

/**
 * One page of paths, by keyset: each that is there throughout comes once, in order, whatever comes and goes meanwhile.
 * @throws DfsError `invalid-cursor`
 */
export async function listPage(reader: Reader, query: ListQuery, bounds = BOUNDS): Promise<EntryPage> {
  const sort = sortOf(query);
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
  const after = query.cursor === undefined ? undefined : openCursor(bound, query.cursor);
  const matches = await findMatches(reader, query, bounds);
  const { offset } = query;
  const rows = await readPage(reader, {
    sort,
    filter: matches.rows,
    after,
    offset,
    limit: limit + 1,
    total: matches.total,
    totalIsAtLeast: matches.isAtLeast,
  });
  const items = rows.slice(0, limit);
  const last = rows.length > limit ? items.at(-1) : undefined;
  return {
    items: items.map(entryFrom),
    nextCursor: last ? sealCursor(bound, positionOf(last, sort)) : null,
    ...totalOf(matches, offset, rows.length, limit),
  };
}

/** Which paths, in which order, where all of them are wanted. */
export type PagesQuery = Omit<ListQuery, 'limit' | 'cursor' | 'offset'>;

/** Some of all that match, and how many match, as they were counted before the first of them. */
export type ListedPage = Pick<EntryPage, 'items' | 'total' | 'totalIsAtLeast'>;

/**
 * All that match, page after page: each that is there throughout comes once, in order. Which match and how many is found out once, not
 * with each page.
 */
export async function* listPages(
  reader: Reader,
  query: PagesQuery,
  { pageRows = MAX_PAGE, ...bounds }: Bounds & { pageRows?: number } = BOUNDS,
): AsyncGenerator<ListedPage, void, undefined> {
  const sort = sortOf(query);
  const { rows: filter, total, isAtLeast } = await findMatches(reader, query, bounds);
  if (total === 0) return;
  for (let after: Position | undefined; ;) {
    const rows = await readRows(reader, sort, filter, after, pageRows);
    const last = rows.at(-1);
    if (!last) return;
    yield { items: rows.map(entryFrom), total, ...(isAtLeast ? { totalIsAtLeast: true } : {}) };
    if (rows.length < pageRows) return;
    after = positionOf(last, sort);
  }
}

/** Of one path any order will do, and is read from its index. */
function sortOf({ path, sort = 'path' }: PagesQuery): FileSort {
  return path === undefined ? sort : 'path';
}

/** A page that ends the list tells its length; one that lies behind what was counted tells of more. */
function totalOf(
  { total, isAtLeast }: Matches,
  offset: number | undefined,
  read: number,
  limit: number,
): Pick<EntryPage, 'total' | 'totalIsAtLeast'> {
  if (!isAtLeast) return { total };
  const seen = offset === undefined || read === 0 ? 0 : offset + read;
  if (seen > total && read <= limit) return { total: seen };
  return { total: Math.max(total, seen), totalIsAtLeast: true };
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
  return readPage(reader, { ...page, filter: filterOf({ only }), total: only.count });
}

function filterOf({ state, prefix, path, q, type, only }: PagesQuery): Filter {
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
  return { where, params };
}

/**
 * The same conditions, by which SQLite goes through an order and not through an index of theirs: many matches are met on the way,
 * sooner than all of them are put in that order.
 */
function onTheWay({ where, params }: Filter, sort: FileSort): Filter {
  const own = COLUMN[sort] === 'path' ? /f\.media_type/g : /f\.(media_type|path)/g;
  return { where: where.map((each) => (each.startsWith('f.seq IN') ? each : each.replaceAll(own, '+$&'))), params };
}

/** Few rows are looked up, rather than met on the way through an order. */
function fewOf({ rows }: OnlyRows, where: readonly string[], params: readonly SqlValue[]): Filter {
  const numbers = Array.from(rows.keys())
    .filter((index) => rows[index] === 1)
    .map((index) => index + 1);
  return amongThese(JSON.stringify(numbers), where, params);
}

/** @param rows numbers of rows, as a JSON list */
function amongThese(rows: string, where: readonly string[], params: readonly SqlValue[]): Filter {
  return {
    where: [
      `f.seq IN (SELECT f.seq FROM json_each(?) these CROSS JOIN catalogue_file f ON f.seq = these.value
       WHERE ${where.join(' AND ')})`,
    ],
    params: [rows, ...params],
  };
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
  { sort, filter, offset, limit, total, totalIsAtLeast = false }: RowsPage & { offset: number },
): Promise<FileRow[]> {
  const count = totalIsAtLeast ? limit : Math.min(limit, total - offset);
  if (count <= 0) return Promise.resolve([]);
  const fromEnd = !totalIsAtLeast && offset > total - offset - count;
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

/** The total is kept where it is of all, and counted where it is of some. */
async function findMatches(reader: Reader, query: PagesQuery, bounds: Bounds): Promise<Matches> {
  const { only, state = 'current' } = query;
  const isNarrowed = query.prefix || query.q || query.type || query.path !== undefined;
  const rows = filterOf(query);
  const { where, params } = rows;
  if (only && !isNarrowed && state === 'current') return { total: only.count, isAtLeast: false, rows };
  if (!isNarrowed && !only) {
    const [kept] = await reader.query<{ count: number }>('SELECT count FROM catalogue_total WHERE state = ?', [
      SELECTED[state].total,
    ]);
    return { total: kept?.count ?? 0, isAtLeast: false, rows };
  }
  const matching = `FROM catalogue_file f WHERE ${where.join(' AND ')}`;
  const isSearch = Boolean(query.q || query.type);
  // In the order of this index each file is looked at once, since what is counted goes on where the few ended.
  const inOrder = query.q !== undefined && !query.type;
  let [seen, rest] = [0, rows];
  if (isSearch) {
    // Few are found by one look at all files, whatever the order. Of many the first are soon met in any order.
    const [few] = await reader.query<{ count: number; rows: string; last: string | null }>(
      `SELECT count(*) AS count, json_group_array(seq) AS rows, max(path) AS last
       FROM (SELECT f.seq, f.path ${matching} ${inOrder ? 'ORDER BY f.path' : ''} LIMIT ?)`,
      [...params, bounds.few + 1],
    );
    if (few && few.count <= bounds.few) {
      return { total: few.count, isAtLeast: false, rows: amongThese(few.rows, [SELECTED[state].where], []) };
    }
    if (few && inOrder) [seen, rest] = [few.count, { where: [...where, 'f.path > ?'], params: [...params, few.last] }];
  }
  const counted = `FROM catalogue_file f WHERE ${rest.where.join(' AND ')}`;
  const [all] = await reader.query<{ count: number }>(
    isSearch ? `SELECT count(*) AS count FROM (SELECT 1 ${counted} LIMIT ?)` : `SELECT count(*) AS count ${counted}`,
    isSearch ? [...rest.params, bounds.counted + 1 - seen] : rest.params,
  );
  const count = seen + (all?.count ?? 0);
  const isAtLeast = isSearch && count > bounds.counted;
  return {
    total: isAtLeast ? bounds.counted : count,
    isAtLeast,
    rows: count > bounds.few ? onTheWay(rows, query.sort ?? 'path') : rows,
  };
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
