import type { Catalogue } from '@dfs/catalogue';
import type { BaseChange } from '../base/base-tree.js';
import type { NetworkTree } from '../pass/network-tree.js';
import type { BaseRow } from '../plan/model.js';

/** Files that are asked about. */
const ASKED = 1000;

/** The prefix at which most of the files of a base tree are now that came from here; null where no record says so. */
export async function movedTo(
  { folders }: { folders: Pick<Catalogue['folders'], 'movedTo'> },
  network: NetworkTree,
  base: Iterable<BaseRow>,
): Promise<string | null> {
  const rows = [...base].filter((row) => row.kind === 'file').slice(0, ASKED);
  const asked = rows.map(({ path, contentId }) => ({ path: network.full(path), contentId }));
  const moved = await folders.movedTo(asked);
  const prefixes = new Map<string, number>();
  for (const { path } of rows) {
    const to = moved.get(network.full(path));
    if (to === undefined || !to.endsWith(`/${path}`)) continue;
    const prefix = to.slice(0, -path.length - 1);
    prefixes.set(prefix, (prefixes.get(prefix) ?? 0) + 1);
  }
  const [best] = [...prefixes].sort((a, b) => b[1] - a[1]);
  return best?.[0] ?? null;
}

/** Rows of a base tree whose prefix was moved: they follow the records of the same content at the new place; others go. */
export async function rowsAt(
  network: Pick<NetworkTree, 'of'>,
  base: ReadonlyMap<string, BaseRow>,
): Promise<BaseChange[]> {
  const heads = await network.of([...base.keys()]);
  return [...base.values()].map((row) => {
    const { path } = row;
    const shown = heads.get(path)?.[0];
    if (row.kind === 'directory') {
      return { path, row: { ...row, record: shown?.kind === 'folder' ? shown.record : null } };
    }
    const isSame = shown?.kind === 'file' && shown.contentId === row.contentId;
    return { path, row: isSame ? { ...row, record: shown.record } : undefined };
  });
}
