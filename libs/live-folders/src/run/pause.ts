import type { LiveFolderInfo } from '@dfs/contracts';
import { day, minute } from '@dfs/runtime';
import type { StoredFolder } from '../base/folder-store.js';
import { DETAIL, PAUSED_FOR_A_TIME } from '../pass/root-check.js';

/** The longest pause that has an end. */
export const LONGEST_PAUSE = 7 * day;
/** While a machine sleeps, its timers stand still and its clock goes on: a pause is looked at so often. */
const LOOK = minute;

type Paused = Pick<StoredFolder, 'paused' | 'pausedUntil'>;

type State = Pick<LiveFolderInfo, 'state' | 'reason' | 'detail'>;

/** Whether a pause for a time is over, also where the clock was set back by more than any pause lasts. */
export function isPauseOver({ paused, pausedUntil }: Paused, now: number): boolean {
  return paused && pausedUntil !== null && (pausedUntil <= now || pausedUntil - now > LONGEST_PAUSE);
}

/** Milliseconds until it is to be seen whether the pause is over; Infinity for one without an end. */
export function untilPauseEnds({ paused, pausedUntil }: Paused, now: number): number {
  return paused && pausedUntil !== null ? Math.min(Math.max(1, pausedUntil - now), LOOK) : Infinity;
}

/** Why a folder that is paused is so. */
export function pauseDetail({ pausedUntil }: Pick<Paused, 'pausedUntil'>): string {
  return pausedUntil === null ? DETAIL.asked : PAUSED_FOR_A_TIME;
}

/**
 * How a folder stands, as it is told: paused, and no longer paused, from when a person has asked for it. A pass that is under way may
 * still come to its end, and the next one begin a little later.
 */
export function asAsked(stored: Paused, last: State): State {
  if (stored.paused) return { state: 'paused', reason: 'asked', detail: pauseDetail(stored) };
  return last.reason === 'asked' ? { state: 'scanning', reason: null, detail: null } : last;
}

/** As times are told: milliseconds since 1970 in ISO 8601. */
export function momentOf(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
