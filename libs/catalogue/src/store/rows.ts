import { BLOBS, byIds, type Tx } from '@dfs/database';
import {
  cidFromBytes,
  decodeAttributes,
  EMPTY_CONTENT,
  encodeAttributes,
  fromBase32,
  toBase32,
  type Cid,
  type RecordAttributes,
  type RecordKind,
  peerBytes,
  peerText,
  toHex,
} from '@dfs/protocol';
import type { Version } from '../rules/heads.js';
import type { Entry } from '../ports.js';
import { isDeleted, KIND_NUMBER, type PathState } from '../rules/states.js';

/** The columns of a {@link VersionRow}, from {@link VERSIONS}. */
export const VERSION_COLUMNS =
  'r.seq, r.id, r.file, r.kind, r.content, r.size, r.media_type, r.imported, a.peer, r.ms, r.counter, r.born, r.shown_at, r.attributes, r.repeats, r.purge';
/** The tables of versions: each record with its author's row. */
export const VERSIONS = 'catalogue_record r JOIN catalogue_author a ON a.id = r.author';

/**
 * A record as SQLite answers it. Ids are bytes; `born` and `shown_at` are milliseconds since 1970, `repeats` and
 * `purge` 0 or 1.
 */
export interface VersionRow {
  seq: number;
  id: Uint8Array;
  file: number;
  kind: number;
  content: Uint8Array | null;
  size: number;
  media_type: string;
  imported: number;
  peer: Uint8Array;
  ms: number;
  counter: number;
  born: number;
  shown_at: number;
  attributes: Uint8Array | null;
  repeats: number;
  purge: number;
}

/** A version that is stored: `seq` is its row, `file` its path's. */
export interface StoredVersion extends Version {
  seq: number;
  file: number;
}

/** The version of a row: ids as text, attributes decoded. */
export function versionFrom(row: VersionRow): StoredVersion {
  return {
    seq: row.seq,
    file: row.file,
    id: toHex(row.id),
    kind: kindFrom(row.kind),
    content: contentFrom(row.content),
    size: row.size,
    mediaType: row.media_type,
    author: peerText(row.peer),
    imported: row.imported === 1,
    clock: { ms: row.ms, counter: row.counter },
    shownAt: row.shown_at,
    attributes: attributesFrom(row.attributes),
    born: row.born,
    repeats: row.repeats === 1,
    purges: row.purge === 1,
  };
}

/** The columns of a {@link FileRow}, from {@link FILES}. */
export const FILE_COLUMNS =
  'f.seq, f.file_id, f.path, f.state, f.conflict, f.record_id, f.content, f.size, f.media_type, a.peer, f.created, f.modified, f.attributes';
/** The tables of paths: each with the row of its shown version's author. */
export const FILES = 'catalogue_file f JOIN catalogue_author a ON a.id = f.author';

/** A path as SQLite answers it. Ids are bytes; `created` and `modified` are milliseconds since 1970. */
export interface FileRow {
  seq: number;
  file_id: Uint8Array;
  path: string;
  state: PathState;
  conflict: number;
  record_id: Uint8Array;
  content: Uint8Array | null;
  size: number;
  media_type: string;
  peer: Uint8Array;
  created: number;
  modified: number;
  attributes: Uint8Array | null;
}

/** The entry of a row: ids as text, attributes decoded, and the empty content where the row has none. */
export function entryFrom(row: FileRow): Entry {
  return {
    fileId: toBase32(row.file_id),
    path: row.path,
    recordId: toHex(row.record_id),
    contentId: contentFrom(row.content) ?? EMPTY_CONTENT,
    size: row.size,
    mediaType: row.media_type,
    author: peerText(row.peer),
    createdAt: row.created,
    modifiedAt: row.modified,
    attributes: attributesFrom(row.attributes),
    deleted: isDeleted(row.state),
    conflict: row.conflict === 1,
  };
}

/** @returns undefined for what is no file id. */
export function fileIdBytes(fileId: string): Uint8Array | undefined {
  try {
    const bytes = fromBase32(fileId);
    return bytes.length === 16 ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** Number of the row of each author, made where there is none. */
export async function authorRows(
  tx: Tx,
  peerIds: ReadonlySet<string>,
  standing: (peerId: string) => string,
): Promise<Map<string, number>> {
  const select = `SELECT id, peer FROM catalogue_author WHERE peer IN ${BLOBS}`;
  const known = await byIds<{ id: number; peer: Uint8Array }>(tx, select, [...peerIds].map(peerBytes));
  const rows = new Map(known.map(({ id, peer }) => [peerText(peer), id]));
  for (const peerId of peerIds) {
    if (rows.has(peerId)) continue;
    const { lastId } = await tx.run(
      'INSERT INTO catalogue_author (peer, records, bytes, standing) VALUES (?, 0, 0, ?)',
      [peerBytes(peerId), standing(peerId)],
    );
    rows.set(peerId, lastId);
  }
  return rows;
}

/** A column: null where there are none. */
export function attributesFrom(bytes: Uint8Array | null): RecordAttributes {
  return bytes === null ? {} : decodeAttributes(bytes);
}

/** As encoded in the record; null for none, so that most rows spend no byte on them. */
export function attributesColumn(attributes: RecordAttributes): Uint8Array | null {
  return Object.keys(attributes).length === 0 ? null : encodeAttributes(attributes);
}

function contentFrom(bytes: Uint8Array | null): Cid | null {
  return bytes === null ? null : cidFromBytes(bytes);
}

/** The kind behind a row's number. The tables hold no other numbers: records of unknown kinds have no version. */
export function kindFrom(number: number): RecordKind {
  if (number === KIND_NUMBER.file) return 'file';
  return number === KIND_NUMBER.deletion ? 'deletion' : 'folder';
}
