import type { DeletionPace } from './deletion-pace.js';
import type { FilesComponents } from '../ports.js';
import { shownEntry } from '../read/listing.js';
import { checkPreconditions, type Preconditions } from '../http/preconditions.js';

export interface RemoveOptions extends Pick<Preconditions, 'ifMatch'> {
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
      const { path, ...shown } = await shownEntry(catalogue, fileId, tx);
      checkPreconditions(shown, want);
      takeBack = await pace.admit(async () => (await catalogue.totals(tx)).count, confirm);
      await catalogue.commit(tx, [{ kind: 'deletion', path, replaces: 'all', ...want }]);
    });
  } catch (error) {
    takeBack?.();
    throw error;
  }
}
