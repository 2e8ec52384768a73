import { VALUES, byIds, changeByIds, type Reader, type Tx } from '@dfs/database';
import { PathState } from '../rules/states.js';
import { afterPrefix } from '../read/list.js';
import type { PathOutcome } from './judged.js';

/** Up to so many files the newest is found among them; of more, by walking the files of all from the newest on. */
const FEW_FILES = 1000;

/** A folder with its counts, as it is stored. Paths end with a slash; the top is empty. */
export interface FolderRow {
  path: string;
  parent: string | null;
  /** Current files beneath it, at any depth, their bytes, and when the newest was written (ms; 0 without files). */
  files: number;
  bytes: number;
  newest: number;
  /** Files and folders directly in it. */
  own: number;
  folders: number;
  /** A folder record says so: it stays when it is empty. */
  made: number;
}

/** The changes of one folder by a unit of work. */
interface Delta {
  files: number;
  bytes: number;
  own: number;
  /** Of files that came; of files that went. */
  newestCame: number;
  newestWent: number;
  made: number | null;
}

/** Folders as they are stored, by their paths. */
export type FolderRows = ReadonlyMap<string, FolderRow>;

/** The folders at and above these paths, as they are before the paths are written. */
export function foldersAbove(tx: Tx, paths: readonly string[]): Promise<FolderRows> {
  return readFolders(tx, new Set(paths.flatMap((path) => [`${path}/`, ...folderChain(path)])));
}

/**
 * Brings the counts of all folders above these paths up to date. After the rows of the paths are written.
 * @param before at least the folders of these paths
 */
export async function writeFolders(tx: Tx, outcomes: readonly PathOutcome[], before: FolderRows): Promise<void> {
  const deltas = deltasOf(outcomes);
  if (deltas.size === 0) return;
  const rows = new Map<string, FolderRow & { fresh?: boolean }>();
  for (const [path, delta] of deltas) {
    const row = before.get(path) ?? emptyFolder(path);
    rows.set(path, row);
    row.files += delta.files;
    row.bytes += delta.bytes;
    row.own += delta.own;
    row.made = delta.made ?? row.made;
    const known = Math.max(row.newest, delta.newestCame);
    const mayBeGone = delta.newestWent >= known;
    row.newest = row.files === 0 ? 0 : mayBeGone ? await newestIn(tx, row) : known;
  }
  await writeRows(tx, rows);
}

/** Folders from the deepest up, so that one that vanishes takes itself out of the folder above it. */
async function writeRows(tx: Tx, rows: Map<string, FolderRow & { fresh?: boolean }>): Promise<void> {
  const gone: string[] = [];
  for (const row of [...rows.values()].sort((a, b) => b.path.length - a.path.length)) {
    const above = row.parent === null ? undefined : rows.get(row.parent);
    const isThere = row.path === '' || row.files > 0 || row.folders > 0 || row.made === 1;
    if (above && isThere && row.fresh) above.folders += 1;
    if (isThere) continue;
    if (above && !row.fresh) above.folders -= 1;
    if (!row.fresh) gone.push(row.path);
    rows.delete(row.path);
  }
  const values = [...rows.values()].map((row) => COLUMNS.map((column) => row[column]));
  await tx.insertMany('catalogue_folder', COLUMNS, values, 'replace');
  await changeByIds(tx, `DELETE FROM catalogue_folder WHERE path IN ${VALUES}`, gone);
}

const COLUMNS: (keyof FolderRow)[] = ['path', 'parent', 'files', 'bytes', 'newest', 'own', 'folders', 'made'];

function deltasOf(outcomes: readonly PathOutcome[]): Map<string, Delta> {
  const deltas = new Map<string, Delta>();
  const at = (path: string): Delta => {
    const known = deltas.get(path);
    if (known) return known;
    const delta: Delta = { files: 0, bytes: 0, own: 0, newestCame: 0, newestWent: 0, made: null };
    deltas.set(path, delta);
    return delta;
  };
  const add = (path: string, by: 1 | -1, { size, modified }: { size: number; modified: number }): void => {
    folderChain(path).forEach((folder, depth) => {
      const delta = at(folder);
      delta.files += by;
      delta.bytes += by * size;
      if (depth === 0) delta.own += by;
      if (by === 1) delta.newestCame = Math.max(delta.newestCame, modified);
      else delta.newestWent = Math.max(delta.newestWent, modified);
    });
  };
  const make = (path: string, made: 0 | 1): void => {
    const folder = `${path}/`;
    at(folder).made = made;
    for (const above of folderChain(path)) at(above);
  };
  for (const { change, after } of outcomes) {
    const { before, path } = change;
    if (before?.state === PathState.current) add(path, -1, before);
    if (after?.state === PathState.current) add(path, 1, { size: after.shown.size, modified: after.shown.shownAt });
    const was = before?.state === PathState.folder;
    const is = after?.state === PathState.folder;
    if (was !== is) make(path, is ? 1 : 0);
  }
  return deltas;
}

/** The folders that a path lies in, the nearest first, each with its slash; the last is the top. */
export function folderChain(path: string): string[] {
  const chain: string[] = [];
  for (let end = path.lastIndexOf('/'); end !== -1; end = path.lastIndexOf('/', end - 1)) {
    chain.push(path.slice(0, end + 1));
    if (end === 0) break;
  }
  chain.push('');
  return chain;
}

/** The folder above one, null for the top. */
export function parentOf(folder: string): string | null {
  return folder === '' ? null : folder.slice(0, folder.lastIndexOf('/', folder.length - 2) + 1);
}

function emptyFolder(path: string): FolderRow & { fresh: boolean } {
  const none = { files: 0, bytes: 0, newest: 0, own: 0, folders: 0, made: 0 };
  return { path, parent: parentOf(path), ...none, fresh: true };
}

async function readFolders(tx: Tx, paths: Iterable<string>): Promise<FolderRows> {
  const rows = await byIds<FolderRow>(tx, `SELECT ${COLUMNS.join()} FROM catalogue_folder WHERE path IN ${VALUES}`, [
    ...paths,
  ]);
  return new Map(rows.map((row) => [row.path, row]));
}

/** When the newest current file beneath a folder was written, ms since 1970. */
async function newestIn(reader: Reader, { path, files }: FolderRow): Promise<number> {
  const within = path === '' ? '' : 'AND path >= ? AND path < CAST(? AS TEXT)';
  const params = path === '' ? [] : [path, afterPrefix(path)];
  const [row] = await reader.query<{ newest: number }>(
    files <= FEW_FILES && path !== ''
      ? `SELECT max(modified) AS newest FROM catalogue_file INDEXED BY catalogue_file_path WHERE state = ${PathState.current} ${within}`
      : `SELECT modified AS newest FROM catalogue_file INDEXED BY catalogue_file_modified
         WHERE state = ${PathState.current} ${within} ORDER BY modified DESC LIMIT 1`,
    params,
  );
  return row?.newest ?? 0;
}
