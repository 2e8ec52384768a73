import { randomBytes } from 'node:crypto';
import {
  choice,
  duplicate,
  relocation,
  restoration,
  withAct,
  type Commit,
  type Draft,
  type Entry,
} from '@dfs/catalogue';
import type { BatchOp, FileInfo } from '@dfs/contracts';
import type { Tx } from '@dfs/database';
import { DfsError, invalidField } from '@dfs/runtime';
import { NODE_ASKS, type FilesComponents } from '../ports.js';
import { describe } from '../read/file-info.js';
import { noSuchFile, shown } from '../read/listing.js';
import { admitDeletions, type ChangeOptions, type DeletionPace } from './deletion-pace.js';
import { isKept } from './revise.js';
import { goneContents, versionComingBack, type ComingBack } from '../versions/gone-contents.js';
import { isPurged } from '../versions/versions.js';

/** One file of an act. */
export interface BatchItem {
  /** File id. */
  id: string;
  /**
   * Record id. Of delete, purge and move: the version that was seen, which the file must still show. Of restore and copy: the
   * version that is brought back or copied. Of choose: the head to keep.
   */
  version?: string;
  /** Of move and copy: where to. */
  path?: string;
}

/** The result for one file of an act: the file, where there is one now, and `kept` as of Revised. */
export type BatchOutcome =
  { id: string; path: string; kept: boolean; file?: FileInfo } | { id: string; path: string | null; error: DfsError };

/** The results for all of them, in their order. */
export interface BatchDone {
  /** On all records that were written, 32 hexadecimal digits. */
  act: string;
  outcomes: BatchOutcome[];
}

type Parts = Pick<FilesComponents, 'db' | 'catalogue' | 'placement' | 'purges'>;
/** The drafts of an item, or the reason why there are none. The first draft gives its answer. */
type Plan = { item: BatchItem } & ({ drafts: [Draft, ...Draft[]] } | { error: DfsError });

const ACT_BYTES = 16;

/**
 * Changes many files as one act: one unit of work, one guard asked before the first of them. A file that is gone or
 * changed, or that cannot go where it should, is its own result and stops no other.
 * @returns one outcome an item, in their order
 * @throws DfsError `mass-deletion` when nothing was deleted since the act is not confirmed; `read-only-member`,
 * `not-an-owner`, `clock-skew`
 */
export async function changeMany(
  parts: Parts,
  pace: DeletionPace,
  op: BatchOp,
  items: readonly BatchItem[],
  { confirm = false, by = NODE_ASKS }: ChangeOptions = {},
): Promise<BatchDone> {
  const { db, catalogue, purges } = parts;
  await catalogue.writable();
  const act = randomBytes(ACT_BYTES);
  const purged = await purgedOf(parts, op, items);
  let takeBack: (() => void) | undefined;
  try {
    const outcomes = await db.write(async (tx) => {
      const ids = items.map(({ id }) => id);
      const entries = await catalogue.getMany(ids, tx);
      const plans: Plan[] = [];
      for (const item of items) {
        plans.push(await orRefused(item, purged, () => draftsOf(tx, op, item, entries.get(item.id), act)));
      }
      const drafts = plans.flatMap((plan) => ('drafts' in plan ? plan.drafts : []));
      const going = plans.filter((plan) => goes(plan, entries.get(plan.item.id))).length;
      if (going > 0) takeBack = await admitDeletions(pace, catalogue, tx, { count: going, confirm, by });
      const commits = drafts.length === 0 ? [] : await catalogue.commitEach(tx, drafts);
      const results = new Map(drafts.map((draft, at) => [draft, commits[at] as Commit | DfsError]));
      return plans.map((plan) => outcomeOf(plan, results, entries.get(plan.item.id)));
    });
    if (op === 'purge') purges.soon();
    return { act: act.toString('hex'), outcomes: await tell(parts, op, outcomes) };
  } catch (error) {
    takeBack?.();
    throw error;
  }
}

/** Whether a file that is there goes by it, to no other path: it is deleted, or its deletion is chosen. */
function goes(plan: Plan, entry: Entry | undefined): boolean {
  return entry?.deleted === false && 'drafts' in plan && plan.drafts.every(({ kind }) => kind === 'deletion');
}

/** Items whose bytes nobody has any more. */
async function purgedOf(parts: Parts, op: BatchOp, items: readonly BatchItem[]): Promise<Map<BatchItem, DfsError>> {
  const wanted = new Map<BatchItem, ComingBack>();
  for (const item of items) {
    if (op !== 'restore' && !(op === 'copy' && item.version !== undefined)) continue;
    const version = await versionComingBack(parts.catalogue, item.id, item.version);
    if (version) wanted.set(item, version);
  }
  const gone = await goneContents(parts, [...wanted.values()]);
  const purged = [...wanted].filter(([, { contentId }]) => gone.has(contentId));
  return new Map(purged.map(([item]) => [item, isPurged()]));
}

async function orRefused(
  item: BatchItem,
  purged: ReadonlyMap<BatchItem, DfsError>,
  drafts: () => Promise<[Draft, ...Draft[]]>,
): Promise<Plan> {
  try {
    const error = purged.get(item);
    return error ? { item, error } : { item, drafts: await drafts() };
  } catch (error) {
    if (!(error instanceof DfsError)) throw error;
    return { item, error };
  }
}

async function draftsOf(
  tx: Tx,
  op: BatchOp,
  { id, version, path }: BatchItem,
  entry: Entry | undefined,
  act: Uint8Array,
): Promise<[Draft, ...Draft[]]> {
  const acted = (draft: Draft): Draft => ({ ...draft, attributes: withAct(draft.attributes ?? {}, act) });
  switch (op) {
    case 'delete':
      return [deletionOf(seen(shown(entry), version), { act })];
    case 'purge':
      return [deletionOf(seen(entry, version), { act, purge: true })];
    case 'restore':
      return [acted(await restoration(tx, id, version))];
    case 'copy':
      return [acted(await duplicate(tx, id, required('path', path), version))];
    case 'choose': {
      const [chosen] = await choice(tx, id, required('version', version));
      return [acted(chosen as Draft)];
    }
    case 'move': {
      seen(shown(entry), version);
      const [made, gone] = await relocation(tx, id, required('path', path));
      const target = acted(made as Draft);
      return [target, { ...acted(gone as Draft), onlyWith: target }];
    }
  }
}

function deletionOf({ path }: Entry, attributes: Draft['attributes']): Draft {
  return { kind: 'deletion', path, replaces: 'all', attributes: attributes ?? {} };
}

function required(field: 'path' | 'version', value: string | undefined): string {
  if (value !== undefined) return value;
  throw invalidField(`items.${field}`, 'is needed for this act');
}

function seen(entry: Entry | undefined, version: string | undefined): Entry {
  if (!entry) throw noSuchFile();
  if (version === undefined || version === entry.recordId) return entry;
  throw new DfsError('precondition-failed', 'The file has changed since: read it again, and decide anew.');
}

/** The written versions, before they are told. */
type Written = { id: string; path: string; entry: Entry } | { id: string; path: string | null; error: DfsError };

function outcomeOf(plan: Plan, results: ReadonlyMap<Draft, Commit | DfsError>, before: Entry | undefined): Written {
  const { id } = plan.item;
  const result = 'error' in plan ? plan.error : (results.get(plan.drafts[0]) as Commit | DfsError);
  const path = before?.path ?? null;
  return result instanceof DfsError
    ? { id, path, error: result }
    : { id, path: result.entry.path, entry: result.entry };
}

async function tell({ placement, purges }: Parts, op: BatchOp, written: readonly Written[]): Promise<BatchOutcome[]> {
  const entries = written.flatMap((one) => ('entry' in one ? [one.entry] : []));
  if (op === 'delete' || op === 'purge') {
    return written.map((one) => ('error' in one ? one : { id: one.id, path: one.path, kept: true }));
  }
  if (op === 'restore' || op === 'copy') await placement.keepAgain(entries.map(({ contentId }) => contentId));
  const files = await describe(placement, entries, purges);
  const outcomes: BatchOutcome[] = [];
  let at = 0;
  for (const one of written) {
    if ('error' in one) {
      outcomes.push(one);
      continue;
    }
    const file = files[at++] as FileInfo;
    const kept =
      op === 'restore'
        ? await placement.isPromised(file.contentId, file.size)
        : file.deleted || (await isKept(placement, file));
    outcomes.push({ id: one.id, path: one.path, kept, file });
  }
  return outcomes;
}
