import { IsNull, LessThanOrEqual } from 'typeorm';
import { cidFromBytes, cidFromDigest, cidToBytes, type Cid } from '@dfs/protocol';
import type { Entry } from '@dfs/catalogue';
import type { PartChunk } from '@dfs/chunks';
import { BLOBS, byIds, type Database, type Reader, type Tx } from '@dfs/database';
import { PAGE } from './limits.js';
import { UploadEntity, type Refusal } from './uploads.entity.js';

/** The state of an upload. Times in milliseconds since 1970. */
export type UploadRow = UploadEntity;
/** A chunk, or a piece that waits to be a part of one. */
export interface UploadBlock {
  number: number;
  id: Cid;
  size: number;
}

type NewUpload = Omit<UploadRow, 'seq' | 'offset' | 'refusal' | 'entry'>;
interface StoredBlock {
  number: number;
  cid: Uint8Array;
  size: number;
}

const BLOCK_COLUMNS = ['upload', 'number', 'cid', 'size', 'is_chunk'];

/** The tables of uploads. */
export class UploadTable {
  constructor(private readonly db: Pick<Database, 'query' | 'repository' | 'write'>) {}

  find(id: string): Promise<UploadRow | undefined> {
    return this.db.repository(UploadEntity).findOne({ id });
  }

  /** Of those that are not finished. */
  countOpen(): Promise<number> {
    return this.db.repository(UploadEntity).count({ entry: IsNull() });
  }

  /** Gives the number of its row. */
  async insert(tx: Tx, upload: NewUpload): Promise<number> {
    const uploads = tx.repository(UploadEntity);
    await uploads.insert({ ...upload, offset: 0 });
    return (await uploads.findOne({ id: upload.id }))!.seq;
  }

  /** Notes how far it is: more chunks, in place of the pieces that became a part of them where `keepPieces` is false. */
  async advance(
    tx: Tx,
    { seq }: Pick<UploadRow, 'seq'>,
    to: { offset: number; expiresAt: number; chunks: readonly PartChunk[]; keepPieces: boolean; piece?: PartChunk },
  ): Promise<void> {
    if (!to.keepPieces) await tx.later('DELETE FROM upload_block WHERE upload = ? AND is_chunk = 0', [seq]);
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
    await tx.repository(UploadEntity).update({ seq }, { offset: to.offset, expiresAt: to.expiresAt });
  }

  async refuse(tx: Tx, { seq }: Pick<UploadRow, 'seq'>, refusal: Refusal): Promise<void> {
    await tx.repository(UploadEntity).update({ seq }, { refusal });
  }

  /** It has become a file: its blocks are the file's. */
  async finish(tx: Tx, { seq, size }: UploadRow, entry: Entry, expiresAt: number): Promise<void> {
    const change = { offset: size, entry, path: entry.path, refusal: null, expiresAt };
    await tx.repository(UploadEntity).update({ seq }, change);
    await tx.later('DELETE FROM upload_block WHERE upload = ?', [seq]);
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
  expired(now: number): Promise<UploadRow[]> {
    const where = { expiresAt: LessThanOrEqual(now) };
    return this.db.repository(UploadEntity).find({ where, order: { expiresAt: 'ASC' }, take: PAGE });
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
        if (changes === 0) await tx.repository(UploadEntity).delete({ seq });
        return changes;
      });
    }
  }
}

function blockFrom({ number, cid, size }: StoredBlock): UploadBlock {
  return { number, id: cidFromBytes(cid), size };
}
