import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** Pack files: immutable files under `chunks/packs` that hold blocks. A pack goes when no row of `chunk` names it. */
@Entity({ name: 'pack' })
@Index('pack_found', ['foundAt'], { where: 'found_at IS NOT NULL' })
export class PackEntity {
  /** Number of the pack in this database. */
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  /** Name of the file. */
  @Column({ type: 'text', unique: true })
  name!: string;

  /** Length of the file. */
  @Column({ type: 'integer' })
  bytes!: number;

  /** Since when a pack is here that no row had named, in ms since 1970; null for a pack that this node wrote. */
  @Column({ type: 'integer', name: 'found_at', nullable: true })
  foundAt!: number | null;

  /** Byte from which the entries of a found pack are still to be read; null once all are read. */
  @Column({ type: 'integer', name: 'unread_from', nullable: true })
  unreadFrom!: number | null;
}

/** Where the bytes of a block are. A chunk and a manifest block of equal bytes are two rows. */
@Entity({ name: 'chunk', withoutRowid: true })
@Index('chunk_by_place', ['pack', 'offset'])
export class ChunkEntity {
  /** CID of the block in binary. */
  @PrimaryColumn({ type: 'blob' })
  cid!: Uint8Array;

  /** Number of the pack. */
  @Column({ type: 'integer' })
  @ForeignKey(() => PackEntity)
  pack!: number;

  /** Byte of the pack at which the block begins. */
  @Column({ type: 'integer' })
  offset!: number;

  /** Bytes of the block. */
  @Column({ type: 'integer' })
  size!: number;
}

/** Packs that were not there at a start. A pack that is back is used again. */
@Entity({ name: 'missing_pack', withoutRowid: true })
export class MissingPackEntity {
  /** Name of the file. */
  @PrimaryColumn({ type: 'text' })
  name!: string;

  /** When the node missed it, in ms since 1970: its blocks are in `damaged_chunk` with this very `found_at`. */
  @Column({ type: 'integer' })
  since!: number;
}
