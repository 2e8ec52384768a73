import { Check, Column, Entity, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';

/** Durable events, the newest of them: what happened on this node, for clients that were away. Older ones are pruned. */
@Entity({ name: 'event' })
export class EventEntity {
  /** Sequence number. None is given twice, even after the newest rows have gone. */
  @PrimaryGeneratedColumn('increment', { type: 'integer' })
  seq!: number;

  /** Name of the event, as the contract has it. */
  @Column({ type: 'text' })
  type!: string;

  /** When it was recorded, in ms since 1970. */
  @Column({ type: 'integer' })
  time!: number;

  /** Data of the event, as JSON. */
  @Column({ type: 'text' })
  data!: string;
}

/** One row: the stream that the sequence numbers belong to. */
@Entity({ name: 'event_stream' })
@Check('one = 1')
export class EventStreamEntity {
  /** Always 1. */
  @PrimaryColumn({ type: 'integer' })
  one!: number;

  /** A UUID. It changes when sequence numbers may have been given before; clients then read everything anew. */
  @Column({ type: 'text' })
  stream!: string;
}
