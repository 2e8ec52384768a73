import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Authors of records. */
@Entity({ name: 'catalogue_author' })
export class AuthorEntity {
  /** Number by which other tables name the author. */
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  /** Peer id, in binary. */
  @Column({ type: 'blob', unique: true })
  peer!: Uint8Array;

  /** Records of the author that are stored. */
  @Column({ type: 'integer' })
  records!: number;

  /** Bytes of these records. */
  @Column({ type: 'integer' })
  bytes!: number;

  /** The standing of the author when its records were last judged; empty where they are to be judged anew. */
  @Column({ type: 'text' })
  standing!: string;
}

/** Signed records: the history of all paths. Ids are random, so rows are appended by a number and only the narrow index is scattered. */
@Entity({ name: 'catalogue_record' })
@Index('catalogue_record_file', ['file', 'head'])
@Index('catalogue_record_author', ['author', 'ms', 'counter'])
@Index('catalogue_record_content', ['content', 'size', 'author'], { where: 'head = 1 AND kind = 1' })
@Index('catalogue_record_outside', ['state', 'author', 'ms'], { where: 'state > 2' })
@Index('catalogue_record_chain', ['chain'])
@Index('catalogue_record_past', ['content', 'size', 'author'], { where: 'head = 0 AND kind = 1 AND state = 1' })
@Index('catalogue_record_outside_content', ['content'], { where: 'state > 2' })
@Index('catalogue_record_unknown', ['seq'], { where: 'state = 2' })
@Index('catalogue_record_purge', ['file', 'ms', 'counter'], { where: 'purge = 1' })
@Index('catalogue_record_act', ['act'], { where: 'act IS NOT NULL' })
export class RecordEntity {
  /** Number of the row. */
  @PrimaryColumn({ type: 'integer' })
  seq!: number;

  /** Id of the record: the hash of its body, 32 bytes. */
  @Column({ type: 'blob', unique: true })
  id!: Uint8Array;

  /** State of the record: 1 applied, 2 unknown kind, 3 waits for its author, 4 of the future, 5 void. Up to 2 it belongs to the set that all members hold. */
  @Column({ type: 'integer' })
  state!: number;

  /** 1 where no applied record replaces this one, else 0. */
  @Column({ type: 'integer' })
  head!: number;

  /** `seq` of the path in `catalogue_file`; null where the record was not applied. */
  @Column({ type: 'integer', nullable: true })
  file!: number | null;

  /** 1 file, 2 deletion, 3 folder; null for a kind of a later release. */
  @Column({ type: 'integer', nullable: true })
  kind!: number | null;

  /** Number of the author. */
  @Column({ type: 'integer' })
  author!: number;

  /** Hybrid logical clock: milliseconds since 1970. */
  @Column({ type: 'integer' })
  ms!: number;

  /** Hybrid logical clock: counter within the millisecond. */
  @Column({ type: 'integer' })
  counter!: number;

  /** CID of the content in binary; of a deletion, what was deleted; null where it is empty. */
  @Column({ type: 'blob', nullable: true })
  content!: Uint8Array | null;

  /** Bytes of the content; of a deletion, of what was deleted. */
  @Column({ type: 'integer' })
  size!: number;

  /** Media type; of a deletion, of what was deleted. */
  @Column({ type: 'text', name: 'media_type' })
  mediaType!: string;

  /** 1 where the record came along from another network, else 0. */
  @Column({ type: 'integer' })
  imported!: number;

  /** When the first version of the current life was written, in ms since 1970. */
  @Column({ type: 'integer' })
  born!: number;

  /** The encoded record that the author signed. */
  @Column({ type: 'blob' })
  body!: Uint8Array;

  /** The author's signature. */
  @Column({ type: 'blob' })
  signature!: Uint8Array;

  /** Of a record in the set: a number that it shares with others by its author that follow on the same record; else null. */
  @Column({ type: 'integer', nullable: true })
  chain!: number | null;

  /** When the record came into this state here, in milliseconds that this node has run. */
  @Column({ type: 'integer', default: 0 })
  stored!: number;

  /** The author's wall clock, or this node's when the record came if that was earlier, in ms since 1970. */
  @Column({ type: 'integer', name: 'shown_at', default: 0 })
  shownAt!: number;

  /** Encoded attributes; of a deletion, of what was deleted; null where there are none. */
  @Column({ type: 'blob', nullable: true })
  attributes!: Uint8Array | null;

  /** 1 where the content is that of a version it replaces. */
  @Column({ type: 'integer', default: 0 })
  repeats!: number;

  /** 1 for a deletion that says of itself that its retention is over. */
  @Column({ type: 'integer', default: 0 })
  purge!: number;

  /** The act that the record belongs to, 16 bytes; null where it is one by itself. */
  @Column({ type: 'blob', nullable: true })
  act!: Uint8Array | null;
}

/** Which record replaces which, of applied records. Parents may come after their children, so the parent is named by its id. */
@Entity({ name: 'catalogue_parent', withoutRowid: true })
export class ParentEntity {
  /** Id of the replaced record. */
  @PrimaryColumn({ type: 'blob' })
  parent!: Uint8Array;

  /** `seq` of the record that replaces it. */
  @PrimaryColumn({ type: 'integer' })
  child!: number;
}

/** Two records by one author that follow on the same record. */
@Entity({ name: 'catalogue_fork', withoutRowid: true })
@Index('catalogue_fork_sibling', ['sibling'])
export class ForkEntity {
  /** Id of the record that was found here later. */
  @PrimaryColumn({ type: 'blob' })
  record!: Uint8Array;

  /** Id of the other one. */
  @Column({ type: 'blob' })
  sibling!: Uint8Array;
}
