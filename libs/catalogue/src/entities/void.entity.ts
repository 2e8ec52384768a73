import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Contents of void records, so that the node can show and adopt them; records of the future are listed among them. */
@Entity({ name: 'catalogue_void' })
@Index('catalogue_void_newest', ['ms', 'counter', 'id'])
@Index('catalogue_void_author', ['author', 'ms', 'counter', 'id'])
@Index('catalogue_void_path', ['path', 'ms', 'counter'])
@Index('catalogue_void_content', ['content', 'size', 'author'], { where: 'kind = 1' })
export class VoidEntity {
  /** `seq` of the record in `catalogue_record`. */
  @PrimaryColumn({ type: 'integer' })
  seq!: number;

  /** Id of the record. */
  @Column({ type: 'blob', unique: true })
  id!: Uint8Array;

  /** Number of the author. */
  @Column({ type: 'integer' })
  author!: number;

  /** Hybrid logical clock: milliseconds since 1970. */
  @Column({ type: 'integer' })
  ms!: number;

  /** Hybrid logical clock: counter within the millisecond. */
  @Column({ type: 'integer' })
  counter!: number;

  /** The path; null for a record of a later release. */
  @Column({ type: 'text', nullable: true })
  path!: string | null;

  /** 1 file, 2 deletion, 3 folder; null for a record of a later release. */
  @Column({ type: 'integer', nullable: true })
  kind!: number | null;

  /** CID of the content in binary; null where it is empty. */
  @Column({ type: 'blob', nullable: true })
  content!: Uint8Array | null;

  /** Bytes of the content; 0 for a record of a later release. */
  @Column({ type: 'integer' })
  size!: number;

  /** Media type; empty for a record of a later release. */
  @Column({ type: 'text', name: 'media_type' })
  mediaType!: string;

  /** 1 for a record that waits for its time: it is shown with the void ones, and not passed on with them. */
  @Column({ type: 'integer', default: 0 })
  future!: number;
}

/** Which record says here what a void one said: one that this node signed, or one that said so already. */
@Entity({ name: 'catalogue_adopted', withoutRowid: true })
export class AdoptedEntity {
  /** Id of the void record. */
  @PrimaryColumn({ type: 'blob' })
  id!: Uint8Array;

  /** Id of the record in its place. */
  @Column({ type: 'blob' })
  record!: Uint8Array;
}
