import { EMPTY_CONTENT, type Cid } from '@dfs/protocol';
import type { FilesComponents } from '../ports.js';

/** A content that is to come back. */
export interface ComingBack {
  contentId: Cid;
  /** Bytes of it. */
  size: number;
  /** Id of the record that its path shows: where that is a deletion, receipts may tell. Null where none may. */
  shown: string | null;
}

type Parts = Pick<FilesComponents, 'catalogue' | 'placement' | 'purges'>;

/** Those of these contents, with their sizes, that were purged, here or as a member says by a receipt for the deletion. */
export async function purgedContents(
  { catalogue, purges }: Pick<Parts, 'catalogue' | 'purges'>,
  wanted: readonly ComingBack[],
): Promise<Map<Cid, number>> {
  const filled = wanted.filter(({ contentId }) => contentId !== EMPTY_CONTENT);
  if (filled.length === 0) return new Map();
  const purged = await catalogue.purged([...new Set(filled.map(({ contentId }) => contentId))]);
  const said = await purges.progress([...new Set(filled.flatMap(({ shown }) => shown ?? []))]);
  const found = new Map<Cid, number>();
  for (const { contentId, size, shown } of filled) {
    const isSaid = shown !== null && (said.get(shown)?.purged ?? 0) > 0;
    if (purged.has(contentId) || isSaid) found.set(contentId, size);
  }
  return found;
}

/** Those of them that nobody has any more, as cache either: they cannot come back. */
export async function goneContents(parts: Parts, wanted: readonly ComingBack[]): Promise<Set<Cid>> {
  const gone = new Set<Cid>();
  for (const [content, size] of await purgedContents(parts, wanted)) {
    if (!(await parts.placement.isHad(content, size))) gone.add(content);
  }
  return gone;
}

/** A version of a file that is to come back, or the content that was deleted; undefined where there is no such. */
export async function versionComingBack(
  catalogue: Pick<FilesComponents['catalogue'], 'get' | 'version'>,
  fileId: string,
  version?: string,
): Promise<ComingBack | undefined> {
  const shown = await catalogue.get(fileId);
  const found = version === undefined ? shown : await catalogue.version(fileId, version);
  if (!found?.contentId) return undefined;
  return { contentId: found.contentId, size: found.size, shown: shown?.recordId ?? null };
}
