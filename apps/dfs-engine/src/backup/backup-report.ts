import { day, hour, MiB, minute } from '@dfs/runtime';
import type { BackupStatus } from './backup.js';

/** How well the database is saved, in a sentence or two for people. */
export function backupReport(status: BackupStatus, now: number): { ok: boolean; detail: string } {
  const { lastAt, snapshots, bytes, isLate, problem, isJournalBroken, keptApart } = status;
  const last =
    lastAt === null
      ? 'There is no snapshot of the database yet.'
      : `The database was last saved ${ago(now - lastAt)}; ${snapshots === 1 ? 'one snapshot' : `${snapshots} snapshots`} and the journal take ${Math.ceil(bytes / MiB)} MiB.`;
  const journal = isJournalBroken
    ? ' The journal cannot be written: see whether the disk is full, or cannot be written.'
    : '';
  const room = problem === 'no-space' ? ' There is no room for a snapshot: make room on this disk.' : '';
  const failed = problem === 'failed' ? ' The last attempt failed: see the log.' : '';
  const late = isLate && problem === null ? ' A snapshot is overdue: leave the node running.' : '';
  const apart = keptApart
    ? ` What was saved of an earlier database is kept in ${keptApart}: with the node stopped, "npm run engine -- restore --force --from=${keptApart}" puts it back.`
    : '';
  return {
    ok: !isLate && problem === null && !isJournalBroken,
    detail: `${last}${room}${failed}${late}${journal}${apart}`,
  };
}

function ago(milliseconds: number): string {
  for (const [name, unit] of [
    ['day', day],
    ['hour', hour],
    ['minute', minute],
  ] as const) {
    const count = Math.floor(milliseconds / unit);
    if (count >= 1) return `${count} ${name}${count === 1 ? '' : 's'} ago`;
  }
  return 'just now';
}
