import type { FileInfo, FoundContentList } from '@dfs/contracts';
import { DfsError } from '@dfs/runtime';
import { isCid, normalisePath, type Cid } from '@dfs/protocol';
import type { FilesComponents } from '../ports.js';
import { describe } from '../read/file-info.js';
import { mediaTypeFor } from '../read/media-type.js';
import { sniffMediaType } from '../read/sniff.js';

type Parts = Pick<FilesComponents, 'db' | 'catalogue' | 'placement'>;

/** A page of the contents on this disk that no record names. @throws DfsError `invalid-cursor` */
export async function listFoundContents(
  { placement }: Pick<Parts, 'placement'>,
  { limit, cursor }: { limit: number; cursor?: string },
): Promise<FoundContentList> {
  if (cursor !== undefined && !isCid(cursor)) {
    throw new DfsError(
      'invalid-cursor',
      'This cursor does not belong to this list: begin the list again without a cursor.',
      {
        errors: [{ field: 'cursor', detail: 'not a nextCursor of this list' }],
      },
    );
  }
  const all = await placement.found.list();
  const rest = cursor === undefined ? all : all.filter(({ contentId }) => contentId > cursor);
  const page = rest.slice(0, limit);
  const items = [];
  for (const { contentId, size, whole, foundAt } of page) {
    const mediaType = sniffMediaType(await placement.found.firstBytes(contentId));
    items.push({ contentId, size, mediaType, whole, foundAt: new Date(foundAt).toISOString() });
  }
  return {
    items,
    nextCursor: rest.length > page.length ? (page.at(-1)?.contentId ?? null) : null,
    total: all.length,
    bytes: all.reduce((sum, { size }) => sum + size, 0),
  };
}

/**
 * Gives a found content a path: a new file, of bytes that are here.
 * @throws DfsError `not-found`, `invalid-path`, `path-exists`, `content-unavailable` where part of it is missing; as commit
 */
export async function adoptFoundContent(
  { db, catalogue, placement }: Parts,
  contentId: Cid,
  at: string,
): Promise<FileInfo> {
  const path = normalisePath(at);
  await catalogue.writable();
  const content = await placement.found.get(contentId);
  const mediaType = mediaTypeFor(path, sniffMediaType(await placement.found.firstBytes(contentId)));
  const shown = await catalogue.byPath(path);
  if (shown && !shown.deleted) {
    throw new DfsError('path-exists', `There is a file at ${path} already: choose another name, or delete it first.`);
  }
  const [commit] = await db.write(async (tx) => {
    await placement.found.keep(tx, content);
    const draft = { kind: 'file', path, contentId, size: content.size, mediaType, ifNoneMatch: '*' } as const;
    return catalogue.commit(tx, [draft]);
  });
  const [file] = await describe(placement, commit ? [commit.entry] : []);
  return file as FileInfo;
}
