import { BLOBS, byIds, type Reader, type Tx } from '@dfs/database';
import {
  carriedAttributes,
  MAX_CLOCK_SKEW,
  MAX_PARENTS,
  parseRecord,
  type RecordClock,
  type RecordFields,
  fromHex,
  toHex,
} from '@dfs/protocol';
import { DfsError } from '@dfs/runtime';
import type { Draft } from '../ports.js';
import { RecordState } from '../rules/states.js';

/** Void records of a path among which the ancestors of one are looked for, the newest ones. */
const MAX_WALKED = 10_000;
/** Ancestors that are named as replaced; what others wrote on those that are not becomes a conflict. */
const MAX_ANCESTORS = 1024;

/** A record that the adopted one is to replace; perhaps not here yet. */
export interface Ancestor {
  id: string;
  clock: RecordClock;
}

/** The draft that says a void record anew. */
export type Adoption = Draft & { adopts: NonNullable<Draft['adopts']> };

/**
 * The draft that adopts a void version: the same kind, path and content, in place of the nearest ancestors of it that
 * count. Void ones are walked through, but for those that this node has adopted: they count as what they became.
 * @param now milliseconds since 1970
 * @throws DfsError `not-found`
 */
export async function adoptionOf(reader: Reader, version: string, now: number): Promise<Adoption> {
  const fields = await voidRecord(reader, version);
  if (fields === undefined) throw notVoid();
  const known = await voidOfPath(reader, fields);
  const parents = await countedAmong(reader, frontierOf(fields, known), fields, now);
  const { kind, path, content, size, mediaType } = fields;
  // Their clock is greater than that of what replaces them: it names them, so that they are no heads when their time comes.
  const supersedes = futureAmong(fields, version, known);
  const attributes = { ...carriedAttributes(fields.attributes), ...(supersedes.length > 0 && { supersedes }) };
  const adopts = { parents, as: known.get(version)?.adopted ?? null };
  if (kind !== 'file') return { kind, path, attributes, adopts };
  // As of a version that is brought back: `from` is the path itself.
  return {
    kind,
    path,
    ...(content === null ? {} : { contentId: content }),
    size,
    mediaType,
    attributes,
    from: path,
    adopts,
  };
}

/** Notes which record says here what the void one said. */
export async function noteAdopted(tx: Tx, version: string, record: string): Promise<void> {
  const ids = [fromHex(version), fromHex(record)];
  await tx.insertMany('catalogue_adopted', ['id', 'record'], [ids], 'replace');
}

async function voidRecord(reader: Reader, version: string): Promise<RecordFields | undefined> {
  const [row] = await reader.query<{ body: Uint8Array }>(
    `SELECT r.body FROM catalogue_record r JOIN catalogue_void v ON v.seq = r.seq WHERE v.id = ?`,
    [fromHex(version)],
  );
  return (row && parseRecord(row.body).fields) ?? undefined;
}

interface VoidStep {
  parents: readonly string[];
  isFuture: boolean;
  /** Id of the record that this node adopted it as. */
  adopted: string | null;
}

/** The void records of the path that may be ancestors of this one, and itself. */
async function voidOfPath(reader: Reader, { path, clock }: RecordFields): Promise<Map<string, VoidStep>> {
  const rows = await reader.query<{ id: Uint8Array; body: Uint8Array; adopted: Uint8Array | null; future: number }>(
    `SELECT v.id, r.body, v.future, d.record AS adopted
     FROM catalogue_void v JOIN catalogue_record r ON r.seq = v.seq LEFT JOIN catalogue_adopted d ON d.id = v.id
     WHERE v.path = ? AND (v.ms, v.counter) <= (?, ?) ORDER BY v.ms DESC, v.counter DESC LIMIT ${MAX_WALKED}`,
    [path, clock.ms, clock.counter],
  );
  return new Map(
    rows.map(({ id, body, adopted, future }) => [
      toHex(id),
      { parents: parseRecord(body).fields?.parents ?? [], adopted: adopted && toHex(adopted), isFuture: future === 1 },
    ]),
  );
}

/** Those of the future that are said anew with it: itself, and what it replaced, as many as a record may name. */
function futureAmong({ parents }: RecordFields, version: string, known: ReadonlyMap<string, VoidStep>): string[] {
  const found = new Set<string>();
  const open = known.get(version)?.isFuture ? [version] : [...parents];
  for (let id = open.shift(); id !== undefined && found.size < MAX_PARENTS; id = open.shift()) {
    const step = known.get(id);
    if (found.has(id) || !step?.isFuture) continue;
    found.add(id);
    open.push(...step.parents);
  }
  return [...found].sort();
}

/** The first ids on each way back that are no void record, or stand for an adopted one. */
function frontierOf({ parents }: RecordFields, known: ReadonlyMap<string, VoidStep>): Set<string> {
  const frontier = new Set<string>();
  const walked = new Set<string>();
  const open = [...parents];
  for (let id = open.pop(); id !== undefined && frontier.size < MAX_ANCESTORS; id = open.pop()) {
    if (walked.has(id)) continue;
    walked.add(id);
    const step = known.get(id);
    if (step === undefined) frontier.add(id);
    else if (step.adopted !== null) frontier.add(step.adopted);
    else open.push(...step.parents);
  }
  return frontier;
}

/** Those that count, wait for their author, or are yet to come; the time of these is before that of the adopted one. */
async function countedAmong(
  reader: Reader,
  ids: ReadonlySet<string>,
  { path, clock }: RecordFields,
  now: number,
): Promise<Ancestor[]> {
  const rows = await byIds<{ id: Uint8Array; state: number; ms: number; counter: number; body: Uint8Array }>(
    reader,
    `SELECT id, state, ms, counter, body FROM catalogue_record WHERE id IN ${BLOBS}`,
    [...ids],
  );
  const missing = new Set(ids);
  const found: Ancestor[] = [];
  for (const { id, state, ms, counter, body } of rows) {
    missing.delete(toHex(id));
    const isOfPath = parseRecord(body).fields?.path === path;
    // One whose time has not come would put what is written now off until then.
    if (!isOfPath || state === RecordState.void || state === RecordState.future) continue;
    found.push({ id: toHex(id), clock: { ms, counter } });
  }
  if (clock.ms > now + MAX_CLOCK_SKEW) return found;
  return [...found, ...[...missing].map((id) => ({ id, clock }))];
}

function notVoid(): DfsError {
  return new DfsError(
    'not-found',
    'This node knows no void version with this id: GET /void-versions lists those it knows.',
  );
}
