import { versionTag, type Conditions } from '@dfs/catalogue';
import { isTagOf, writePreconditions, type Preconditions } from '@dfs/files';
import { DfsError } from '@dfs/runtime';
import type { Call } from '../http/call.js';
import { asksForTag } from '../http/if-header.js';
import type { Found, Resource } from '../read/resources.js';

/**
 * Conditions of the headers, for the unit of work that changes the file; a tag in `If` was held against what was there, which
 * must still be so then.
 * @throws DfsError `validation-failed`
 */
export function wantedOf({ request, conditions }: Call, found: Resource): Preconditions {
  const wanted = writePreconditions(request.headers);
  const isNamed = wanted.ifMatch !== undefined && wanted.ifMatch !== '*';
  return isNamed || !asksForTag(conditions) ? wanted : { ...wanted, ...asItIs(found) };
}

/**
 * The same, held against what is there, for what is done to a folder too: that has no tag, so nobody means it by one.
 * @throws DfsError `precondition-failed`, `validation-failed`
 */
export function requireWanted(call: Call, found: Found): Preconditions {
  const wanted = wantedOf(call, found);
  const { ifMatch = '*', ifNoneMatch } = wanted;
  if (ifNoneMatch === undefined && (ifMatch === '*' || ifMatch.some((tag) => names(tag, found)))) return wanted;
  throw new DfsError(
    'precondition-failed',
    'There is something else at this address than the headers of the request ask for: look again.',
  );
}

function names(tag: string, found: Found): boolean {
  return found.kind === 'file' && isTagOf(tag, { ...found.entry, version: found.entry.recordId });
}

/** Asks for just what was found. */
export function asItIs(found: Resource): Conditions {
  if (found.kind === 'file') return { ifMatch: [versionTag(found.entry.recordId)] };
  return found.kind === 'nothing' ? { ifNoneMatch: '*' } : {};
}
