import { Check, Column, Entity, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import { flagColumn } from '@dfs/database';
import { peerColumn } from '../peer-column.js';

/** Membership records of the network, as they were received; they cannot be made again. */
@Entity({ name: 'membership_record' })
export class MembershipRecordEntity {
  /** Order of arrival: parents come before children. */
  @PrimaryGeneratedColumn('increment', { type: 'integer' })
  seq!: number;

  /** Id of the record: the hash of its body, 32 bytes. */
  @Column({ type: 'blob', unique: true })
  id!: Uint8Array;

  /** The signed envelope, as it was received. */
  @Column({ type: 'blob' })
  bytes!: Uint8Array;
}

/** One row: what this node knows of itself. */
@Entity({ name: 'membership_state' })
@Check('one = 1')
export class MembershipStateEntity {
  /** Always 1. */
  @PrimaryColumn({ type: 'integer' })
  one!: number;

  /** Id of the network, in binary. */
  @Column({ type: 'blob' })
  network!: Uint8Array;

  /** How often the node has started: its heartbeats carry the number. */
  @Column({ type: 'integer', name: 'heartbeat_epoch' })
  heartbeatEpoch!: number;

  /** 1 where the node may have written what this database does not know of: it compares catalogues with a member before it writes. */
  @Column({ type: 'integer', name: 'must_sync', default: 0, transformer: flagColumn })
  mustSync!: boolean;
}

/** Members that a person at this node wants as owners. */
@Entity({ name: 'owner_vote', withoutRowid: true })
export class OwnerVoteEntity {
  /** Peer id of the member, in binary. */
  @PrimaryColumn({ type: 'blob', transformer: peerColumn })
  member!: string;

  /** In ms since 1970. */
  @Column({ type: 'integer', name: 'voted_at' })
  votedAt!: number;
}
