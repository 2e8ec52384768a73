import { BLOBS, byIds, type Reader, type Tx } from '@dfs/database';
import { cidFromBytes, cidToBytes, EMPTY_CONTENT, type Cid } from '@dfs/protocol';
import { IN_SET, KIND_NUMBER, PathState, RecordState } from '../rules/states.js';
import { FILE_COLUMNS, FILES, type FileRow } from '../store/rows.js';

/** A content that only versions have which were replaced or deleted. */
export interface PastContent {
  contentId: Cid;
  size: number;
  /** When the last of these versions was replaced or deleted, as this node learned of it, in milliseconds that it has run. */
  since: number;
  /** All of its versions are of deleted files. */
  deleted: boolean;
}

const { applied, unknown } = RecordState;
const { file } = KIND_NUMBER;

/** Something shows content w, or may yet, or it comes along from another network. */
const inUse = (content: string): string => `(
  EXISTS (SELECT 1 FROM catalogue_record h WHERE h.content = ${content} AND h.head = 1 AND h.kind = ${file})
  OR EXISTS (SELECT 1 FROM catalogue_record o WHERE o.content = ${content} AND o.state > ${IN_SET})
  OR EXISTS (SELECT 1 FROM catalogue_import i WHERE i.content = ${content}))`;

const PAST = `SELECT content, size, since, deleted FROM (
    SELECT v.content, max(v.size) AS size, min(f.state IN (${PathState.deleted}, ${PathState.deletedFolder})) AS deleted,
      max(coalesce((SELECT max(c.stored) FROM catalogue_parent p JOIN catalogue_record c ON c.seq = p.child
        WHERE p.parent = v.id), v.stored)) AS since
    FROM catalogue_record v JOIN catalogue_file f ON f.seq = v.file
    WHERE v.head = 0 AND v.kind = ${file} AND v.state = ${applied} AND v.content <> ?
      AND v.content NOT IN (SELECT content FROM catalogue_purged) AND NOT ${inUse('v.content')}
    GROUP BY v.content
  ) WHERE (since, content) > (?, ?) ORDER BY since, content LIMIT ?`;

/** Contents that only past versions have and that were not purged here, what is past for longest first. */
export async function readPast(reader: Reader, after: PastContent | null, limit: number): Promise<PastContent[]> {
  if (await isBlocked(reader)) return [];
  const rows = await reader.query<{ content: Uint8Array; size: number; since: number; deleted: number }>(PAST, [
    cidToBytes(EMPTY_CONTENT),
    after?.since ?? -1,
    after === null ? new Uint8Array(0) : cidToBytes(after.contentId),
    limit,
  ]);
  return rows.map(({ content, size, since, deleted }) => ({
    contentId: cidFromBytes(content),
    size,
    since,
    deleted: deleted === 1,
  }));
}

/** Which of these contents only past versions have, as the unit of work sees it. */
export async function onlyPast(tx: Tx, contents: readonly Cid[]): Promise<Set<Cid>> {
  if (await isBlocked(tx)) return new Set();
  const rows = await byIds<{ content: Uint8Array }>(
    tx,
    `SELECT w.id AS content FROM ${BLOBS} w WHERE NOT ${inUse('w.id')}
     AND EXISTS (SELECT 1 FROM catalogue_record v
       WHERE v.content = w.id AND v.head = 0 AND v.kind = ${file} AND v.state = ${applied})`,
    contents.map(cidToBytes),
  );
  return new Set(rows.map(({ content }) => cidFromBytes(content)));
}

/** The files that had these contents, each once. */
export async function filesThatHad(tx: Tx, contents: readonly Cid[]): Promise<FileRow[]> {
  const rows = await byIds<FileRow>(
    tx,
    `SELECT ${FILE_COLUMNS} FROM ${FILES} WHERE f.state <> ${PathState.folder} AND f.content IS NOT NULL AND f.seq IN (
       SELECT v.file FROM catalogue_record v WHERE v.head = 0 AND v.kind = ${file} AND v.state = ${applied}
       AND v.content IN ${BLOBS})`,
    contents.map(cidToBytes),
  );
  return [...new Map(rows.map((row) => [row.seq, row])).values()];
}

/** Records of a later release may need anything. */
async function isBlocked(reader: Reader): Promise<boolean> {
  return (await reader.query(`SELECT 1 FROM catalogue_record WHERE state = ${unknown} LIMIT 1`)).length > 0;
}
