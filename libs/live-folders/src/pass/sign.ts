import { randomBytes } from 'node:crypto';
import type { Commit, Draft } from '@dfs/catalogue';
import type { BlockBatch } from '@dfs/chunks';
import type { Tx } from '@dfs/database';
import { mediaTypeFor } from '@dfs/files';
import type { RecordAttributes } from '@dfs/protocol';
import { DfsError, MiB } from '@dfs/runtime';
import type { BaseChange, OwnDeletion } from '../base/base-tree.js';
import type { Stat } from '../disk/root-disk.js';
import { known } from '../plan/decide.js';
import type { BaseFile, SignFile } from '../plan/model.js';
import { directoriesAbove, type SigningStep } from '../plan/plan.js';
import type { PassContext } from './context.js';
import type { DiskTree } from './disk-tree.js';
import { groupsOf, type GroupLimits } from './groups.js';
import type { Judge } from './judge.js';
import { isNoRoom, storeFiles, type StoredFile } from './store-files.js';

/** Steps of one unit of work. */
interface Unit {
  readonly steps: readonly SigningStep[];
  /** Said of all its records; of moves and deletions. */
  readonly act: Uint8Array | undefined;
  /** All of them, or none. */
  readonly bound: boolean;
}

/** Bytes of an act, the same on all records of it. */
const ACT_BYTES = 16;
/** Files of one unit of work. */
const UNIT: GroupLimits = { count: 500, bytes: 64 * MiB };
/** Paths of a unit of moves and deletions; what belongs together is not cut. */
const UNIT_PATHS = 2000;
/** Milliseconds after which a file is hashed once more whose last change was so recent that another may not show (rule 9). */
const RACY = 2100;
/** Milliseconds until what there was no room for is tried again (rule 14). */
const NO_ROOM = 60_000;
/** Times that a unit of work looks at the root again since it had to wait for its turn. */
const LOOKS = 5;

/** Signs what the plan says, in units of work of what belongs together; the base rows follow in the same unit (rules 3 and 10). */
export async function sign(
  context: PassContext,
  tree: Pick<DiskTree, 'seen'>,
  judge: Judge,
  steps: readonly SigningStep[],
): Promise<void> {
  if (steps.length === 0) return;
  await context.parts.catalogue.writable();
  await context.root.raise();
  for (const unit of unitsOf(steps, randomBytes(ACT_BYTES))) await signUnit(context, tree, judge, unit);
}

async function signUnit(context: PassContext, tree: Pick<DiskTree, 'seen'>, judge: Judge, unit: Unit): Promise<void> {
  context.signal.throwIfAborted();
  const { chunks } = context.parts;
  const files = unit.steps.filter((step) => step.do === 'sign-file');
  const bytes = files.reduce((sum, { stat }) => sum + stat.size, 0);
  const batch = chunks.batch('local');
  try {
    if (bytes > 0) await chunks.requireRoom(bytes, 'local');
    const stored = new Map((await storeFiles(context, tree, batch, files)).map((one) => [one.step, one]));
    // Part of what belongs together could not be read: all of it waits.
    if (unit.bound && files.some((step) => !stored.has(step))) return await batch.abort();
    await batch.flush();
    const steps = unit.steps.filter((step) => step.do !== 'sign-file' || stored.has(step));
    await commitUnit(context, judge, { ...unit, steps }, stored, batch);
  } catch (error) {
    await batch.abort();
    if (!isNoRoom(error) && !isElse(error)) throw error;
    // A refusal for the sake of one stops no other.
    const { steps, bound } = unit;
    if (bound || steps.length === 1) for (const step of steps) refused(context, step, error);
    else for (const step of steps) await signUnit(context, tree, judge, { ...unit, steps: [step] });
  }
}

async function commitUnit(
  context: PassContext,
  judge: Judge,
  unit: Unit,
  stored: ReadonlyMap<SignFile, StoredFile>,
  batch: BlockBatch,
): Promise<void> {
  const { db } = context.parts;
  const deletes = unit.steps.some((step) => step.do === 'sign-deletion' || step.do === 'sign-move');
  for (let look = 1; ; look++) {
    if (deletes) await context.root.check();
    try {
      return await db.write(async (tx) => {
        if (deletes && !context.root.isFresh) throw new StaleLook();
        await writeUnit(tx, context, judge, unit, stored, batch);
      });
    } catch (error) {
      if (error instanceof StaleLook && look < LOOKS) continue;
      if (!(error instanceof StaleLook)) throw error;
      await batch.abort();
      for (const step of unit.steps) lookAgain(context, step, 1000);
      return;
    }
  }
}

async function writeUnit(
  tx: Tx,
  context: PassContext,
  judge: Judge,
  { steps: all, act, bound }: Unit,
  stored: ReadonlyMap<SignFile, StoredFile>,
  batch: BlockBatch,
): Promise<void> {
  const { parts, base, held, network, notes } = context;
  const agreed = await judge.stillHolds(tx, all, stored);
  const isNone = bound && agreed.size < all.length;
  const steps = isNone ? [] : all.filter((step) => agreed.has(step));
  for (const step of all) if (isNone || !agreed.has(step)) lookAgain(context, step, 0);
  if (steps.length === 0) {
    tx.afterCommit(() => void batch.abort());
    return;
  }
  await batch.commit(tx);
  const contents = steps.flatMap((step) => (step.do === 'sign-file' ? [(stored.get(step) as StoredFile).stored] : []));
  await parts.placement.pinLocal(tx, [...new Map(contents.map((one) => [one.contentId, one])).values()]);
  const drafts: Draft[] = [];
  const after: ((commits: readonly Commit[]) => BaseChange[])[] = [];
  for (const step of steps) {
    const at = drafts.length;
    const made = await draftsOf(tx, context, step, stored, act);
    drafts.push(...made);
    after.push((commits) => changesOf(context, step, stored, commits.slice(at, at + made.length)));
  }
  const commits = await signing(tx, context, steps, () => parts.catalogue.commit(tx, drafts));
  await base.change(
    tx,
    after.flatMap((one) => one(commits)),
  );
  await base.addDeletions(tx, deletionsOf(drafts, commits, network), parts.clock.now());
  const deletions = steps.flatMap((step) => (step.do === 'sign-deletion' ? [step.path] : []));
  await held.end(tx, deletions);
  if (deletions.length > 0) await context.deleted(tx, deletions.length);
  tx.afterCommit(() => {
    for (const { path } of stored.keys()) context.unfit.delete(path);
    for (const { step, end } of stored.values()) if (end.racy) notes.lookAgain(step.path, RACY);
    notes.deleted += deletions.length;
    notes.out.files += steps.length;
    notes.out.bytes += contents.reduce((sum, { size }) => sum + size, 0);
  });
}

/** A change by the folder itself is told as any other one, and is not to be looked at: the base rows have it. */
async function signing(
  tx: Tx,
  { signed }: Pick<PassContext, 'signed'>,
  steps: readonly SigningStep[],
  commit: () => Promise<Commit[]>,
): Promise<Commit[]> {
  let own: readonly string[] = [];
  // By their order: the changes are told between the two.
  tx.afterCommit(() => own.forEach((path) => signed.add(path)));
  const commits = await commit();
  const isOne = commits.length === steps.length;
  own = steps.flatMap((step, at) =>
    isOne && step.do === 'sign-file' && isAgreed(step, commits[at]) ? [step.path] : [],
  );
  tx.afterCommit(() => own.forEach((path) => signed.delete(path)));
  return commits;
}

/** The path shows what was signed, and nothing stands against it. */
function isAgreed({ imported }: SignFile, commit: Commit | undefined): boolean {
  return !imported && commit?.entry.conflict === false && commit.entry.recordId === recordOf(commit);
}

function deletionsOf(
  drafts: readonly Draft[],
  commits: readonly Commit[],
  network: PassContext['network'],
): OwnDeletion[] {
  return drafts.flatMap(({ kind, path }, at) => {
    const [below, record] = [network.below(path), recordOf(commits[at])];
    return kind === 'deletion' && below !== undefined && record !== undefined ? [{ path: below, record }] : [];
  });
}

function recordOf(commit: Commit | undefined): string | undefined {
  return commit?.record ?? commit?.entry.recordId;
}

async function draftsOf(
  tx: Tx,
  context: PassContext,
  step: SigningStep,
  stored: ReadonlyMap<SignFile, StoredFile>,
  act: Uint8Array | undefined,
): Promise<Draft[]> {
  const { network, parts } = context;
  const acts = act ? { attributes: { act } } : {};
  switch (step.do) {
    case 'sign-file':
      return [fileDraft(context, step, stored.get(step) as StoredFile, act)];
    case 'sign-deletion':
      return [{ kind: 'deletion', path: network.full(step.path), parents: step.parents, ...acts }];
    case 'sign-folder':
      return [{ kind: 'folder', path: network.full(step.path), parents: step.parents, ...acts }];
    case 'sign-move': {
      const { from, to, base } = step;
      const said = (await parts.catalogue.folders.said([base.record], tx)).get(base.record);
      const path = network.full(to.path);
      const attributes: RecordAttributes = { ...said?.attributes, ...attributesOf(context, to), ...acts.attributes };
      const file = {
        ...{
          contentId: base.contentId,
          size: to.stat.size,
          mediaType: said?.mediaType ?? mediaTypeFor(path, undefined),
        },
        ...(said && { time: said.time }),
      };
      return [
        { kind: 'file', path, ...file, attributes, parents: to.parents, from: network.full(from.path) },
        { kind: 'deletion', path: network.full(from.path), parents: from.parents, ...acts },
      ];
    }
  }
}

function fileDraft(
  context: PassContext,
  step: SignFile,
  { stored, end }: StoredFile,
  act: Uint8Array | undefined,
): Draft {
  const path = context.network.full(step.path);
  const mtime = Number(end.stat.mtimeNs / 1_000_000n);
  return {
    kind: 'file',
    path,
    contentId: stored.contentId,
    size: stored.size,
    mediaType: mediaTypeFor(path, undefined),
    attributes: { ...attributesOf(context, { ...step, stat: end.stat }), ...(act && { act }) },
    parents: step.parents,
    ...(step.imported && { imported: Math.max(1, Math.min(mtime, context.parts.clock.now())) }),
  };
}

/** 15: when it was changed, and whether it is a program where the disk can tell. */
function attributesOf(
  { folder }: PassContext,
  { stat, carried }: Pick<SignFile, 'stat' | 'carried'>,
): RecordAttributes {
  const mtime = Number(stat.mtimeNs / 1_000_000n);
  const inRange = Math.abs(mtime) <= MAX_DATE;
  return {
    ...(inRange && { mtime }),
    ...(folder.probe.executableBit ? { executable: stat.executable } : carried && { executable: true }),
  };
}

/** Milliseconds that a date can have. */
const MAX_DATE = 8_640_000_000_000_000;

function changesOf(
  { folder }: PassContext,
  step: SigningStep,
  stored: ReadonlyMap<SignFile, StoredFile>,
  commits: readonly Commit[],
): BaseChange[] {
  const record = recordOf(commits[0]);
  const bitOf = (stat: Stat, before: boolean): boolean => (folder.probe.executableBit ? stat.executable : before);
  switch (step.do) {
    case 'sign-file': {
      const { stored: content, end } = stored.get(step) as StoredFile;
      const row: BaseFile = {
        kind: 'file',
        ...{ path: step.path, name: step.name, record: record as string, contentId: content.contentId },
        ...{ executable: bitOf(end.stat, step.carried === true), stat: known(end.stat), racy: end.racy },
      };
      return [{ path: step.path, row }];
    }
    case 'sign-deletion':
      return [{ path: step.path, row: undefined }];
    case 'sign-folder':
      return [
        { path: step.path, row: { kind: 'directory', path: step.path, name: step.name, record: record as string } },
      ];
    case 'sign-move': {
      const { from, to, base } = step;
      const row: BaseFile = {
        ...base,
        ...{ path: to.path, name: to.name, record: record as string, executable: bitOf(to.stat, base.executable) },
        ...{ stat: known(to.stat), racy: to.content?.racy ?? true },
      };
      return [
        { path: from.path, row: undefined },
        { path: to.path, row },
      ];
    }
  }
}

/** Units in order: paths that changed their kind, each with all beneath it; moves and deletions; files, which stand alone. */
function* unitsOf(steps: readonly SigningStep[], act: Uint8Array): Generator<Unit> {
  const rootOf = kindChanges(steps);
  const groups = new Map<string, SigningStep[]>();
  const single: SigningStep[] = [];
  const files: SignFile[] = [];
  for (const step of steps) {
    const ends = step.do === 'sign-move' ? [step.from.path, step.to.path] : [step.path];
    const root = ends.map(rootOf).find((one) => one !== undefined);
    const group = root === undefined ? undefined : groups.get(root);
    if (group) group.push(step);
    else if (root !== undefined) groups.set(root, [step]);
    else if (step.do === 'sign-file') files.push(step);
    else single.push(step);
  }
  for (const group of groups.values()) yield { steps: group, act, bound: true };
  for (let at = 0; at < single.length; at += UNIT_PATHS)
    yield { steps: single.slice(at, at + UNIT_PATHS), act, bound: false };
  for (const unit of groupsOf(files, ({ stat }) => stat.size, UNIT))
    yield { steps: unit, act: undefined, bound: false };
}

/** The path above or at another one that changes its kind by these steps. */
function kindChanges(steps: readonly SigningStep[]): (path: string) => string | undefined {
  const deleted = new Set(
    steps.flatMap((step) =>
      step.do === 'sign-deletion' ? [step.path] : step.do === 'sign-move' ? [step.from.path] : [],
    ),
  );
  const roots = new Set<string>();
  for (const step of steps) {
    if (step.do === 'sign-file' && step.clears !== undefined) roots.add(step.path);
    const made = step.do === 'sign-move' ? step.to.path : step.do === 'sign-deletion' ? undefined : step.path;
    if (made !== undefined) for (const above of directoriesAbove(made)) if (deleted.has(above)) roots.add(above);
  }
  return (path) => (roots.size === 0 ? undefined : [...directoriesAbove(path), path].find((one) => roots.has(one)));
}

/** It is planned anew with what is there then. */
function refused(context: PassContext, step: SigningStep, error: DfsError): void {
  const { notes, unfit } = context;
  const path = step.do === 'sign-move' ? step.to.path : step.path;
  if (error.status === 507) {
    if (step.do === 'sign-file') {
      notes.tell('no-room', path, error.message);
      if (step.content?.racy === false) unfit.set(path, { ...step.content, stat: known(step.stat) });
    }
    lookAgain(context, step, NO_ROOM);
  } else if (error.code === 'path-taken') notes.tell('hidden', path, error.message);
  else lookAgain(context, step, 1000);
}

/** At all that the step was about: of a move that did not come to be, both ends are as they were. */
function lookAgain({ notes }: PassContext, step: SigningStep, within: number): void {
  const paths = step.do === 'sign-move' ? [step.from.path, step.to.path] : [step.path];
  for (const path of paths) notes.lookAgain(path, within);
}

/** The look at the root is too old: the unit of work had to wait for its turn. */
class StaleLook extends Error {}

/** The path is not as it was planned. */
function isElse(error: unknown): error is DfsError {
  return error instanceof DfsError && (error.status === 409 || error.status === 412);
}
