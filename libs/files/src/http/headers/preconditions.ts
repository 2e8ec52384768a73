import type { IncomingHttpHeaders } from 'node:http';
import { versionTag, type Conditions, type Tag } from '@dfs/catalogue';
import { DfsError, invalidField } from '@dfs/runtime';
import { isCid, type Cid } from '@dfs/protocol';
import { httpDate, toSecond } from './http-date.js';

/** Entity tags of a header, in a request of ours. */
const MAX_TAGS = 32;
const TAG_LIST = /^\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"(?:\s*,\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")*\s*$/;
const TAG = /(W\/)?"([^"]*)"/g;
const VERSION_TAG = /^v:[0-9a-f]{64}$/;

/** Conditions of a write on the path as it is. */
export interface Preconditions extends Conditions {
  /** It must not have been changed since: milliseconds, a whole second. */
  ifUnmodifiedSince?: number;
}

/** The facts that the conditions of a read are compared with. */
export interface Readable {
  contentId: Cid;
  /** Record id of the version. */
  version: string;
  /** Another tag that names these bytes, for clients of other protocols. */
  alias?: string;
  /** Milliseconds since 1970. */
  modifiedAt: number;
  /** Whether another version of the file was written within this second: its date cannot tell them apart. */
  sharesSecond(second: number): Promise<boolean>;
}

/** A strong entity tag: the content id. The same bytes have the same tag on every node. */
export function etagOf(contentId: Cid): string {
  return `"${contentId}"`;
}

/**
 * `If-Match`, `If-None-Match` and `If-Unmodified-Since` of a write. Weak tags match nothing (RFC 9110 §13.1.1); beside
 * `If-Match` the date says nothing (§13.1.4).
 * @throws DfsError `validation-failed` for a header that is malformed or cannot be honoured.
 */
export function writePreconditions(headers: IncomingHttpHeaders): Preconditions {
  const { 'if-none-match': ifNoneMatch, 'if-match': ifMatch, 'if-unmodified-since': since } = headers;
  if (ifNoneMatch !== undefined && ifNoneMatch.trim() !== '*') {
    throw invalidField('If-None-Match', 'a write takes only *, which means that the path must not exist yet');
  }
  const ifUnmodifiedSince = since === undefined ? undefined : httpDate(since);
  if (since !== undefined && ifUnmodifiedSince === undefined) {
    throw invalidField('If-Unmodified-Since', 'expected an HTTP date, such as Sun, 06 Nov 1994 08:49:37 GMT');
  }
  return {
    ...(ifMatch === undefined ? {} : { ifMatch: matchable(ifMatch) }),
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch: '*' }),
    ...(ifMatch !== undefined || ifUnmodifiedSince === undefined ? {} : { ifUnmodifiedSince }),
  };
}

/**
 * Whether a read goes on, in the order of RFC 9110 §13.2.2. A date that is none is passed over.
 * @returns false where what the client has is still what there is
 * @throws DfsError `precondition-failed`; `validation-failed` for an `If-Match` that is malformed, as of a write
 */
export async function readCondition(headers: IncomingHttpHeaders, content: Readable): Promise<boolean> {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers;
  if (match !== undefined) {
    const named = matchable(match, content.alias);
    if (named !== '*' && !named.some((tag) => isTagOf(tag, content))) throw changed();
  } else {
    const since = dateOf(headers['if-unmodified-since']);
    if (since !== undefined && !(await isUnchangedSince(since, content))) throw changed();
  }
  // Weak comparison (§13.1.2).
  if (noneMatch !== undefined) {
    return noneMatch.trim() !== '*' && !tags(noneMatch).some((tag) => isTagOf(tag.value, content));
  }
  const since = dateOf(headers['if-modified-since']);
  return since === undefined || !(await isUnchangedSince(since, content));
}

/** Whether a range may be served: `If-Range` is absent, or names just this content. Dates are too weak to trust. */
export function rangeStillValid(ifRange: string | string[] | undefined, content: Readable): boolean {
  if (ifRange === undefined) return true;
  const [only, ...others] = tags(String(ifRange));
  return others.length === 0 && only !== undefined && !only.weak && isTagOf(only.value, content);
}

/**
 * Whether what a client saw at this date is what there is. A second has room for several versions: a date that is that of
 * another one too tells nothing.
 */
export async function isUnchangedSince(
  since: number,
  version: Pick<Readable, 'modifiedAt' | 'sharesSecond'>,
): Promise<boolean> {
  return toSecond(version.modifiedAt) <= since && !(await version.sharesSecond(since));
}

/** Whether an entity tag, without its quotes, names a version. */
export function isTagOf(
  tag: string,
  { contentId, version, alias }: Pick<Readable, 'contentId' | 'version' | 'alias'>,
): boolean {
  return tag === contentId || tag === versionTag(version) || tag === alias;
}

function dateOf(header: string | undefined): number | undefined {
  return header === undefined ? undefined : httpDate(header);
}

function changed(): DfsError {
  return new DfsError('precondition-failed', 'The file is not in the version that the request names: read it again.');
}

function matchable(header: string, alias?: string): Tag[] | '*' {
  if (header.trim() === '*') return '*';
  if (!TAG_LIST.test(header)) throw invalidField('If-Match', 'expected entity tags in double quotes, or *');
  const found = tags(header);
  if (found.length > MAX_TAGS) throw invalidField('If-Match', `at most ${MAX_TAGS} entity tags`);
  return found.filter(({ weak, value }) => !weak && (isTag(value) || value === alias)).map((tag) => tag.value);
}

function isTag(value: string): boolean {
  return VERSION_TAG.test(value) || isCid(value);
}

function tags(header: string): { weak: boolean; value: string }[] {
  return [...header.matchAll(TAG)].map((match) => ({ weak: match[1] !== undefined, value: match[2] ?? '' }));
}
