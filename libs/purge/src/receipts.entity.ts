import { Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';

/** Authors of receipts. */
@Entity({ name: 'placement_signatory' })
export class SignatoryEntity {
  /** Number by which other tables name the author. */
  @PrimaryColumn({ type: 'integer' })
  ordinal!: number;

  /** Peer id, in binary. */
  @Column({ type: 'blob', unique: true })
  peer!: Uint8Array;

  /** Time of the author's newest receipt, in ms since 1970. */
  @Column({ type: 'integer' })
  time!: number;

  /** Bytes of the author's receipts that are kept. */
  @Column({ type: 'integer' })
  bytes!: number;
}

/** Receipts: what members said of deletions whose retention is over. */
@Entity({ name: 'placement_receipt' })
@Unique(['author', 'time'])
export class ReceiptEntity {
  /** `ordinal` of the author. */
  @PrimaryColumn({ type: 'integer' })
  @ForeignKey(() => SignatoryEntity, { onDelete: 'CASCADE' })
  author!: number;

  /** Time of the receipt, in ms since 1970. */
  @PrimaryColumn({ type: 'integer' })
  time!: number;

  /** The encoded receipt that the author signed. */
  @Column({ type: 'blob' })
  body!: Uint8Array;

  /** The author's signature. */
  @Column({ type: 'blob' })
  signature!: Uint8Array;
}

/** The last statement of each author about a deletion. */
@Entity({ name: 'placement_purge', withoutRowid: true })
export class PurgeEntity {
  /** Id of the record of the deletion. */
  @PrimaryColumn({ type: 'blob' })
  deletion!: Uint8Array;

  /** `ordinal` of the author. */
  @PrimaryColumn({ type: 'integer' })
  @ForeignKey(() => SignatoryEntity, { onDelete: 'CASCADE' })
  author!: number;

  /** 1 where the author keeps some of the content for another version, else 0. */
  @Column({ type: 'integer' })
  kept!: number;
}
