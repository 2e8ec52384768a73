import { VALUES, type Reader } from '@dfs/database';
import type { Folder, Level, ListQuery, OnlyRows } from '../ports.js';
import { entryFrom } from '../store/rows.js';
import { openCursor, sealCursor, pageLimit } from './cursor.js';
import { positionOf, readOnly } from './list.js';

/** One level of the tree, of which some folders and files alone are meant: folders first, by name, as the whole level has them. */
export async function listNarrowedLevel(
  reader: Reader,
  folder: string,
  { only, offset, ...query }: ListQuery & { only: OnlyRows },
): Promise<Level> {
  const { sort = 'path' } = query;
  const limit = pageLimit(query.limit);
  const bound = ['level', sort, folder, only.name];
  const after = query.cursor === undefined ? undefined : openCursor(bound, query.cursor);
  const inFiles = after !== undefined && !after.path.endsWith('/');
  const all = only.folders ?? [];
  const folders = inFiles
    ? []
    : await reader.query<Folder>(
        `SELECT path, files, bytes, newest FROM catalogue_folder WHERE path IN ${VALUES} AND path > ?2
         ORDER BY path LIMIT ?3 OFFSET ?4`,
        [JSON.stringify(all), after?.path ?? folder, limit + 1, offset ?? 0],
      );
  const room = limit + 1 - folders.length;
  const passed = offset === undefined ? undefined : Math.max(0, offset - all.length);
  const files =
    room <= 0
      ? []
      : await readOnly(reader, only, { sort, after: inFiles ? after : undefined, offset: passed, limit: room });
  const shownFolders = folders.slice(0, limit);
  const shownFiles = files.slice(0, limit - shownFolders.length);
  const lastFile = shownFiles.at(-1);
  const lastFolder = shownFolders.at(-1);
  const last = lastFile ? positionOf(lastFile, sort) : lastFolder && { value: null, path: lastFolder.path };
  return {
    folders: shownFolders,
    items: shownFiles.map(entryFrom),
    nextCursor: last && folders.length + files.length > limit ? sealCursor(bound, last) : null,
    total: only.count,
    totalFolders: all.length,
  };
}
