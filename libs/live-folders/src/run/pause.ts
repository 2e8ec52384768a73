import { day, minute } from '@dfs/runtime';
import type { StoredFolder } from '../base/folder-store.js';

/** The longest pause that has an end. */
export const LONGEST_PAUSE = 7 * day;
/** While a machine sleeps, its timers stand still and its clock goes on: a pause is looked at so often. */
const LOOK = minute;

type Paused = Pick<StoredFolder, 'paused' | 'pausedUntil'>;

/** Whether a pause for a time is over, also where the clock was set back by more than any pause lasts. */
export function isPauseOver({ paused, pausedUntil }: Paused, now: number): boolean {
  return paused && pausedUntil !== null && (pausedUntil <= now || pausedUntil - now > LONGEST_PAUSE);
}

/** Milliseconds until it is to be seen whether the pause is over; Infinity for one without an end. */
export function untilPauseEnds({ paused, pausedUntil }: Paused, now: number): number {
  return paused && pausedUntil !== null ? Math.min(Math.max(1, pausedUntil - now), LOOK) : Infinity;
}

/** As times are told: milliseconds since 1970 in ISO 8601. */
export function momentOf(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
