import type { Draft, Entry } from '@dfs/catalogue';
import { DfsError } from '@dfs/runtime';
import type { FilesComponents } from '../ports.js';
import { shown } from '../read/listing.js';
import type { DeletionPace } from './deletion-pace.js';

/** One file of an act. */
export interface BatchItem {
  /** File id. */
  id: string;
  /** Record id of the version that was seen: the file must still show it. Any version when left out. */
  version?: string;
}

/** What became of one file of an act. */
export type BatchOutcome = { id: string; path: string } | { id: string; path: string | null; error: unknown };

/**
 * Deletes many files as one act: one unit of work, one guard asked before the first of them. A file that is gone or
 * changed is its own result and stops no other.
 * @returns one outcome an item, in their order
 * @throws DfsError `mass-deletion` when nothing was deleted since the act is not confirmed; `read-only-member`,
 * `clock-skew`
 */
export async function removeMany(
  { db, catalogue }: Pick<FilesComponents, 'db' | 'catalogue'>,
  pace: DeletionPace,
  items: readonly BatchItem[],
  { confirm = false }: { confirm?: boolean } = {},
): Promise<BatchOutcome[]> {
  await catalogue.writable();
  let takeBack: (() => void) | undefined;
  try {
    return await db.write(async (tx) => {
      const entries = await catalogue.getMany(
        items.map(({ id }) => id),
        tx,
      );
      const outcomes: BatchOutcome[] = [];
      const drafts = new Map<string, Draft>();
      for (const item of items) {
        try {
          const { path } = seenEntry(entries, item);
          drafts.set(item.id, { kind: 'deletion', path, replaces: 'all' });
          outcomes.push({ id: item.id, path });
        } catch (error) {
          if (!(error instanceof DfsError)) throw error;
          outcomes.push({ id: item.id, path: entries.get(item.id)?.path ?? null, error });
        }
      }
      if (drafts.size === 0) return outcomes;
      takeBack = await pace.admit(async () => (await catalogue.totals(tx)).count, confirm, drafts.size);
      await catalogue.commit(tx, [...drafts.values()]);
      return outcomes;
    });
  } catch (error) {
    takeBack?.();
    throw error;
  }
}

function seenEntry(entries: ReadonlyMap<string, Entry>, item: BatchItem): Entry {
  const entry = shown(entries.get(item.id));
  if (item.version !== undefined && item.version !== entry.recordId) {
    throw new DfsError('precondition-failed', 'The file has changed since: read it again, and decide anew.');
  }
  return entry;
}
