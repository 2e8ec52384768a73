import { IsNull, LessThanOrEqual } from 'typeorm';
import type { Entry } from '@dfs/catalogue';
import type { PartChunk } from '@dfs/chunks';
import { BLOBS, byIds, type Database, type Reader, type Tx } from '@dfs/database';
import { cidFromBytes, cidFromDigest, cidToBytes, type Cid } from '@dfs/protocol';
import { pages } from '@dfs/runtime';
import { UploadInPartsEntity, UploadPartEntity, type Refusal } from './parts.entity.js';

/** An upload that comes in parts, as it is kept. Times in milliseconds since 1970. */
export type UploadInParts = UploadInPartsEntity;
/** A part of one, as it is kept. */
export type KeptPart = UploadPartEntity;
/** An upload that begins: it has no bytes. */
export type NewUpload = Omit<UploadInParts, 'seq' | 'front' | 'offset' | 'refusal' | 'entry'>;
/** A part whose blocks are in a batch. */
export interface NewPart {
  number: number;
  size: number;
  md5: Uint8Array;
  storedAt: number;
  blocks: readonly Cid[];
}
/** A chunk, or a piece that waits to be a part of one. */
export interface PartBlock {
  number: number;
  id: Cid;
  /** Bytes; null of a part that is cut anew at the end. */
  size: number | null;
}
/** How far an upload whose bytes come in order has come. */
export interface Advance {
  offset: number;
  now: number;
  expiresAt: number;
  chunks: readonly PartChunk[];
  /** False where the pieces became a part of the chunks. */
  keepPieces: boolean;
  piece?: PartChunk;
}

interface StoredBlock {
  number: number;
  cid: Uint8Array;
  size: number | null;
}

type BlockPages = AsyncGenerator<readonly PartBlock[], void, undefined>;

/** Rows that a unit of work looks at or removes. */
const PAGE = 500;
/** Blocks that a unit of work removes. */
const BLOCKS = 20 * PAGE;
/** The one part of an upload whose bytes come in order. */
const GROWING = 1;
const BLOCK_COLUMNS = ['part', 'number', 'cid', 'size', 'is_chunk'];

/** The tables of uploads that come in parts, as far as they come by one protocol. */
export class PartTable {
  constructor(
    private readonly db: Pick<Database, 'query' | 'repository' | 'write'>,
    /** By which its uploads come. */
    readonly front: string,
  ) {}

  find(id: string): Promise<UploadInParts | undefined> {
    return this.db.repository(UploadInPartsEntity).findOne({ id, front: this.front });
  }

  /** Of those that are not finished. */
  countOpen(): Promise<number> {
    return this.db.repository(UploadInPartsEntity).count({ front: this.front, entry: IsNull() });
  }

  /** The uploads of a key that are not finished, by their paths. */
  open(owner: string): Promise<UploadInParts[]> {
    const order = { path: 'ASC', createdAt: 'ASC', seq: 'ASC' } as const;
    return this.db
      .repository(UploadInPartsEntity)
      .find({ where: { front: this.front, owner, entry: IsNull() }, order });
  }

  /** Gives the number of its row. */
  async insert(tx: Tx, upload: NewUpload): Promise<number> {
    const uploads = tx.repository(UploadInPartsEntity);
    await uploads.insert({ ...upload, front: this.front, offset: 0 });
    return (await uploads.findOne({ id: upload.id }))!.seq;
  }

  /** Its parts in order, behind the one numbered `after`. */
  parts(
    { seq }: Pick<UploadInParts, 'seq'>,
    after: number,
    limit: number,
    reader: Reader = this.db,
  ): Promise<KeptPart[]> {
    return reader.query<KeptPart>(
      `SELECT seq, upload, number, size, md5, stored_at AS storedAt FROM files_upload_part
       WHERE upload = ? AND number > ? ORDER BY number LIMIT ?`,
      [seq, after, limit],
    );
  }

  /** Takes a part in place of the one that has its number, while the upload goes on. @returns whether it does */
  async putPart(tx: Tx, { seq }: Pick<UploadInParts, 'seq'>, part: NewPart, expiresAt: number): Promise<boolean> {
    const uploads = tx.repository(UploadInPartsEntity);
    const upload = await uploads.findOne({ seq });
    if (!upload || upload.entry || upload.expiresAt <= part.storedAt) return false;
    const parts = tx.repository(UploadPartEntity);
    const { blocks, ...row } = part;
    const before = await parts.findOne({ upload: seq, number: part.number });
    if (before) {
      await tx.later('DELETE FROM files_upload_block WHERE part = ?', [before.seq]);
      await tx.later('DELETE FROM files_upload_part WHERE seq = ?', [before.seq]);
    }
    await parts.insert({ ...row, upload: seq });
    const { seq: partSeq } = (await parts.findOne({ upload: seq, number: part.number })) as KeptPart;
    await tx.insertMany(
      'files_upload_block',
      BLOCK_COLUMNS,
      blocks.map((id, at) => [partSeq, at, cidToBytes(id), null, 1]),
    );
    await uploads.update({ seq }, { expiresAt, offset: upload.offset + part.size - (before?.size ?? 0) });
    return true;
  }

  /** The blocks of a part in order, by pages. */
  blocks(part: number): BlockPages {
    const sql =
      'SELECT number, cid, size FROM files_upload_block WHERE part = ? AND number > ? ORDER BY number LIMIT ?';
    return blockPages((after) => this.db.query<StoredBlock>(sql, [part, after, PAGE]));
  }

  /** Notes how far an upload is whose bytes come in order. */
  async advance(tx: Tx, { seq }: Pick<UploadInParts, 'seq'>, to: Advance): Promise<void> {
    const part = await this.growing(tx, seq, to);
    if (!to.keepPieces) await tx.later('DELETE FROM files_upload_block WHERE part = ? AND is_chunk = 0', [part]);
    const [last] = await tx.query<{ number: number | null }>(
      'SELECT max(number) AS number FROM files_upload_block WHERE part = ?',
      [part],
    );
    const first = (last?.number ?? -1) + 1;
    const blocks = [...to.chunks.map((chunk) => ({ ...chunk, isChunk: 1 }))];
    if (to.piece) blocks.push({ ...to.piece, isChunk: 0 });
    await tx.insertMany(
      'files_upload_block',
      BLOCK_COLUMNS,
      blocks.map(({ digest, size, isChunk }, at) => [
        part,
        first + at,
        cidToBytes(cidFromDigest(digest)),
        size,
        isChunk,
      ]),
    );
    await tx.repository(UploadInPartsEntity).update({ seq }, { offset: to.offset, expiresAt: to.expiresAt });
  }

  private async growing(tx: Tx, upload: number, { offset, now }: Advance): Promise<number> {
    const parts = tx.repository(UploadPartEntity);
    const which = { upload, number: GROWING };
    const changed = await parts.update(which, { size: offset, storedAt: now });
    if (changed === 0) await parts.insert({ ...which, size: offset, storedAt: now });
    return (await parts.findOne(which))!.seq;
  }

  /** The chunks of an upload whose bytes come in order, by pages. */
  chunks(reader: Reader, { seq }: Pick<UploadInParts, 'seq'>): BlockPages {
    const sql = `SELECT b.number, b.cid, b.size FROM files_upload_part p JOIN files_upload_block b ON b.part = p.seq
      WHERE p.upload = ? AND p.number = ? AND b.number > ? AND b.is_chunk = 1 ORDER BY b.number LIMIT ?`;
    return blockPages((after) => reader.query<StoredBlock>(sql, [seq, GROWING, after, PAGE]));
  }

  /** The pieces behind its last cut, in order. */
  async pieces({ seq }: Pick<UploadInParts, 'seq'>): Promise<PartBlock[]> {
    const rows = await this.db.query<StoredBlock>(
      `SELECT b.number, b.cid, b.size FROM files_upload_part p JOIN files_upload_block b ON b.part = p.seq
       WHERE p.upload = ? AND p.number = ? AND b.is_chunk = 0 ORDER BY b.number`,
      [seq, GROWING],
    );
    return rows.map(blockFrom);
  }

  async refuse(tx: Tx, { seq }: Pick<UploadInParts, 'seq'>, refusal: Refusal): Promise<void> {
    await tx.repository(UploadInPartsEntity).update({ seq }, { refusal });
  }

  /** It has become a file. Its parts go later. */
  async finish(tx: Tx, { seq }: Pick<UploadInParts, 'seq'>, entry: Entry, expiresAt: number): Promise<void> {
    const change = { offset: entry.size, entry, path: entry.path, refusal: null, expiresAt };
    await tx.repository(UploadInPartsEntity).update({ seq }, change);
  }

  /** Those of these blocks that an upload needs. */
  async needed(ids: readonly Cid[]): Promise<Set<Cid>> {
    const sql = `SELECT DISTINCT b.cid FROM ${BLOBS} wanted CROSS JOIN files_upload_block b ON b.cid = wanted.id
      CROSS JOIN files_upload_part p ON p.seq = b.part CROSS JOIN files_upload u ON u.seq = p.upload WHERE u.front = ?2`;
    const rows = await byIds<{ cid: Uint8Array }>(this.db, sql, ids.map(cidToBytes), [this.front]);
    return new Set(rows.map(({ cid }) => cidFromBytes(cid)));
  }

  /** Some of those whose time is over. */
  expired(now: number): Promise<UploadInParts[]> {
    const where = { front: this.front, expiresAt: LessThanOrEqual(now) };
    return this.db.repository(UploadInPartsEntity).find({ where, order: { expiresAt: 'ASC' }, take: PAGE });
  }

  /** Its parts go, in steps that keep nobody waiting; a reclaim frees their blocks. */
  async removeParts({ seq }: Pick<UploadInParts, 'seq'>): Promise<void> {
    for (;;) {
      const [part] = await this.parts({ seq }, 0, 1);
      if (!part) return;
      for (let gone = BLOCKS; gone === BLOCKS;) {
        gone = await this.db.write(async (tx) => {
          const { changes } = await tx.run(
            `DELETE FROM files_upload_block WHERE part = ? AND number IN
               (SELECT number FROM files_upload_block WHERE part = ? ORDER BY number DESC LIMIT ?)`,
            [part.seq, part.seq, BLOCKS],
          );
          if (changes < BLOCKS) await tx.repository(UploadPartEntity).delete({ seq: part.seq });
          return changes;
        });
      }
    }
  }

  /** It is gone, with all of its parts. */
  async remove(upload: Pick<UploadInParts, 'seq'>): Promise<void> {
    // Parts that are still coming find that it is over.
    await this.db.write((tx) => tx.repository(UploadInPartsEntity).update({ seq: upload.seq }, { expiresAt: 0 }));
    await this.removeParts(upload);
    await this.db.write(async (tx) => {
      if ((await this.parts(upload, 0, 1, tx)).length === 0)
        await tx.repository(UploadInPartsEntity).delete({ seq: upload.seq });
    });
  }
}

/** @param read at most `PAGE` rows, behind the one numbered `after` */
function blockPages(read: (after: number) => Promise<StoredBlock[]>): BlockPages {
  return pages(
    PAGE,
    async (after: number | null) => (await read(after ?? -1)).map(blockFrom),
    ({ number }) => number,
  );
}

function blockFrom({ number, cid, size }: StoredBlock): PartBlock {
  return { number, id: cidFromBytes(cid), size };
}
