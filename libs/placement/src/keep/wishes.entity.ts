import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Paths whose current file a person wants on this node, whatever placement gives to it. */
@Entity({ name: 'placement_wish', withoutRowid: true })
export class WishEntity {
  /** As the catalogue has it. */
  @PrimaryColumn({ type: 'text' })
  path!: string;

  /** When it was wished, in ms since 1970. */
  @Column({ type: 'integer' })
  since!: number;
}
