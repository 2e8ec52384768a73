import { EMPTY_CONTENT } from '@dfs/protocol';
import type { BaseFile, PlanContext, SignDeletion, SignFile, Step } from './model.js';

/**
 * 10: a file that is gone and turns up at a new path was moved. The content says so; of several, the one with the same inode, size and
 * mtime, then the one with the same last name, then the first. A content that is to be found out is asked for where a size fits.
 */
export function localMoves(
  steps: readonly Step[],
  bases: ReadonlyMap<string, BaseFile>,
  { meeting }: PlanContext,
): Step[] {
  if (meeting) return [...steps];
  const gone = steps.flatMap((step) => {
    const base = step.do === 'sign-deletion' || step.do === 'look' ? bases.get(step.path) : undefined;
    return base ? [{ step, base }] : [];
  });
  if (gone.length === 0) return [...steps];
  const sizes = new Set(gone.map(({ base }) => base.stat?.size));
  const byContent = Map.groupBy(gone, ({ base }) => base.contentId);
  const taken = new Set<Step>();
  const moves: Step[] = [];
  const asked: Step[] = [];
  for (const step of steps) {
    // An old copy that was moved back here is none: what it was moved from is gone.
    const to = step.do === 'issue' ? step.unlessMoved : step;
    if (to?.do !== 'sign-file' || to.imported || to.clears !== undefined || bases.has(to.path)) continue;
    if (to.content === undefined) {
      if (!sizes.has(to.stat.size)) continue;
      taken.add(step);
      asked.push({ do: 'hash', path: to.path, name: to.name, stat: to.stat });
      continue;
    }
    const fits = (byContent.get(to.content.id) ?? []).filter((one) => !taken.has(one.step) && mayBe(one.base, to));
    const from = best(fits, ({ base }) => [isSameFile(base, to), lastName(base.path) === lastName(to.path)]);
    if (from === undefined) continue;
    // A second look decides first whether it is gone.
    if (from.step.do === 'look') taken.add(step);
    else {
      taken.add(step).add(from.step);
      moves.push({ do: 'sign-move', from: from.step as SignDeletion, to, base: from.base });
    }
  }
  return [...steps.filter((step) => !taken.has(step)), ...asked, ...moves];
}

/** A file that others moved, and that is here under its old name: it is renamed, and no byte is fetched. */
export function remoteMoves(steps: readonly Step[]): Step[] {
  const leaving = steps.filter((step) => step.do === 'remove' && step.why === 'removed');
  if (leaving.length === 0) return [...steps];
  const byContent = Map.groupBy(leaving as Extract<Step, { do: 'remove' }>[], ({ seen }) => seen.contentId);
  const taken = new Set<Step>();
  const moves: Step[] = [];
  for (const to of steps) {
    if (to.do !== 'write' || to.over !== undefined || to.head.contentId === null) continue;
    const fits = (byContent.get(to.head.contentId) ?? []).filter((from) => !taken.has(from));
    const from = best(fits, ({ path }) => [lastName(path) === lastName(to.path)]);
    if (from === undefined) continue;
    taken.add(to).add(from);
    moves.push({ do: 'move', from: from.path, to: to.path, head: to.head, seen: from.seen });
  }
  return [...steps.filter((step) => !taken.has(step)), ...moves];
}

/** Empty files are all alike: of these the file itself must be the same. */
function mayBe(base: BaseFile, to: SignFile): boolean {
  return base.contentId !== EMPTY_CONTENT || isSameFile(base, to);
}

/** An inode says something only with equal size and mtime: file systems give inodes out again at once. */
function isSameFile({ stat }: BaseFile, to: SignFile): boolean {
  return stat?.inode === to.stat.inode && stat.size === to.stat.size && stat.mtimeNs === to.stat.mtimeNs;
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The first of those of which most can be said, the first thing before the others. */
function best<T>(all: readonly T[], marks: (one: T) => boolean[]): T | undefined {
  const rank = (one: T): number => marks(one).reduce((sum, mark) => sum * 2 + Number(mark), 0);
  let found: T | undefined;
  for (const one of all) if (found === undefined || rank(one) > rank(found)) found = one;
  return found;
}
