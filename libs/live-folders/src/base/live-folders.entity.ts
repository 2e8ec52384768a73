import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** Live folders of this node. */
@Entity({ name: 'live_folder' })
export class LiveFolderEntity {
  /** Random, also in the marker of the root. */
  @PrimaryColumn({ type: 'text' })
  id!: string;

  /** Name for people. */
  @Column({ type: 'text' })
  name!: string;

  /** Directory on the disk of this node, absolute. */
  @Column({ type: 'text' })
  root!: string;

  /** Folder of the network without its slash; empty for all of it. */
  @Column({ type: 'text' })
  prefix!: string;

  /** Id of the network that the prefix is of. */
  @Column({ type: 'text' })
  network!: string;

  /** `both`, `send` or `receive`. */
  @Column({ type: 'text' })
  mode!: string;

  /** Lines as in a `.gitignore`, as JSON. */
  @Column({ type: 'text' })
  ignore!: string;

  /** Traits of the file system, as JSON. */
  @Column({ type: 'text' })
  probe!: string;

  /** By which the root is known again beside its marker, as JSON; null where it is to be taken as it is found. */
  @Column({ type: 'text', nullable: true })
  identity!: string | null;

  /** Nonce of the marker; null for a read-only root, which has none. */
  @Column({ type: 'text', nullable: true })
  nonce!: string | null;

  /** The same number as in the marker: raised before a pass signs or writes. */
  @Column({ type: 'integer' })
  epoch!: number;

  /** 1 where the marker may still have the number before, after a crash, else 0. */
  @Column({ type: 'integer' })
  raising!: number;

  /** 1 where a person paused it, else 0. */
  @Column({ type: 'integer' })
  paused!: number;

  /** Why it pauses until a person answers; null while it does not. */
  @Column({ type: 'text', nullable: true })
  stopped!: string | null;

  /** 1 until disk and network have met for the first time, else 0. */
  @Column({ type: 'integer' })
  meeting!: number;

  /** Deletions that were signed within ten minutes, and the number of paths at their begin, as JSON. */
  @Column({ type: 'text' })
  lately!: string;

  /** When it was bound, in ms since 1970. */
  @Column({ type: 'integer' })
  bound!: number;

  /** When its pause ends, in ms since 1970; null where a person ends it, and where it does not pause. */
  @Column({ type: 'integer', nullable: true, name: 'paused_until' })
  pausedUntil!: number | null;
}

/** The base tree: what disk and network of a folder last agreed on. */
@Entity({ name: 'live_folder_base', withoutRowid: true })
@Index('live_folder_base_parent', ['folder', 'parent'])
export class LiveFolderBaseEntity {
  /** Id of the folder. */
  @PrimaryColumn({ type: 'text' })
  @ForeignKey(() => LiveFolderEntity, { onDelete: 'CASCADE' })
  folder!: string;

  /** Below the prefix, in UTF-8 NFC. */
  @PrimaryColumn({ type: 'text' })
  path!: string;

  /** The directory it is in, empty for the root. */
  @Column({ type: 'text' })
  parent!: string;

  /** 1 file, 3 directory. */
  @Column({ type: 'integer' })
  kind!: number;

  /** Id of the record; null for a directory that no record speaks of. */
  @Column({ type: 'blob', nullable: true })
  record!: Uint8Array | null;

  /** CID of the content in binary; null for a directory. */
  @Column({ type: 'blob', nullable: true })
  content!: Uint8Array | null;

  /** 1 where the record says that it is a program, else 0. */
  @Column({ type: 'integer' })
  executable!: number;

  /** Path below the root in the bytes of the disk. */
  @Column({ type: 'blob' })
  name!: Uint8Array;

  /** Of the file on the disk, in decimal; null where another one stands there. */
  @Column({ type: 'text', nullable: true })
  inode!: string | null;

  /** Bytes of the file. */
  @Column({ type: 'integer' })
  size!: number;

  /** When it was changed, in nanoseconds since 1970, in decimal. */
  @Column({ type: 'text' })
  mtime!: string;

  /** The same of its metadata. */
  @Column({ type: 'text' })
  ctime!: string;

  /** 1 where a further change may not show in all that, else 0. */
  @Column({ type: 'integer' })
  racy!: number;
}

/** Deletions from a disk that wait for an answer, or have got it. */
@Entity({ name: 'live_folder_held', withoutRowid: true })
export class LiveFolderHeldEntity {
  /** Id of the folder. */
  @PrimaryColumn({ type: 'text' })
  @ForeignKey(() => LiveFolderEntity, { onDelete: 'CASCADE' })
  folder!: string;

  /** Below the prefix. */
  @PrimaryColumn({ type: 'text' })
  path!: string;

  /** Those that were found together have one id. */
  @Column({ type: 'text' })
  hold!: string;

  /** Id of the record that would be deleted. */
  @Column({ type: 'blob' })
  record!: Uint8Array;

  /** `waits` or `delete`. */
  @Column({ type: 'text' })
  answer!: string;

  /** When it was held, in ms since 1970. */
  @Column({ type: 'integer' })
  held!: number;
}

/** Deletions that were signed from a disk: a file that comes back to its path there is no old copy. */
@Entity({ name: 'live_folder_deleted', withoutRowid: true })
export class LiveFolderDeletedEntity {
  /** Id of the folder. */
  @PrimaryColumn({ type: 'text' })
  @ForeignKey(() => LiveFolderEntity, { onDelete: 'CASCADE' })
  folder!: string;

  /** Below the prefix. */
  @PrimaryColumn({ type: 'text' })
  path!: string;

  /** Id of the deletion. */
  @Column({ type: 'blob' })
  record!: Uint8Array;

  /** When it was signed, in ms since 1970. */
  @Column({ type: 'integer' })
  at!: number;
}

/** Issues of a folder: paths that a person should know something of. */
@Entity({ name: 'live_folder_issue', withoutRowid: true })
export class LiveFolderIssueEntity {
  /** Id of the folder. */
  @PrimaryColumn({ type: 'text' })
  @ForeignKey(() => LiveFolderEntity, { onDelete: 'CASCADE' })
  folder!: string;

  /** As it is shown to people. */
  @PrimaryColumn({ type: 'text' })
  path!: string;

  /** Kind of the issue, such as `hidden`. */
  @PrimaryColumn({ type: 'text' })
  kind!: string;

  /** A sentence for a person. */
  @Column({ type: 'text' })
  detail!: string;

  /** Since when, in ms since 1970. */
  @Column({ type: 'integer' })
  since!: number;
}

/** Folders that were bound here once: their markers still stand in their roots, which may be bound again. */
@Entity({ name: 'live_folder_removed', withoutRowid: true })
export class LiveFolderRemovedEntity {
  /** The id that its marker tells. */
  @PrimaryColumn({ type: 'text' })
  id!: string;

  /** The random part of its marker, by which no other root can pass for it. */
  @Column({ type: 'text' })
  nonce!: string;
}
