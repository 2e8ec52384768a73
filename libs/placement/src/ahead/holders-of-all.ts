import { minute } from '@dfs/runtime';
import type { Snapshot } from '../plan/members-now.js';

/** Blocks of an upload that nobody hears of any more are kept for so long after its last byte. */
export const AHEAD_MEMORY = 10 * minute;

/** The members that hold every file, whatever its content: where there are no more of them than copies are wanted. */
export function holdersOfAll({ willing, leaving, target }: Pick<Snapshot, 'willing' | 'leaving' | 'target'>): string[] {
  const eligible = [...willing].filter((peerId) => !leaving.has(peerId));
  return eligible.length <= target ? eligible : [];
}
