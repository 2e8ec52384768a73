import type { FileInfo } from '@dfs/contracts';
import { DfsError } from '@dfs/runtime';
import { fileIdOf, normalisePath } from '@dfs/protocol';
import { describe } from './file-info.js';
import type { FilesComponents } from '../ports.js';

/** The file at a path, null where there is none, or why the path can be none. */
export type FoundPath = { path: string; file: FileInfo | null } | { path: string; error: DfsError };

/** Which of these paths there are: one answer a path, in their order. A path that cannot be one is its own answer. */
export async function lookUp(
  { catalogue, placement }: Pick<FilesComponents, 'catalogue' | 'placement'>,
  paths: readonly string[],
): Promise<FoundPath[]> {
  const asked = paths.map((text) => pathOf(text));
  const idOf = (path: string): string => fileIdOf(catalogue.networkId, path);
  const entries = await catalogue.getMany(asked.flatMap((one) => ('error' in one ? [] : [idOf(one.path)])));
  const current = [...entries.values()].filter((entry) => !entry.deleted);
  const files = new Map((await describe(placement, current)).map((file) => [file.path, file]));
  return asked.map((one) => ('error' in one ? one : { path: one.path, file: files.get(one.path) ?? null }));
}

function pathOf(text: string): { path: string } | { path: string; error: DfsError } {
  try {
    return { path: normalisePath(text) };
  } catch (error) {
    if (error instanceof DfsError && error.code === 'invalid-path') return { path: text, error };
    throw error;
  }
}
