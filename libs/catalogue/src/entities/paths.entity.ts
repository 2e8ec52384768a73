import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Paths, and the version that each of them shows. Folders that were made on purpose have a row too. */
@Entity({ name: 'catalogue_file' })
@Index('catalogue_file_path', ['state', 'path', 'search'])
@Index('catalogue_file_size', ['state', 'size', 'path'])
@Index('catalogue_file_modified', ['state', 'modified', 'path'])
@Index('catalogue_file_type', ['state', 'mediaType', 'path'])
@Index('catalogue_file_conflict', ['path'], { where: 'conflict = 1' })
export class FileEntity {
  /** Number of the path in this database. */
  @PrimaryColumn({ type: 'integer' })
  seq!: number;

  /** Id of the path, 16 bytes. */
  @Column({ type: 'blob', name: 'file_id', unique: true })
  fileId!: Uint8Array;

  /** In UTF-8 NFC, with `/` between folders. */
  @Column({ type: 'text' })
  path!: string;

  /** The path in one case, for the search; null where that is the path itself. */
  @Column({ type: 'text', nullable: true })
  search!: string | null;

  /** 1 current, 2 deleted, 3 folder, 5 deleted folder. */
  @Column({ type: 'integer' })
  state!: number;

  /** 1 where heads contradict each other, else 0. */
  @Column({ type: 'integer' })
  conflict!: number;

  /** Id of the record that is shown. */
  @Column({ type: 'blob', name: 'record_id' })
  recordId!: Uint8Array;

  /** CID of the shown content in binary; null where it is empty. */
  @Column({ type: 'blob', nullable: true })
  content!: Uint8Array | null;

  /** Bytes of the shown content. */
  @Column({ type: 'integer' })
  size!: number;

  /** Media type of the shown version. */
  @Column({ type: 'text', name: 'media_type' })
  mediaType!: string;

  /** Number of its author. */
  @Column({ type: 'integer' })
  author!: number;

  /** When the first version of the current life was written, in ms since 1970. */
  @Column({ type: 'integer' })
  created!: number;

  /** When the shown version was written, in ms since 1970. */
  @Column({ type: 'integer' })
  modified!: number;

  /** Encoded attributes of the shown version; null where there are none. */
  @Column({ type: 'blob', nullable: true })
  attributes!: Uint8Array | null;
}

/** Folders, with the sums of what is beneath them. */
@Entity({ name: 'catalogue_folder', withoutRowid: true })
@Index('catalogue_folder_parent', ['parent', 'path'])
export class FolderEntity {
  /** Path of the folder with its slash at the end; empty for the top. */
  @PrimaryColumn({ type: 'text' })
  path!: string;

  /** The same of the folder above; null for the top. */
  @Column({ type: 'text', nullable: true })
  parent!: string | null;

  /** Current files beneath it, at any depth. */
  @Column({ type: 'integer' })
  files!: number;

  /** Bytes of these files. */
  @Column({ type: 'integer' })
  bytes!: number;

  /** When the newest of them was written, in ms since 1970. */
  @Column({ type: 'integer' })
  newest!: number;

  /** Files directly in it. */
  @Column({ type: 'integer' })
  own!: number;

  /** Folders directly in it. */
  @Column({ type: 'integer' })
  folders!: number;

  /** 1 where a record made the folder, so that it stays when it is empty. */
  @Column({ type: 'integer' })
  made!: number;
}

/** Counts of paths. */
@Entity({ name: 'catalogue_total' })
export class TotalEntity {
  /** State of the paths: 1 current, 2 deleted, 3 folder, 5 deleted folder; 4 counts conflicts, whatever their state. */
  @PrimaryColumn({ type: 'integer' })
  state!: number;

  /** Paths. */
  @Column({ type: 'integer' })
  count!: number;

  /** Bytes of their contents. */
  @Column({ type: 'integer' })
  bytes!: number;
}
