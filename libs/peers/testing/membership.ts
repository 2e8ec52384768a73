import { EventLog, eventsEntities, eventsMigrations } from '@dfs/events';
import type { Signer } from '@dfs/protocol';
import { silentLog } from '@dfs/runtime';
import { fakeClock, tempDatabase, type FakeClock, type TempDatabase } from '@dfs/testing';
import { Membership, peersEntities, peersMigrations } from '../src/index.js';

/** Settings with which a network is founded. */
export const FOUNDING = { replicas: 3, graceMs: 600_000, retentionMs: 0 };

/** A membership alone, and what it tells of itself. */
export interface OpenMembership {
  membership: Membership;
  events: EventLog;
  clock: FakeClock;
}

/** With the tables that a membership needs. */
export function membershipDatabase(): Promise<TempDatabase> {
  return tempDatabase([...eventsMigrations, ...peersMigrations], [...eventsEntities, ...peersEntities]);
}

/** That of a database; founded where there is none. */
export async function openMembership({ db }: TempDatabase, signer: Signer): Promise<OpenMembership> {
  const clock = fakeClock();
  const events = await EventLog.open(db, { clock });
  const membership = await Membership.open(
    { db, events, signer, clock, log: silentLog },
    { nodeName: 'node', networkName: 'home', founding: FOUNDING },
  );
  return { membership, events, clock };
}
