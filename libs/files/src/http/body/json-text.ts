import { DfsError } from '@dfs/runtime';

/** Levels of lists and objects. No field of the API has more than a few; validation calls itself level by level. */
const MAX_DEPTH = 16;

/**
 * The JSON object that a client wrote, fit to be validated: not nested deeply, and without a field `__proto__`, which
 * class-transformer would pass over, so that it were the one unknown field that is not refused.
 * @param what subject of the sentence that refuses it, such as `The body`
 * @throws DfsError `bad-request`
 */
export function parseJsonObject(text: string, what: string): object {
  const value = parse(text, what);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new DfsError('bad-request', `${what} must be a JSON object, such as {"address": "…"}.`);
  // V8 parses without recursion, whatever the depth; so does this.
  let level: object[] = [value];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_DEPTH)
      throw new DfsError('bad-request', `${what} is nested more than ${MAX_DEPTH} levels deep: leave out the rest.`);
    if (level.some((item) => Object.hasOwn(item, '__proto__')))
      throw new DfsError('bad-request', `${what} has the field __proto__, which is not allowed.`);
    level = level.flatMap((item) => Object.values(item).filter(isNested));
  }
  return value;
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DfsError('bad-request', `${what} is not valid JSON.`, { cause });
  }
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
