import type { VersionInfo } from '@dfs/contracts';
import type { Reader } from '@dfs/database';
import { cidFromBytes, cidToBytes, EMPTY_CONTENT, type Cid } from '@dfs/protocol';
import { ranked } from './heads.js';
import type { Entry } from './interfaces.js';
import {
  entryFrom,
  fileIdBytes,
  FILE_COLUMNS,
  FILES,
  peerText,
  VERSION_COLUMNS,
  versionFrom,
  type FileRow,
  type VersionRow,
} from './rows.js';
import { PathState, RecordState } from './schema.js';

/** A path by its file id, current or deleted; undefined for one that never was, or is a folder. */
export async function readEntry(reader: Reader, fileId: string): Promise<Entry | undefined> {
  const id = fileIdBytes(fileId);
  if (id === undefined) return undefined;
  const [row] = await reader.query<FileRow>(`SELECT ${FILE_COLUMNS} FROM ${FILES} WHERE f.file_id = ?`, [id]);
  return row && row.state !== PathState.folder ? entryFrom(row) : undefined;
}

/** Every version of a path that counts: heads first, the shown one before all, then the newest first. */
export async function readVersions(reader: Reader, fileId: string): Promise<VersionInfo[]> {
  const id = fileIdBytes(fileId);
  if (id === undefined) return [];
  const rows = await reader.query<VersionRow & { path: string; head: number; shown: Uint8Array }>(
    `SELECT ${VERSION_COLUMNS}, r.head, f.path, f.record_id AS shown
     FROM catalogue_file f JOIN catalogue_record r ON r.file = f.seq JOIN catalogue_author a ON a.id = r.author
     WHERE f.file_id = ? AND r.state = ${RecordState.applied}`,
    [id],
  );
  const shown = rows[0] && Buffer.from(rows[0].shown).toString('hex');
  const heads = new Set(rows.filter((row) => row.head === 1).map((row) => Buffer.from(row.id).toString('hex')));
  const path = rows[0]?.path ?? '';
  const versions = rows.map(versionFrom);
  const isHead = versions.filter((version) => heads.has(version.id));
  const others = versions.filter((version) => !heads.has(version.id));
  others.sort((a, b) => b.clock.ms - a.clock.ms || b.clock.counter - a.clock.counter || (a.id < b.id ? 1 : -1));
  return [...ranked(isHead), ...others].map((version) => ({
    version: version.id,
    kind: version.kind,
    path,
    size: version.kind === 'file' ? version.size : 0,
    mediaType: version.kind === 'file' ? version.mediaType : '',
    contentId: version.kind === 'file' ? version.content : null,
    author: version.author,
    writtenAt: new Date(version.clock.ms).toISOString(),
    head: heads.has(version.id),
    shown: version.id === shown,
  }));
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
