import type { LiveFolderInfo } from '@dfs/contracts';
import { isDfsError } from '@dfs/runtime';
import { isDiskError } from '../disk/disk-error.js';
import { DETAIL, FolderStopped } from '../pass/root-check.js';

/** Reasons to stop that are trouble of the disk, not a doubt or a wish. */
const TROUBLE: readonly string[] = ['root-missing', 'rules-unreadable'];

/** How a folder stands after a pass that failed. `detail`: where the reason alone says too little. */
export function failureOf(error: unknown): Pick<LiveFolderInfo, 'state' | 'reason' | 'detail'> {
  if (error instanceof FolderStopped) {
    const { reason, detail } = error;
    return { state: TROUBLE.includes(reason) ? 'error' : 'paused', reason, detail };
  }
  if (isDiskError(error, 'hung')) return { state: 'error', reason: 'disk-hung', detail: null };
  const reason = 'disk-error';
  if (isDiskError(error)) return { state: 'error', reason, detail: `${DETAIL[reason]} (${error.code})` };
  if (isDfsError(error)) return { state: 'error', reason: 'refused', detail: error.message };
  return { state: 'error', reason, detail: 'A pass failed: see the log.' };
}

/** Whether it stopped by itself: it waits for a disk, a right or an answer, and not for a person to resume it or for others to be met. */
export function isStopped({ state, reason }: Pick<LiveFolderInfo, 'state' | 'reason'>): boolean {
  return state === 'error' || (state === 'paused' && reason !== 'asked' && reason !== 'not-synced');
}
