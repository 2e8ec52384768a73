import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { EntityClass, MigrationClass } from '@dfs/database';
import { InviteEntity } from './join/invite.entity.js';
import { MembershipRecordEntity, MembershipStateEntity, OwnerVoteEntity } from './membership/membership.entity.js';
import { PeerAddressEntity, PeerKnownEntity } from './dialling/address-book.entity.js';

class PeersBaseline1796000000000 implements MigrationInterface {
  name = 'PeersBaseline1796000000000';

  async up(runner: QueryRunner): Promise<void> {
    // In order of arrival: parents before children. `bytes` are as received; they cannot be made again.
    await runner.query(`CREATE TABLE membership_record (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      id BLOB NOT NULL UNIQUE,
      bytes BLOB NOT NULL
    ) STRICT`);
    // Facts of this node: its network, and how often it has started (see liveness.ts). must_sync is 1 where this
    // node may have written what its database does not know of: it compares with a member before it writes.
    await runner.query(`CREATE TABLE membership_state (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      network BLOB NOT NULL,
      heartbeat_epoch INTEGER NOT NULL,
      must_sync INTEGER NOT NULL DEFAULT 0
    ) STRICT`);
    // `key` follows from the secret; the secret itself is not kept.
    await runner.query(`CREATE TABLE invite (
      id BLOB PRIMARY KEY,
      key BLOB NOT NULL,
      role TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      used_by BLOB,
      revoked INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID`);
    await runner.query(`CREATE TABLE peer_address (
      peer BLOB NOT NULL,
      address TEXT NOT NULL,
      source TEXT NOT NULL,
      learned_at INTEGER NOT NULL,
      PRIMARY KEY (peer, address)
    ) STRICT, WITHOUT ROWID`);
    await runner.query(`CREATE TABLE peer_known (
      peer BLOB PRIMARY KEY,
      name TEXT NOT NULL,
      last_seen INTEGER
    ) STRICT, WITHOUT ROWID`);
    // Members whom a person at this node would have as owners.
    await runner.query(`CREATE TABLE owner_vote (
      member BLOB PRIMARY KEY,
      voted_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of [
      'owner_vote',
      'peer_known',
      'peer_address',
      'invite',
      'membership_state',
      'membership_record',
    ]) {
      await runner.query(`DROP TABLE ${table}`);
    }
  }
}

/** Tables `membership_record`, `membership_state`, `invite`, `peer_address`, `peer_known`, `owner_vote`. */
export const peersMigrations: MigrationClass[] = [PeersBaseline1796000000000];

/** Entities of these tables. */
export const peersEntities: EntityClass[] = [
  MembershipRecordEntity,
  MembershipStateEntity,
  InviteEntity,
  PeerAddressEntity,
  PeerKnownEntity,
  OwnerVoteEntity,
];
