import type { Database, Tx } from '@dfs/database';
import type { MembershipRecord } from '@dfs/protocol';
import { InviteEntity } from '../join/invite.entity.js';
import { PeerAddressEntity, PeerKnownEntity } from '../dialling/address-book.entity.js';
import { MembershipRecordEntity, MembershipStateEntity, OwnerVoteEntity } from './membership.entity.js';

/** Envelopes in order of arrival; undefined at the first start. */
export async function loadMembership(tx: Tx): Promise<Uint8Array[] | undefined> {
  const rows = await tx.query<{ bytes: Uint8Array }>('SELECT bytes FROM membership_record ORDER BY seq');
  return rows.length === 0 ? undefined : rows.map(({ bytes }) => bytes);
}

/** Ignores those that are stored: a commit whose outcome was unknown may have stored them. */
export async function insertRecords(tx: Tx, records: readonly MembershipRecord[]): Promise<void> {
  const rows = records.map(({ id, bytes }) => [Buffer.from(id, 'hex'), bytes]);
  await tx.insertMany('membership_record', ['id', 'bytes'], rows, 'ignore');
}

/**
 * Another network's records, parents first, in place of those that are stored. Its invites and addresses go too.
 * @param mustSync whether this node was a member before, and may have written what it does not know of any more
 */
export async function replaceMembership(
  tx: Tx,
  records: readonly MembershipRecord[],
  mustSync: boolean,
): Promise<void> {
  const entities = [MembershipRecordEntity, InviteEntity, PeerAddressEntity, PeerKnownEntity, OwnerVoteEntity];
  for (const entity of entities) await tx.repository<object>(entity).clear();
  const network = Buffer.from(records[0]?.networkId ?? '', 'hex');
  await tx.run(
    `INSERT INTO membership_state (one, network, heartbeat_epoch, must_sync) VALUES (1, ?, 0, ?)
     ON CONFLICT (one) DO UPDATE SET network = excluded.network, must_sync = excluded.must_sync`,
    [network, mustSync ? 1 : 0],
  );
  await insertRecords(tx, records);
}

/** Whether this node has to compare catalogues with a member before it writes. */
export async function loadMustSync(tx: Tx): Promise<boolean> {
  return (await tx.repository(MembershipStateEntity).count({ mustSync: true })) > 0;
}

/** Notes whether this node must compare with a member before it may write, so that a restart does not forget it. */
export async function storeMustSync(tx: Tx, mustSync: boolean): Promise<void> {
  await tx.repository(MembershipStateEntity).update({ one: 1 }, { mustSync });
}

/** Numbers this start of the node. */
export function nextEpoch(db: Database): Promise<number> {
  return db.write(async (tx) => {
    await tx.run('UPDATE membership_state SET heartbeat_epoch = heartbeat_epoch + 1');
    const [row] = await tx.query<{ epoch: number }>('SELECT heartbeat_epoch AS epoch FROM membership_state');
    return row?.epoch ?? 1;
  });
}

/** Others know of later starts than this node does: it goes on from there. */
export async function raiseEpoch(db: Database, epoch: number): Promise<void> {
  await db.write((tx) => tx.run('UPDATE membership_state SET heartbeat_epoch = max(heartbeat_epoch, ?)', [epoch]));
}
