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

/** Uploads that come in parts, until they are a file, or expire. */
@Entity({ name: 'upload' })
@Index('upload_by_expiry', ['expiresAt'])
export class UploadEntity {
  /** Number by which `upload_block` names the upload. */
  @PrimaryColumn({ type: 'integer' })
  seq!: number;

  /** Id of the upload, as its address has it. */
  @Column({ type: 'text', unique: true })
  id!: string;

  /** Id of the key that began the upload; empty for the node's own token. */
  @Column({ type: 'text' })
  owner!: string;

  /** Path of the file that it becomes. */
  @Column({ type: 'text' })
  path!: string;

  /** Media type; null where the client named none. */
  @Column({ type: 'text', name: 'media_type', nullable: true })
  mediaType!: string | null;

  /** The metadata as the client sent it. */
  @Column({ type: 'text' })
  metadata!: string;

  /** Bytes of the whole file. */
  @Column({ type: 'integer' })
  size!: number;

  /** Bytes that are here for good. */
  @Column({ type: 'integer' })
  offset!: number;

  /** Attributes of the file, as JSON. */
  @Column({ type: 'text', transformer: jsonColumn })
  attributes!: RecordAttributes;

  /** Conditions under which the file is made, as JSON. */
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

/** Blocks of an upload in order: chunks, then the pieces behind the last cut, which become part of a chunk. */
@Entity({ name: 'upload_block', withoutRowid: true })
@Index('upload_block_by_cid', ['cid'])
export class UploadBlockEntity {
  /** `seq` of the upload. */
  @PrimaryColumn({ type: 'integer' })
  @ForeignKey(() => UploadEntity)
  upload!: number;

  /** Place of the block, from 0. */
  @PrimaryColumn({ type: 'integer' })
  number!: number;

  /** CID of the block in binary. */
  @Column({ type: 'blob' })
  cid!: Uint8Array;

  /** Bytes of the block. */
  @Column({ type: 'integer' })
  size!: number;

  /** 1 for a chunk, 0 for a piece. */
  @Column({ type: 'integer', name: 'is_chunk' })
  isChunk!: number;
}
