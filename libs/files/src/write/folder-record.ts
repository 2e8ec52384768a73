import type { FilesComponents } from '../ports.js';

/**
 * Deletes the record of a folder, and nothing that is in the folder.
 * @param path normalised, without the slash at its end
 * @returns whether there was one
 * @throws DfsError as commit
 */
export async function removeFolderRecord(
  { db, catalogue }: Pick<FilesComponents, 'db' | 'catalogue'>,
  path: string,
): Promise<boolean> {
  await catalogue.writable();
  return db.write(async (tx) => {
    const shown = (await catalogue.folders.shown([path], tx)).get(path);
    if (shown?.kind !== 'folder') return false;
    await catalogue.commit(tx, [{ kind: 'deletion', path, replaces: 'all' }]);
    return true;
  });
}
