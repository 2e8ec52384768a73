import type { LiveFolderInfo } from '@dfs/contracts';
import type { Tx } from '@dfs/database';
import type { Issue, IssueStore } from '../base/issue-store.js';
import type { LiveFoldersComponents } from '../pass/ports.js';

/** New issues of one event. */
const TOLD = 100;

/** Issues of the paths within are as given now; those that are new are told by an event. */
export async function tellIssues(
  tx: Tx,
  {
    clock,
    events,
    issues,
    folder,
  }: Pick<LiveFoldersComponents, 'clock' | 'events'> & {
    issues: IssueStore;
    folder: Pick<LiveFolderInfo, 'id' | 'name'>;
  },
  told: readonly Issue[],
  isWithin: (path: string) => boolean,
): Promise<void> {
  const now = clock.now();
  const fresh = await issues.replace(tx, told, isWithin, now);
  if (fresh.length === 0) return;
  const since = new Date(now).toISOString();
  const some = fresh.slice(0, TOLD).map((one) => ({ ...one, since }));
  await events.record(tx, 'folder.issue', { folder, issues: some, count: fresh.length });
}
