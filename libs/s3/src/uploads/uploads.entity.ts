import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { Entry } from '@dfs/catalogue';
import { jsonColumn } from '@dfs/database';
import type { RecordAttributes } from '@dfs/protocol';

/** Multipart uploads of S3, until they are a file, are given up, or expire. */
@Entity({ name: 's3_upload' })
@Index('s3_upload_by_expiry', ['expiresAt'])
export class S3UploadEntity {
  /** Number by which `s3_part` names the upload. */
  @PrimaryColumn({ type: 'integer' })
  seq!: number;

  /** Id of the upload, as its client has it. */
  @Column({ type: 'text', unique: true })
  id!: string;

  /** Id of the key that began the upload. */
  @Column({ type: 'text' })
  owner!: string;

  /** Path of the file that it becomes. */
  @Column({ type: 'text' })
  path!: string;

  /** Media type; null where the client named none. */
  @Column({ type: 'text', name: 'media_type', nullable: true })
  mediaType!: string | null;

  /** Attributes of the file, as JSON. */
  @Column({ type: 'text', transformer: jsonColumn })
  attributes!: RecordAttributes;

  /** In ms since 1970. */
  @Column({ type: 'integer', name: 'created_at' })
  createdAt!: number;

  /** In ms since 1970. */
  @Column({ type: 'integer', name: 'expires_at' })
  expiresAt!: number;

  /** The file that it became, as JSON; null before. */
  @Column({ type: 'text', nullable: true, transformer: jsonColumn })
  entry!: Entry | null;
}

/** Parts of multipart uploads: of each number the one that came last. */
@Entity({ name: 's3_part' })
@Index('s3_part_by_number', ['upload', 'number'], { unique: true })
export class S3PartEntity {
  /** Number by which `s3_part_block` names the part. */
  @PrimaryColumn({ type: 'integer' })
  seq!: number;

  /** `seq` of the upload. */
  @Column({ type: 'integer' })
  @ForeignKey(() => S3UploadEntity)
  upload!: number;

  /** Number of the part, from 1: parts are put together in this order. */
  @Column({ type: 'integer' })
  number!: number;

  /** Bytes of the part. */
  @Column({ type: 'integer' })
  size!: number;

  /** MD5 of the part. */
  @Column({ type: 'blob' })
  md5!: Uint8Array;

  /** In ms since 1970. */
  @Column({ type: 'integer', name: 'stored_at' })
  storedAt!: number;
}

/** Blocks of a part, in order. */
@Entity({ name: 's3_part_block', withoutRowid: true })
@Index('s3_part_block_by_cid', ['cid'])
export class S3PartBlockEntity {
  /** `seq` of the part. */
  @PrimaryColumn({ type: 'integer' })
  @ForeignKey(() => S3PartEntity)
  part!: number;

  /** Place of the block, from 0. */
  @PrimaryColumn({ type: 'integer' })
  number!: number;

  /** CID of the block in binary. */
  @Column({ type: 'blob' })
  cid!: Uint8Array;
}
