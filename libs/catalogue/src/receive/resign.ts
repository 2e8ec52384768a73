import { BLOBS, changeByIds, type Database, type Tx } from '@dfs/database';
import {
  encodeRecord,
  MAX_CLOCK_SKEW,
  nextClock,
  parseRecord,
  recordIdOf,
  signBodies,
  type RecordFields,
  type SignedRecord,
  type Signer,
  peerBytes,
  fromHex,
  toHex,
} from '@dfs/protocol';
import type { Clock } from '@dfs/runtime';
import { RecordState } from '../rules/states.js';
import { Changeset, type ChangesetContext } from '../write/changeset.js';
import type { JudgedRecord } from '../write/judged.js';
import { chainEnd, type ChainEnd } from '../write/commit.js';
import { discount, ROW, takeOut, withTheirPaths, type StoredRow } from './rejudge.js';

/** A clock that shows less has never been set: nothing is stamped anew by it. */
const NO_CLOCK_BEFORE = Date.UTC(2026, 0, 1);

/**
 * The parts of the catalogue that signing anew uses. `now` is milliseconds since 1970; nothing is signed unless this
 * node is
 * alone.
 */
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
 * unit of work. Only for a node that was always alone: records that others may have can only be superseded. A record
 * signed anew
 * before, and came back from the journal of a node that was restored, goes: nobody else ever had it.
 * @returns the new records
 */
export async function resignFuture(context: ResignContext): Promise<SignedRecord[]> {
  const { db, signer, now } = context;
  if (now < NO_CLOCK_BEFORE) return [];
  const until = now + MAX_CLOCK_SKEW;
  const find = `SELECT ${ROW} FROM catalogue_record WHERE author = (SELECT id FROM catalogue_author WHERE peer = ?)
    AND ms > ? AND state IN (${RecordState.applied}, ${RecordState.future})`;
  const params = [peerBytes(signer.peerId), until];
  const [any] = await db.query(`${find} LIMIT 1`, params);
  if (any === undefined) return [];
  return db.write(async (tx) => {
    const ahead = await tx.query<StoredRow>(`${find} ORDER BY ms, counter`, params);
    const idNow = await signedBefore(tx, ahead, signer.peerId, until);
    const done = idNow.size;
    const found = context.isAlone() ? ahead : ahead.slice(0, done);
    if (found.length === 0) return [];
    const before = await chainBefore(tx, signer.peerId, until);
    const written = await signedAnew(found.slice(done), idNow, context, before);
    const rows = await withTheirPaths(tx, found);
    const isFound = new Set(found.map(({ seq }) => seq));
    const others = rows.filter(({ seq }) => !isFound.has(seq)).map(unchanged);
    await takeOut(tx, rows);
    await discount(tx, found);
    for (const column of ['record', 'sibling'])
      await changeByIds(
        tx,
        `DELETE FROM catalogue_fork WHERE ${column} IN ${BLOBS}`,
        found.map(({ id }) => id),
      );
    const judged = [...others, ...written];
    const paths = judged.flatMap(({ fields }) => (fields ? [fields.path] : []));
    const changes = await Changeset.load(tx, context.changeset(), paths);
    for (const row of rows) changes.remove(toHex(row.id), row.state);
    await changes.addAll(judged);
    await context.finish(tx, changes);
    return written;
  });
}

/**
 * Those of these records, the first ones, that are here signed anew already: the ids of what took their place, by theirs. It
 * follows on what they follow on, and is just what they are but for its stamps.
 */
async function signedBefore(
  tx: Tx,
  ahead: readonly StoredRow[],
  peerId: string,
  until: number,
): Promise<Map<string, string>> {
  const idNow = new Map<string, string>();
  const [first] = ahead;
  if (first === undefined) return idNow;
  const { prev } = parseRecord(first.body).envelope;
  const anew = await tx.query<{ body: Uint8Array }>(
    `SELECT body FROM catalogue_record WHERE author = (SELECT id FROM catalogue_author WHERE peer = ?) AND ms <= ?
     AND NOT EXISTS (SELECT 1 FROM catalogue_record p WHERE p.id = ? AND (catalogue_record.ms, catalogue_record.counter) <= (p.ms, p.counter))
     ORDER BY ms, counter LIMIT ?`,
    [peerBytes(peerId), until, prev === null ? null : fromHex(prev), ahead.length],
  );
  for (const [at, { body }] of anew.entries()) {
    const { id, fields } = parseRecord(ahead[at]!.body);
    const { id: other, fields: twin } = parseRecord(body);
    if (fields === null || twin === null) break;
    const { clock, time, prev: before } = twin;
    const same = recordIdOf(encodeRecord(restamped(fields, { clock, time, prev: before }, idNow))) === other;
    if (!same) break;
    idNow.set(id, other);
  }
  return idNow;
}

/** The same with other stamps, linked to what took the place of what it was linked to. */
function restamped(
  fields: RecordFields,
  stamps: Pick<RecordFields, 'clock' | 'time' | 'prev'>,
  idNow: ReadonlyMap<string, string>,
): RecordFields {
  const renamed = (ids: readonly string[]): string[] => ids.map((id) => idNow.get(id) ?? id).sort();
  const { supersedes, ...attributes } = fields.attributes;
  return {
    ...fields,
    ...stamps,
    parents: renamed(fields.parents),
    attributes: { ...attributes, ...(supersedes && { supersedes: renamed(supersedes) }) },
  };
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
  idNow: Map<string, string>,
  { signer, now }: Pick<ResignContext, 'signer' | 'now'>,
  before: ChainEnd | undefined,
): Promise<JudgedRecord[]> {
  let last = before;
  const records: Omit<JudgedRecord, 'signature'>[] = [];
  for (const row of found) {
    const { id, fields } = parseRecord(row.body);
    if (fields === null) continue;
    const clock = nextClock(now, last?.clock);
    const stamps = { clock, prev: last?.id ?? null, time: Math.min(fields.time, now) };
    const anew = restamped(fields, stamps, idNow);
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
