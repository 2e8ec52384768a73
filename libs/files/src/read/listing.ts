import type { Entry, Folder, ListQuery as CatalogueQuery, OnlyRows } from '@dfs/catalogue';
import type {
  ChunkList,
  FileFilter,
  FileInfo,
  FileList,
  FolderInfo,
  HolderList,
  ReplicationState,
  WorstState,
} from '@dfs/contracts';
import type { Reader } from '@dfs/database';
import { DfsError, invalidField } from '@dfs/runtime';
import { describe } from './file-info.js';
import type { CatalogueReader, FilesComponents } from '../ports.js';
import type { FileStates } from '../states/file-states.js';

type Reading = Pick<FilesComponents, 'catalogue' | 'placement'>;
type Listing = Pick<FilesComponents, 'catalogue' | 'placement' | 'purges'> & { states: FileStates };

/** Which files a list has: all paths or one level of the tree, by what the catalogue knows and by how they are kept. */
export interface ListQuery extends Omit<CatalogueQuery, 'only'>, Pick<FileFilter, 'replication' | 'local'> {
  /** One level of the tree: folders, then the files directly in the folder. */
  delimiter?: '/';
}

/** A page of the files that match, each with its replication as derived now. */
export async function listFiles(
  { catalogue, placement, purges, states }: Listing,
  { delimiter, ...asked }: ListQuery,
): Promise<FileList> {
  if (asked.offset !== undefined && asked.cursor !== undefined) {
    throw invalidField('offset', 'goes without cursor: a page begins at one of both');
  }
  const only = await rowsInStates(states, asked, delimiter);
  const query = { ...asked, ...(only && { only }) };
  if (delimiter !== undefined) {
    const { items, folders, nextCursor, total, totalFolders } = await catalogue.level(query);
    return {
      items: await describe(placement, items),
      folders: folders.map((folder) => folderInfo(folder, states.worst(folder.path))),
      nextCursor,
      total,
      totalFolders,
    };
  }
  const { items, nextCursor, total, totalIsAtLeast } = await catalogue.list(query);
  return {
    items: await describe(placement, items, purges),
    folders: [],
    nextCursor,
    total,
    ...(totalIsAtLeast ? { totalIsAtLeast } : {}),
  };
}

/** The rows that a query about the states of files leaves; undefined where it asks for none of them. */
export async function rowsInStates(
  states: FileStates,
  { replication, local, state, prefix = '' }: Pick<ListQuery, 'replication' | 'local' | 'state' | 'prefix'>,
  delimiter?: '/',
): Promise<OnlyRows | undefined> {
  if (replication === undefined && local === undefined) return undefined;
  if (state === 'deleted') {
    const field = replication === undefined ? 'local' : 'replication';
    throw invalidField(field, 'goes not with state=deleted: copies of what was deleted are not counted');
  }
  const filter = {
    ...(replication === undefined ? {} : { states: new Set(replication.split(',') as ReplicationState[]) }),
    ...(local === undefined ? {} : { local }),
    name: `${replication ?? ''} ${local ?? ''}`,
  };
  return delimiter === undefined ? states.only(filter) : states.onlyOfLevel(filter, prefix.normalize('NFC'));
}

/** As the API tells of it. */
export function folderInfo({ path, files, bytes, newest }: Folder, worst: WorstState | null): FolderInfo {
  const name = path.slice(path.lastIndexOf('/', path.length - 2) + 1, -1);
  return { name, path, files, bytes, newest: files === 0 ? null : new Date(newest).toISOString(), worst };
}

/** @throws DfsError `file-not-found`, also when it is deleted. */
export async function getFile({ catalogue, placement }: Reading, fileId: string): Promise<FileInfo> {
  const [file] = await describe(placement, [await shownEntry(catalogue, fileId)]);
  return file as FileInfo;
}

/** The file id of a path, whose file may be deleted. @throws DfsError `file-not-found`, `invalid-path` */
export async function idOf({ catalogue }: Pick<Reading, 'catalogue'>, path: string): Promise<string> {
  const entry = await catalogue.byPath(path);
  if (entry) return entry.fileId;
  throw new DfsError(
    'file-not-found',
    'There is no file at this path in the network: it may have been deleted or moved.',
  );
}

/** @throws DfsError `file-not-found`, `invalid-cursor` */
export async function listChunks(
  { catalogue, placement }: Reading,
  fileId: string,
  query: { limit: number; cursor?: string },
): Promise<ChunkList> {
  const { contentId, size } = await shownEntry(catalogue, fileId);
  const after = query.cursor === undefined ? undefined : fromCursor(query.cursor);
  const page = await placement.chunkList(contentId, size, {
    limit: query.limit,
    ...(after === undefined ? {} : { after }),
  });
  return { items: page.items, nextCursor: page.next === null ? null : String(page.next), total: page.total };
}

/** @throws DfsError `file-not-found` */
export async function listHolders({ catalogue, placement }: Reading, fileId: string): Promise<HolderList> {
  const { contentId, size } = await shownEntry(catalogue, fileId);
  return placement.holders(contentId, size);
}

/** The shown version of the path; within a unit of work, as that one sees it. @throws DfsError `file-not-found` */
export async function shownEntry(
  catalogue: Pick<CatalogueReader, 'get'>,
  fileId: string,
  reader?: Reader,
): Promise<Entry> {
  return shown(await catalogue.get(fileId, reader));
}

/** The entry that was looked up, if it is shown. @throws DfsError `file-not-found` */
export function shown(entry: Entry | undefined): Entry {
  if (!entry) throw noSuchFile();
  if (entry.deleted) {
    throw new DfsError('file-not-found', 'The file has been deleted. Its earlier versions are listed under /versions.');
  }
  return entry;
}

/** `file-not-found` for an id that no record names. */
export function noSuchFile(): DfsError {
  return new DfsError(
    'file-not-found',
    'There is no file with this id in the network: take the id from a list of files.',
  );
}

function fromCursor(cursor: string): number {
  const index = /^\d{1,12}$/.test(cursor) ? Number(cursor) : NaN;
  if (Number.isSafeInteger(index)) return index;
  throw new DfsError(
    'invalid-cursor',
    'This cursor does not belong to this list: begin the list again without a cursor.',
  );
}
