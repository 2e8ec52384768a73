import type { FileInfo } from '@dfs/contracts';
import { normalisePath } from '@dfs/protocol';
import { describe } from './file-info.js';
import type { FilesComponents } from '../ports.js';

/**
 * Which of these paths there are: one answer a path, in their order; null where there is no such file.
 * @throws DfsError `invalid-path`
 */
export async function lookUp(
  { catalogue, placement }: Pick<FilesComponents, 'catalogue' | 'placement'>,
  paths: readonly string[],
): Promise<{ path: string; file: FileInfo | null }[]> {
  const normal = paths.map((path) => normalisePath(path));
  const entries = await Promise.all(normal.map((path) => catalogue.byPath(path)));
  const shown = entries.flatMap((entry) => (entry === undefined || entry.deleted ? [] : [entry]));
  const files = new Map((await describe(placement, shown)).map((file) => [file.path, file]));
  return normal.map((path) => ({ path, file: files.get(path) ?? null }));
}
