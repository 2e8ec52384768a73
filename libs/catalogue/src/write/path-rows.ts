import { BLOBS, VALUES, byIds, changeByIds, slices, type SqlValue, type Tx } from '@dfs/database';
import { cidToBytes, EMPTY_CONTENT, fileIdOf, type Cid, fromHex, toHex } from '@dfs/protocol';
import type { PathChange, PathOutcome, PathRow } from './judged.js';
import { inConflict, shownOf, type Version } from '../rules/heads.js';
import type { Entry } from '../ports.js';
import {
  attributesColumn,
  FILE_COLUMNS,
  fileIdBytes,
  FILES,
  VERSION_COLUMNS,
  versionFrom,
  VERSIONS,
  type FileRow,
  type VersionRow,
} from '../store/rows.js';
import { CONFLICT_TOTAL, isDeleted, PathState } from '../rules/states.js';
import { foldCase } from '../read/search.js';
import { writeFolders, type FolderRows } from './folder-rows.js';
import { mapInTurns } from '../store/slices.js';

/** Rows made between two turns of the event loop. */
const ROWS_PER_TURN = 500;

/** The paths of a unit of work, as they are stored. */
export interface StoredPaths {
  ids: { path: string; fileId: string }[];
  /** Those that have a row. */
  known: ReadonlyMap<string, FileRow>;
}

/** The rows of these paths, as far as they are stored. */
export async function storedPaths(tx: Tx, networkId: string, names: ReadonlySet<string>): Promise<StoredPaths> {
  const ids = await mapInTurns([...names], ROWS_PER_TURN, (path) => {
    const fileId = fileIdOf(networkId, path);
    return { path, fileId, hex: toHex(fileIdBytes(fileId) as Uint8Array) };
  });
  const rows = await byIds<FileRow>(
    tx,
    `SELECT ${FILE_COLUMNS} FROM ${FILES} WHERE f.file_id IN ${BLOBS}`,
    ids.map(({ hex }) => hex),
  );
  return { ids, known: new Map(rows.map((row) => [row.path, row])) };
}

/** The same with their heads. @param firstSeq number of the first path that has no row */
export async function loadPaths(
  tx: Tx,
  { ids, known }: StoredPaths,
  firstSeq: number,
): Promise<Map<string, PathChange>> {
  const changes = new Map<string, PathChange>();
  let next = firstSeq;
  for (const { path, fileId } of ids) {
    const before = known.get(path);
    const seq = before?.seq ?? next++;
    changes.set(path, { path, fileId, seq, before, heads: new Map(), fresh: new Set(), broughtBack: new Set() });
  }
  await loadHeads(tx, [...changes.values()]);
  return changes;
}

async function loadHeads(tx: Tx, changes: readonly PathChange[]): Promise<void> {
  const bySeq = new Map(changes.filter((change) => change.before).map((change) => [change.seq, change]));
  if (bySeq.size === 0) return;
  const rows = await byIds<VersionRow>(
    tx,
    `SELECT ${VERSION_COLUMNS} FROM ${VERSIONS} WHERE r.file IN ${VALUES} AND r.head = 1`,
    [...bySeq.keys()],
  );
  for (const row of rows) {
    const version = versionFrom(row);
    bySeq.get(row.file)?.heads.set(version.id, version);
  }
}

/**
 * Writes the rows of the paths that look different now, and the counts. Answers with those paths alone.
 * @param folders those above the paths, as they are stored
 */
export async function writePaths(
  tx: Tx,
  changes: readonly PathChange[],
  authors: ReadonlyMap<string, number>,
  folders: FolderRows,
): Promise<PathOutcome[]> {
  const all = await mapInTurns(changes, ROWS_PER_TURN, (change) => ({ change, after: pathRow(change) }));
  const outcomes = all.filter(looksDifferent);
  for (const slice of slices(outcomes, ROWS_PER_TURN)) {
    const rows = slice.flatMap(({ change, after }) => (after ? [valuesOf(change, after, authors)] : []));
    await tx.insertMany('catalogue_file', COLUMNS, rows, 'replace');
  }
  const gone = outcomes.filter(({ after }) => after === undefined).map(({ change }) => change.seq);
  await changeByIds(tx, `DELETE FROM catalogue_file WHERE seq IN ${VALUES}`, gone);
  await writeTotals(tx, outcomes);
  await writeFolders(tx, outcomes, folders);
  return outcomes;
}

/** The entry of a path as it is after a change, before its row is read again. */
export function entryOf({ path, fileId }: PathChange, { state, conflict, shown }: PathRow): Entry {
  return {
    fileId,
    path,
    recordId: shown.id,
    contentId: shown.content ?? EMPTY_CONTENT,
    size: shown.size,
    mediaType: shown.mediaType,
    author: shown.author,
    createdAt: shown.born,
    modifiedAt: shown.shownAt,
    attributes: shown.attributes,
    deleted: isDeleted(state),
    conflict,
  };
}

/** Undefined when the path has no heads. */
export function pathRow({ heads }: PathChange): PathRow | undefined {
  const shown = shownOf(heads.values());
  return shown && { state: stateOf(shown), conflict: inConflict(heads.values()), shown };
}

/** A deletion tells the content of the file that it deletes. */
function stateOf({ kind, content }: Version): PathState {
  if (kind === 'file') return PathState.current;
  if (kind === 'folder') return PathState.folder;
  return content === null ? PathState.deletedFolder : PathState.deleted;
}

function looksDifferent({ change, after }: PathOutcome): boolean {
  const { before, fresh } = change;
  if (fresh.size > 0) return true;
  if (before === undefined || after === undefined) return before !== after;
  return (
    toHex(before.record_id) !== after.shown.id ||
    (before.conflict === 1) !== after.conflict ||
    before.created !== after.shown.born ||
    contentHex(before.content) !== contentHex(contentBytes(after.shown.content))
  );
}

function contentBytes(content: Cid | null): Uint8Array | null {
  return content === null ? null : cidToBytes(content);
}

function contentHex(content: Uint8Array | null): string | null {
  return content === null ? null : toHex(content);
}

const COLUMNS = [
  'seq',
  'file_id',
  'path',
  'search',
  'state',
  'conflict',
  'record_id',
  'content',
  'size',
  'media_type',
  'author',
  'created',
  'modified',
  'attributes',
];

function valuesOf(change: PathChange, after: PathRow, authors: ReadonlyMap<string, number>): SqlValue[] {
  const { shown } = after;
  const folded = foldCase(change.path);
  return [
    change.seq,
    fileIdBytes(change.fileId) as Uint8Array,
    change.path,
    folded === change.path ? null : folded,
    after.state,
    after.conflict ? 1 : 0,
    fromHex(shown.id),
    contentBytes(shown.content),
    shown.size,
    shown.mediaType,
    authors.get(shown.author) as number,
    shown.born,
    shown.shownAt,
    attributesColumn(shown.attributes),
  ];
}

async function writeTotals(tx: Tx, outcomes: readonly PathOutcome[]): Promise<void> {
  const totals = new Map<number, { count: number; bytes: number }>();
  const add = (state: number, count: number, bytes: number): void => {
    const total = totals.get(state) ?? { count: 0, bytes: 0 };
    totals.set(state, { count: total.count + count, bytes: total.bytes + count * bytes });
  };
  for (const { change, after } of outcomes) {
    const { before } = change;
    if (before) count(add, before, -1);
    if (after) count(add, { state: after.state, size: after.shown.size, conflict: after.conflict ? 1 : 0 }, 1);
  }
  for (const [state, { count: n, bytes }] of totals) {
    if (n === 0 && bytes === 0) continue;
    await tx.later('UPDATE catalogue_total SET count = count + ?, bytes = bytes + ? WHERE state = ?', [
      n,
      bytes,
      state,
    ]);
  }
}

type Counted = Pick<FileRow, 'state' | 'size' | 'conflict'>;

function count(add: (state: number, count: number, bytes: number) => void, row: Counted, by: 1 | -1): void {
  add(row.state, by, row.size);
  if (row.conflict === 1) add(CONFLICT_TOTAL, by, row.size);
}
