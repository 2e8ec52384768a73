import type { Entry, Folder, Level } from '@dfs/catalogue';
import type { CatalogueReader } from '../ports.js';

/** A path as it stands in the tree of files and folders. */
export type PathFound = { kind: 'file'; entry: Entry } | { kind: 'folder'; folder: Folder } | { kind: 'nothing' };

/**
 * The file or the folder at a path. Where a partition of the network made both it is the file, unless the folder is asked for.
 * @param path normalised; empty for the top, which is always there
 */
export async function findPath(
  catalogue: Pick<CatalogueReader, 'byPath' | 'folders'>,
  path: string,
  { isFolder = false }: { isFolder?: boolean } = {},
): Promise<PathFound> {
  if (path !== '' && !isFolder) {
    const entry = await catalogue.byPath(path);
    if (entry?.deleted === false) return { kind: 'file', entry };
  }
  const folder = await catalogue.folders.get(path);
  if (folder) return { kind: 'folder', folder };
  if (path === '') return { kind: 'folder', folder: { path: '', files: 0, bytes: 0, newest: 0 } };
  return isFolder ? findPath(catalogue, path) : { kind: 'nothing' };
}

/**
 * A page of the folders and files in a folder, as the catalogue has them: without how safe they are, which most clients of the
 * tree do not ask for.
 * @param path normalised, without the slash; empty for the top
 * @throws DfsError `invalid-cursor`
 */
export function readLevel(
  catalogue: Pick<CatalogueReader, 'level'>,
  path: string,
  page: { limit: number; cursor?: string },
): Promise<Level> {
  return catalogue.level({ prefix: path === '' ? '' : `${path}/`, ...page });
}
