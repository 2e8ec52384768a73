import type { VersionInfo } from '@dfs/contracts';

/** The act by which a version was written, in a word. */
export function deedOf({ kind, from, path, imported }: VersionInfo): string {
  if (kind === 'deletion') return $localize`Deleted`;
  if (kind === 'folder') return $localize`Folder`;
  if (from === path) return $localize`Restored`;
  if (from !== null) return $localize`Moved here`;
  return imported ? $localize`Brought along` : $localize`Written`;
}
