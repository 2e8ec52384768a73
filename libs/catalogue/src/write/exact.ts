import { DfsError } from '@dfs/runtime';
import type { Draft } from '../ports.js';
import type { Version } from '../rules/heads.js';

/**
 * The versions that a draft names as its parents, all of them and no other. A file or a folder may replace what is no head any
 * more: it stands beside what came since. With no parents it is the first of its path, unless it was brought along. A
 * deletion replaces all that there is, so that it deletes nothing unseen.
 * @param heads the shown one first
 * @param versionOf a version of the path by its record id
 * @throws DfsError `precondition-failed` where the path is not as the writer knew it
 */
export function exactly(
  draft: Draft,
  parents: readonly string[],
  heads: readonly Version[],
  versionOf: (id: string) => Version | undefined,
): readonly Version[] {
  const replaced = [...new Set(parents)].map(versionOf);
  if (!replaced.every((version) => version !== undefined))
    throw isElse(draft, 'a version that is to be replaced is not one of it');
  if (draft.kind === 'deletion') {
    const isAll = replaced.length === heads.length && heads.every(({ id }) => parents.includes(id));
    if (!isAll || heads[0] === undefined || heads[0].kind === 'deletion')
      throw isElse(draft, 'it has other versions than those that are to be deleted');
  } else if (replaced.length === 0 && heads.length > 0 && draft.imported === undefined) {
    throw isElse(draft, 'there is or was something of that name');
  }
  return replaced;
}

function isElse({ path }: Draft, why: string): DfsError {
  return new DfsError('precondition-failed', `${path} has changed meanwhile: ${why}. Read it again.`);
}
