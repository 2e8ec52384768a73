import type { Entry, Folder } from '@dfs/catalogue';
import { sees, type Caller, type Files } from '@dfs/files';
import { DfsError } from '@dfs/runtime';
import type { Address } from '../http/address.js';

/** The file, the folder, or the lack of both at an address. */
export type Resource =
  | { kind: 'file'; path: string; entry: Entry }
  | { kind: 'folder'; path: string; folder: Folder; isWay?: true }
  | { kind: 'nothing'; path: string };
/** One that is there. */
export type Found = Exclude<Resource, { kind: 'nothing' }>;

/** Files and folders that are read at once: a page of XML of some hundred KiB. */
const PAGE = 500;

/**
 * The tree as the caller sees it: for a key with a prefix it ends there. The folders above the prefix are the way to it, with
 * nothing else in them, so that a client can connect at the top.
 */
export class Resources {
  constructor(private readonly files: Pick<Files, 'find' | 'level'>) {}

  async find(caller: Caller, { path, isFolder }: Address): Promise<Resource> {
    if (isWay(caller, path)) return { kind: 'folder', path, folder: emptyFolder(path), isWay: true };
    if (!isSeen(caller, path)) return { kind: 'nothing', path };
    const isEnd = `${path}/` === caller.prefix;
    const found = await this.files.find(path, { isFolder: isFolder || isEnd });
    if (found.kind === 'folder') return { ...found, path };
    // The folder where a key ends is there for it, with files or without.
    if (isEnd) return { kind: 'folder', path, folder: emptyFolder(path) };
    return found.kind === 'file' ? { ...found, path } : { kind: 'nothing', path };
  }

  /** @throws DfsError `file-not-found` */
  async require(caller: Caller, address: Address): Promise<Found> {
    const found = await this.find(caller, address);
    if (found.kind === 'nothing') throw noSuchPath();
    return found;
  }

  /** Files and folders in a folder, page after page. */
  async *in(
    caller: Caller,
    { path, isWay: above }: Found & { kind: 'folder' },
  ): AsyncGenerator<Found[], void, undefined> {
    if (above) {
      const next = caller.prefix.slice(0, caller.prefix.indexOf('/', path === '' ? 0 : path.length + 1));
      yield [(await this.find(caller, { path: next, isFolder: true })) as Found];
      return;
    }
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await this.files.level(path, { limit: PAGE, ...(cursor !== undefined && { cursor }) });
      yield [
        ...page.folders.map((folder): Found => ({ kind: 'folder', path: folder.path.slice(0, -1), folder })),
        ...page.items.map((entry): Found => ({ kind: 'file', path: entry.path, entry })),
      ];
      cursor = page.nextCursor;
    }
  }
}

/** Whether a path lies where the caller may change something: files beneath its prefix. */
export function mayChange(caller: Caller, path: string): boolean {
  return path !== '' && sees(caller, path);
}

/** @throws DfsError `forbidden` for what is above the prefix, `file-not-found` for what is beside it */
export function requireChangeable(caller: Caller, path: string): void {
  if (mayChange(caller, path)) return;
  if (path === '' || isWay(caller, path) || isSeen(caller, path)) {
    throw new DfsError('forbidden', 'This folder itself cannot be changed here: change what is in it.');
  }
  throw noSuchPath();
}

/** The answer for a path where nothing is, or nothing that the caller sees. */
export function noSuchPath(): DfsError {
  return new DfsError('file-not-found', 'There is no file or folder at this address.');
}

/** The folder where the prefix ends, and all beneath it. */
function isSeen({ prefix }: Caller, path: string): boolean {
  return `${path}/`.startsWith(prefix);
}

function isWay({ prefix }: Caller, path: string): boolean {
  return prefix !== '' && (path === '' || prefix.startsWith(`${path}/`)) && `${path}/` !== prefix;
}

function emptyFolder(path: string): Folder {
  return { path: path === '' ? '' : `${path}/`, files: 0, bytes: 0, newest: 0 };
}
