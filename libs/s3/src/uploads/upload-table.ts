import { IsNull, LessThanOrEqual } from 'typeorm';
import type { Entry } from '@dfs/catalogue';
import { BLOBS, byIds, type Database, type Reader, type Tx } from '@dfs/database';
import { cidFromBytes, cidToBytes, type Cid } from '@dfs/protocol';
import { S3PartEntity, S3UploadEntity } from './uploads.entity.js';

/** A multipart upload, as it is kept. */
export type S3Upload = S3UploadEntity;
/** A part of one, as it is kept. */
export type S3Part = S3PartEntity;
/** An upload that begins: it has no parts. */
export type NewUpload = Omit<S3UploadEntity, 'seq' | 'entry'>;
/** A part whose blocks are in a batch. */
export interface NewPart {
  number: number;
  size: number;
  md5: Uint8Array;
  storedAt: number;
  blocks: readonly Cid[];
}

/** Rows that a unit of work looks at or removes. */
const PAGE = 500;
/** Blocks that a unit of work removes. */
const BLOCKS = 20 * PAGE;

/** The tables of multipart uploads. */
export class UploadTable {
  constructor(private readonly db: Pick<Database, 'query' | 'repository' | 'write'>) {}

  find(id: string): Promise<S3Upload | undefined> {
    return this.db.repository(S3UploadEntity).findOne({ id });
  }

  /** Of those that are not finished. */
  countOpen(): Promise<number> {
    return this.db.repository(S3UploadEntity).count({ entry: IsNull() });
  }

  /** The uploads of a key that are not finished, by their paths. */
  open(owner: string): Promise<S3Upload[]> {
    const order = { path: 'ASC', createdAt: 'ASC', seq: 'ASC' } as const;
    return this.db.repository(S3UploadEntity).find({ where: { owner, entry: IsNull() }, order });
  }

  async insert(tx: Tx, upload: NewUpload): Promise<void> {
    await tx.repository(S3UploadEntity).insert(upload);
  }

  /** Its parts in order, behind the one numbered `after`. */
  parts({ seq }: Pick<S3Upload, 'seq'>, after: number, limit: number, reader: Reader = this.db): Promise<S3Part[]> {
    return reader.query<S3Part>(
      'SELECT seq, upload, number, size, md5, stored_at AS storedAt FROM s3_part WHERE upload = ? AND number > ? ORDER BY number LIMIT ?',
      [seq, after, limit],
    );
  }

  /** Takes a part in place of the one that has its number, while the upload goes on. @returns whether it does */
  async putPart(tx: Tx, { seq }: Pick<S3Upload, 'seq'>, part: NewPart, expiresAt: number): Promise<boolean> {
    const uploads = tx.repository(S3UploadEntity);
    const upload = await uploads.findOne({ seq });
    if (!upload || upload.entry || upload.expiresAt <= part.storedAt) return false;
    const parts = tx.repository(S3PartEntity);
    const { blocks, ...row } = part;
    const before = await parts.findOne({ upload: seq, number: part.number });
    if (before) {
      await tx.later('DELETE FROM s3_part_block WHERE part = ?', [before.seq]);
      await tx.later('DELETE FROM s3_part WHERE seq = ?', [before.seq]);
    }
    await parts.insert({ ...row, upload: seq });
    const { seq: partSeq } = (await parts.findOne({ upload: seq, number: part.number })) as S3Part;
    await tx.insertMany(
      's3_part_block',
      ['part', 'number', 'cid'],
      blocks.map((id, at) => [partSeq, at, cidToBytes(id)]),
    );
    await uploads.update({ seq }, { expiresAt });
    return true;
  }

  /** The blocks of a part in order, behind the one numbered `after`. */
  async blocks(part: number, after: number): Promise<{ number: number; id: Cid }[]> {
    const rows = await this.db.query<{ number: number; cid: Uint8Array }>(
      'SELECT number, cid FROM s3_part_block WHERE part = ? AND number > ? ORDER BY number LIMIT ?',
      [part, after, PAGE],
    );
    return rows.map(({ number, cid }) => ({ number, id: cidFromBytes(cid) }));
  }

  /** It has become a file. Its parts go with its row, later. */
  async finish(tx: Tx, { seq }: Pick<S3Upload, 'seq'>, entry: Entry, expiresAt: number): Promise<void> {
    await tx.repository(S3UploadEntity).update({ seq }, { entry, expiresAt });
  }

  /** Those of these blocks that an upload needs. */
  async needed(ids: readonly Cid[]): Promise<Set<Cid>> {
    const sql = `SELECT DISTINCT cid FROM s3_part_block WHERE cid IN ${BLOBS}`;
    const rows = await byIds<{ cid: Uint8Array }>(this.db, sql, ids.map(cidToBytes));
    return new Set(rows.map(({ cid }) => cidFromBytes(cid)));
  }

  /** Some of those whose time is over. */
  expired(now: number): Promise<S3Upload[]> {
    const where = { expiresAt: LessThanOrEqual(now) };
    return this.db.repository(S3UploadEntity).find({ where, order: { expiresAt: 'ASC' }, take: PAGE });
  }

  /** Its parts go, in steps that keep nobody waiting; a reclaim frees their blocks. */
  async removeParts({ seq }: Pick<S3Upload, 'seq'>): Promise<void> {
    for (;;) {
      const [part] = await this.parts({ seq }, 0, 1);
      if (!part) return;
      for (let gone = BLOCKS; gone === BLOCKS;) {
        gone = await this.db.write(async (tx) => {
          const { changes } = await tx.run(
            `DELETE FROM s3_part_block WHERE part = ? AND number IN
               (SELECT number FROM s3_part_block WHERE part = ? ORDER BY number DESC LIMIT ?)`,
            [part.seq, part.seq, BLOCKS],
          );
          if (changes < BLOCKS) await tx.repository(S3PartEntity).delete({ seq: part.seq });
          return changes;
        });
      }
    }
  }

  /** It is gone, with all of its parts. */
  async remove(upload: Pick<S3Upload, 'seq'>): Promise<void> {
    // Parts that are still coming find that it is over.
    await this.db.write((tx) => tx.repository(S3UploadEntity).update({ seq: upload.seq }, { expiresAt: 0 }));
    await this.removeParts(upload);
    await this.db.write(async (tx) => {
      if ((await this.parts(upload, 0, 1, tx)).length === 0)
        await tx.repository(S3UploadEntity).delete({ seq: upload.seq });
    });
  }
}
