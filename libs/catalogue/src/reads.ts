import type { Reader } from '@dfs/database';
import { cidFromBytes, cidToBytes, EMPTY_CONTENT, type Cid } from '@dfs/protocol';
import type { Entry } from './interfaces.js';
import { entryFrom, fileIdBytes, FILE_COLUMNS, FILES, peerText, type FileRow } from './rows.js';
import { PathState } from './schema.js';

/** A path by its file id, current or deleted; undefined for one that never was, or is a folder. */
export async function readEntry(reader: Reader, fileId: string): Promise<Entry | undefined> {
  const id = fileIdBytes(fileId);
  if (id === undefined) return undefined;
  const [row] = await reader.query<FileRow>(`SELECT ${FILE_COLUMNS} FROM ${FILES} WHERE f.file_id = ?`, [id]);
  return row && row.state !== PathState.folder ? entryFrom(row) : undefined;
}

export interface ContentOfHead {
  contentId: Cid;
  size: number;
  author: string;
}

/** Contents of all heads, shown or not, each once, in order of the content id's bytes; empty files have none to hold. */
export async function readContents(reader: Reader, after: Cid | null, limit: number): Promise<ContentOfHead[]> {
  const rows = await reader.query<{ content: Uint8Array; size: number; peer: Uint8Array }>(
    `SELECT c.content, c.size, a.peer FROM (
       SELECT r.content, min(r.size) AS size, min(r.author) AS author FROM catalogue_record r
       WHERE r.head = 1 AND r.kind = 1 AND r.content > ? AND r.content <> ?
       GROUP BY r.content ORDER BY r.content LIMIT ?
     ) c JOIN catalogue_author a ON a.id = c.author ORDER BY c.content`,
    [after === null ? new Uint8Array(0) : cidToBytes(after), cidToBytes(EMPTY_CONTENT), limit],
  );
  return rows.map((row) => ({ contentId: cidFromBytes(row.content), size: row.size, author: peerText(row.peer) }));
}

/** Current files and their bytes. */
export async function readTotals(reader: Reader): Promise<{ count: number; bytes: number }> {
  const [row] = await reader.query<{ count: number; bytes: number }>(
    `SELECT count, bytes FROM catalogue_total WHERE state = ${PathState.current}`,
  );
  return { count: row?.count ?? 0, bytes: row?.bytes ?? 0 };
}
