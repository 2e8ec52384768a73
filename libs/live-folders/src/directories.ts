import type { EstimateLiveFolder, LiveFolderEstimate, LiveFolderRoots } from '@dfs/contracts';
import { normalisePath } from '@dfs/protocol';
import { DfsError } from '@dfs/runtime';
import { isDiskError } from './disk/disk-error.js';
import { DEFAULT_RULES } from './disk/ignore/ignore-rules.js';
import { ROOT, showDiskPath } from './disk/names.js';
import type { LiveFoldersComponents } from './pass/ports.js';
import { DETAIL } from './pass/root-check.js';
import { isIn, refuseRoot, type RootRules } from './roots.js';

/** How a node differs from others in what it lets be bound. */
export interface LiveFoldersOptions {
  readonly roots: RootRules;
  /** The directory of a path without links; rejects where there is none. */
  resolve(root: string): Promise<string>;
  /** Further directories that somebody at this machine has allowed, resolved. */
  granted?(): Promise<readonly string[]>;
}

/** Directories of this machine before a folder is bound to one of them. */
export class Directories {
  constructor(
    private readonly parts: Pick<LiveFoldersComponents, 'openDisk' | 'catalogue'>,
    private readonly options: LiveFoldersOptions,
  ) {}

  /** The allowed roots, or the directories in one. @throws DfsError as `resolved`, `disk-failed` */
  async list(path: string | undefined, onMachine: boolean): Promise<LiveFolderRoots> {
    const { allowed } = this.options.roots;
    if (path === undefined)
      return { path: null, directories: [...allowed, ...((await this.options.granted?.()) ?? [])] };
    const root = allowed.includes(path) ? path : await this.resolved(path, onMachine);
    const disk = this.parts.openDisk(root);
    try {
      const [listing] = await told(() => disk.list([ROOT]));
      const entries = listing?.outcome === 'whole' ? listing.entries : [];
      const names = entries.filter(({ name, stat }) => stat.kind === 'directory' && !name.startsWith('.'));
      return { path: root, directories: names.map(({ name }) => showDiskPath(name)) };
    } finally {
      await disk.close();
    }
  }

  /** Estimates a binding; nothing is changed. @throws DfsError as `resolved`, `invalid-path`, `disk-failed` */
  async estimate(
    { root: wanted, prefix, ignore = [] }: EstimateLiveFolder,
    onMachine: boolean,
  ): Promise<LiveFolderEstimate> {
    const root = await this.resolved(wanted, onMachine);
    const disk = this.parts.openDisk(root);
    try {
      const { files, bytes, directories, others, ignored, unknown } = await told(() =>
        disk.estimate([...DEFAULT_RULES, ...ignore]),
      );
      const shown = await this.parts.catalogue.folders.get(prefixOf(prefix));
      return {
        ...{ files, bytes, directories, others, diskCost: bytes },
        ignored: { ...ignored, examples: ignored.examples.map(showDiskPath) },
        unknown: unknown.map(showDiskPath),
        network: { files: shown?.files ?? 0, bytes: shown?.bytes ?? 0 },
      };
    } finally {
      await disk.close();
    }
  }

  /** A directory without links, which may be bound. @throws DfsError `folder-root-refused` */
  async resolved(root: string, onMachine: boolean): Promise<string> {
    let path: string;
    try {
      path = await this.options.resolve(root);
    } catch {
      throw new DfsError(
        'folder-root-refused',
        'There is no such directory, or this node may not read it: make it first.',
      );
    }
    const granted = (await this.options.granted?.()) ?? [];
    refuseRoot(path, this.options.roots, onMachine || granted.some((one) => isIn(path, one)));
    return path;
  }
}

/** Trouble of the disk for clients. */
export async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isDiskError(error)) {
      const detail =
        error.code === 'hung'
          ? 'The disk does not answer.'
          : error.code === 'unreadable'
            ? DETAIL['rules-unreadable']
            : `The disk refuses (${error.code}): check it and its rights.`;
      throw new DfsError('disk-failed', detail, { cause: error });
    }
    throw error;
  }
}

/** Without the slash at its end; empty for all of the network. @throws DfsError `invalid-path` */
export function prefixOf(prefix: string): string {
  const path = prefix.replace(/\/+$/, '');
  return path === '' ? '' : normalisePath(path);
}
