import type { IncomingHttpHeaders } from 'node:http';
import { DfsError, invalidField, isCid, type Cid } from '@dfs/protocol';

/** Entity tags of a header, in a request of ours. */
const MAX_TAGS = 32;
const TAG_LIST = /^\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"(?:\s*,\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")*\s*$/;
const TAG = /(W\/)?"([^"]*)"/g;

interface Shown {
  contentId: Cid;
  deleted: boolean;
  conflict: boolean;
}

export interface Preconditions {
  /** Contents one of which the version to be replaced must have; `*`: any. */
  ifMatch?: Cid[] | '*';
  /** The path must not exist. */
  ifNoneMatch?: '*';
}

/** A strong entity tag: the content id. The same bytes have the same tag on every node. */
export function etagOf(contentId: Cid): string {
  return `"${contentId}"`;
}

/**
 * `If-Match` and `If-None-Match` of a write. Weak tags match nothing (RFC 9110 §13.1.1).
 * @throws DfsError `validation-failed` for a header that is malformed or cannot be honoured.
 */
export function writePreconditions(headers: IncomingHttpHeaders): Preconditions {
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch !== undefined && ifNoneMatch.trim() !== '*') {
    throw invalidField('If-None-Match', 'a write takes * only: the path must not exist yet');
  }
  const ifMatch = headers['if-match'];
  return {
    ...(ifMatch === undefined ? {} : { ifMatch: matchable(ifMatch) }),
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch: '*' }),
  };
}

/**
 * Whether a precondition holds for what is shown now; the unit of work that commits asks again. Of a file in conflict that
 * alone tells: If-Match may name a version that is not shown.
 */
export function checkPreconditions(shown: Shown | undefined, want: Preconditions): void {
  const current = shown?.deleted ? undefined : shown;
  if (want.ifNoneMatch && current) {
    throw new DfsError('precondition-failed', 'There is a file at this path already, and If-None-Match forbids that.');
  }
  if (want.ifMatch === undefined || current?.conflict) return;
  const holds = current !== undefined && (want.ifMatch === '*' || want.ifMatch.includes(current.contentId));
  if (holds) return;
  throw new DfsError(
    'precondition-failed',
    'The file is not in the version that If-Match names: read it again, and decide whether to replace what is there now.',
  );
}

/** Whether `If-None-Match` of a read names this content: weak comparison (RFC 9110 §13.1.2). */
export function noneMatch(header: string, contentId: Cid): boolean {
  if (header.trim() === '*') return false;
  return !tags(header).some((tag) => tag.value === contentId);
}

/** Whether `If-Match` of a read allows this content. */
export function readMatches(header: string, contentId: Cid): boolean {
  return header.trim() === '*' || tags(header).some((tag) => !tag.weak && tag.value === contentId);
}

/** Whether a range may be served: `If-Range` is absent, or names just this content. Dates are too weak to trust. */
export function rangeStillValid(ifRange: string | string[] | undefined, contentId: Cid): boolean {
  return ifRange === undefined || String(ifRange).trim() === etagOf(contentId);
}

function matchable(header: string): Cid[] | '*' {
  if (header.trim() === '*') return '*';
  if (!TAG_LIST.test(header)) throw invalidField('If-Match', 'expected entity tags in double quotes, or *');
  const found = tags(header);
  if (found.length > MAX_TAGS) throw invalidField('If-Match', `at most ${MAX_TAGS} entity tags`);
  return found.filter((tag) => !tag.weak && isCid(tag.value)).map((tag) => tag.value);
}

function tags(header: string): { weak: boolean; value: string }[] {
  return [...header.matchAll(TAG)].map((match) => ({ weak: match[1] !== undefined, value: match[2] ?? '' }));
}
