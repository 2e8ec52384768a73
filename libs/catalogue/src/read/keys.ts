import { byIds, VALUES, type Reader } from '@dfs/database';
import type { Entry } from '../ports.js';
import { PathState } from '../rules/states.js';
import { entryFrom, FILE_COLUMNS, FILES, type FileRow } from '../store/rows.js';
import { afterPrefix } from './list.js';

/**
 * Which keys: paths of current files, and those of folder records with a slash behind them, as one sequence in the order of their
 * bytes. There are no folders in it, but for those that a delimiter makes.
 */
export interface KeyQuery {
  /** All keys begin with it. */
  prefix: string;
  /** They lie in this folder, too: where the network ends for the one who asks, with its slash; empty where it does not. */
  within: string;
  /** Keys that have it behind the prefix are one, as far as to there. */
  delimiter?: string;
  /** Those behind this key alone; `whole`: behind all that begins with it. */
  after?: { key: string; whole: boolean };
  limit: number;
}

/** A key with the file or folder record that it names; or what several keys begin with, up to a delimiter. */
export type KeyRow = { key: string; entry: Entry } | { prefix: string };

/** Keys in order, and whether others follow. */
export interface KeyPage {
  items: KeyRow[];
  more: boolean;
}

/** Where keys are read: a table, its column of keys, and which of its rows count. */
interface Source {
  table: string;
  key: string;
  where: string;
}

/** `f.path` of files; folders have the slash at their end already. */
const FILE_KEYS: Source = { table: 'catalogue_file', key: 'path', where: `state = ${PathState.current}` };
const FOLDER_KEYS: Source = { table: 'catalogue_folder', key: 'path', where: `made > 0 AND path <> ''` };

/** Bytes between which the keys of a page lie: the first is meant, the second is not. */
interface Range {
  from: Buffer;
  end: Buffer;
}

/**
 * A page of keys. With a delimiter the keys behind a common prefix are passed over within the index, however many they are.
 */
export async function readKeys(reader: Reader, query: KeyQuery): Promise<KeyPage> {
  const range = rangeOf(query);
  if (range === undefined || query.limit < 1) return { items: [], more: false };
  const wanted = query.limit + 1;
  const files = await readNames(reader, FILE_KEYS, range, query, wanted);
  // Folder records behind the last of these are of no page but a later one.
  const last = files.length === wanted ? files.at(-1) : undefined;
  const folders = await readNames(reader, FOLDER_KEYS, last === undefined ? range : upTo(range, last), query, wanted);
  const names = merged(files, folders);
  const page = names.slice(0, query.limit);
  const entries = await readEntries(reader, page, query);
  const items = page.flatMap((name): KeyRow[] => {
    if (isGroup(name, query)) return [{ prefix: name }];
    const entry = entries.get(name);
    return entry ? [{ key: name, entry }] : [];
  });
  return { items, more: names.length > query.limit };
}

function rangeOf({ prefix, within, after }: KeyQuery): Range | undefined {
  if (!prefix.startsWith(within) && !within.startsWith(prefix)) return undefined;
  const begin = prefix.length > within.length ? prefix : within;
  const end = Buffer.from(begin === '' ? [0xff] : afterPrefix(begin));
  const from = latest(Buffer.from(begin), after && behind(after));
  return Buffer.compare(from, end) < 0 ? { from, end } : undefined;
}

function behind({ key, whole }: { key: string; whole: boolean }): Buffer {
  if (whole && key !== '') return Buffer.from(afterPrefix(key));
  // No path has control characters: this lies before all that go on from here.
  return Buffer.concat([Buffer.from(key), Buffer.from([1])]);
}

function latest(one: Buffer, other: Buffer | undefined): Buffer {
  return other !== undefined && Buffer.compare(other, one) > 0 ? other : one;
}

function upTo({ from }: Range, last: string): Range {
  return { from, end: Buffer.from(afterPrefix(last)) };
}

/** Keys, and common prefixes in place of those that have one, each once and in order. */
async function readNames(
  reader: Reader,
  { table, key, where }: Source,
  { from, end }: Range,
  { prefix, delimiter = '' }: KeyQuery,
  limit: number,
): Promise<string[]> {
  const within = `${where} AND ${key} >= CAST(?1 AS TEXT) AND ${key} < CAST(?2 AS TEXT)`;
  if (delimiter === '') {
    const sql = `SELECT ${key} AS name FROM ${table} WHERE ${within} ORDER BY ${key} LIMIT ?3`;
    return (await reader.query<{ name: string }>(sql, [from, end, limit])).map(({ name }) => name);
  }
  // Characters behind the prefix at which the first delimiter begins.
  const found = `instr(substr(walk.name, length(?4) + 1), ?5)`;
  const group = `substr(walk.name, 1, length(?4) + ${found} + length(?5) - 1)`;
  const next = `CASE WHEN ${found} > 0 THEN ${group} || CAST(x'ff' AS TEXT) ELSE walk.name END`;
  const rows = await reader.query<{ name: string }>(
    `WITH RECURSIVE walk(name) AS (
       SELECT * FROM (SELECT ${key} FROM ${table} WHERE ${within} ORDER BY ${key} LIMIT 1)
       UNION ALL
       SELECT (SELECT t.${key} FROM ${table} t
               WHERE ${where} AND t.${key} > ${next} AND t.${key} < CAST(?2 AS TEXT) ORDER BY t.${key} LIMIT 1)
       FROM walk WHERE walk.name IS NOT NULL LIMIT ?3
     )
     SELECT CASE WHEN ${found} > 0 THEN ${group} ELSE walk.name END AS name FROM walk WHERE walk.name IS NOT NULL`,
    [from, end, limit, prefix, delimiter],
  );
  return rows.map(({ name }) => name);
}

function isGroup(name: string, { prefix, delimiter = '' }: KeyQuery): boolean {
  return delimiter !== '' && name.length > prefix.length && name.slice(prefix.length).includes(delimiter);
}

/** Two sequences in the order of bytes as one, in which each stands once. */
function merged(some: readonly string[], others: readonly string[]): string[] {
  if (others.length === 0) return [...some];
  const bytes = new Map([...some, ...others].map((name) => [name, Buffer.from(name)]));
  return [...bytes].sort(([, a], [, b]) => Buffer.compare(a, b)).map(([name]) => name);
}

async function readEntries(reader: Reader, names: readonly string[], query: KeyQuery): Promise<Map<string, Entry>> {
  const keys = names.filter((name) => !isGroup(name, query));
  const folders = keys.filter((name) => name.endsWith('/'));
  const of = (state: PathState, paths: readonly string[]): Promise<FileRow[]> =>
    paths.length === 0
      ? Promise.resolve([])
      : byIds<FileRow>(
          reader,
          `SELECT ${FILE_COLUMNS} FROM ${FILES} WHERE f.state = ${state} AND f.path IN ${VALUES}`,
          paths,
        );
  const files = await of(
    PathState.current,
    keys.filter((name) => !name.endsWith('/')),
  );
  const records = await of(
    PathState.folder,
    folders.map((name) => name.slice(0, -1)),
  );
  return new Map([
    ...files.map((row): [string, Entry] => [row.path, entryFrom(row)]),
    ...records.map((row): [string, Entry] => [`${row.path}/`, entryFrom(row)]),
  ]);
}
