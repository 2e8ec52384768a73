import type { Reader, SqlValue } from '@dfs/database';
import {
  cidFromBytes,
  EMPTY_CONTENT,
  fileIdOf,
  peerBytes,
  peerText,
  type Cid,
  type RecordKind,
  fromHex,
  toHex,
} from '@dfs/protocol';
import { openCursor, sealCursor, pageLimit } from '../read/cursor.js';
import { afterPrefix } from '../read/list.js';
import { kindFrom } from '../store/rows.js';

/** A version that counts nowhere, since its author was removed before the network knew of it, or its time is yet to come. */
export interface VoidVersion {
  /** Record id. */
  version: string;
  fileId: string;
  path: string;
  kind: RecordKind;
  /** Of a file. */
  contentId: Cid | null;
  size: number;
  mediaType: string;
  author: string;
  /** Milliseconds since 1970, by the author's wall clock, and no later than this node came to know of it. */
  modifiedAt: number;
  /** The record that says the same here since this node adopted it. */
  adoptedAs: string | null;
  /** Why it does not count: its author was removed, or its time is yet to come. */
  reason: 'removed' | 'future';
  /** The retention of its content was over before it came, and this node keeps it no longer. */
  purged: boolean;
}

/** Which void versions, newest first. `cursor` is the `nextCursor` of a page of the same query. */
export interface VoidQuery {
  /** Peer id. */
  author?: string;
  prefix?: string;
  limit: number;
  cursor?: string;
}
/** `nextCursor` continues where these end; null on the last page. */
export interface VoidPage {
  items: VoidVersion[];
  nextCursor: string | null;
  /** All that match, over all pages. */
  total: number;
}

interface ListedRow {
  id: Uint8Array;
  path: string;
  kind: number;
  content: Uint8Array | null;
  size: number;
  media_type: string;
  peer: Uint8Array;
  ms: number;
  counter: number;
  shown_at: number;
  adopted: Uint8Array | null;
  purged: number;
  future: number;
}

const SELECT = `SELECT v.id, v.path, v.kind, v.content, v.size, v.media_type, a.peer, v.ms, v.counter, r.shown_at, v.future, d.record AS adopted,
  EXISTS (SELECT 1 FROM catalogue_purged p WHERE p.content = v.content) AS purged
  FROM catalogue_void v JOIN catalogue_author a ON a.id = v.author JOIN catalogue_record r ON r.seq = v.seq LEFT JOIN catalogue_adopted d ON d.id = v.id`;

interface Filter {
  where: string[];
  params: SqlValue[];
}

/**
 * One page of void versions, newest first by clock, then by record id. By keyset: each that is there throughout comes once,
 * whatever comes and goes meanwhile.
 * @throws DfsError `invalid-cursor`
 */
export async function readVoidVersions(reader: Reader, networkId: string, query: VoidQuery): Promise<VoidPage> {
  const bound = ['void', query.author ?? null, query.prefix ?? null];
  const limit = pageLimit(query.limit);
  const after = query.cursor === undefined ? undefined : openCursor(bound, query.cursor).path;
  const filter = filterOf(query);
  const [rows, total] = await Promise.all([readRows(reader, filter, after, limit + 1), countRows(reader, filter)]);
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  return {
    items: shown.map((row) => versionFrom(row, networkId)),
    nextCursor: last ? sealCursor(bound, { value: null, path: positionOf(last) }) : null,
    total,
  };
}

/** One of them by its record id. */
export async function readVoidVersion(
  reader: Reader,
  networkId: string,
  version: string,
): Promise<VoidVersion | undefined> {
  const [row] = await reader.query<ListedRow>(`${SELECT} WHERE v.id = ? AND v.path IS NOT NULL`, [fromHex(version)]);
  return row && versionFrom(row, networkId);
}

function filterOf({ author, prefix }: VoidQuery): Filter {
  const where = ['v.path IS NOT NULL'];
  const params: SqlValue[] = [];
  if (author !== undefined) {
    where.push('v.author = (SELECT id FROM catalogue_author WHERE peer = ?)');
    params.push(peerBytes(author));
  }
  if (prefix) {
    const from = prefix.normalize('NFC');
    where.push('v.path >= ?', 'v.path < CAST(? AS TEXT)');
    params.push(from, afterPrefix(from));
  }
  return { where, params };
}

function readRows(reader: Reader, filter: Filter, after: string | undefined, limit: number): Promise<ListedRow[]> {
  const where = [...filter.where];
  const params = [...filter.params];
  if (after !== undefined) {
    const [ms, counter, id] = after.split(' ') as [string, string, string];
    where.push('(v.ms, v.counter, v.id) < (?, ?, ?)');
    params.push(Number(ms), Number(counter), fromHex(id));
  }
  return reader.query<ListedRow>(
    `${SELECT} WHERE ${where.join(' AND ')} ORDER BY v.ms DESC, v.counter DESC, v.id DESC LIMIT ?`,
    [...params, limit],
  );
}

async function countRows(reader: Reader, { where, params }: Filter): Promise<number> {
  const [row] = await reader.query<{ count: number }>(
    `SELECT count(*) AS count FROM catalogue_void v WHERE ${where.join(' AND ')}`,
    params,
  );
  return row?.count ?? 0;
}

function positionOf({ ms, counter, id }: ListedRow): string {
  return `${ms} ${counter} ${toHex(id)}`;
}

function versionFrom(row: ListedRow, networkId: string): VoidVersion {
  const kind = kindFrom(row.kind);
  const content = row.content === null ? EMPTY_CONTENT : cidFromBytes(row.content);
  return {
    version: toHex(row.id),
    fileId: fileIdOf(networkId, row.path),
    path: row.path,
    kind,
    contentId: kind === 'file' ? content : null,
    size: row.size,
    mediaType: row.media_type,
    author: peerText(row.peer),
    modifiedAt: row.shown_at,
    adoptedAs: row.adopted && toHex(row.adopted),
    purged: kind === 'file' && row.purged === 1,
    reason: row.future === 1 ? 'future' : 'removed',
  };
}
