import { type FileSort } from '@dfs/contracts';
import type { Reader, SqlValue } from '@dfs/database';
import { invalidField } from '@dfs/runtime';
import { openCursor, sealCursor, type Position, pageLimit } from './cursor.js';
import { afterPrefix, COLUMN, orderOf, positionOf } from './list.js';
import { listNarrowedLevel } from './narrowed-level.js';
import type { Folder, Level, ListQuery } from '../ports.js';
import { entryFrom, FILE_COLUMNS, FILES, type FileRow } from '../store/rows.js';
import { PathState } from '../rules/states.js';

/** Up to so many files of a folder are gathered and put in order; of more, the files of all are walked in that order. */
const FEW_FILES = 5000;
/** After a folder's path it lies behind everything in the folder: UTF-8 has no such byte. */
const BEHIND_ALL = `CAST(x'ff' AS TEXT)`;

interface Counts {
  /** Current files beneath it, at any depth; files and folders directly in it. */
  files: number;
  own: number;
  folders: number;
}

/**
 * One level of the tree, a page at a time: the folders directly in a folder by name, then its own files by `sort`.
 * `prefix` is that folder with its slash, or empty for the top.
 * @throws DfsError `validation-failed`, `invalid-cursor`
 */
export async function listLevel(reader: Reader, query: ListQuery): Promise<Level> {
  const folder = levelOf(query);
  if (query.only) return listNarrowedLevel(reader, folder, { ...query, only: query.only });
  const sort = query.sort ?? 'path';
  const limit = pageLimit(query.limit);
  const bound = ['level', sort, folder];
  const after = query.cursor === undefined ? undefined : openCursor(bound, query.cursor);
  const counts = await readCounts(reader, folder);
  if (query.offset !== undefined) return levelAt(reader, { folder, sort, limit, offset: query.offset, bound, counts });
  const inFiles = after !== undefined && !after.path.endsWith('/');
  const folders = inFiles ? [] : await readFolders(reader, folder, after?.path ?? folder, limit + 1);
  const room = limit + 1 - folders.length;
  const files =
    room <= 0 || counts.own === 0
      ? []
      : await readFiles(reader, { folder, sort, after: inFiles ? after : undefined, limit: room, own: counts.own });
  const shownFolders = folders.slice(0, limit);
  const shownFiles = files.slice(0, limit - shownFolders.length);
  const more = folders.length + files.length > limit;
  const lastFile = shownFiles.at(-1);
  const lastFolder = shownFolders.at(-1);
  const last: Position | undefined = lastFile
    ? positionOf(lastFile, sort)
    : lastFolder && { value: null, path: lastFolder.path };
  return {
    folders: shownFolders,
    items: shownFiles.map(entryFrom),
    nextCursor: more && last ? sealCursor(bound, last) : null,
    total: counts.own,
    totalFolders: counts.folders,
  };
}

interface LevelAt {
  folder: string;
  sort: FileSort;
  limit: number;
  offset: number;
  /** The query that a cursor belongs to. */
  bound: readonly string[];
  counts: Counts;
}

/** The same from a row of the level on, folders first; where it ends in the middle a cursor goes on. */
async function levelAt(reader: Reader, { folder, sort, limit, offset, bound, counts }: LevelAt): Promise<Level> {
  const folders =
    offset >= counts.folders
      ? []
      : await reader.query<Folder>(
          `SELECT path, files, bytes, newest FROM catalogue_folder INDEXED BY catalogue_folder_parent
           WHERE parent = ? ORDER BY path LIMIT ? OFFSET ?`,
          [folder, limit, offset],
        );
  const room = limit - folders.length;
  const passed = Math.max(0, offset - counts.folders);
  const files =
    room <= 0 || passed >= counts.own
      ? []
      : await readFilesAt(reader, { folder, sort, limit: room, offset: passed, counts });
  const lastFile = files.at(-1);
  const lastFolder = folders.at(-1);
  const last = lastFile ? positionOf(lastFile, sort) : lastFolder && { value: null, path: lastFolder.path };
  const more = offset + folders.length + files.length < counts.folders + counts.own;
  return {
    folders,
    items: files.map(entryFrom),
    nextCursor: more && last ? sealCursor([...bound], last) : null,
    total: counts.own,
    totalFolders: counts.folders,
  };
}

/** Files beneath a folder for each of its own, up to which all of them are passed over within the index. */
const MANY_OWN = 8;

/** Own files from a row on: few of them are walked to, many found among all that are beneath. */
function readFilesAt(
  reader: Reader,
  { folder, sort, limit, offset, counts }: Omit<LevelAt, 'bound'>,
): Promise<FileRow[]> {
  const own =
    counts.own <= FEW_FILES || counts.files > MANY_OWN * counts.own
      ? `SELECT f.seq FROM (SELECT path FROM walk WHERE path IS NOT NULL AND ${IS_OWN}) own
         CROSS JOIN catalogue_file f INDEXED BY catalogue_file_path ON f.state = ${PathState.current} AND f.path = own.path`
      : `SELECT f.seq FROM catalogue_file f WHERE f.state = ${PathState.current}
         AND ${COLUMN[sort] === 'path' ? '' : '+'}f.path > ?1 AND ${COLUMN[sort] === 'path' ? '' : '+'}f.path < CAST(?2 AS TEXT)
         AND instr(substr(f.path, length(?1) + 1), '/') = 0`;
  const walked = own.includes('walk') ? walk('?1', false) : '';
  return reader.query<FileRow>(
    `${walked} SELECT ${FILE_COLUMNS} FROM (${own} ORDER BY ${orderOf(sort)} LIMIT ?3 OFFSET ?4) page
     CROSS JOIN catalogue_file f ON f.seq = page.seq JOIN catalogue_author a ON a.id = f.author ORDER BY ${orderOf(sort)}`,
    [folder, endOf(folder), limit, offset],
  );
}

function levelOf({ prefix, q, type, state }: ListQuery): string {
  if (q) throw invalidField('delimiter', 'goes without q: a search looks at all levels');
  if (type) throw invalidField('delimiter', 'goes without type: a filter looks at all levels');
  if (state !== undefined && state !== 'current') throw invalidField('delimiter', 'goes with state=current only');
  const folder = (prefix ?? '').normalize('NFC');
  if (folder !== '' && !folder.endsWith('/')) {
    throw invalidField('prefix', 'with a delimiter it is a folder: empty, or with / at its end');
  }
  return folder;
}

async function readCounts(reader: Reader, folder: string): Promise<Counts> {
  const [row] = await reader.query<Counts>('SELECT files, own, folders FROM catalogue_folder WHERE path = ?', [folder]);
  return row ?? { files: 0, own: 0, folders: 0 };
}

async function readFolders(reader: Reader, folder: string, after: string, limit: number): Promise<Folder[]> {
  return reader.query<Folder>(
    `SELECT path, files, bytes, newest FROM catalogue_folder INDEXED BY catalogue_folder_parent
     WHERE parent = ? AND path > ? ORDER BY path LIMIT ?`,
    [folder, after, limit],
  );
}

interface FilesQuery {
  folder: string;
  sort: FileSort;
  after: Position | undefined;
  limit: number;
  own: number;
}

function readFiles(reader: Reader, query: FilesQuery): Promise<FileRow[]> {
  const { sort, own } = query;
  if (COLUMN[sort] === 'path') return walkPaths(reader, query);
  return own <= FEW_FILES ? gather(reader, query) : walkSorted(reader, query);
}

const IS_OWN = `instr(substr(path, length(?1) + 1), '/') = 0`;

/**
 * Own paths of the folder ?1, whose end is ?2, in order: each folder below is passed over by one step in the index, however
 * much is in it. Begins at `start`, which is left out.
 */
function walk(start: string, down: boolean): string {
  const slash = `instr(substr(walk.path, length(?1) + 1), '/')`;
  // Towards the end, behind all paths of the folder below; towards the beginning, before them.
  const passed = `CASE ${slash} WHEN 0 THEN walk.path
    ELSE substr(walk.path, 1, length(?1) + ${slash}) ${down ? '' : `|| ${BEHIND_ALL}`} END`;
  const bounds = (from: string): string =>
    down ? `path < ${from} AND path >= ?1` : `path > ${from} AND path < CAST(?2 AS TEXT)`;
  const next = (from: string): string =>
    `SELECT path FROM catalogue_file WHERE state = ${PathState.current} AND ${bounds(from)}
     ORDER BY path ${down ? 'DESC' : 'ASC'} LIMIT 1`;
  return `WITH RECURSIVE walk(path) AS (
      SELECT (${next(start)}) UNION ALL SELECT (${next(`(${passed})`)}) FROM walk WHERE walk.path IS NOT NULL
    )`;
}

/** Own files by path. */
function walkPaths(reader: Reader, { folder, sort, after, limit }: FilesQuery): Promise<FileRow[]> {
  const down = sort.startsWith('-');
  const start = after === undefined ? (down ? 'CAST(?2 AS TEXT)' : '?1') : '?3';
  const sql = `${walk(start, down)}, own(path) AS (SELECT path FROM walk WHERE path IS NOT NULL AND ${IS_OWN} LIMIT ?4)
    SELECT ${FILE_COLUMNS} FROM own CROSS JOIN catalogue_file f ON f.state = ${PathState.current} AND f.path = own.path
    JOIN catalogue_author a ON a.id = f.author`;
  return reader.query<FileRow>(sql, [folder, endOf(folder), after?.path ?? '', limit]);
}

/** The few own files, put in order. */
function gather(reader: Reader, { folder, sort, after, limit }: FilesQuery): Promise<FileRow[]> {
  const { where, params, order } = sorted(sort, after, 3);
  return reader.query<FileRow>(
    `${walk('?1', false)} SELECT ${FILE_COLUMNS} FROM (SELECT path FROM walk WHERE path IS NOT NULL AND ${IS_OWN}) own
     CROSS JOIN catalogue_file f ON f.state = ${PathState.current} AND f.path = own.path
     JOIN catalogue_author a ON a.id = f.author ${where === '' ? '' : `WHERE ${where}`} ORDER BY ${order} LIMIT ?${3 + params.length}`,
    [folder, endOf(folder), ...params, limit],
  );
}

/** The files of all in their order, of which many are this folder's own. */
function walkSorted(reader: Reader, { folder, sort, after, limit }: FilesQuery): Promise<FileRow[]> {
  const { where, params, order } = sorted(sort, after, 3);
  return reader.query<FileRow>(
    `SELECT ${FILE_COLUMNS} FROM ${FILES} WHERE f.state = ${PathState.current}
     AND +f.path > ?1 AND +f.path < CAST(?2 AS TEXT) AND instr(substr(f.path, length(?1) + 1), '/') = 0
     ${where === '' ? '' : `AND ${where}`} ORDER BY ${order} LIMIT ?${3 + params.length}`,
    [folder, endOf(folder), ...params, limit],
  );
}

function sorted(
  sort: FileSort,
  after: Position | undefined,
  at: number,
): { where: string; params: SqlValue[]; order: string } {
  const column = COLUMN[sort];
  const down = sort.startsWith('-');
  const direction = down ? 'DESC' : 'ASC';
  return {
    where: after === undefined ? '' : `(f.${column}, f.path) ${down ? '<' : '>'} (?${at}, ?${at + 1})`,
    params: after === undefined ? [] : [after.value, after.path],
    order: `f.${column} ${direction}, f.path ${direction}`,
  };
}

/** The least bytes after everything in a folder; after every path, for the top. */
function endOf(folder: string): Uint8Array {
  return folder === '' ? Buffer.from([0xff]) : afterPrefix(folder);
}
