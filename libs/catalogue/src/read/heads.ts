import { BLOBS, byIds, type Reader } from '@dfs/database';
import {
  carriedAttributes,
  cidFromBytes,
  cidToBytes,
  fileIdOf,
  parseRecord,
  type Cid,
  type RecordAttributes,
  type RecordKind,
} from '@dfs/protocol';
import { ranked } from '../rules/heads.js';
import { KIND_NUMBER, PathState, RecordState } from '../rules/states.js';
import { mapInTurns } from '../store/slices.js';
import {
  fileIdBytes,
  VERSION_COLUMNS,
  versionFrom,
  VERSIONS,
  type StoredVersion,
  type VersionRow,
} from '../store/rows.js';

/** A head of a path, as far as a writer that names its parents must know it. */
export interface Head {
  /** Record id. */
  record: string;
  kind: RecordKind;
  /** Of a file; null of deletions and folders. */
  contentId: Cid | null;
  /** Bytes of a file. */
  size: number;
  mediaType: string;
  author: string;
  imported: boolean;
  attributes: RecordAttributes;
}

/** A path that exists or existed, and its heads: the shown one first. */
export interface PathHeads {
  path: string;
  heads: Head[];
}

/** A content at a path. */
export interface ContentAt {
  path: string;
  contentId: Cid;
}

/** Paths worked out between two turns of the event loop. */
const PATHS_PER_TURN = 500;

/** Heads of these paths, as far as the paths exist. */
export async function readHeads(
  reader: Reader,
  networkId: string,
  paths: readonly string[],
): Promise<Map<string, Head[]>> {
  const ids = await mapInTurns(paths, PATHS_PER_TURN, (path) => fileIdBytes(fileIdOf(networkId, path)) as Uint8Array);
  const rows = await byIds<HeadRow>(
    reader,
    `SELECT f.path, ${VERSION_COLUMNS} FROM ${BLOBS} w CROSS JOIN catalogue_file f ON f.file_id = w.id
     CROSS JOIN ${VERSIONS} AND r.file = f.seq AND r.head = 1`,
    ids,
  );
  return new Map(grouped(rows).map(({ path, heads }) => [path, heads]));
}

/** A page of the paths within a range that show a file or a folder, with their heads. `from` and `to`: ?1 and ?2. */
export async function readHeadsWithin(
  reader: Reader,
  { within, params }: { within: string; params: readonly (string | Uint8Array)[] },
  page: { after?: string; limit: number },
): Promise<PathHeads[]> {
  const shown = (state: PathState): string =>
    `SELECT * FROM (SELECT f.seq, f.path FROM catalogue_file f WHERE f.state = ${state} AND ${within} AND f.path > ?3 ORDER BY f.path LIMIT ?4)`;
  const rows = await reader.query<HeadRow>(
    `SELECT f.path, ${VERSION_COLUMNS} FROM (
       SELECT * FROM (${shown(PathState.current)} UNION ALL ${shown(PathState.folder)}) ORDER BY path LIMIT ?4
     ) f CROSS JOIN ${VERSIONS} AND r.file = f.seq AND r.head = 1 ORDER BY f.path`,
    [...params, page.after ?? '', page.limit],
  );
  return grouped(rows);
}

/** For each of these: whether a version of the path, a head or an older one, has that content. In their order. */
export async function readKnown(reader: Reader, networkId: string, contents: readonly ContentAt[]): Promise<boolean[]> {
  const keys = await mapInTurns(contents, PATHS_PER_TURN, ({ path, contentId }): [Uint8Array, Uint8Array] => [
    fileIdBytes(fileIdOf(networkId, path)) as Uint8Array,
    cidToBytes(contentId),
  ]);
  const rows = await byIds<{ id: string; content: string }>(
    reader,
    `SELECT DISTINCT w.value ->> 0 AS id, w.value ->> 1 AS content FROM json_each(?1) w
     CROSS JOIN catalogue_file f ON f.file_id = unhex(w.value ->> 0)
     CROSS JOIN catalogue_record r ON r.file = f.seq AND r.content = unhex(w.value ->> 1)
       AND r.kind = ${KIND_NUMBER.file} AND r.state = ${RecordState.applied}`,
    keys,
  );
  const known = new Set(rows.map(({ id, content }) => `${id} ${content}`));
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  return keys.map(([id, content]) => known.has(`${hex(id)} ${hex(content)}`));
}

/** The paths that these were moved to, as current files say that they come from there with the same content. By old path. */
export async function readMovedTo(reader: Reader, contents: readonly ContentAt[]): Promise<Map<string, string>> {
  const rows = await byIds<{ path: string; content: Uint8Array; body: Uint8Array }>(
    reader,
    `SELECT f.path, r.content, r.body FROM ${BLOBS} w CROSS JOIN catalogue_record r
       ON r.content = w.id AND r.head = 1 AND r.kind = ${KIND_NUMBER.file}
     CROSS JOIN catalogue_file f ON f.seq = r.file AND f.state = ${PathState.current}`,
    [...new Set(contents.map(({ contentId }) => contentId))].map(cidToBytes),
  );
  const asked = new Set(contents.map(({ path, contentId }) => `${contentId} ${path}`));
  const moved = await mapInTurns(rows, PATHS_PER_TURN, ({ path, content, body }): [string, string][] => {
    const from = parseRecord(body).fields?.from;
    return from && from !== path && asked.has(`${cidFromBytes(content)} ${from}`) ? [[from, path]] : [];
  });
  return new Map(moved.flat());
}

interface HeadRow extends VersionRow {
  path: string;
}

function grouped(rows: readonly HeadRow[]): PathHeads[] {
  const paths = new Map<string, StoredVersion[]>();
  for (const row of rows) {
    const versions = paths.get(row.path) ?? [];
    versions.push(versionFrom(row));
    paths.set(row.path, versions);
  }
  return [...paths].map(([path, versions]) => ({ path, heads: ranked(versions).map(headOf) }));
}

function headOf({ id, kind, content, size, mediaType, author, imported, attributes }: StoredVersion): Head {
  const isFile = kind === 'file';
  return {
    record: id,
    kind,
    contentId: isFile ? content : null,
    size: isFile ? size : 0,
    mediaType: isFile ? mediaType : '',
    author,
    imported,
    attributes: isFile ? carriedAttributes(attributes) : {},
  };
}
