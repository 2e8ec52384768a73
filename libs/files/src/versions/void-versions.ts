import type { VoidQuery } from '@dfs/catalogue';
import type { VoidVersionList } from '@dfs/contracts';
import { invalidField } from '@dfs/runtime';
import { normalisePeerId } from '@dfs/protocol';
import type { FilesComponents } from '../ports.js';

/** A page of the versions that count nowhere since their author was removed. @throws DfsError `invalid-cursor`, `invalid-field` */
export async function listVoidVersions(
  { catalogue, nameOf }: Pick<FilesComponents, 'catalogue' | 'nameOf'>,
  { author, ...query }: VoidQuery,
): Promise<VoidVersionList> {
  const { items, nextCursor, total } = await catalogue.voids.list({
    ...query,
    ...(author === undefined ? {} : { author: authorOf(author) }),
  });
  return {
    items: items.map((item) => ({
      ...item,
      authorName: nameOf(item.author) ?? null,
      modifiedAt: new Date(item.modifiedAt).toISOString(),
    })),
    nextCursor,
    total,
  };
}

function authorOf(text: string): string {
  try {
    return normalisePeerId(text);
  } catch {
    throw invalidField('author', 'is not a peer id');
  }
}
