import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Blocks whose bytes were found wrong. They are not in `chunk`, and so count as absent until they are added anew. */
@Entity({ name: 'damaged_chunk', withoutRowid: true })
@Index('damaged_chunk_by_pack', ['pack'])
export class DamagedChunkEntity {
  /** CID of the block in binary. */
  @PrimaryColumn({ type: 'blob' })
  cid!: Uint8Array;

  /** Name of the pack. */
  @Column({ type: 'text' })
  pack!: string;

  /** Byte of the pack at which the block begins. */
  @Column({ type: 'integer' })
  offset!: number;

  /** Bytes of the block. */
  @Column({ type: 'integer' })
  size!: number;

  /** When the damage was found, in ms since 1970. */
  @Column({ type: 'integer', name: 'found_at' })
  foundAt!: number;
}

/** Passes of the scrub: the last that was finished, and the one under way. */
@Entity({ name: 'scrub_pass' })
export class ScrubPassEntity {
  /** Number of the pass, rising. */
  @PrimaryColumn({ type: 'integer' })
  number!: number;

  /** In ms since 1970. */
  @Column({ type: 'integer', name: 'started_at' })
  startedAt!: number;

  /** In ms since 1970; null while the pass is under way. */
  @Column({ type: 'integer', name: 'finished_at', nullable: true })
  finishedAt!: number | null;

  /** Number of the newest pack that the pass reads. */
  @Column({ type: 'integer', name: 'last_pack' })
  lastPack!: number;

  /** Number of the pack up to which the pass has read. */
  @Column({ type: 'integer' })
  pack!: number;

  /** Byte of that pack up to which the pass has read. */
  @Column({ type: 'integer' })
  offset!: number;

  /** Blocks read so far. */
  @Column({ type: 'integer' })
  chunks!: number;

  /** Bytes read so far. */
  @Column({ type: 'integer' })
  bytes!: number;

  /** Damaged blocks found so far. */
  @Column({ type: 'integer' })
  damaged!: number;
}
