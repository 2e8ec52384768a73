import {
  byIds,
  changeByIds,
  tuples,
  tuplesFrom,
  VALUES,
  type Database,
  type Reader,
  type SqlValue,
  type Tuples,
  type Tx,
} from '@dfs/database';
import type { LiveFolderCount } from '@dfs/contracts';
import { cidFromBytes, cidToBytes } from '@dfs/protocol';
import { bytesOfDiskPath, diskPathOfBytes, toDiskPath } from '../disk/names.js';
import type { BaseRow } from '../plan/model.js';

const FILE = 1;
const DIRECTORY = 3;
const NONE: Count = { files: 0, bytes: 0 };

/** Bytes come as hex digits. The record and the content are empty where there is none, the name is null where it is the path itself. */
type Row = readonly [
  ...[path: string, kind: number, record: string, content: string, executable: number, name: string | null],
  ...[inode: string | null, size: number, mtime: string, ctime: string, racy: number],
];

const COLUMNS = [
  ...['folder', 'path', 'parent', 'kind', 'record', 'content', 'executable', 'name', 'inode', 'size', 'mtime', 'ctime'],
  'racy',
];
const READ = [
  ...['path', 'kind', 'lower(hex(record))', 'hex(content)', 'executable'],
  'CASE WHEN name <> CAST(path AS BLOB) THEN hex(name) END',
  ...['inode', 'size', 'mtime', 'ctime', 'racy'],
];
/** Rows of one page. */
const PAGE = 5000;

/** A change of the base tree: a row, or none any more. */
export interface BaseChange {
  readonly path: string;
  readonly row: BaseRow | undefined;
}

/** Files of a tree, and their bytes. */
export type Count = Pick<LiveFolderCount, 'files' | 'bytes'>;

/** A deletion that was signed from the disk. */
export interface OwnDeletion {
  readonly path: string;
  /** Id of the deletion. */
  readonly record: string;
}

/** The base tree of one folder, and the deletions that were signed from it. */
export class BaseTree {
  private counted: Count | undefined;
  private changes = 0;

  constructor(
    private readonly db: Pick<Database, 'query' | 'write'>,
    private readonly folder: string,
  ) {}

  /** Another one after each change that was committed: what was read at the same number is still so. */
  get version(): number {
    return this.changes;
  }

  /** All of it, by path. */
  async all(reader: Reader = this.db): Promise<Map<string, BaseRow>> {
    const found = new Map<string, BaseRow>();
    for (let after = '', first = true; ; first = false) {
      const where = `folder = ? AND path ${first ? '>=' : '>'} ? ORDER BY path LIMIT ${PAGE}`;
      const rows = rowsFrom(await reader.query<Tuples>(reading(where), [this.folder, after]));
      for (const row of rows) found.set(row.path, row);
      const last = rows.at(-1);
      if (rows.length < PAGE || last === undefined) return found;
      after = last.path;
    }
  }

  /** Rows directly in these directories. */
  async in(directories: readonly string[]): Promise<BaseRow[]> {
    const sql = reading(`folder = ?2 AND parent IN ${VALUES} AND path <> ''`);
    return rowsFrom(await byIds<Tuples>(this.db, sql, directories, [this.folder]));
  }

  /** Rows of these paths. */
  async of(paths: readonly string[], reader: Reader = this.db): Promise<BaseRow[]> {
    const sql = reading(`folder = ?2 AND path IN ${VALUES}`);
    return rowsFrom(await byIds<Tuples>(reader, sql, paths, [this.folder]));
  }

  /** Rows beneath a directory. */
  async beneath(path: string): Promise<BaseRow[]> {
    const sql = reading('folder = ? AND path > ? AND path < ?');
    return rowsFrom(await this.db.query<Tuples>(sql, [this.folder, `${path}/`, `${path}0`]));
  }

  /** Files and their bytes: counted once, in a unit of work of its own, and followed from then on. */
  async count(): Promise<Count> {
    if (this.counted) return this.counted;
    return this.db.write(async (tx) => {
      const [row = NONE] = await tx.query<Count>(
        `SELECT count(*) AS files, coalesce(sum(size), 0) AS bytes FROM live_folder_base WHERE folder = ? AND kind = ${FILE}`,
        [this.folder],
      );
      tx.afterCommit(() => (this.counted = row));
      return row;
    });
  }

  /** Within the unit of work of what the rows follow from. Of several changes of one path the last counts. */
  async change(tx: Tx, changes: readonly BaseChange[]): Promise<void> {
    const last = new Map(changes.map(({ path, row }) => [path, row]));
    tx.afterCommit(() => (this.changes += 1));
    await this.countAlong(tx, last);
    const gone = [...last].filter(([, row]) => row === undefined).map(([path]) => path);
    await changeByIds(tx, `DELETE FROM live_folder_base WHERE folder = ?2 AND path IN ${VALUES}`, gone, [this.folder]);
    const rows = [...last.values()].filter((row) => row !== undefined).map((row) => this.valuesOf(row));
    await tx.insertMany('live_folder_base', COLUMNS, rows, 'replace');
    const there = [...last].filter(([, row]) => row !== undefined).map(([path]) => path);
    await changeByIds(tx, `DELETE FROM live_folder_deleted WHERE folder = ?2 AND path IN ${VALUES}`, there, [
      this.folder,
    ]);
  }

  /** The count follows a change; to count all again takes long where there are many. */
  private async countAlong(tx: Tx, rows: ReadonlyMap<string, BaseRow | undefined>): Promise<void> {
    const sql = `SELECT kind, size FROM live_folder_base WHERE folder = ?2 AND path IN ${VALUES}`;
    const before = await byIds<{ kind: number; size: number }>(tx, sql, [...rows.keys()], [this.folder]);
    const more = { files: 0, bytes: 0 };
    for (const { kind, size } of before)
      if (kind === FILE) [more.files, more.bytes] = [more.files - 1, more.bytes - size];
    for (const row of rows.values()) {
      if (row?.kind === 'file') [more.files, more.bytes] = [more.files + 1, more.bytes + (row.stat?.size ?? 0)];
    }
    tx.afterCommit(() => {
      const { counted } = this;
      if (counted) this.counted = { files: counted.files + more.files, bytes: counted.bytes + more.bytes };
    });
  }

  /** Of these paths those whose last deletion was signed from the disk, and which it was. */
  async deletedHere(paths: readonly string[]): Promise<Map<string, string>> {
    const sql = `SELECT path, record FROM live_folder_deleted WHERE folder = ?2 AND path IN ${VALUES}`;
    const rows = await byIds<{ path: string; record: Uint8Array }>(this.db, sql, paths, [this.folder]);
    return new Map(rows.map(({ path, record }) => [path, Buffer.from(record).toString('hex')]));
  }

  /** Within the unit of work that signs them. @param now milliseconds since 1970 */
  async addDeletions(tx: Tx, deletions: readonly OwnDeletion[], now: number): Promise<void> {
    const rows = deletions.map(({ path, record }) => [this.folder, path, Buffer.from(record, 'hex'), now]);
    await tx.insertMany('live_folder_deleted', ['folder', 'path', 'record', 'at'], rows, 'replace');
  }

  /** Forgets deletions that were signed before a moment. @param before milliseconds since 1970 */
  async forgetDeletions(tx: Tx, before: number): Promise<void> {
    await tx.run('DELETE FROM live_folder_deleted WHERE folder = ? AND at < ?', [this.folder, before]);
  }

  async clear(tx: Tx): Promise<void> {
    tx.afterCommit(() => {
      this.counted = NONE;
      this.changes += 1;
    });
    for (const table of ['base', 'deleted'])
      await tx.run(`DELETE FROM live_folder_${table} WHERE folder = ?`, [this.folder]);
  }

  private valuesOf(row: BaseRow): SqlValue[] {
    const { path, record } = row;
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    const own: SqlValue[] = [this.folder, path, parent];
    const id = record === null ? null : Buffer.from(record, 'hex');
    const name = bytesOfDiskPath(row.name);
    if (row.kind === 'directory') return [...own, DIRECTORY, id, null, 0, name, null, 0, '0', '0', 0];
    const { stat } = row;
    return [
      ...own,
      ...[FILE, id, cidToBytes(row.contentId), Number(row.executable), name, stat?.inode.toString() ?? null],
      ...[stat?.size ?? 0, stat?.mtimeNs.toString() ?? '0', stat?.ctimeNs.toString() ?? '0', Number(row.racy)],
    ];
  }
}

/** A query for rows by path. */
function reading(where: string): string {
  return tuples(READ, `(SELECT * FROM live_folder_base WHERE ${where})`, 'path');
}

function rowsFrom(answers: readonly Tuples[]): BaseRow[] {
  return tuplesFrom<Row>(answers).map(rowFrom);
}

function rowFrom([path, kind, record, content, executable, name, inode, size, mtime, ctime, racy]: Row): BaseRow {
  const own = { path, name: name === null ? toDiskPath(path) : diskPathOfBytes(Buffer.from(name, 'hex')) };
  if (kind === DIRECTORY || content === '' || record === '')
    return { kind: 'directory', ...own, record: record === '' ? null : record };
  const stat =
    inode === null ? undefined : { inode: BigInt(inode), size, mtimeNs: BigInt(mtime), ctimeNs: BigInt(ctime) };
  return {
    kind: 'file',
    path,
    name: own.name,
    record,
    // Of a file that is as it was nobody asks for it.
    get contentId() {
      return cidFromBytes(Buffer.from(content, 'hex'));
    },
    executable: executable === 1,
    stat,
    racy: racy === 1,
  };
}
