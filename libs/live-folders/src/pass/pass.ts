import { randomUUID } from 'node:crypto';
import type { LiveFolderReason } from '@dfs/contracts';
import type { BaseChange } from '../base/base-tree.js';
import { showDiskPath } from '../disk/names.js';
import type { HeldPath, Plan, PlanContext, PlanItem, Step } from '../plan/model.js';
import { plan, signs, writes } from '../plan/plan.js';
import { assemble } from './assemble.js';
import type { PassContext } from './context.js';
import { APART, type Rules } from './disk-tree.js';
import { Gathering, type Scope } from './gather.js';
import { Judge } from './judge.js';
import { sign } from './sign.js';
import { signWrittenOn } from './written-on.js';
import { write } from './writing/write.js';

/** Terms of a pass, beside its context. */
export interface PassOptions {
  readonly scope: Scope;
  readonly rules: Rules;
  /** All that is in the base tree was found not to be left out by them. */
  readonly areTried: boolean;
  readonly isSynced: boolean;
  readonly lately: PlanContext['lately'];
  /** Files of the base tree. */
  readonly left: number;
  readonly mayEmpty: boolean;
  readonly revert: ReadonlySet<string>;
  readonly override: ReadonlySet<string>;
  /** Something is to be done: the folder is not up to date. */
  onWork(): void;
}

/** How a pass ended. */
export interface PassResult {
  /** Deletions that are held since this pass. */
  readonly held: { id: string; paths: string[] } | undefined;
  readonly pause: LiveFolderReason | undefined;
  /** Everything was looked at, and nothing is unknown. */
  readonly isWhole: boolean;
  isWithin(path: string): boolean;
}

/** Rounds in which contents are found out, of one plan. */
const ROUNDS = 12;

/**
 * One pass: compares disk, base tree and network, and does what follows (rules 1 to 15). Steps that need no other look come before
 * the second look at what seems to be gone.
 */
export async function runPass(context: PassContext, options: PassOptions): Promise<PassResult> {
  const { root, notes, folder } = context;
  const { device } = await root.check();
  const { rules, scope, areTried } = options;
  const isDecided = (path: string): boolean => options.revert.has(path) || options.override.has(path);
  const gathering = new Gathering(context, rules, scope, device, isDecided, areTried);
  await gathering.look();
  await gathering.read();
  let held: PassResult['held'];
  for (let phase = 1; ; phase++) {
    const made = await planned(context, gathering, options);
    if (made.plan.pause !== undefined) return { ...resultOf(gathering, options), held, pause: made.plan.pause };
    held = (await execute(context, gathering, made, options)) ?? held;
    const looks = made.plan.steps.flatMap((step) => (step.do === 'look' ? [step.path] : []));
    if (looks.length === 0) break;
    options.onWork();
    if (phase === PHASES) {
      for (const path of looks) notes.lookAgain(path, APART);
      break;
    }
    await gathering.disk.lookAgain(looks, context.signal);
    await gathering.read();
    await gathering.knownAnew();
  }
  // The root is looked at again after something went to the trash.
  const looksAtTrash = scope === 'full' || scope.paths.has('');
  if (looksAtTrash && folder.mode !== 'receive' && !folder.meeting) await signWrittenOn(context);
  await root.check();
  for (const { directory, path, code } of gathering.disk.unknown()) {
    if (path !== undefined) notes.lookIn(path, code === undefined ? CHANGED : REFUSED);
    if (code !== undefined)
      notes.tell('unreadable', showDiskPath(directory) || '/', `The disk refuses to list it (${code}).`);
  }
  return { ...resultOf(gathering, options), held, pause: undefined };
}

/** At once; after a second look; after what turned up by that. */
const PHASES = 3;
/** Milliseconds until a directory is listed again that others changed whenever it was listed, and one that the disk refuses. */
const CHANGED = 1000;
const REFUSED = 60_000;

interface Planned {
  readonly plan: Plan;
  readonly items: readonly PlanItem[];
  readonly leftOut: readonly string[];
  readonly context: PlanContext;
}

function resultOf(gathering: Gathering, { scope }: PassOptions): Omit<PassResult, 'held' | 'pause'> {
  return {
    isWhole: scope === 'full' && !gathering.disk.isPartial,
    isWithin: (path) => gathering.isWithin(path),
  };
}

/** Plans until no content is to be found out. */
async function planned(context: PassContext, gathering: Gathering, options: PassOptions): Promise<Planned> {
  const held = await context.held.all();
  const planContext = await contextOf(context, options, held);
  for (let round = 0; ; round++) {
    const { items, leftOut } = assemble(gathering.trees());
    const made = plan(items, planContext);
    const hashes = made.steps.flatMap((step) => (step.do === 'hash' ? [step] : []));
    if (hashes.length === 0 || made.pause !== undefined || round >= ROUNDS) {
      for (const { path } of hashes) context.notes.lookAgain(path, CHANGED);
      return { plan: made, items, leftOut, context: planContext };
    }
    await gathering.hash(hashes);
  }
}

async function contextOf(
  { folder, network, notes }: PassContext,
  { isSynced, lately, left, mayEmpty, revert, override }: PassOptions,
  held: ReadonlyMap<string, HeldPath>,
): Promise<PlanContext> {
  return {
    ...{ mode: folder.mode, meeting: folder.meeting, readOnly: folder.nonce === null, mayDelete: isSynced },
    ...{
      traits: folder.probe,
      // Paths whose deletion this pass has signed already are gone, and count.
      lately: { ...lately, deleted: lately.deleted + notes.deleted },
      left: Math.max(0, left - notes.deleted),
      held,
      shownFiles: (await network.shownFiles()).files,
      mayEmpty,
      revert,
      override,
    },
  };
}

async function execute(
  context: PassContext,
  gathering: Gathering,
  { plan: { steps }, items, leftOut, context: planContext }: Planned,
  options: PassOptions,
): Promise<PassResult['held']> {
  const { notes } = context;
  if (context.isOver()) return undefined;
  if (steps.some((step) => signs(step) || writes(step) || step.do === 'hold')) options.onWork();
  for (const step of steps) if (step.do === 'issue') notes.tell(step.kind, step.path, step.detail);
  for (const { shown, path, detail } of gathering.disk.hidden()) {
    if (path === undefined || gathering.isWithin(path)) notes.tell('hidden', path ?? shown, detail);
  }
  await adopt(context, steps, leftOut);
  const held = await hold(context, steps, items, planContext);
  await sign(context, gathering.disk, new Judge(context, items, planContext), steps.filter(signs));
  await write(context, gathering.disk, steps);
  return held;
}

/** Base rows that follow from what was seen, and no act. */
async function adopt({ parts, base }: PassContext, steps: readonly Step[], leftOut: readonly string[]): Promise<void> {
  const changes: BaseChange[] = leftOut.map((path) => ({ path, row: undefined }));
  for (const step of steps) if (step.do === 'adopt') changes.push({ path: step.path, row: step.row });
  if (changes.length > 0) await parts.db.write((tx) => base.change(tx, changes));
}

/** 5: what is held from now on; what is back, or was changed by others, is held no longer. */
async function hold(
  { parts, held, network, folder }: PassContext,
  steps: readonly Step[],
  items: readonly PlanItem[],
  planContext: PlanContext,
): Promise<PassResult['held']> {
  const fresh = steps.flatMap((step) => (step.do === 'hold' ? [step] : []));
  const over = items.flatMap(({ path, disk, heads }) => {
    const one = planContext.held.get(path);
    if (one === undefined || disk.state === 'unknown') return [];
    return disk.state === 'file' || heads[0]?.record !== one.record || heads.length > 1 ? [path] : [];
  });
  if (fresh.length === 0 && over.length === 0) return undefined;
  const id = randomUUID();
  const paths = fresh.map(({ path }) => path);
  await parts.db.write(async (tx) => {
    await held.end(tx, over);
    await held.add(tx, id, parts.clock.now(), fresh);
    if (fresh.length === 0) return;
    const told = paths.slice(0, TOLD).map((path) => network.full(path));
    await parts.events.record(tx, 'folder.held', {
      folder: { id: folder.id, name: folder.name },
      ...{ hold: id, count: paths.length, paths: told },
    });
  });
  return fresh.length === 0 ? undefined : { id, paths };
}

/** Names in one event. */
const TOLD = 100;
