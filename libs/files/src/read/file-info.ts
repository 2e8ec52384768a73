import { toldAttributes, type Entry } from '@dfs/catalogue';
import type { FileInfo, PurgeInfo } from '@dfs/contracts';
import type { ContentStanding } from '@dfs/placement';
import type { ContentPlacement, FilesComponents } from '../ports.js';

/**
 * Entries as the API tells of them, each with its replication as derived now: one question for all of them.
 * @param purges where there may be deleted ones among them
 */
export async function describe(
  placement: Pick<ContentPlacement, 'standings' | 'kept'>,
  entries: readonly Entry[],
  purges?: FilesComponents['purges'],
): Promise<FileInfo[]> {
  const shown = entries.filter((entry) => !entry.deleted);
  const states = await placement.standings(shown);
  const kept = await placement.kept(shown.map(({ path }) => path));
  const deletions = entries.filter((entry) => entry.deleted).map(({ recordId }) => recordId);
  const progress = deletions.length === 0 ? undefined : await purges?.progress(deletions);
  return entries.map((entry) => ({
    ...fileInfo(entry, states.get(entry.contentId), progress?.get(entry.recordId)),
    ...(kept.has(entry.path) && !entry.deleted && { kept: true as const }),
  }));
}

function fileInfo(entry: Entry, standing: ContentStanding | undefined, purge: PurgeInfo | undefined): FileInfo {
  return {
    id: entry.fileId,
    path: entry.path,
    size: entry.size,
    mediaType: entry.mediaType,
    contentId: entry.contentId,
    createdAt: new Date(entry.createdAt).toISOString(),
    modifiedAt: new Date(entry.modifiedAt).toISOString(),
    author: entry.author,
    version: entry.recordId,
    deleted: entry.deleted,
    conflict: entry.conflict,
    ...toldAttributes(entry.attributes),
    replication: standing?.replication ?? { target: 0, copies: 0, state: 'pending', reachable: 0 },
    local: standing?.local ?? 'none',
    ...(purge && { purge }),
  };
}
