import { MAX_NAME_LENGTH } from '@dfs/protocol';

/** A name that is safe to show and to sign: no control characters, well-formed, not too long; perhaps empty. */
export function cleanName(name: string): string {
  return name
    .toWellFormed()
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, MAX_NAME_LENGTH)
    .toWellFormed();
}
