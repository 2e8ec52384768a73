import type { Cid } from '@dfs/protocol';
import type { FilesComponents } from '../ports.js';

/** Those of these contents, by their sizes, that were purged and that nobody has any more: they cannot come back. */
export async function goneContents(
  { catalogue, placement }: Pick<FilesComponents, 'catalogue' | 'placement'>,
  contents: ReadonlyMap<Cid, number>,
): Promise<Set<Cid>> {
  const gone = new Set<Cid>();
  if (contents.size === 0) return gone;
  for (const content of await catalogue.purged([...contents.keys()])) {
    if (!(await placement.isHad(content, contents.get(content) ?? 0))) gone.add(content);
  }
  return gone;
}
