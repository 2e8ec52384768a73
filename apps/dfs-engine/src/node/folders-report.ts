import { isStopped, type LiveFolderStanding } from '@dfs/live-folders';

/** Folders that a sentence names. */
const NAMED = 5;

/** How the live folders stand, in a sentence or two for people. One that a person has paused is well. */
export function foldersReport(folders: readonly Omit<LiveFolderStanding, 'id'>[]): {
  ok: boolean;
  detail: string;
} {
  if (folders.length === 0) return { ok: true, detail: 'This node has no live folders.' };
  const unwell = folders.filter(isUnwell);
  if (unwell.length === 0) return { ok: true, detail: `All live folders are well: ${folders.length}.` };
  const sentences = unwell.slice(0, NAMED).map(({ name, state, detail, held }) => {
    const why = held > 0 && state !== 'error' && state !== 'paused' ? `${held} deletions wait for an answer.` : detail;
    return `"${name}" (${state}): ${why ?? 'See the log.'}`;
  });
  const more = unwell.length > NAMED ? ` And ${unwell.length - NAMED} more.` : '';
  return { ok: false, detail: `${sentences.join(' ')}${more}` };
}

/** Whether it waits for a person: for an answer, a disk or a right. */
export function isUnwell(folder: Pick<LiveFolderStanding, 'state' | 'reason' | 'held'>): boolean {
  return folder.held > 0 || isStopped(folder);
}
