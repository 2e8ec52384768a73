import { listFiles, type FileInfo, type FolderInfo } from '@dfs/client';
import { EXIT, Failure } from '../output/failure.js';
import type { Connection } from './connection.js';

const PAGE = 1000;

/** Every file below a prefix, in order of paths, a page at a time. */
export async function* filesBelow(node: Connection, prefix: string): AsyncGenerator<FileInfo> {
  const files = node.dfs.list({ prefix, sort: 'path', limit: PAGE });
  for (;;) {
    const next = await node.call(() => files.next(), prefix);
    if (next.done === true) return;
    yield next.value;
  }
}

/** Folders and files right below a folder, each by name. */
export interface Level {
  folders: FolderInfo[];
  files: FileInfo[];
}

/** The entries right below a folder. */
export async function level(node: Connection, folder: string): Promise<Level> {
  const found: Level = { folders: [], files: [] };
  const query = { prefix: folder, delimiter: '/' as const, limit: PAGE };
  const read = (cursor: Cursor) =>
    node.read(() => listFiles({ client: node.client, query: { ...query, ...cursor } }), folder);
  for await (const { folders = [], items } of pagesOf(read)) {
    found.folders.push(...folders);
    found.files.push(...items);
  }
  return found;
}

/** The part of a query that names a page: nothing for the first. */
export interface Cursor {
  cursor?: string;
}

/** The pages of an answer, one after the other. */
export async function* pagesOf<T extends { nextCursor: string | null }>(
  read: (cursor: Cursor) => Promise<T>,
): AsyncGenerator<T> {
  for (let cursor: Cursor = {}; ;) {
    const page = await read(cursor);
    yield page;
    if (page.nextCursor === null) return;
    cursor = { cursor: page.nextCursor };
  }
}

/** The file at just this path; undefined where there is none. */
export async function fileAt(
  node: Connection,
  path: string,
  state: 'current' | 'deleted' | 'conflict' = 'current',
): Promise<FileInfo | undefined> {
  const page = await node.read(() => listFiles({ client: node.client, query: { path, state, limit: 1 } }), path);
  return page.items[0];
}

/** @throws Failure where there is none */
export async function existingFile(node: Connection, path: string): Promise<FileInfo> {
  const file = await fileAt(node, path);
  if (file === undefined) throw new Failure(`${path}: there is no such file in the network.`, EXIT.notFound);
  return file;
}
