import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Sums over the ids of the record set, by which two nodes find what they do not share. */
@Entity({ name: 'catalogue_fingerprint' })
export class FingerprintEntity {
  /** The first 12 bits of the ids. */
  @PrimaryColumn({ type: 'integer' })
  bucket!: number;

  /** Records in the bucket. */
  @Column({ type: 'integer' })
  count!: number;

  /** Sum of their ids, 32 bytes. */
  @Column({ type: 'blob' })
  sum!: Uint8Array;
}

/** The same over the ids of the void records. */
@Entity({ name: 'catalogue_void_fingerprint' })
export class VoidFingerprintEntity {
  /** The first 12 bits of the ids. */
  @PrimaryColumn({ type: 'integer' })
  bucket!: number;

  /** Records in the bucket. */
  @Column({ type: 'integer' })
  count!: number;

  /** Sum of their ids, 32 bytes. */
  @Column({ type: 'blob' })
  sum!: Uint8Array;
}

/** Records that wait for their author to become known as a member. */
@Entity({ name: 'catalogue_waiting', withoutRowid: true })
@Index('catalogue_waiting_bringer', ['bringer', 'expires'])
export class WaitingEntity {
  /** Id of the record. */
  @PrimaryColumn({ type: 'blob' })
  id!: Uint8Array;

  /** Peer id of the node that brought it, in binary. */
  @Column({ type: 'blob' })
  bringer!: Uint8Array;

  /** Until when it is kept, in milliseconds that this node has run. */
  @Column({ type: 'integer' })
  expires!: number;
}

/** Heads of the network that this node has left, until they are written into its new network. */
@Entity({ name: 'catalogue_import' })
@Index('catalogue_import_content', ['content'])
export class ImportEntity {
  /** Order in which they were written. */
  @PrimaryColumn({ type: 'integer' })
  seq!: number;

  /** 1 file, 3 folder. */
  @Column({ type: 'integer' })
  kind!: number;

  /** In UTF-8 NFC, with `/` between folders. */
  @Column({ type: 'text' })
  path!: string;

  /** CID of the content in binary; null where it is empty. */
  @Column({ type: 'blob', nullable: true })
  content!: Uint8Array | null;

  /** Bytes of the content. */
  @Column({ type: 'integer' })
  size!: number;

  /** As the record of the old network has it. */
  @Column({ type: 'text', name: 'media_type' })
  mediaType!: string;

  /** Clock of the record, in ms since 1970. */
  @Column({ type: 'integer' })
  ms!: number;

  /** Wall clock of its author, in ms since 1970. */
  @Column({ type: 'integer', default: 0 })
  time!: number;

  /** Encoded attributes; null where there are none. */
  @Column({ type: 'blob', nullable: true })
  attributes!: Uint8Array | null;
}
