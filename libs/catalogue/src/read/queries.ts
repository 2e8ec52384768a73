import { BLOBS, byIds, type Reader, type SqlValue } from '@dfs/database';
import { cidFromBytes, cidToBytes, EMPTY_CONTENT, type Cid, peerText } from '@dfs/protocol';
import type { Entry } from '../ports.js';
import { entryFrom, fileIdBytes, FILE_COLUMNS, FILES, type FileRow } from '../store/rows.js';
import { IN_SET, PathState, RecordState } from '../rules/states.js';

/** A path by its file id, current or deleted; undefined for one that never was, or is a folder. */
export async function readEntry(reader: Reader, fileId: string): Promise<Entry | undefined> {
  const id = fileIdBytes(fileId);
  if (id === undefined) return undefined;
  const [row] = await reader.query<FileRow>(`SELECT ${FILE_COLUMNS} FROM ${FILES} WHERE f.file_id = ?`, [id]);
  return row && row.state !== PathState.folder ? entryFrom(row) : undefined;
}

/** The same of many at once, by file id: those that there are. */
export async function readEntries(reader: Reader, fileIds: readonly string[]): Promise<Map<string, Entry>> {
  const ids = fileIds.map(fileIdBytes).filter((id) => id !== undefined);
  const sql = `SELECT ${FILE_COLUMNS} FROM ${FILES} WHERE f.file_id IN ${BLOBS} AND f.state <> ${PathState.folder}`;
  const rows = await byIds<FileRow>(reader, sql, ids);
  return new Map(rows.map(entryFrom).map((entry) => [entry.fileId, entry]));
}

/** A content that is to be held: its bytes, and the peer id of a member that wrote it. */
export interface ContentOfHead {
  contentId: Cid;
  size: number;
  author: string;
}

/** Contents of all heads, shown or not, each once, in order of the content id's bytes; empty files have none to hold. */
export async function readContents(reader: Reader, after: Cid | null, limit: number): Promise<ContentOfHead[]> {
  const rows = await reader.query<ContentRow>(
    `SELECT c.content, c.size, a.peer FROM (
       SELECT r.content, min(r.size) AS size, min(r.author) AS author FROM catalogue_record r
       WHERE r.head = 1 AND r.kind = 1 AND r.content > ? AND r.content <> ?
       GROUP BY r.content ORDER BY r.content LIMIT ?
     ) c JOIN catalogue_author a ON a.id = c.author ORDER BY c.content`,
    pageFrom(after, limit),
  );
  return rows.map(contentFrom);
}

/** As `readContents`, of all versions: replaced, deleted and void ones too, unless they were purged here. */
export async function readEveryContent(reader: Reader, after: Cid | null, limit: number): Promise<ContentOfHead[]> {
  const page = (which: string): string =>
    `SELECT * FROM (SELECT content, min(size) AS size, min(author) AS author FROM ${which} AND kind = 1 AND content > ?1 AND content <> ?2 GROUP BY content ORDER BY content LIMIT ?3)`;
  const rows = await reader.query<ContentRow>(
    `SELECT c.content, c.size, a.peer FROM (
       SELECT content, min(size) AS size, min(author) AS author FROM (
         ${page('catalogue_record WHERE head = 1')} UNION ALL ${page(PAST)} UNION ALL ${page(VOID)}
       ) GROUP BY content ORDER BY content LIMIT ?3
     ) c JOIN catalogue_author a ON a.id = c.author ORDER BY c.content`,
    pageFrom(after, limit),
  );
  return rows.map(contentFrom);
}

const KEPT = 'content NOT IN (SELECT content FROM catalogue_purged)';
const PAST = `catalogue_record WHERE head = 0 AND state = ${RecordState.applied} AND ${KEPT}`;
const VOID = `catalogue_void WHERE ${KEPT}`;

/**
 * Which of these contents a record here names, in whatever state, or a file on its way from another network, each with the
 * greatest size that one gives. Records of a later release name none.
 */
export async function readNamed(reader: Reader, contents: readonly Cid[]): Promise<Map<Cid, number>> {
  const rows = await byIds<{ content: Uint8Array; size: number }>(reader, NAMED, contents.map(cidToBytes));
  return new Map(rows.map(({ content, size }) => [cidFromBytes(content), size]));
}

/** One index each. */
const NAMED_BY = [
  'catalogue_record r WHERE r.head = 1 AND r.kind = 1 AND r.content = w.id',
  `catalogue_record r WHERE r.head = 0 AND r.kind = 1 AND r.state = ${RecordState.applied} AND r.content = w.id`,
  `catalogue_record r WHERE r.state > ${IN_SET} AND r.content = w.id`,
  'catalogue_import r WHERE r.content = w.id',
];
const NAMED = `SELECT content, size FROM (SELECT w.id AS content,
    (SELECT max(size) FROM (${NAMED_BY.map((which) => `SELECT max(r.size) AS size FROM ${which}`).join(' UNION ALL ')})) AS size
    FROM ${BLOBS} w)
  WHERE size IS NOT NULL`;

interface ContentRow {
  content: Uint8Array;
  size: number;
  peer: Uint8Array;
}

function pageFrom(after: Cid | null, limit: number): SqlValue[] {
  return [after === null ? new Uint8Array(0) : cidToBytes(after), cidToBytes(EMPTY_CONTENT), limit];
}

function contentFrom(row: ContentRow): ContentOfHead {
  return { contentId: cidFromBytes(row.content), size: row.size, author: peerText(row.peer) };
}

/** Current files and their bytes. */
export async function readTotals(reader: Reader): Promise<{ count: number; bytes: number }> {
  const [row] = await reader.query<{ count: number; bytes: number }>(
    `SELECT count, bytes FROM catalogue_total WHERE state = ${PathState.current}`,
  );
  return { count: row?.count ?? 0, bytes: row?.bytes ?? 0 };
}
