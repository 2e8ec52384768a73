import { setImmediate as breathe } from 'node:timers/promises';
import { BLOBS, VALUES, byIds, changeByIds, idsParameter, type Database, type Reader, type Tx } from '@dfs/database';
import { hour, minute, pages } from '@dfs/runtime';
import { MAX_CLOCK_SKEW, parseRecord, peerText, toHex } from '@dfs/protocol';
import { Changeset, type ChangesetContext } from '../write/changeset.js';
import type { JudgedRecord } from '../write/judged.js';
import { replacedIds } from '../rules/heads.js';
import { IN_SET, RecordState } from '../rules/states.js';
import { judgeValid, lastCounted } from '../rules/validity.js';
import { forgetArrived, HAS_EXPIRED } from './waiting-room.js';

/** Milliseconds between looks at what waits. */
export const JUDGE_EVERY = 1 * minute;
/** Records judged anew in one unit of work. */
const RECORDS_PER_UNIT = 2000;
/** A clock that is set right by less takes nothing out that came in just so. */
const STEP = 1 * hour;

/**
 * The parts of the catalogue that judging anew uses. `standing` is the standing of an author now; `now` is
 * milliseconds since 1970.
 */
export interface ReconsiderContext {
  db: Pick<Database, 'write' | 'query'>;
  standing: (peerId: string) => string;
  now: number;
  /** Milliseconds that this node has run. */
  runningMs: number;
  /** Whether other members say that `now` is right. */
  isConfirmed: boolean;
  changeset: () => ChangesetContext;
  /** Writes the changes and tells of them. */
  finish: (tx: Tx, changes: Changeset) => Promise<void>;
}

interface AuthorRow {
  id: number;
  peer: Uint8Array;
  standing: string;
  /** Records stored of it, in whatever state. */
  records: number;
}

/** A stored record, to be judged anew. */
export interface StoredRow {
  seq: number;
  id: Uint8Array;
  state: RecordState;
  file: number | null;
  author: number;
  body: Uint8Array;
  signature: Uint8Array;
  shown_at: number;
}

/** A stored record and what it is worth now; `undefined`: it is refused and goes. */
type Verdict = (row: StoredRow) => RecordState | undefined;

/** Columns of a `StoredRow`. */
export const ROW = 'seq, id, state, file, author, body, signature, shown_at';

/**
 * Judges anew what membership or time has changed: records of authors that have become known, were removed, or may not
 * write, and those whose clock is no longer too far ahead. The outcome is the one that would be there had the records
 * come just now.
 */
export async function reconsider(context: ReconsiderContext): Promise<void> {
  const authors = await context.db.query<AuthorRow>('SELECT id, peer, standing, records FROM catalogue_author');
  for (const author of authors) {
    const standing = context.standing(peerText(author.peer));
    if (standing !== author.standing) await reconsiderAuthor(context, author, standing);
  }
  const due = context.now + MAX_CLOCK_SKEW;
  await inUnits(
    context,
    (tx) =>
      tx.query<StoredRow>(
        `SELECT ${ROW} FROM catalogue_record WHERE state = ${RecordState.future} AND ms <= ? LIMIT ${RECORDS_PER_UNIT}`,
        [due],
      ),
    (row) => judgeValid(parseRecord(row.body), context.now),
  );
  if (context.isConfirmed) await takeOutFuture(context);
  await letExpire(context);
}

/** Records whose author nobody has made known for long enough go: they come again with a later sync, if ever. */
async function letExpire(context: ReconsiderContext): Promise<void> {
  const [any] = await context.db.query('SELECT 1 FROM catalogue_waiting LIMIT 1');
  if (any === undefined) return;
  await inUnits(
    context,
    (tx) =>
      tx.query<StoredRow>(`SELECT ${ROW} FROM catalogue_record WHERE ${HAS_EXPIRED} LIMIT ${RECORDS_PER_UNIT}`, [
        context.runningMs,
      ]),
    () => undefined,
  );
  await context.db.write(async (tx) => {
    await forgetArrived(tx);
    await tx.later("DELETE FROM catalogue_author WHERE records = 0 AND standing = 'unknown'");
  });
}

/**
 * Records that came in, or were written here, while this node's clock was far ahead: to all others they wait for their
 * time. By a clock that may be wrong itself none are taken out.
 */
async function takeOutFuture(context: ReconsiderContext): Promise<void> {
  const { now } = context;
  const find = (tx: Tx): Promise<StoredRow[]> =>
    tx.query<StoredRow>(
      `SELECT ${ROW} FROM catalogue_record WHERE author IN (SELECT id FROM catalogue_author)
       AND ms > ? AND state <= ${IN_SET} LIMIT ${RECORDS_PER_UNIT}`,
      [now + MAX_CLOCK_SKEW + STEP],
    );
  await inUnits(context, find, (row) => judgeValid(parseRecord(row.body), now));
}

async function reconsiderAuthor(context: ReconsiderContext, author: AuthorRow, standing: string): Promise<void> {
  const last = lastCounted(standing);
  if (last !== undefined) await judgeRemoved(context, author.id, last);
  else if (standing === 'writer') {
    await inUnits(context, stored(author.id, [RecordState.waitingAuthor, RecordState.void]), (row) =>
      judgeValid(parseRecord(row.body), context.now),
    );
  } else if (standing === 'reader') {
    await inUnits(context, stored(author.id, [RecordState.waitingAuthor]), () => undefined);
  } else if (standing === 'unknown') {
    const counted = [RecordState.applied, RecordState.unknown];
    await inUnits(context, stored(author.id, counted), () => RecordState.waitingAuthor);
  }
  // Not if more of its records have come meanwhile: they have not been judged.
  await context.db.write((tx) =>
    tx.run('UPDATE catalogue_author SET standing = ? WHERE id = ? AND records = ?', [
      standing,
      author.id,
      author.records,
    ]),
  );
}

/** Of a removed author only what its last counted record follows, by `prev`, counts. */
async function judgeRemoved(context: ReconsiderContext, author: number, last: string): Promise<void> {
  const counted = await chainOf(context.db, author, last);
  const verdict: Verdict = (row) =>
    counted.has(toHex(row.id)) ? judgeValid(parseRecord(row.body), context.now) : RecordState.void;
  let after = 0;
  await inUnits(
    context,
    async (tx) => {
      const wrong: StoredRow[] = [];
      while (wrong.length === 0) {
        const rows = await tx.query<StoredRow>(
          `SELECT ${ROW} FROM catalogue_record WHERE author = ? AND seq > ? ORDER BY seq LIMIT ${RECORDS_PER_UNIT}`,
          [author, after],
        );
        if (rows.length === 0) return [];
        after = rows.at(-1)?.seq ?? after;
        wrong.push(...rows.filter((row) => verdict(row) !== row.state));
      }
      return wrong;
    },
    verdict,
  );
}

async function chainOf(reader: Reader, author: number, last: string): Promise<Set<string>> {
  const prevOf = new Map<string, string | null>();
  const sql = `SELECT seq, id, body FROM catalogue_record WHERE author = ? AND seq > ? ORDER BY seq LIMIT ?`;
  const read = (after: number | null): Promise<{ seq: number; id: Uint8Array; body: Uint8Array }[]> =>
    reader.query(sql, [author, after ?? 0, RECORDS_PER_UNIT]);
  for await (const rows of pages(RECORDS_PER_UNIT, read, ({ seq }) => seq)) {
    for (const row of rows) prevOf.set(toHex(row.id), parseRecord(row.body).envelope.prev);
    await breathe();
  }
  const chain = new Set<string>();
  for (let at: string | null | undefined = last; at && prevOf.has(at) && !chain.has(at); at = prevOf.get(at)) {
    chain.add(at);
  }
  return chain;
}

function stored(author: number, states: readonly RecordState[]): (tx: Tx) => Promise<StoredRow[]> {
  return (tx) =>
    tx.query<StoredRow>(
      `SELECT ${ROW} FROM catalogue_record WHERE author = ? AND state IN (${states.join(',')}) LIMIT ${RECORDS_PER_UNIT}`,
      [author],
    );
}

/** One unit of work after another, until `find` finds nothing more. */
async function inUnits(
  context: ReconsiderContext,
  find: (tx: Tx) => Promise<StoredRow[]>,
  verdict: Verdict,
): Promise<void> {
  while (await context.db.write((tx) => storeAnew(context, tx, find, verdict)));
}

async function storeAnew(
  context: ReconsiderContext,
  tx: Tx,
  find: (tx: Tx) => Promise<StoredRow[]>,
  verdict: Verdict,
): Promise<boolean> {
  const found = await find(tx);
  if (found.length === 0) return false;
  const rows = await withTheirPaths(tx, found);
  const judged: JudgedRecord[] = [];
  const refused: StoredRow[] = [];
  const isFound = new Set(found.map((row) => row.seq));
  for (const row of rows) {
    const state = isFound.has(row.seq) ? verdict(row) : row.state;
    const { body, signature, shown_at: shownAt } = row;
    if (state === undefined) refused.push(row);
    else judged.push({ ...parseRecord(body), body, signature, state, again: true, shownAt });
  }
  await takeOut(tx, rows);
  await discount(tx, refused);
  const paths = judged.flatMap(({ fields }) => (fields ? [fields.path] : []));
  const changes = await Changeset.load(tx, context.changeset(), paths);
  for (const row of rows) changes.remove(toHex(row.id), row.state);
  await changes.addAll(judged);
  await context.finish(tx, changes);
  return true;
}

/** When a record stops counting, the heads of its path follow from all its other records. */
export async function withTheirPaths(tx: Tx, found: readonly StoredRow[]): Promise<StoredRow[]> {
  const files = new Set(
    found.flatMap((row) => (row.state === RecordState.applied && row.file !== null ? [row.file] : [])),
  );
  if (files.size === 0) return [...found];
  const siblings = await byIds<StoredRow>(
    tx,
    `SELECT ${ROW} FROM catalogue_record WHERE file IN ${VALUES} AND state = ${RecordState.applied}`,
    [...files],
  );
  return [...new Map([...found, ...siblings].map((row) => [row.seq, row])).values()];
}

/** Only records that are kept count against the limits of their author. */
export async function discount(tx: Tx, refused: readonly StoredRow[]): Promise<void> {
  for (const [author, rows] of Map.groupBy(refused, (row) => row.author)) {
    const bytes = rows.reduce((sum, { body }) => sum + body.length, 0);
    await tx.later('UPDATE catalogue_author SET records = records - ?, bytes = bytes - ? WHERE id = ?', [
      rows.length,
      bytes,
      author,
    ]);
  }
}

/** The rows of these records, and what follows from them alone. */
export async function takeOut(tx: Tx, rows: readonly StoredRow[]): Promise<void> {
  const seqs = rows.map((row) => row.seq);
  const parents = rows.flatMap((row) => {
    const { fields } = parseRecord(row.body);
    return fields ? replacedIds(fields) : [];
  });
  const edges = `DELETE FROM catalogue_parent WHERE parent IN ${BLOBS} AND child IN (SELECT value FROM json_each(?2))`;
  await changeByIds(tx, edges, parents, [idsParameter(seqs)]);
  for (const table of ['void', 'record']) {
    await changeByIds(tx, `DELETE FROM catalogue_${table} WHERE seq IN ${VALUES}`, seqs);
  }
}
