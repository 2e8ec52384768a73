import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Contents that this node holds and announces in the DHT. */
@Entity({ name: 'dht_provide', withoutRowid: true })
@Index('dht_provide_due', ['due'])
export class DhtProvideEntity {
  /** CID in binary. */
  @PrimaryColumn({ type: 'blob' })
  content!: Uint8Array;

  /** When the node announces it next, in ms since 1970. */
  @Column({ type: 'integer' })
  due!: number;

  /** When the node announced it last, in ms since 1970; null before the first time. */
  @Column({ type: 'integer', name: 'provided_at', nullable: true })
  providedAt!: number | null;

  /** Announcements that failed since the last that succeeded. */
  @Column({ type: 'integer', default: 0 })
  failures!: number;
}

/** Provider records that other nodes gave this node to keep, so that they survive a restart. */
@Entity({ name: 'dht_record', withoutRowid: true })
export class DhtRecordEntity {
  /** Key of the content, as the DHT writes it. */
  @PrimaryColumn({ type: 'text' })
  content!: string;

  /** Peer id of the provider, as the DHT writes it. */
  @PrimaryColumn({ type: 'text' })
  peer!: string;

  /** The record, as the DHT encodes it. */
  @Column({ type: 'blob' })
  value!: Uint8Array;
}
