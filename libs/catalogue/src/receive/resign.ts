import type { Database, Tx } from '@dfs/database';
import {
  encodeRecord,
  MAX_CLOCK_SKEW,
  nextClock,
  parseRecord,
  recordIdOf,
  signBodies,
  type Clock,
  type RecordFields,
  type SignedRecord,
  type Signer,
} from '@dfs/protocol';
import { RecordState } from '../migrations/migrations.js';
import { peerBytes, toHex } from '../store/rows.js';
import { Changeset, type ChangesetContext, type JudgedRecord } from '../write/changeset.js';
import { chainEnd, type ChainEnd } from '../write/commit.js';
import { discount, ROW, takeOut, withTheirPaths, type StoredRow } from './rejudge.js';

/** A clock that shows less has never been set: nothing is stamped anew by it. */
const NO_CLOCK_BEFORE = Date.UTC(2026, 0, 1);

export interface ResignContext {
  db: Pick<Database, 'write' | 'query'>;
  signer: Signer;
  now: number;
  /** Asked again within the unit of work. */
  isAlone: () => boolean;
  changeset: () => ChangesetContext;
  /** Writes the changes. */
  finish: (tx: Tx, changes: Changeset) => Promise<void>;
}

/** Whether this node's own records end so far ahead that it could not write on. */
export async function isAhead({
  db,
  signer,
  clock,
}: Pick<ResignContext, 'db' | 'signer'> & { clock: Clock }): Promise<boolean> {
  const last = await chainEnd(db, signer.peerId);
  return last !== undefined && last.clock.ms > clock.now() + MAX_CLOCK_SKEW;
}

/**
 * Replaces what this node wrote while its clock was far ahead by the same, signed anew with the clock as it is now, all in one
 * unit of work. Only for a node that was always alone: what others may have can only be superseded.
 * @returns the new records
 */
export async function resignFuture(context: ResignContext): Promise<SignedRecord[]> {
  const { db, signer, now } = context;
  if (now < NO_CLOCK_BEFORE || !context.isAlone()) return [];
  const find = `SELECT ${ROW} FROM catalogue_record WHERE author = (SELECT id FROM catalogue_author WHERE peer = ?)
    AND ms > ? AND state IN (${RecordState.applied}, ${RecordState.future})`;
  const params = [peerBytes(signer.peerId), now + MAX_CLOCK_SKEW];
  const [any] = await db.query(`${find} LIMIT 1`, params);
  if (any === undefined) return [];
  return db.write(async (tx) => {
    if (!context.isAlone()) return [];
    const found = await tx.query<StoredRow>(`${find} ORDER BY ms, counter`, params);
    const written = await signedAnew(found, context, await chainBefore(tx, signer.peerId, now + MAX_CLOCK_SKEW));
    const rows = await withTheirPaths(tx, found);
    const isFound = new Set(found.map(({ seq }) => seq));
    const others = rows.filter(({ seq }) => !isFound.has(seq)).map(unchanged);
    await takeOut(tx, rows);
    await discount(tx, found);
    const judged = [...others, ...written];
    const paths = judged.flatMap(({ fields }) => (fields ? [fields.path] : []));
    const changes = await Changeset.load(tx, context.changeset(), paths);
    for (const row of rows) changes.remove(toHex(row.id), row.state);
    await changes.addAll(judged);
    await context.finish(tx, changes);
    return written;
  });
}

/** The last of this author's records that is not too far ahead. */
async function chainBefore(tx: Tx, peerId: string, until: number): Promise<ChainEnd | undefined> {
  const [row] = await tx.query<{ id: Uint8Array; ms: number; counter: number }>(
    `SELECT id, ms, counter FROM catalogue_record WHERE author = (SELECT id FROM catalogue_author WHERE peer = ?)
     AND ms <= ? ORDER BY ms DESC, counter DESC LIMIT 1`,
    [peerBytes(peerId), until],
  );
  return row && { id: toHex(row.id), clock: { ms: row.ms, counter: row.counter } };
}

async function signedAnew(
  found: readonly StoredRow[],
  { signer, now }: ResignContext,
  before: ChainEnd | undefined,
): Promise<JudgedRecord[]> {
  const idNow = new Map<string, string>();
  const renamed = (ids: readonly string[]): string[] => ids.map((id) => idNow.get(id) ?? id).sort();
  let last = before;
  const records: Omit<JudgedRecord, 'signature'>[] = [];
  for (const row of found) {
    const { id, fields } = parseRecord(row.body);
    if (fields === null) continue;
    const { supersedes, ...attributes } = fields.attributes;
    const clock = nextClock(now, last?.clock);
    const anew: RecordFields = {
      ...fields,
      clock,
      prev: last?.id ?? null,
      parents: renamed(fields.parents),
      time: Math.min(fields.time, now),
      attributes: { ...attributes, ...(supersedes && { supersedes: renamed(supersedes) }) },
    };
    const body = encodeRecord(anew);
    last = { id: recordIdOf(body), clock };
    idNow.set(id, last.id);
    const shownAt = Math.min(row.shown_at, now);
    records.push({ id: last.id, body, envelope: anew, fields: anew, state: RecordState.applied, shownAt });
  }
  const signatures = await signBodies(
    signer,
    records.map(({ body }) => body),
  );
  return records.map((record, at) => ({ ...record, signature: signatures[at] as Uint8Array }));
}

function unchanged({ body, signature, state, shown_at: shownAt }: StoredRow): JudgedRecord {
  return { ...parseRecord(body), body, signature, state, again: true, shownAt };
}
