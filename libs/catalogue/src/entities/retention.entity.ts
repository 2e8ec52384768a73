import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** One row: for how long this node has run. */
@Entity({ name: 'catalogue_running' })
@Check('one = 1')
export class RunningEntity {
  /** Always 1. */
  @PrimaryColumn({ type: 'integer' })
  one!: number;

  /** Milliseconds. */
  @Column({ type: 'integer' })
  ms!: number;
}

/** Contents whose retention is over and that no version needs: this node promises them no longer. */
@Entity({ name: 'catalogue_purged', withoutRowid: true })
export class PurgedEntity {
  /** CID in binary. */
  @PrimaryColumn({ type: 'blob' })
  content!: Uint8Array;
}

/** Deleted paths whose retention is over. */
@Entity({ name: 'catalogue_concluded' })
export class ConcludedEntity {
  /** `seq` of the path in `catalogue_file`. */
  @PrimaryColumn({ type: 'integer' })
  file!: number;

  /** Id of the shown deletion that this was found for. */
  @Column({ type: 'blob' })
  record!: Uint8Array;

  /** 1 where some of the content is kept for another version, else 0. */
  @Column({ type: 'integer' })
  kept!: number;
}
