import { BLOBS, byIds, tuples, tuplesFrom, VALUES, type Reader, type Tuples } from '@dfs/database';
import {
  carriedAttributes,
  fileIdOf,
  parseRecord,
  type Cid,
  type RecordAttributes,
  type RecordKind,
  toHex,
} from '@dfs/protocol';
import { KIND_NUMBER, PathState, RecordState } from '../rules/states.js';
import type { Folder } from '../ports.js';
import { shownOf } from '../rules/heads.js';
import {
  readHeads,
  readHeadsWithin,
  readKnown,
  readMovedTo,
  type ContentAt,
  type Head,
  type PathHeads,
} from './heads.js';
import {
  fileIdBytes,
  VERSION_COLUMNS,
  versionFrom,
  VERSIONS,
  type StoredVersion,
  type VersionRow,
} from '../store/rows.js';
import { mapInTurns } from '../store/slices.js';
import { readKeys, type KeyPage, type KeyQuery } from './keys.js';
import { afterPrefix } from './list.js';

/** A path as it is shown, as far as an act over many of them must know. */
export interface ShownPath {
  path: string;
  /** Record id. */
  record: string;
  kind: RecordKind;
  conflict: boolean;
  /** Of a file: bytes; of a deletion those of what was deleted. */
  size: number;
}

/** The parts from which another record for the same is made. */
export interface SaidByRecord {
  kind: RecordKind;
  contentId: Cid | null;
  size: number;
  mediaType: string;
  attributes: RecordAttributes;
  /** Of writing, as its author told it, ms since 1970. */
  time: number;
}

/** A path that is to be as it was. */
export interface FormerPath {
  shown: ShownPath;
  /** Record id of what was there; null where there was nothing. */
  was: string | null;
  /** Others have changed it since, so that it stays as it is. */
  changed: boolean;
}

/** Rows parsed between two turns of the event loop. */
const ROWS_PER_TURN = 200;
const SHOWN = 'f.path, lower(hex(f.record_id)) AS record, f.state, f.conflict, f.size';
const SHOWN_IN_ORDER = ['f.path', 'lower(hex(f.record_id))', 'f.state', 'f.conflict', 'f.size'];
const KIND_OF: Record<PathState, RecordKind> = {
  [PathState.current]: 'file',
  [PathState.deleted]: 'deletion',
  [PathState.folder]: 'folder',
  [PathState.deletedFolder]: 'deletion',
};

interface ShownRow {
  path: string;
  record: string;
  state: PathState;
  conflict: number;
  size: number;
}

/**
 * The contents of folders, for acts over all of them. Folders are named without the slash at their end; the top is
 * empty.
 */
export class Folders {
  constructor(
    private readonly db: Reader,
    private readonly networkId: () => string,
  ) {}

  /** A folder with its counts; undefined where there is none. */
  async get(path: string, reader: Reader = this.db): Promise<Folder | undefined> {
    const [row] = await reader.query<Folder>('SELECT path, files, bytes, newest FROM catalogue_folder WHERE path = ?', [
      path === '' ? '' : `${path}/`,
    ]);
    return row;
  }

  /** Those of these paths that are folders, with something in them or without. */
  async existing(paths: readonly string[], reader: Reader = this.db): Promise<Set<string>> {
    const sql = `SELECT path FROM catalogue_folder WHERE path IN ${VALUES}`;
    const names = paths.map((path) => (path === '' ? '' : `${path}/`));
    const rows = await byIds<{ path: string }>(reader, sql, names);
    return new Set(rows.map(({ path }) => path.slice(0, -1)));
  }

  /**
   * Files that are current and folder records beneath a folder, and its own record, by their paths.
   * @param after the path with which the page before ended
   */
  async beneath(path: string, page: { after?: string; limit: number }, reader: Reader = this.db): Promise<ShownPath[]> {
    const { within, params } = range(path);
    const sql = tuples(
      SHOWN_IN_ORDER,
      `(SELECT * FROM (
         SELECT * FROM (SELECT f.* FROM catalogue_file f WHERE f.state = ${PathState.current} AND ${within} AND f.path > ?3 ORDER BY f.path LIMIT ?4)
         UNION ALL
         SELECT * FROM (SELECT f.* FROM catalogue_file f WHERE f.state = ${PathState.folder} AND (${within} OR f.path = ?5) AND f.path > ?3 ORDER BY f.path LIMIT ?4)
       ) f ORDER BY f.path LIMIT ?4) f`,
      'f.path',
    );
    return shownIn(await reader.query<Tuples>(sql, [...params, page.after ?? '', page.limit, path]));
  }

  /** Files and folder records as one sequence of keys, a page at a time. */
  keys(query: KeyQuery): Promise<KeyPage> {
    return readKeys(this.db, query);
  }

  /** The shown versions of these paths, deletions too, as far as the paths exist. */
  async shown(paths: readonly string[], reader: Reader = this.db): Promise<Map<string, ShownPath>> {
    const network = this.networkId();
    const ids = await mapInTurns(paths, ROWS_PER_TURN, (path) => fileIdBytes(fileIdOf(network, path)) as Uint8Array);
    const sql = tuples(SHOWN_IN_ORDER, `catalogue_file f WHERE f.file_id IN ${BLOBS}`, 'f.path');
    return new Map(shownIn(await byIds<Tuples>(reader, sql, ids)).map((one) => [one.path, one]));
  }

  /** All heads of these paths, the shown one first, as far as the paths exist. */
  heads(paths: readonly string[], reader: Reader = this.db): Promise<Map<string, Head[]>> {
    return readHeads(reader, this.networkId(), paths);
  }

  /** The same of all files and folder records beneath a folder, a page at a time; what is deleted is left out. */
  headsBeneath(path: string, page: { after?: string; limit: number }, reader: Reader = this.db): Promise<PathHeads[]> {
    return readHeadsWithin(reader, range(path), page);
  }

  /** For each of these, in their order: whether a version of the path, current or not, has or had that content. */
  known(contents: readonly ContentAt[], reader: Reader = this.db): Promise<boolean[]> {
    return readKnown(reader, this.networkId(), contents);
  }

  /** Where these have been moved to with their content, by their old paths. */
  movedTo(contents: readonly ContentAt[], reader: Reader = this.db): Promise<Map<string, string>> {
    return readMovedTo(reader, contents);
  }

  /** The versions of these records, as far as they count, by their ids. */
  async said(records: readonly string[], reader: Reader = this.db): Promise<Map<string, SaidByRecord>> {
    const rows = await byIds<VersionRow & { body: Uint8Array }>(
      reader,
      `SELECT ${VERSION_COLUMNS}, r.body FROM ${VERSIONS} WHERE r.id IN ${BLOBS} AND r.state = ${RecordState.applied}`,
      records,
    );
    const said = await mapInTurns(rows, ROWS_PER_TURN, (row): [string, SaidByRecord] => {
      const { id, kind, content, size, mediaType, attributes, shownAt } = versionFrom(row);
      const time = parseRecord(row.body).fields?.time ?? shownAt;
      return [id, { kind, contentId: content, size, mediaType, attributes: carriedAttributes(attributes), time }];
    });
    return new Map(said);
  }

  /**
   * The paths of an act as they were before it: those in this folder and, of what was moved into it or out of it, the
   * other end.
   * @param act 16 bytes
   * @param isSeen whether the one who asks sees a path: what was moved here from where that is not so stays here
   */
  async beforeAct(path: string, act: Uint8Array, isSeen: (path: string) => boolean): Promise<FormerPath[]> {
    const rows = await this.db.query<ShownRow & { id: Uint8Array; body: Uint8Array; kind: number }>(
      `SELECT ${SHOWN}, r.id, r.kind, r.body FROM catalogue_record r JOIN catalogue_file f ON f.seq = r.file
       WHERE r.state = ${RecordState.applied} AND r.act = ?`,
      [act],
    );
    const found = await mapInTurns(rows, ROWS_PER_TURN, (row) => {
      const fields = parseRecord(row.body).fields;
      return fields && { shown: shownFrom(row), id: toHex(row.id), from: fields.from, parents: fields.parents };
    });
    const records = found.filter((one) => one !== null);
    const isIn = (name: string): boolean => path === '' || name === path || name.startsWith(`${path}/`);
    const ends = new Set<string>();
    for (const { shown, from } of records) {
      if (!isIn(shown.path) && !(from !== null && isIn(from))) continue;
      if (!isSeen(shown.path) || (from !== null && !isSeen(from))) continue;
      ends.add(shown.path);
      if (from !== null) ends.add(from);
    }
    const meant = records.filter(({ shown }) => ends.has(shown.path));
    const parentsOf = new Map(records.map(({ id, parents }) => [id, parents]));
    const before = await this.versions(meant.flatMap(({ parents }) => parents));
    const paths = new Map<string, FormerPath>();
    for (const { shown } of meant) {
      if (paths.has(shown.path)) continue;
      const was = shownOf(replacedBy(shown.record, parentsOf).flatMap((parent) => before.get(parent) ?? []));
      const changed = !parentsOf.has(shown.record);
      paths.set(shown.path, { shown, changed, was: was && was.kind !== 'deletion' ? was.id : null });
    }
    return [...paths.values()];
  }

  /**
   * Each path in a folder as it was at a time by the clocks of the authors: the newest version that had been written
   * then.
   * @param time milliseconds since 1970
   */
  async at(path: string, time: number, page: { after?: string; limit: number }): Promise<FormerPath[]> {
    const { within, params } = range(path);
    const rows = await this.db.query<ShownRow & { was: Uint8Array | null; kind: number | null }>(
      `SELECT ${SHOWN}, r.id AS was, r.kind FROM (
         SELECT * FROM catalogue_file f WHERE (${within} OR f.path = ?5) AND f.path > ?3 ORDER BY f.path LIMIT ?4
       ) f LEFT JOIN catalogue_record r ON r.seq = (
         SELECT v.seq FROM catalogue_record v WHERE v.file = f.seq AND v.state = ${RecordState.applied} AND v.ms <= ?6
         ORDER BY v.ms DESC, v.counter DESC, v.id DESC LIMIT 1
       ) ORDER BY f.path`,
      [...params, page.after ?? '', page.limit, path, time],
    );
    return rows.map((row) => ({
      shown: shownFrom(row),
      changed: false,
      was: row.was === null || row.kind === KIND_NUMBER.deletion ? null : toHex(row.was),
    }));
  }

  private async versions(ids: readonly string[]): Promise<Map<string, StoredVersion>> {
    const rows = await byIds<VersionRow>(
      this.db,
      `SELECT ${VERSION_COLUMNS} FROM ${VERSIONS} WHERE r.id IN ${BLOBS} AND r.state = ${RecordState.applied}`,
      ids,
    );
    return new Map(rows.map(versionFrom).map((version) => [version.id, version]));
  }
}

/**
 * The records that an act has replaced at a path. It may have written several records there, which follow on each other, by
 * as many ways as their authors please: each is looked at once.
 */
function replacedBy(record: string, parentsOf: ReadonlyMap<string, readonly string[]>): string[] {
  const seen = new Set([record]);
  for (const id of seen) for (const parent of parentsOf.get(id) ?? []) seen.add(parent);
  return [...seen].filter((id) => id !== record && !parentsOf.has(id));
}

/** The paths beneath a folder: ?1 and ?2. */
function range(path: string): { within: string; params: (string | Uint8Array)[] } {
  const prefix = path === '' ? '' : `${path}/`;
  return {
    within: 'f.path >= ?1 AND f.path < CAST(?2 AS TEXT)',
    params: [prefix, prefix === '' ? Buffer.from([0xff]) : afterPrefix(prefix)],
  };
}

/** Those of answers that have `SHOWN_IN_ORDER`. */
function shownIn(answers: readonly Tuples[]): ShownPath[] {
  const rows = tuplesFrom<[path: string, record: string, state: PathState, conflict: number, size: number]>(answers);
  return rows.map(([path, record, state, conflict, size]) => shownFrom({ path, record, state, conflict, size }));
}

function shownFrom(row: ShownRow): ShownPath {
  return {
    path: row.path,
    record: row.record,
    kind: KIND_OF[row.state],
    conflict: row.conflict === 1,
    size: row.size,
  };
}
