import type { VersionQuery } from '@dfs/catalogue';
import type { ReleasedVersions, VersionInfo, VersionList } from '@dfs/contracts';
import { DfsError } from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import { cursorPages } from '../read/cursor-pages.js';
import { noSuchFile } from '../read/listing.js';
import type { CatalogueReader, FilesComponents } from '../ports.js';

/** A page of a file's versions, newest first, and how much of each can be had; of a deleted file too. @throws DfsError `file-not-found`, `invalid-cursor` */
export async function listVersions(
  { catalogue, placement, purges }: Pick<FilesComponents, 'catalogue' | 'placement' | 'purges'>,
  fileId: string,
  query: VersionQuery,
): Promise<VersionList> {
  const list = await catalogue.versions(fileId, query);
  if (list.total === 0) throw noSuchFile();
  const contents = list.items.flatMap(({ contentId, size }) => (contentId === null ? [] : [{ contentId, size }]));
  const standings = await placement.standings(contents);
  const deletion = list.items.find(({ kind, shown }) => kind === 'deletion' && shown);
  const purge = deletion && (await purges.progress([deletion.version])).get(deletion.version);
  const items = list.items.map((item) => {
    const standing = item.contentId === null ? undefined : standings.get(item.contentId);
    return {
      ...item,
      ...(standing && { local: standing.local, reachable: standing.replication.reachable }),
      ...(item === deletion && purge && { purge }),
    };
  });
  return { ...list, items };
}

/** A version that has bytes. */
export type StoredVersion = VersionInfo & { contentId: Cid };

/** One version that has bytes. @throws DfsError `file-not-found`, `version-not-found` */
export async function versionWithBytes(
  catalogue: Pick<CatalogueReader, 'get' | 'version'>,
  fileId: string,
  version: string,
): Promise<StoredVersion> {
  const found = await catalogue.version(fileId, version);
  if (found?.contentId) return { ...found, contentId: found.contentId };
  if (!found && !(await catalogue.get(fileId))) throw noSuchFile();
  throw new DfsError('version-not-found', 'The file has no such version with content: see its list of versions.');
}

/**
 * Lets go of earlier versions on this node alone, the last copies too: what no head shows and no other member was promised.
 * @param before only those written before, in milliseconds since 1970
 * @throws DfsError `file-not-found`
 */
export async function releaseVersions(
  { catalogue, placement }: Pick<FilesComponents, 'catalogue' | 'placement'>,
  fileId: string,
  before = Infinity,
): Promise<ReleasedVersions> {
  if (!(await catalogue.get(fileId))) throw noSuchFile();
  const contents = new Set<Cid>();
  let versions = 0;
  for await (const page of cursorPages((at) => catalogue.versions(fileId, at))) {
    for (const { contentId, head, writtenAt } of page.items) {
      if (contentId === null || head || Date.parse(writtenAt) >= before) continue;
      versions++;
      contents.add(contentId);
    }
  }
  return { versions, bytes: await placement.letGoOf([...contents]) };
}

/** The content of a version whose retention is over, or that gave way for want of room, and that nobody has any more. */
export function isPurged(): DfsError {
  return new DfsError(
    'purged',
    'The content of this version was purged: its retention is over, or it gave way to uploads on a full node.',
  );
}
