import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One row: the mark that the folder of the chunks bears too, so that another folder, or an older database, is noticed. */
@Entity({ name: 'chunk_store', withoutRowid: true })
export class ChunkStoreEntity {
  /** Id of the store, 32 hex digits. */
  @PrimaryColumn({ type: 'text' })
  id!: string;

  /** Raised at each start, stop and snapshot, in the folder too. */
  @Column({ type: 'integer', default: 0 })
  generation!: number;

  /** Inode of this database file when the generation was last raised, in decimal digits: as a number it would lose some. */
  @Column({ type: 'text', nullable: true })
  inode!: string | null;

  /** Birth time of this database file, in nanoseconds since 1970, in decimal digits for the same reason. */
  @Column({ type: 'text', nullable: true })
  birth!: string | null;
}
