import type { Database, Tx } from '@dfs/database';
import { cidFromBytes, cidToBytes, type Cid } from '@dfs/protocol';
import { RESTART_SPACING, RESTART_SPREAD } from './constants.js';

/** A content whose turn to be provided has come, with the failures since it last went well. */
export interface DueContent {
  content: Cid;
  failures: number;
}
/** The result, and when the content is due again. */
export interface Provided extends DueContent {
  /** Milliseconds since 1970: when it is due again. */
  due: number;
  /** Null after a failure. */
  providedAt: number | null;
}
/** How the queue stands: contents that are due, ever provided, and failing at the moment. */
export interface Tally {
  queued: number;
  provided: number;
  failed: number;
  /** Milliseconds since 1970; null when nothing is overdue. */
  oldestDue: number | null;
}

/** Puts contents at the end of the queue; those that are in it stay where they are. */
export async function enqueue(tx: Tx, contents: readonly Cid[], now: number): Promise<void> {
  const rows = contents.map((content) => [cidToBytes(content), now] as const);
  await tx.insertMany('dht_provide', ['content', 'due'], rows, 'ignore');
}

/** Takes contents off the queue, within the unit of work that lets go of them. */
export async function remove(tx: Tx, contents: readonly Cid[]): Promise<void> {
  for (const content of contents) await tx.later('DELETE FROM dht_provide WHERE content = ?', [cidToBytes(content)]);
}

/** After a restart everything is due, spread so that it comes evenly. */
export async function spreadAll(tx: Tx, now: number): Promise<void> {
  const [row] = await tx.query<{ count: number }>('SELECT count(*) AS count FROM dht_provide');
  const spread = Math.max(RESTART_SPREAD, (row?.count ?? 0) * RESTART_SPACING);
  await tx.later(
    `UPDATE dht_provide SET failures = 0, due = min(due, ? + abs(random()) % ?) WHERE provided_at IS NOT NULL`,
    [now, spread],
  );
  await tx.later('UPDATE dht_provide SET failures = 0, due = min(due, ?) WHERE provided_at IS NULL', [now]);
}

/** Contents that are due at `now`, the most overdue first. */
export async function readDue(db: Database, now: number, limit: number): Promise<DueContent[]> {
  const rows = await db.query<{ content: Buffer; failures: number }>(
    'SELECT content, failures FROM dht_provide WHERE due <= ? ORDER BY due LIMIT ?',
    [now, limit],
  );
  return rows.map((row) => ({ content: cidFromBytes(row.content), failures: row.failures }));
}

/** Rows that were withdrawn meanwhile stay away. */
export async function settle(tx: Tx, results: readonly Provided[]): Promise<void> {
  for (const { content, due, providedAt, failures } of results) {
    await tx.later(
      'UPDATE dht_provide SET due = ?, failures = ?, provided_at = coalesce(?, provided_at) WHERE content = ?',
      [due, failures, providedAt, cidToBytes(content)],
    );
  }
}

/** Counts over the whole queue, at `now` in milliseconds since 1970. */
export async function readTally(db: Database, now: number): Promise<Tally> {
  const [row] = await db.query<Tally>(
    `SELECT count(*) FILTER (WHERE due <= ?1) AS queued, count(provided_at) AS provided,
            count(*) FILTER (WHERE failures > 0) AS failed, min(due) FILTER (WHERE due <= ?1) AS oldestDue
       FROM dht_provide`,
    [now],
  );
  return row ?? { queued: 0, provided: 0, failed: 0, oldestDue: null };
}
