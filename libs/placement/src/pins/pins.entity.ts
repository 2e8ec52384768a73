import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';

/** One row: what this node says of its store. */
@Entity({ name: 'placement_store' })
@Check('one = 1')
export class PinStoreEntity {
  /** Always 1. */
  @PrimaryColumn({ type: 'integer' })
  one!: number;

  /** Names the pin log. It changes when numbers of the log may have been given before; members then read the log anew. */
  @Column({ type: 'blob' })
  nonce!: Uint8Array;

  /** Bytes that the node offers. */
  @Column({ type: 'integer' })
  capacity!: number;
}

/** The log of this node's pins: the newest entry of each extent. */
@Entity({ name: 'placement_pin', withoutRowid: true })
@Index('placement_pin_number', ['number'], { unique: true })
export class PinEntity {
  /** CID of the content in binary. */
  @PrimaryColumn({ type: 'blob' })
  content!: Uint8Array;

  /** Number of the extent within the content. */
  @PrimaryColumn({ type: 'integer' })
  extent!: number;

  /** Bytes of the whole content: its manifest is read with them. */
  @Column({ type: 'integer' })
  size!: number;

  /** Number of the entry, rising. None is given twice. */
  @Column({ type: 'integer' })
  number!: number;

  /** State of the pin, as `PIN_STATES` numbers it: 1 is promised. */
  @Column({ type: 'integer' })
  held!: number;
}

/** Extents that other members released because this node said that it holds them: it keeps them for a while. */
@Entity({ name: 'placement_promise', withoutRowid: true })
export class PromiseEntity {
  /** CID of the content in binary. */
  @PrimaryColumn({ type: 'blob' })
  content!: Uint8Array;

  /** Number of the extent. */
  @PrimaryColumn({ type: 'integer' })
  extent!: number;

  /** Until when the node keeps the extent, in ms since 1970. */
  @Column({ type: 'integer' })
  until!: number;
}

/** Members whose pin logs this node reads, and what they said of themselves. */
@Entity({ name: 'placement_member' })
export class PinnerEntity {
  /** Number by which other tables name the member. */
  @PrimaryGeneratedColumn('increment', { type: 'integer' })
  ordinal!: number;

  /** Peer id, in binary. */
  @Column({ type: 'blob', unique: true })
  peer!: Uint8Array;

  /** Nonce of the log that was read; null before the first reading. */
  @Column({ type: 'blob', nullable: true })
  nonce!: Uint8Array | null;

  /** Number of the last entry that was read. */
  @Column({ type: 'integer' })
  number!: number;

  /** 1 where the member takes no more, else 0. */
  @Column({ type: 'integer', name: 'is_full' })
  isFull!: number;

  /** Bytes that the member offers. */
  @Column({ type: 'integer' })
  capacity!: number;
}

/** Pins of members, as their logs tell them. */
@Entity({ name: 'placement_holding', withoutRowid: true })
@Index('placement_holding_member', ['member'])
export class HoldingEntity {
  /** CID of the content in binary. */
  @PrimaryColumn({ type: 'blob' })
  content!: Uint8Array;

  /** Number of the extent. */
  @PrimaryColumn({ type: 'integer' })
  extent!: number;

  /** `ordinal` of the member. */
  @PrimaryColumn({ type: 'integer' })
  @ForeignKey(() => PinnerEntity, { onDelete: 'CASCADE' })
  member!: number;
}

/** Contents that are large enough to have more than one extent; of the others their size says that they have one. */
@Entity({ name: 'placement_large', withoutRowid: true })
export class LargeEntity {
  /** CID of the content in binary. */
  @PrimaryColumn({ type: 'blob' })
  content!: Uint8Array;

  /** Extents of the content. */
  @Column({ type: 'integer' })
  extents!: number;
}

/** Pins of members whose content no record here names yet. */
@Entity({ name: 'placement_waiting', withoutRowid: true })
@Index('placement_waiting_member', ['member'])
export class WaitingPinEntity {
  /** CID of the content in binary. */
  @PrimaryColumn({ type: 'blob' })
  content!: Uint8Array;

  /** Number of the extent. */
  @PrimaryColumn({ type: 'integer' })
  extent!: number;

  /** `ordinal` of the member. */
  @PrimaryColumn({ type: 'integer' })
  @ForeignKey(() => PinnerEntity, { onDelete: 'CASCADE' })
  member!: number;
}

/** Pins of members that sent wrong bytes of the content: they do not count as copies. */
@Entity({ name: 'placement_doubt', withoutRowid: true })
export class DoubtEntity {
  /** CID of the content in binary. */
  @PrimaryColumn({ type: 'blob' })
  content!: Uint8Array;

  /** Number of the extent. */
  @PrimaryColumn({ type: 'integer' })
  extent!: number;

  /** `ordinal` of the member. */
  @PrimaryColumn({ type: 'integer' })
  @ForeignKey(() => PinnerEntity, { onDelete: 'CASCADE' })
  member!: number;

  /** When the wrong bytes came, in ms since 1970. */
  @Column({ type: 'integer' })
  since!: number;
}
