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
  const states = tx.repository(MembershipStateEntity);
  const isKnown = (await states.update({ one: 1 }, { network, mustSync })) > 0;
  if (!isKnown) await states.insert({ one: 1, network, heartbeatEpoch: 0, mustSync });
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
    const states = tx.repository(MembershipStateEntity);
    const heartbeatEpoch = ((await states.findOne({ one: 1 }))?.heartbeatEpoch ?? 0) + 1;
    await states.update({ one: 1 }, { heartbeatEpoch });
    return heartbeatEpoch;
  });
}

/** Others know of later starts than this node does: it goes on from there. */
export async function raiseEpoch(db: Database, epoch: number): Promise<void> {
  await db.write(async (tx) => {
    const states = tx.repository(MembershipStateEntity);
    const known = (await states.findOne({ one: 1 }))?.heartbeatEpoch ?? epoch;
    if (known < epoch) await states.update({ one: 1 }, { heartbeatEpoch: epoch });
  });
}
