import { cidFromBytes, cidFromDigest, cidToBytes, type Cid, type RecordAttributes } from '@dfs/protocol';
import type { Conditions, Entry } from '@dfs/catalogue';
import type { PartChunk } from '@dfs/chunks';
import type { ErrorCode } from '@dfs/contracts';
import { BLOBS, byIds, type Database, type Reader, type Tx } from '@dfs/database';
import { PAGE } from './limits.js';

/** The state of an upload. Times in milliseconds since 1970. */
export interface UploadRow {
  seq: number;
  id: string;
  /** Of the key that began it; empty for the node's own token. */
  owner: string;
  path: string;
  mediaType: string | null;
  /** As the client sent it. */
  metadata: string;
  size: number;
  /** Bytes that are here for good. */
  offset: number;
  attributes: RecordAttributes;
  conditions: Conditions;
  createdAt: number;
  expiresAt: number;
  /** Why its bytes, all of them here, are no file. */
  refusal: Refusal | null;
  /** The file that it became. */
  entry: Entry | null;
}
/** The error that ended an upload, kept so that the client hears of it when it asks again. */
export interface Refusal {
  code: ErrorCode;
  detail: string;
}
/** A chunk, or a piece that waits to be a part of one. */
export interface UploadBlock {
  number: number;
  id: Cid;
  size: number;
}

type NewUpload = Omit<UploadRow, 'seq' | 'offset' | 'refusal' | 'entry'>;
interface Stored {
  seq: number;
  id: string;
  owner: string;
  path: string;
  media_type: string | null;
  metadata: string;
  size: number;
  offset: number;
  attributes: string;
  conditions: string;
  created_at: number;
  expires_at: number;
  refusal: string | null;
  entry: string | null;
}
interface StoredBlock {
  number: number;
  cid: Uint8Array;
  size: number;
}

const BLOCK_COLUMNS = ['upload', 'number', 'cid', 'size', 'is_chunk'];

/** The tables of uploads. */
export class UploadTable {
  constructor(private readonly db: Pick<Database, 'query' | 'write'>) {}

  async find(id: string, reader: Reader = this.db): Promise<UploadRow | undefined> {
    const [row] = await reader.query<Stored>('SELECT * FROM upload WHERE id = ?', [id]);
    return row && fromStored(row);
  }

  /** Of those that are not finished. */
  async countOpen(): Promise<number> {
    const [row] = await this.db.query<{ count: number }>('SELECT count(*) AS count FROM upload WHERE entry IS NULL');
    return row?.count ?? 0;
  }

  async insert(tx: Tx, upload: NewUpload): Promise<number> {
    const { lastId } = await tx.run(
      `INSERT INTO upload (id, owner, path, media_type, metadata, size, offset, attributes, conditions, created_at, expires_at)
       VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)`,
      [
        upload.id,
        upload.owner,
        upload.path,
        upload.mediaType,
        upload.metadata,
        upload.size,
        JSON.stringify(upload.attributes),
        JSON.stringify(upload.conditions),
        upload.createdAt,
        upload.expiresAt,
      ],
    );
    return lastId;
  }

  /** Notes how far it is: more chunks, in place of the pieces that became a part of them where `keepPieces` is false. */
  async advance(
    tx: Tx,
    { seq }: Pick<UploadRow, 'seq'>,
    to: { offset: number; expiresAt: number; chunks: readonly PartChunk[]; keepPieces: boolean; piece?: PartChunk },
  ): Promise<void> {
    if (!to.keepPieces) await tx.run('DELETE FROM upload_block WHERE upload = ? AND is_chunk = 0', [seq]);
    const [last] = await tx.query<{ number: number | null }>(
      'SELECT max(number) AS number FROM upload_block WHERE upload = ?',
      [seq],
    );
    const first = (last?.number ?? -1) + 1;
    const blocks = [...to.chunks.map((chunk) => ({ ...chunk, isChunk: 1 }))];
    if (to.piece) blocks.push({ ...to.piece, isChunk: 0 });
    await tx.insertMany(
      'upload_block',
      BLOCK_COLUMNS,
      blocks.map(({ digest, size, isChunk }, at) => [
        seq,
        first + at,
        cidToBytes(cidFromDigest(digest)),
        size,
        isChunk,
      ]),
    );
    await tx.run('UPDATE upload SET offset = ?, expires_at = ? WHERE seq = ?', [to.offset, to.expiresAt, seq]);
  }

  async refuse(tx: Tx, { seq }: Pick<UploadRow, 'seq'>, refusal: Refusal): Promise<void> {
    await tx.run('UPDATE upload SET refusal = ? WHERE seq = ?', [JSON.stringify(refusal), seq]);
  }

  /** It has become a file: its blocks are the file's. */
  async finish(tx: Tx, { seq, size }: UploadRow, entry: Entry, expiresAt: number): Promise<void> {
    await tx.run('UPDATE upload SET offset = ?, entry = ?, path = ?, refusal = NULL, expires_at = ? WHERE seq = ?', [
      size,
      JSON.stringify(entry),
      entry.path,
      expiresAt,
      seq,
    ]);
    await tx.run('DELETE FROM upload_block WHERE upload = ?', [seq]);
  }

  /** Its chunks in order, behind the one numbered `after`. */
  async chunks(reader: Reader, { seq }: Pick<UploadRow, 'seq'>, after: number): Promise<UploadBlock[]> {
    const rows = await reader.query<StoredBlock>(
      'SELECT number, cid, size FROM upload_block WHERE upload = ? AND number > ? AND is_chunk = 1 ORDER BY number LIMIT ?',
      [seq, after, PAGE],
    );
    return rows.map(blockFrom);
  }

  /** The pieces behind its last cut, in order. */
  async pieces({ seq }: Pick<UploadRow, 'seq'>): Promise<UploadBlock[]> {
    const rows = await this.db.query<StoredBlock>(
      'SELECT number, cid, size FROM upload_block WHERE upload = ? AND is_chunk = 0 ORDER BY number',
      [seq],
    );
    return rows.map(blockFrom);
  }

  /** Those of these blocks that an upload needs. */
  async needed(ids: readonly Cid[]): Promise<Set<Cid>> {
    const sql = `SELECT DISTINCT cid FROM upload_block WHERE cid IN ${BLOBS}`;
    const rows = await byIds<{ cid: Uint8Array }>(this.db, sql, ids.map(cidToBytes));
    return new Set(rows.map(({ cid }) => cidFromBytes(cid)));
  }

  /** Some of those whose time is over. */
  async expired(now: number): Promise<UploadRow[]> {
    const rows = await this.db.query<Stored>('SELECT * FROM upload WHERE expires_at <= ? ORDER BY expires_at LIMIT ?', [
      now,
      PAGE,
    ]);
    return rows.map(fromStored);
  }

  /** Its blocks go in steps that keep nobody waiting; a reclaim frees them. */
  async remove({ seq }: Pick<UploadRow, 'seq'>): Promise<void> {
    for (let gone = 1; gone > 0;) {
      gone = await this.db.write(async (tx) => {
        const { changes } = await tx.run(
          `DELETE FROM upload_block WHERE upload = ? AND number IN
             (SELECT number FROM upload_block WHERE upload = ? ORDER BY number DESC LIMIT ?)`,
          [seq, seq, 20 * PAGE],
        );
        if (changes === 0) await tx.run('DELETE FROM upload WHERE seq = ?', [seq]);
        return changes;
      });
    }
  }
}

function fromStored(row: Stored): UploadRow {
  return {
    seq: row.seq,
    id: row.id,
    owner: row.owner,
    path: row.path,
    mediaType: row.media_type,
    metadata: row.metadata,
    size: row.size,
    offset: row.offset,
    attributes: JSON.parse(row.attributes) as RecordAttributes,
    conditions: JSON.parse(row.conditions) as Conditions,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    refusal: row.refusal === null ? null : (JSON.parse(row.refusal) as Refusal),
    entry: row.entry === null ? null : (JSON.parse(row.entry) as Entry),
  };
}

function blockFrom({ number, cid, size }: StoredBlock): UploadBlock {
  return { number, id: cidFromBytes(cid), size };
}
