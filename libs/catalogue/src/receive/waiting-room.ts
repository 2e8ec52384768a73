import type { Tx } from '@dfs/database';
import { hour } from '@dfs/runtime';
import { IN_SET, RecordState } from '../rules/states.js';
import { peerBytes, toHex } from '@dfs/protocol';

/** Records kept that wait for their author, and as many that wait for their time; more are refused, and come again with a later sync. */
export const MAX_WAITING = 20_000;
/** So long a record waits for its author, of the time that this node runs: membership is synced first, so it takes seconds. */
const WAITING_TIME = 1 * hour;

/**
 * How many of so many records that a peer brings have room to wait for their authors. Where there is none, those wait no
 * longer that the peer with the most of them has brought, the oldest first: nobody fills the room for others.
 */
export async function roomForAuthors(tx: Tx, from: string, wanted: number): Promise<number> {
  const room = MAX_WAITING - (await count(tx, RecordState.waitingAuthor));
  const short = wanted - room;
  if (short <= 0) return wanted;
  const [most] = await tx.query<{ bringer: Uint8Array }>(
    'SELECT bringer FROM catalogue_waiting GROUP BY bringer ORDER BY count(*) DESC, bringer LIMIT 1',
  );
  if (most && toHex(most.bringer) !== toHex(peerBytes(from))) {
    await tx.later(
      `UPDATE catalogue_waiting SET expires = 0 WHERE id IN
       (SELECT id FROM catalogue_waiting WHERE bringer = ? ORDER BY expires LIMIT ?)`,
      [most.bringer, short],
    );
  }
  return Math.max(0, room);
}

/** How many more may wait for their time. */
export async function roomForTimes(tx: Tx): Promise<number> {
  return Math.max(0, MAX_WAITING - (await count(tx, RecordState.future)));
}

/** These records wait for their authors from now on. */
export async function waitForAuthors(tx: Tx, from: string, ids: readonly string[], runningMs: number): Promise<void> {
  if (ids.length === 0) return;
  const rows = ids.map((id) => [Buffer.from(id, 'hex'), peerBytes(from), runningMs + WAITING_TIME]);
  await tx.insertMany('catalogue_waiting', ['id', 'bringer', 'expires'], rows, 'replace');
}

/** Condition on records that have waited for their authors long enough; its parameter is the running time. */
export const HAS_EXPIRED = `state = ${RecordState.waitingAuthor}
  AND id IN (SELECT id FROM catalogue_waiting WHERE expires <= ?)`;

/** Forgets who brought what waits no longer. */
export async function forgetArrived(tx: Tx): Promise<void> {
  await tx.later(
    `DELETE FROM catalogue_waiting
     WHERE NOT EXISTS (SELECT 1 FROM catalogue_record r WHERE r.id = catalogue_waiting.id AND r.state = ${RecordState.waitingAuthor})`,
  );
}

async function count(tx: Tx, state: RecordState): Promise<number> {
  const [row] = await tx.query<{ count: number }>(
    `SELECT count(*) AS count FROM catalogue_record WHERE state > ${IN_SET} AND state = ?`,
    [state],
  );
  return row?.count ?? 0;
}
