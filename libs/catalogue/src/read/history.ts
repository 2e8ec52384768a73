import { type VersionInfo, type VersionList } from '@dfs/contracts';
import type { Reader, SqlValue } from '@dfs/database';
import { carriedAttributes, parseRecord, type Cid, type RecordAttributes, fromHex, toHex } from '@dfs/protocol';
import { toldAttributes } from '../rules/told-attributes.js';
import { openCursor, sealCursor, pageLimit } from './cursor.js';
import {
  fileIdBytes,
  VERSION_COLUMNS,
  versionFrom,
  VERSIONS,
  type StoredVersion,
  type VersionRow,
} from '../store/rows.js';
import { KIND_NUMBER, RecordState } from '../rules/states.js';
import { mapInTurns } from '../store/slices.js';

/** Versions told of between two turns of the event loop: their records are parsed. */
const VERSIONS_PER_TURN = 100;

/** A page of up to `limit` versions; `cursor` is the `nextCursor` of the page before. */
export interface VersionQuery {
  limit: number;
  cursor?: string;
}

/** The parts from which another record for the same file is made. */
export interface FileSaid {
  contentId: Cid;
  size: number;
  mediaType: string;
  attributes: RecordAttributes;
}

interface HistoryRow extends VersionRow {
  head: number;
  purged: number;
  body: Uint8Array;
  path: string;
  shown: Uint8Array;
}

const HISTORY = `${VERSIONS} JOIN catalogue_file f ON f.seq = r.file`;
const OF_FILE = `f.file_id = ? AND r.state = ${RecordState.applied}`;
/** By clock, then author, then record id: newer than all it replaces comes before them. */
const NEWEST_FIRST = 'r.ms DESC, r.counter DESC, a.peer DESC, r.id DESC';

/**
 * One page of the versions of a path that count, newest first; none for a path that never was. By keyset: each that is
 * there throughout comes once, whatever comes meanwhile.
 * @throws DfsError `invalid-cursor`
 */
export async function readVersions(reader: Reader, fileId: string, query: VersionQuery): Promise<VersionList> {
  const id = fileIdBytes(fileId);
  if (id === undefined) return { items: [], nextCursor: null, total: 0 };
  const bound = ['versions', fileId];
  const limit = pageLimit(query.limit);
  const after = query.cursor === undefined ? undefined : openCursor(bound, query.cursor).path;
  const [rows, total] = await Promise.all([readRows(reader, id, after, limit + 1), countRows(reader, id)]);
  const items = await mapInTurns(rows.slice(0, limit), VERSIONS_PER_TURN, infoOf);
  const last = rows.length > limit ? items.at(-1) : undefined;
  return { items, nextCursor: last ? sealCursor(bound, { value: null, path: last.version }) : null, total };
}

/** One version of a path, if it counts. */
export async function readVersion(reader: Reader, fileId: string, version: string): Promise<VersionInfo | undefined> {
  const id = fileIdBytes(fileId);
  if (id === undefined) return undefined;
  const [row] = await reader.query<HistoryRow>(`${SELECT} WHERE r.id = ? AND ${OF_FILE}`, [fromHex(version), id]);
  return row && infoOf(row);
}

/**
 * The last version of a deleted file: the one that its deletion replaced or, where that is not known here, the newest
 * version there
 * is. Of a file that is not deleted, what it shows.
 */
export async function readLastFile(reader: Reader, fileId: string): Promise<FileSaid | undefined> {
  const id = fileIdBytes(fileId);
  if (id === undefined) return undefined;
  const [row] = await reader.query<VersionRow>(
    `SELECT ${VERSION_COLUMNS} FROM ${HISTORY}
     WHERE ${OF_FILE} AND r.content IS NOT NULL AND (r.id = f.record_id OR r.kind = ${KIND_NUMBER.file})
     ORDER BY r.id = f.record_id DESC, ${NEWEST_FIRST} LIMIT 1`,
    [id],
  );
  if (!row) return undefined;
  return saidBy(row);
}

/**
 * The file of a version of a path, if the version counts and is one of a file. `time`: that of writing, as its author
 * told it.
 */
export async function readSaid(
  reader: Reader,
  fileId: string,
  version: string,
): Promise<(FileSaid & { time: number }) | undefined> {
  const id = fileIdBytes(fileId);
  if (id === undefined) return undefined;
  const [row] = await reader.query<HistoryRow>(
    `${SELECT} WHERE r.id = ? AND ${OF_FILE} AND r.kind = ${KIND_NUMBER.file}`,
    [fromHex(version), id],
  );
  return row && { ...saidBy(row), time: parseRecord(row.body).fields?.time ?? row.shown_at };
}

function saidBy(row: VersionRow): FileSaid {
  const { content, size, mediaType, attributes } = versionFrom(row) as StoredVersion & { content: Cid };
  return { contentId: content, size, mediaType, attributes: carriedAttributes(attributes) };
}

const SELECT = `SELECT ${VERSION_COLUMNS}, r.head, r.body, f.path, f.record_id AS shown,
  EXISTS (SELECT 1 FROM catalogue_purged p WHERE p.content = r.content) AS purged FROM ${HISTORY}`;

function readRows(reader: Reader, id: Uint8Array, after: string | undefined, limit: number): Promise<HistoryRow[]> {
  const params: SqlValue[] = [id];
  let older = '';
  if (after !== undefined) {
    older = `AND (r.ms, r.counter, a.peer, r.id) < (SELECT r.ms, r.counter, a.peer, r.id FROM ${VERSIONS} WHERE r.id = ?)`;
    params.push(fromHex(after));
  }
  return reader.query<HistoryRow>(`${SELECT} WHERE ${OF_FILE} ${older} ORDER BY ${NEWEST_FIRST} LIMIT ?`, [
    ...params,
    limit,
  ]);
}

async function countRows(reader: Reader, id: Uint8Array): Promise<number> {
  const [row] = await reader.query<{ count: number }>(`SELECT count(*) AS count FROM ${HISTORY} WHERE ${OF_FILE}`, [
    id,
  ]);
  return row?.count ?? 0;
}

function infoOf(row: HistoryRow): VersionInfo {
  const version = versionFrom(row);
  const isFile = version.kind === 'file';
  const fields = parseRecord(row.body).fields;
  const act = fields?.attributes.act;
  return {
    version: version.id,
    kind: version.kind,
    path: row.path,
    size: isFile ? version.size : 0,
    mediaType: isFile ? version.mediaType : '',
    contentId: isFile ? version.content : null,
    author: version.author,
    writtenAt: new Date(version.shownAt).toISOString(),
    head: row.head === 1,
    shown: version.id === toHex(row.shown),
    imported: version.imported,
    from: fields?.from ?? null,
    ...(act && { act: toHex(act) }),
    purged: isFile && row.purged === 1,
    ...(isFile ? toldAttributes(version.attributes) : {}),
  };
}
