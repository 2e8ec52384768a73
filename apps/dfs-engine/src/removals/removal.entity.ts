import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Removals whose members are being emptied first, until they are done or cancelled. */
@Entity({ name: 'engine_removal', withoutRowid: true })
export class RemovalEntity {
  /** Id of the transfer that tells how far it is. */
  @PrimaryColumn({ type: 'text' })
  id!: string;

  /** Id of the network that the member is removed from. */
  @Column({ type: 'text' })
  network!: string;

  /** Peer id of the member. */
  @Column({ type: 'text' })
  peer!: string;

  /** 1 where what the member alone holds may be lost. */
  @Column({ type: 'integer' })
  confirm!: number;

  /** When it began, in ms since 1970. */
  @Column({ type: 'integer' })
  started!: number;
}
