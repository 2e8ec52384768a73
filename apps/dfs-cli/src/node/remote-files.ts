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
  for (let cursor: string | undefined; ;) {
    const query = { prefix: folder, delimiter: '/' as const, limit: PAGE, ...(cursor !== undefined && { cursor }) };
    const page = await node.read(() => listFiles({ client: node.client, query }), folder);
    found.folders.push(...(page.folders ?? []));
    found.files.push(...page.items);
    if (page.nextCursor === null || page.nextCursor === undefined) return found;
    cursor = page.nextCursor;
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
