import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/** Acts over more files than one unit of work takes, until they are done. */
@Entity({ name: 'files_act' })
export class ActEntity {
  /** Id of the transfer that tells how far it is. */
  @PrimaryColumn({ type: 'text' })
  id!: string;

  /** 16 bytes, the same on all records that it writes. */
  @Column({ type: 'blob' })
  act!: Uint8Array;

  /** Id of the network whose files these are. */
  @Column({ type: 'text' })
  network!: string;

  /** The folder it began with. */
  @Column({ type: 'text' })
  path!: string;

  /** Items of its list. */
  @Column({ type: 'integer' })
  total!: number;

  /** Items that are done or skipped. */
  @Column({ type: 'integer' })
  done!: number;

  /** The first 100 paths that stay as they are, as JSON. */
  @Column({ type: 'text' })
  skipped!: string;

  /** How many stay as they are. */
  @Column({ type: 'integer', name: 'skipped_total' })
  skippedTotal!: number;

  /** When it began, in ms since 1970. */
  @Column({ type: 'integer' })
  started!: number;

  /** Id of the API key that has begun it; null where none has. */
  @Column({ type: 'text', nullable: true })
  key!: string | null;
}

/** The paths of an act, fixed at its begin. */
@Entity({ name: 'files_act_item', withoutRowid: true })
export class ActItemEntity {
  /** Id of the act. */
  @PrimaryColumn({ type: 'text' })
  @ForeignKey(() => ActEntity, { onDelete: 'CASCADE' })
  act!: string;

  /** Place in the list, from 0. */
  @PrimaryColumn({ type: 'integer' })
  at!: number;

  /** `delete`, `purge`, `move`, `copy`, `back`, `restore` or `choose`. */
  @Column({ type: 'text' })
  does!: string;

  /** In UTF-8 NFC, with `/` between folders. */
  @Column({ type: 'text' })
  path!: string;

  /** Record that the path showed then, in hex. */
  @Column({ type: 'text' })
  record!: string;

  /** Where it goes; null where it goes nowhere. */
  @Column({ type: 'text', nullable: true })
  target!: string | null;

  /** Record that is said anew, in hex; null for none. */
  @Column({ type: 'text', nullable: true })
  was!: string | null;
}
