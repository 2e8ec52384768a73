import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { MemberRole } from '@dfs/contracts';
import { flagColumn, hexColumn } from '@dfs/database';
import { peerColumn } from '../peer-column.js';

/** Invites that this node made: enough to check a proof, not enough to make the ticket again. */
@Entity({ name: 'invite', withoutRowid: true })
export class InviteEntity {
  /** Id of the invite, 16 bytes; it follows from the secret. */
  @PrimaryColumn({ type: 'blob', transformer: hexColumn })
  id!: string;

  /** Key that proofs are checked with; it follows from the secret, which is not kept. */
  @Column({ type: 'blob' })
  key!: Uint8Array;

  /** Role of the newcomer: owner, member or storage. */
  @Column({ type: 'text' })
  role!: MemberRole;

  /** In ms since 1970. */
  @Column({ type: 'integer', name: 'created_at' })
  createdAt!: number;

  /** In ms since 1970, a whole second. */
  @Column({ type: 'integer', name: 'expires_at' })
  expiresAt!: number;

  /** Peer id of the node that the invite admitted, in binary; null while nobody has used it. */
  @Column({ type: 'blob', name: 'used_by', nullable: true, transformer: peerColumn })
  usedBy!: string | null;

  /** 1 where the invite was taken back. */
  @Column({ type: 'integer', default: 0, transformer: flagColumn })
  revoked!: boolean;
}
