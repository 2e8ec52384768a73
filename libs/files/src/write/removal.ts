import { admitDeletions, type DeletionPace } from './deletion-pace.js';
import { NODE_ASKS, type Asker, type FilesComponents } from '../ports.js';
import { shownEntry } from '../read/listing.js';
import type { Preconditions } from '../http/headers/preconditions.js';
import { withoutDate } from './wanted.js';

/** How a file is deleted. */
export interface RemoveOptions extends Preconditions {
  /** Go on although most of the files are being deleted. */
  confirm?: boolean;
  /** Ends its retention at once, everywhere; of owners alone. Of what is deleted already, too. */
  purge?: boolean;
  /** The node's owner when left out. */
  by?: Asker;
}

/**
 * Deletes a file by a deletion record that replaces all its heads; the content stays for as long as the network keeps
 * versions, or until the next run of purging where that is asked for.
 * @throws DfsError `file-not-found`, `precondition-failed`, `mass-deletion`, `read-only-member`, `not-an-owner`,
 * `clock-skew`
 */
export async function removeFile(
  { db, catalogue, purges }: Pick<FilesComponents, 'db' | 'catalogue' | 'purges'>,
  pace: DeletionPace,
  fileId: string,
  { confirm = false, purge = false, by = NODE_ASKS, ...want }: RemoveOptions = {},
): Promise<void> {
  await catalogue.writable();
  let takeBack: (() => void) | undefined;
  try {
    await db.write(async (tx) => {
      const deleted = purge ? await catalogue.get(fileId, tx) : undefined;
      if (deleted?.deleted) return void (await catalogue.commit(tx, [{ ...deletionOf(deleted), attributes: PURGE }]));
      const shown = await shownEntry(catalogue, fileId, tx);
      const conditions = await withoutDate(catalogue, shown, want);
      await catalogue.conditions.check(fileId, conditions, tx);
      takeBack = await admitDeletions(pace, catalogue, tx, { confirm, by });
      const said = purge ? { attributes: PURGE } : {};
      await catalogue.commit(tx, [{ ...deletionOf(shown), ...conditions, ...said }]);
    });
  } catch (error) {
    takeBack?.();
    throw error;
  }
  if (purge) purges.soon();
}

const PURGE = { purge: true } as const;

function deletionOf({ path }: { path: string }) {
  return { kind: 'deletion', path, replaces: 'all' } as const;
}
