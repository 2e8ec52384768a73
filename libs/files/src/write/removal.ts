import type { DeletionPace } from './deletion-pace.js';
import type { FilesComponents } from '../ports.js';
import { shownEntry } from '../read/listing.js';
import type { Preconditions } from '../http/preconditions.js';
import { withoutDate } from './wanted.js';

export interface RemoveOptions extends Preconditions {
  /** Go on although most of the files are being deleted. */
  confirm?: boolean;
}

/**
 * Deletes a file by a deletion record that replaces all its heads; the content stays for as long as the network keeps
 * versions.
 * @throws DfsError `file-not-found`, `precondition-failed`, `mass-deletion`, `read-only-member`,
 * `clock-skew`
 */
export async function removeFile(
  { db, catalogue }: Pick<FilesComponents, 'db' | 'catalogue'>,
  pace: DeletionPace,
  fileId: string,
  { confirm = false, ...want }: RemoveOptions = {},
): Promise<void> {
  await catalogue.writable();
  let takeBack: (() => void) | undefined;
  try {
    await db.write(async (tx) => {
      const shown = await shownEntry(catalogue, fileId, tx);
      const conditions = await withoutDate(catalogue, shown, want);
      await catalogue.conditions.check(fileId, conditions, tx);
      takeBack = await pace.admit(async () => (await catalogue.totals(tx)).count, confirm);
      await catalogue.commit(tx, [{ kind: 'deletion', path: shown.path, replaces: 'all', ...conditions }]);
    });
  } catch (error) {
    takeBack?.();
    throw error;
  }
}
