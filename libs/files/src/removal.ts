import type { FilesComponents } from './ports.js';
import { shownEntry } from './listing.js';
import { checkPreconditions, type Preconditions } from './preconditions.js';

/**
 * Deletes a file by a deletion record that replaces all its heads; the content stays for as long as the network keeps
 * versions.
 * @throws DfsError `file-not-found`, `precondition-failed`, `read-only-member`
 */
export async function removeFile(
  { db, catalogue }: Pick<FilesComponents, 'db' | 'catalogue'>,
  fileId: string,
  want: Pick<Preconditions, 'ifMatch'> = {},
): Promise<void> {
  const entry = await shownEntry(catalogue, fileId);
  checkPreconditions(entry, want);
  await db.write((tx) =>
    catalogue.commit(tx, [
      { kind: 'deletion', path: entry.path, replaces: 'all', ...(want.ifMatch ? { ifMatch: want.ifMatch } : {}) },
    ]),
  );
}
