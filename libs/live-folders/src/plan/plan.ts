import { decide } from './decide.js';
import { localMoves, remoteMoves } from './moves.js';
import type { BaseFile, Plan, PlanContext, PlanItem, SignDeletion, Step } from './model.js';

/** So many deletions of ten minutes are held where they are more than half of the paths (rule 5). */
const MANY_DELETIONS = 100;
/** From so many paths on, the deletion of everything is held, and the end of a prefix is asked about. */
const ALL_DELETIONS = 10;

/** A step that tells the network something. */
export type SigningStep = Extract<Step, { do: 'sign-file' | 'sign-deletion' | 'sign-folder' | 'sign-move' }>;

/** Whether the folder tells the network something by a step. */
export function signs(step: Step): step is SigningStep {
  return step.do.startsWith('sign-');
}

/** A step that changes the disk. */
export type WritingStep = Extract<
  Step,
  { do: 'write' | 'remove' | 'move' | 'attributes' | 'make-directory' | 'remove-directory' }
>;

/** Whether a step changes the disk. */
export function writes(step: Step): step is WritingStep {
  return CHANGES.has(step.do);
}

const CHANGES = new Set<Step['do']>(['write', 'remove', 'move', 'attributes', 'make-directory', 'remove-directory']);

/**
 * Steps that follow from the three trees: a pure function, the same for the same trees in whatever order their paths come. Steps that ask
 * (`hash`, `look`) come beside those that can be done without the answers; with the answers it is planned again.
 */
export function plan(items: readonly PlanItem[], context: PlanContext): Plan {
  const ordered = [...items].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const decided = ordered.flatMap((item) => decide(item, context));
  if (isPrefixGone(items, decided, context)) return { steps: [], pause: 'prefix-gone' };
  const bases = new Map(items.flatMap(({ base }) => (base?.kind === 'file' ? [[base.path, base] as const] : [])));
  const moved = remoteMoves(localMoves(decided, bases, context));
  const held = hold(moved, bases, context);
  return { steps: emptied(clearing(held), items, context) };
}

/** 5: others have removed all that there was. */
function isPrefixGone(items: readonly PlanItem[], steps: readonly Step[], context: PlanContext): boolean {
  if (context.shownFiles > 0 || context.mayEmpty || context.mode === 'send') return false;
  const files = items.filter(({ base }) => base?.kind === 'file').length;
  if (Math.max(files, context.lately.paths) < ALL_DELETIONS) return false;
  return steps.some((step) => step.do === 'remove' && step.why === 'removed');
}

/** 5: many deletions, or all, wait for a person; those of a move are none. */
function hold(steps: readonly Step[], bases: ReadonlyMap<string, BaseFile>, context: PlanContext): Step[] {
  const asked = steps.filter((step): step is SignDeletion => step.do === 'sign-deletion' && !step.approved);
  const count = asked.length + context.lately.deleted;
  const paths = Math.max(bases.size, context.lately.paths);
  const isMany = count > MANY_DELETIONS && count * 2 > paths;
  // Of what others have removed meanwhile nothing is left to be deleted here.
  const left = Math.max(bases.size, context.left);
  const own = Math.min(paths, left + context.lately.deleted);
  const isAll = own >= ALL_DELETIONS && count >= own;
  if (asked.length === 0 || !(isMany || isAll || context.readOnly)) return [...steps];
  const held = new Set<Step>(asked);
  return steps.map((step) =>
    held.has(step) && step.do === 'sign-deletion'
      ? { do: 'hold', path: step.path, record: step.parents[0] as string }
      : step,
  );
}

/** 10: a file in place of a directory is signed only with the deletions of all that was in it. */
function clearing(steps: readonly Step[]): Step[] {
  const gone = steps.flatMap((step) =>
    step.do === 'sign-deletion' ? [step.path] : step.do === 'sign-move' ? [step.from.path] : [],
  );
  const clears = ({ path, clears: count }: { path: string; clears?: number }): boolean =>
    count === undefined || gone.filter((one) => one.startsWith(`${path}/`)).length >= count;
  return steps.filter((step) => step.do !== 'sign-file' || clears(step));
}

/** 12: a directory that others emptied goes with the last that they removed from it. */
function emptied(steps: readonly Step[], items: readonly PlanItem[], { mode }: PlanContext): Step[] {
  if (mode === 'send') return [...steps];
  const leaving = new Set(
    steps.flatMap((step) =>
      step.do === 'remove' || step.do === 'remove-directory' ? [step.path] : step.do === 'move' ? [step.from] : [],
    ),
  );
  if (leaving.size === 0) return [...steps];
  const above = new Set([...leaving].flatMap(directoriesAbove));
  const staying = new Set(
    items.flatMap(({ path, disk }) =>
      disk.state === 'absent' || disk.state === 'directory' || leaving.has(path) ? [] : directoriesAbove(path),
    ),
  );
  const arriving = new Set(
    steps.flatMap((step) =>
      step.do === 'write' || step.do === 'make-directory'
        ? directoriesAbove(step.path)
        : step.do === 'move'
          ? directoriesAbove(step.to)
          : [],
    ),
  );
  const made = new Set(steps.flatMap((step) => (step.do === 'make-directory' ? [step.path] : [])));
  const more = items.flatMap((item): Step[] => {
    const { path, disk, base, beneath, heads } = item;
    if (disk.state !== 'directory' || base?.kind !== 'directory' || !above.has(path) || leaving.has(path)) return [];
    if (beneath > 0 || heads[0]?.kind === 'folder' || staying.has(path) || arriving.has(path) || made.has(path))
      return [];
    return [{ do: 'remove-directory', path, name: disk.name }];
  });
  return [...steps, ...more];
}

/** `a` and `a/b` of `a/b/c`. */
export function directoriesAbove(path: string): string[] {
  const above: string[] = [];
  for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) above.push(path.slice(0, end));
  return above;
}
