import { DfsError, invalidField } from '@dfs/runtime';
import { UNKNOWN_FIELD, isInherited } from './validation.js';

const MAX_PARAMETERS = 32;

/**
 * The query of an address, strictly: what is not valid percent-encoded UTF-8 is refused rather than replaced, since a
 * file would get another name than was asked for. A parameter that stands twice becomes a list, which no DTO takes.
 * @throws DfsError `bad-request`, `validation-failed`
 */
export function parseQuery(text: string | null | undefined): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>;
  const pairs = (text ?? '').split('&').filter((pair) => pair !== '');
  if (pairs.length > MAX_PARAMETERS)
    throw new DfsError('bad-request', `The address has more than ${MAX_PARAMETERS} parameters.`);
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    const name = decode(at < 0 ? pair : pair.slice(0, at));
    if (isInherited(name)) throw invalidField(name, UNKNOWN_FIELD);
    const value = at < 0 ? '' : decode(pair.slice(at + 1));
    const known = query[name];
    query[name] = known === undefined ? value : [known, value].flat();
  }
  return query;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (cause) {
    throw new DfsError(
      'bad-request',
      'The address is not valid percent-encoded UTF-8: encode each parameter by encodeURIComponent.',
      { cause },
    );
  }
}
