import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Blocks that nothing needed when a reclaim last looked: they are cache for a while. */
@Entity({ name: 'unused_chunk', withoutRowid: true })
export class UnusedChunkEntity {
  /** CID of the block in binary. */
  @PrimaryColumn({ type: 'blob' })
  cid!: Uint8Array;

  /** Since when nothing needs it, in ms since 1970. */
  @Column({ type: 'integer' })
  since!: number;
}
