import type { ShownPath } from '@dfs/catalogue';
import type { Reader } from '@dfs/database';
import { DfsError } from '@dfs/runtime';
import type { FilesComponents } from '../ports.js';
import type { ActItem } from './items.js';

/** Paths that are named. */
const NAMED = 100;

/**
 * Before anything moves: nothing is in conflict, and no file is where something is to go, unless it goes away itself.
 * @throws DfsError `conflict`, `path-exists`, each with the first paths (`paths`) and how many there are (`count`)
 */
export async function refuseOccupied(
  catalogue: Pick<FilesComponents['catalogue'], 'folders'>,
  found: readonly ShownPath[],
  items: readonly ActItem[],
  reader: Reader,
): Promise<void> {
  const undecided = found.filter(({ conflict }) => conflict).map(({ path }) => path);
  if (undecided.length > 0) {
    throw new DfsError(
      'conflict',
      `${undecided.length} files have versions in conflict, such as ${undecided[0]}: choose one of each first. Nothing was changed.`,
      { facts: factsOf(undecided) },
    );
  }
  const leaving = new Set(items.filter(({ does }) => does === 'move' || does === 'delete').map(({ path }) => path));
  const targets = items.flatMap(({ target }) => (target === undefined ? [] : [target]));
  const shown = await catalogue.folders.shown(targets, reader);
  const taken = targets.filter((target) => shown.get(target)?.kind === 'file' && !leaving.has(target));
  if (taken.length === 0) return;
  throw new DfsError(
    'path-exists',
    `There are ${taken.length} files already where these would go, such as ${taken[0]}: choose another path, or delete them first. Nothing was changed.`,
    { facts: factsOf(taken) },
  );
}

function factsOf(paths: readonly string[]): { count: number; paths: string[] } {
  return { count: paths.length, paths: paths.slice(0, NAMED) };
}
