import { EMPTY_CONTENT } from '@dfs/protocol';
import { isSame } from './decide.js';
import type { BaseFile, PlanContext, SignDeletion, SignFile, Step } from './model.js';

/**
 * 10: a file that is gone and turns up at a new path was moved. The content says so; of several, the one with the same inode, size and
 * mtime, then the one with the same last name, then the first. Of a file that nothing tells from a gone one, ctime included, the content
 * is known: so it is with all that is in a directory that was renamed. Another content is asked for where a size fits.
 */
export function localMoves(
  steps: readonly Step[],
  bases: ReadonlyMap<string, BaseFile>,
  { meeting, traits }: PlanContext,
): Step[] {
  if (meeting) return [...steps];
  const gone = steps.flatMap((step) => {
    const base = step.do === 'sign-deletion' || step.do === 'look' ? bases.get(step.path) : undefined;
    return base ? [{ step, base }] : [];
  });
  if (gone.length === 0) return [...steps];
  const sizes = new Set(gone.map(({ base }) => base.stat?.size));
  const byInode = Map.groupBy(gone, ({ base }) => base.stat?.inode);
  const taken = new Set<Step>();
  const isTaken = ({ step }: { step: Step }): boolean => taken.has(step);
  const named = new Free(gone, ({ base }) => contentAndName(base.contentId, base.path), isTaken);
  const all = new Free(gone, ({ base }) => base.contentId, isTaken);
  const moves: Step[] = [];
  const asked: Step[] = [];
  for (const step of steps) {
    // An old copy that was moved back here is none: what it was moved from is gone.
    const found = step.do === 'issue' ? step.unlessMoved : step;
    if (found?.do !== 'sign-file' || found.imported || found.clears !== undefined || bases.has(found.path)) continue;
    const same = (byInode.get(found.stat.inode) ?? []).filter((one) => !isTaken(one));
    const to = traits.keepsInodes ? withContentOf(found, same) : found;
    if (to.content === undefined) {
      if (!sizes.has(to.stat.size)) continue;
      taken.add(step);
      asked.push({ do: 'hash', path: to.path, name: to.name, stat: to.stat });
      continue;
    }
    const { id } = to.content;
    const own = same.filter(({ base }) => base.contentId === id && isSameFile(base, to));
    const from =
      own.find(({ base }) => lastName(base.path) === lastName(to.path)) ??
      own[0] ??
      // Empty files are all alike: of these the file itself must be the same.
      (id === EMPTY_CONTENT ? undefined : (named.first(contentAndName(id, to.path)) ?? all.first(id)));
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
  const leaving = steps.filter((step) => step.do === 'remove').filter(({ why }) => why === 'removed');
  if (leaving.length === 0) return [...steps];
  const taken = new Set<Step>();
  const isTaken = (step: Step): boolean => taken.has(step);
  const named = new Free(leaving, ({ seen, path }) => contentAndName(seen.contentId, path), isTaken);
  const all = new Free(leaving, ({ seen }) => seen.contentId, isTaken);
  const moves: Step[] = [];
  for (const to of steps) {
    if (to.do !== 'write' || to.over !== undefined || to.head.contentId === null) continue;
    const { contentId } = to.head;
    const from = named.first(contentAndName(contentId, to.path)) ?? all.first(contentId);
    if (from === undefined) continue;
    taken.add(to).add(from);
    moves.push({ do: 'move', from: from.path, to: to.path, head: to.head, seen: from.seen });
  }
  return [...steps.filter((step) => !taken.has(step)), ...moves];
}

/** The first of each key that is not taken, without a look at all of them each time. */
class Free<T> {
  private readonly queues: ReadonlyMap<string, { readonly all: readonly T[]; next: number }>;

  constructor(
    all: readonly T[],
    key: (one: T) => string,
    private readonly isTaken: (one: T) => boolean,
  ) {
    this.queues = new Map([...Map.groupBy(all, key)].map(([each, some]) => [each, { all: some, next: 0 }]));
  }

  first(key: string): T | undefined {
    const queue = this.queues.get(key);
    if (queue === undefined) return undefined;
    for (; ; queue.next++) {
      const one = queue.all[queue.next];
      if (one === undefined || !this.isTaken(one)) return one;
    }
  }
}

/** Content and last name. */
function contentAndName(contentId: string, path: string): string {
  return `${contentId}/${lastName(path)}`;
}

/** The content of a gone file from which nothing tells this one. */
function withContentOf(to: SignFile, same: readonly { readonly base: BaseFile }[]): SignFile {
  if (to.content !== undefined) return to;
  const one = same.find(({ base }) => !base.racy && isSame(base.stat, to.stat, true));
  return one === undefined ? to : { ...to, content: { id: one.base.contentId, racy: false } };
}

/** An inode says something only with equal size and mtime: file systems give inodes out again at once. */
function isSameFile({ stat }: BaseFile, to: SignFile): boolean {
  return stat?.inode === to.stat.inode && stat.size === to.stat.size && stat.mtimeNs === to.stat.mtimeNs;
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
