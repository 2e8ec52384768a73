import { DfsError } from '@dfs/runtime';
import type { Version } from './heads.js';

/**
 * A content id; or `v:` and the record id of a version, where versions of one content are to be told apart: A is not A again
 * after B has been there.
 */
export type Tag = string;

/** Conditions on a path for a change of it. */
export interface Conditions {
  /** Contents and versions one of which a head must be; `*`: there must be a file. */
  ifMatch?: Tag[] | '*';
  /** There must be no file. */
  ifNoneMatch?: '*';
  /**
   * They are held against the path alone. Otherwise a write that says again what this node wrote over just what they name, as after an
   * answer that was lost, changes nothing and is no failure: then two that ask for the same are both told that it is so.
   */
  strictly?: boolean;
}

type Head = Pick<Version, 'id' | 'kind' | 'content'>;

/** The tag that names one version, and no other of the same bytes. `record` is its id. */
export function versionTag(record: string): Tag {
  return `v:${record}`;
}

/** Whether a head is one of those named. A content names files alone, a version any record. */
export function isNamed({ id, kind, content }: Head, ifMatch: readonly Tag[] | '*'): boolean {
  if (ifMatch === '*') return kind === 'file';
  return ifMatch.includes(versionTag(id)) || (kind === 'file' && content !== null && ifMatch.includes(content));
}

/** The first head that is named. @throws DfsError `precondition-failed` */
export function headNamed<H extends Head>(heads: readonly H[], ifMatch: readonly Tag[] | '*'): H {
  const found = heads.find((head) => isNamed(head, ifMatch));
  if (found) return found;
  throw new DfsError(
    'precondition-failed',
    'The file is not in the version that the request names: read it again, and decide whether to go on with the version that is there now.',
  );
}

/** @param heads the shown one first */
export function meets(heads: readonly Head[], { ifMatch, ifNoneMatch }: Conditions): boolean {
  if (ifNoneMatch === '*' && heads[0]?.kind === 'file') return false;
  return ifMatch === undefined || heads.some((head) => isNamed(head, ifMatch));
}

/** @param heads the shown one first @throws DfsError `precondition-failed` */
export function requireConditions(heads: readonly Head[], { ifMatch, ifNoneMatch }: Conditions): void {
  if (ifNoneMatch === '*' && heads[0]?.kind === 'file') {
    throw new DfsError('precondition-failed', 'There is already a file at this path, and the request allows none.');
  }
  if (ifMatch !== undefined) headNamed(heads, ifMatch);
}
