import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { Conditions, Entry } from '@dfs/catalogue';
import type { ErrorCode } from '@dfs/contracts';
import { jsonColumn } from '@dfs/database';
import type { RecordAttributes } from '@dfs/protocol';

/** The error that ended an upload, kept so that the client hears of it when it asks again. */
export interface Refusal {
  code: ErrorCode;
  detail: string;
}

/** Uploads that come in parts, until they are a file, are given up, or expire. */
@Entity({ name: 'files_upload' })
@Index('files_upload_by_expiry', ['expiresAt'])
export class UploadInPartsEntity {
  /** Number by which `files_upload_part` names the upload. */
  @PrimaryColumn({ type: 'integer' })
  seq!: number;

  /** Id of the upload, as its client has it. */
  @Column({ type: 'text', unique: true })
  id!: string;

  /** The protocol by which it comes: `tus` or `s3`. */
  @Column({ type: 'text' })
  front!: string;

  /** Id of the key that began the upload; empty for the node's own token. */
  @Column({ type: 'text' })
  owner!: string;

  /** Path of the file that it becomes. */
  @Column({ type: 'text' })
  path!: string;

  /** Media type; null where the client named none. */
  @Column({ type: 'text', name: 'media_type', nullable: true })
  mediaType!: string | null;

  /** Metadata of the upload as the client sent it, to be told again; empty where its protocol knows none. */
  @Column({ type: 'text' })
  metadata!: string;

  /** Bytes of the whole file; null where they are not announced. */
  @Column({ type: 'integer', nullable: true })
  size!: number | null;

  /** Bytes that are here for good. */
  @Column({ type: 'integer' })
  offset!: number;

  /** Attributes of the file, as JSON. */
  @Column({ type: 'text', transformer: jsonColumn })
  attributes!: RecordAttributes;

  /** Conditions of the beginning under which the file is made, as JSON. */
  @Column({ type: 'text', transformer: jsonColumn })
  conditions!: Conditions;

  /** In ms since 1970. */
  @Column({ type: 'integer', name: 'created_at' })
  createdAt!: number;

  /** In ms since 1970. */
  @Column({ type: 'integer', name: 'expires_at' })
  expiresAt!: number;

  /** Why the bytes, all of them here, are no file, as JSON; null where they are, or are not all here. */
  @Column({ type: 'text', nullable: true, transformer: jsonColumn })
  refusal!: Refusal | null;

  /** The file that they became, as JSON; null before. */
  @Column({ type: 'text', nullable: true, transformer: jsonColumn })
  entry!: Entry | null;
}

/** Parts of uploads: of each number the one that came last. An upload whose bytes come in order has one, which grows. */
@Entity({ name: 'files_upload_part' })
@Index('files_upload_part_by_number', ['upload', 'number'], { unique: true })
export class UploadPartEntity {
  /** Number by which `files_upload_block` names the part. */
  @PrimaryColumn({ type: 'integer' })
  seq!: number;

  /** `seq` of the upload. */
  @Column({ type: 'integer' })
  @ForeignKey(() => UploadInPartsEntity)
  upload!: number;

  /** Number of the part, from 1: parts are put together in this order. */
  @Column({ type: 'integer' })
  number!: number;

  /** Bytes of the part. */
  @Column({ type: 'integer' })
  size!: number;

  /** MD5 of the part; null where its protocol does not ask for it. */
  @Column({ type: 'blob', nullable: true })
  md5!: Uint8Array | null;

  /** When the last bytes of it were stored, in ms since 1970. */
  @Column({ type: 'integer', name: 'stored_at' })
  storedAt!: number;
}

/** Blocks of a part in order: chunks, then the pieces behind the last cut of a part that grows, which become part of a chunk. */
@Entity({ name: 'files_upload_block', withoutRowid: true })
@Index('files_upload_block_by_cid', ['cid'])
export class UploadBlockEntity {
  /** `seq` of the part. */
  @PrimaryColumn({ type: 'integer' })
  @ForeignKey(() => UploadPartEntity)
  part!: number;

  /** Place of the block, from 0. */
  @PrimaryColumn({ type: 'integer' })
  number!: number;

  /** CID of the block in binary. */
  @Column({ type: 'blob' })
  cid!: Uint8Array;

  /** Bytes of the block; null of a part that is cut anew at the end. */
  @Column({ type: 'integer', nullable: true })
  size!: number | null;

  /** 1 for a chunk, 0 for a piece. */
  @Column({ type: 'integer', name: 'is_chunk' })
  isChunk!: number;
}
