import { BLOBS, byIds, type Reader } from '@dfs/database';
import { cidFromBytes, cidToBytes, EMPTY_CONTENT, peerBytes, toBase32, type Cid } from '@dfs/protocol';
import { KIND_NUMBER, PathState } from '../rules/states.js';
import { fileIdBytes } from '../store/rows.js';

/** A path as far as those need it who keep something of every current file. */
export interface PathRowInfo {
  /** Its number, from 1 on, without great gaps: it stays with the path as long as some record of it counts. */
  row: number;
  fileId: string;
  path: string;
  /** Null unless it is a current file. */
  content: { contentId: Cid; size: number } | null;
  /** Number of the author, as `authorOf` tells it. */
  author: number;
  conflict: boolean;
}

interface Row {
  seq: number;
  file_id: Uint8Array;
  path: string;
  state: PathState;
  content: Uint8Array | null;
  size: number;
  author: number;
  conflict: number;
}

const COLUMNS = 'f.seq, f.file_id, f.path, f.state, f.content, f.size, f.author, f.conflict';

/** Rows of paths, by their numbers, for those who keep something of every current file beside the catalogue. */
export class CurrentRows {
  constructor(private readonly db: Reader) {}

  /** Paths after one, in the order of their numbers: current files, and those in conflict. */
  async after(row: number, limit: number): Promise<PathRowInfo[]> {
    return (
      await this.db.query<Row>(
        `SELECT ${COLUMNS} FROM catalogue_file f
         WHERE f.seq > ? AND (f.state = ${PathState.current} OR f.conflict = 1) ORDER BY f.seq LIMIT ?`,
        [row, limit],
      )
    ).map(infoFrom);
  }

  /** Those of these paths that there are, in whatever state. */
  async of(fileIds: readonly string[]): Promise<PathRowInfo[]> {
    const ids = fileIds.map(fileIdBytes).filter((id) => id !== undefined);
    return (await byIds<Row>(this.db, `SELECT ${COLUMNS} FROM catalogue_file f WHERE f.file_id IN ${BLOBS}`, ids)).map(
      infoFrom,
    );
  }

  /** Current files that show one of these contents; without those of some rows. */
  async showing(contents: readonly Cid[], without: readonly Pick<PathRowInfo, 'row'>[] = []): Promise<PathRowInfo[]> {
    const rows = await byIds<Row>(
      this.db,
      `SELECT ${COLUMNS} FROM ${BLOBS} w CROSS JOIN catalogue_record r
         ON r.head = 1 AND r.kind = ${KIND_NUMBER.file} AND r.content = w.id
       CROSS JOIN catalogue_file f ON f.seq = r.file AND f.content = r.content WHERE f.state = ${PathState.current}
       AND f.seq NOT IN (SELECT value FROM json_each(?2))`,
      contents.map(cidToBytes),
      [JSON.stringify(without.map(({ row }) => row))],
    );
    return rows.map(infoFrom);
  }

  /** The same, by their paths alone. */
  async pathsOf(contents: readonly Cid[]): Promise<{ path: string; contentId: Cid }[]> {
    const rows = await this.showing(contents);
    return rows.flatMap(({ path, content }) => (content ? [{ path, contentId: content.contentId }] : []));
  }

  /** The number of an author; undefined for one by whom there is no record. */
  async authorOf(peerId: string): Promise<number | undefined> {
    const [row] = await this.db.query<{ id: number }>('SELECT id FROM catalogue_author WHERE peer = ?', [
      peerBytes(peerId),
    ]);
    return row?.id;
  }
}

function infoFrom({ seq, file_id, path, state, content, size, author, conflict }: Row): PathRowInfo {
  const contentId = content === null ? EMPTY_CONTENT : cidFromBytes(content);
  return {
    row: seq,
    fileId: toBase32(file_id),
    path,
    content: state === PathState.current ? { contentId, size } : null,
    author,
    conflict: conflict === 1,
  };
}
