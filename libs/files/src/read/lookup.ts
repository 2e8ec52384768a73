import type { Entry } from '@dfs/catalogue';
import type { FileInfo } from '@dfs/contracts';
import { DfsError, normalisePath } from '@dfs/protocol';
import { describe } from './file-info.js';
import type { FilesComponents } from '../ports.js';

/** What is at a path: the file, null where there is none, or why the path can be none. */
export type FoundPath = { path: string; file: FileInfo | null } | { path: string; error: DfsError };

/** Which of these paths there are: one answer a path, in their order. A path that cannot be one is its own answer. */
export async function lookUp(
  { catalogue, placement }: Pick<FilesComponents, 'catalogue' | 'placement'>,
  paths: readonly string[],
): Promise<FoundPath[]> {
  const found = await Promise.all(paths.map((path) => look(catalogue, path)));
  const shown = found.flatMap((one) => ('entry' in one && one.entry ? [one.entry] : []));
  const files = new Map((await describe(placement, shown)).map((file) => [file.path, file]));
  return found.map((one) => ('error' in one ? one : { path: one.path, file: files.get(one.path) ?? null }));
}

async function look(
  catalogue: Pick<FilesComponents['catalogue'], 'byPath'>,
  text: string,
): Promise<{ path: string; entry: Entry | undefined } | { path: string; error: DfsError }> {
  try {
    const path = normalisePath(text);
    const entry = await catalogue.byPath(path);
    return { path, entry: entry?.deleted ? undefined : entry };
  } catch (error) {
    if (error instanceof DfsError && error.code === 'invalid-path') return { path: text, error };
    throw error;
  }
}
