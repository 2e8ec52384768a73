import type { Timers } from '@dfs/runtime';
import { isOurs, joinDiskPath, nameOf, parentOf, pathOf, ROOT, showDiskPath, type DiskPath } from '../disk/names.js';
import type { Listing, RootDisk, Stat } from '../disk/root-disk.js';
import type { BaseRow, OnDisk } from '../plan/model.js';

/** Which paths are left out on both sides (rule 7). */
export interface Rules {
  ignores(path: DiskPath, kind: 'file' | 'directory'): boolean;
  ignoresPath(path: string, kind: 'file' | 'directory'): boolean;
}

/** Directories listed by one call. */
const LISTED_TOGETHER = 64;
/** Milliseconds between two listings that say together that a path is absent (rule 2). */
export const APART = 2000;

type Whole = Extract<Listing, { outcome: 'whole' }>;

interface Listed {
  directory: DiskPath;
  listing: Listing;
  /** By timers: when the first of its listings ended. */
  at: number;
  /** Names of files and directories of the first listing, where it was listed twice. */
  before?: ReadonlyMap<DiskPath, Stat>;
}

/** Something that stands on the disk and cannot be a path. */
export interface HiddenName {
  /** For people. */
  readonly shown: string;
  readonly path: string | undefined;
  readonly detail: string;
}

interface Named {
  name: DiskPath;
  stat: Stat;
  /** By the disk's clock: the first look at it. */
  at: number;
}

/** Knowledge beside the listings. */
export interface KnownOfDisk {
  readonly timers: Timers;
  /** The row that the base tree has for a path. */
  usual(path: string): Pick<BaseRow, 'kind' | 'name'> | undefined;
  /** Of the root, as it was known to be the folder. */
  readonly device: bigint;
  /** These rules were found to leave out no path of the base tree. */
  readonly areTried: boolean;
  /** The disk takes different names for the same. */
  readonly folds: boolean;
}

/** The disk as listings of directories show it: a path is absent only where one that was listed whole does not have it. */
export class DiskTree {
  private readonly listed = new Map<DiskPath, Listed>();
  /** By path of the network. */
  private readonly entries = new Map<string, Named>();
  private readonly hiddenNames = new Map<string, HiddenName>();
  /** Paths of which names of ours stand beside them. */
  private readonly clouded = new Set<string>();
  private readonly ignored = new Set<string>();
  readonly temporaries: { directory: DiskPath; name: DiskPath; fileId: string }[] = [];

  constructor(
    private readonly disk: Pick<RootDisk, 'list'>,
    private readonly rules: Rules,
    private readonly known: KnownOfDisk,
  ) {}

  /** Lists these directories, and those beneath them that were not listed yet and are to be. @param deep whether one is */
  async walk(
    directories: readonly DiskPath[],
    deep: (path: string, inode: bigint) => boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const next = [...new Set(directories)].filter((directory) => !this.listed.has(directory));
    while (next.length > 0) {
      const some = next.splice(0, LISTED_TOGETHER);
      signal.throwIfAborted();
      const listings = await this.disk.list(some);
      for (const listing of listings) this.take(listing);
      for (const listing of listings) {
        if (listing.outcome !== 'whole') continue;
        for (const { directory, inode } of this.directoriesIn(listing)) {
          const path = pathOf(directory);
          if (path !== undefined && deep(path, inode) && !this.listed.has(directory)) next.push(directory);
        }
      }
    }
  }

  /** Lists the directories of these paths once more, when the first listing is long enough ago. */
  async lookAgain(paths: readonly string[], signal: AbortSignal): Promise<void> {
    const again = new Set<DiskPath>();
    for (const path of paths) {
      const listed = this.witnessOf(path);
      if (listed && listed.before === undefined) again.add(listed.directory);
    }
    const last = Math.max(...[...again].map((directory) => (this.listed.get(directory) as Listed).at), -Infinity);
    const { timers } = this.known;
    const wait = last + APART - timers.ticks();
    if (wait > 0) await timers.sleep(wait, signal);
    signal.throwIfAborted();
    const all = [...again].sort();
    for (let at = 0; at < all.length; at += LISTED_TOGETHER) {
      for (const listing of await this.disk.list(all.slice(at, at + LISTED_TOGETHER))) this.take(listing);
    }
  }

  /** Lists directories anew, as if for the first time. */
  async relist(directories: readonly DiskPath[]): Promise<void> {
    for (const directory of directories) this.listed.delete(directory);
    for (const listing of await this.disk.list(directories)) this.take(listing);
  }

  /** Lists what was found since and was not listed. */
  walkOn(signal: AbortSignal): Promise<void> {
    const names = [...this.entries.values()].flatMap(({ name, stat }) => (stat.kind === 'directory' ? [name] : []));
    return this.walk(names, () => true, signal);
  }

  /** All paths that stand on the disk. */
  paths(): IterableIterator<string> {
    return this.entries.keys();
  }

  hidden(): IterableIterator<HiddenName> {
    return this.hiddenNames.values();
  }

  /** Directories that were listed whole, by path, and their inodes. */
  *whole(): Generator<[path: string, inode: bigint]> {
    for (const { directory, listing } of this.listed.values()) {
      const path = directory === ROOT ? ROOT : pathOf(directory);
      if (listing.outcome === 'whole' && path !== undefined) yield [path, listing.stat.inode];
    }
  }

  /** Whether nothing is known of a part of it. */
  get isPartial(): boolean {
    return [...this.listed.values()].some(({ listing }) => listing.outcome === 'unknown');
  }

  /** Directories of which nothing is known. `code`: why the disk refuses; undefined where others changed it each time. */
  unknown(): { directory: DiskPath; path: string | undefined; code: string | undefined }[] {
    return [...this.listed.values()].flatMap(({ directory, listing }) => {
      if (listing.outcome !== 'unknown') return [];
      const path = directory === ROOT ? ROOT : pathOf(directory);
      return [{ directory, path, code: listing.reason === 'error' ? (listing.code ?? 'EIO') : undefined }];
    });
  }

  /** The name of a directory on the disk, where it stands there. */
  directoryName(path: string): DiskPath | undefined {
    if (path === '') return ROOT;
    const entry = this.entries.get(path);
    return entry?.stat.kind === 'directory' ? entry.name : undefined;
  }

  /** Paths of all directories that stand on the disk. */
  *directories(): Generator<string> {
    for (const [path, { stat }] of this.entries) if (stat.kind === 'directory') yield path;
  }

  /** An earlier look at a file that saves a second one. */
  seen(path: string): { stat: Stat; at: number } | undefined {
    const entry = this.entries.get(path);
    return entry && { stat: entry.stat, at: entry.at };
  }

  /** Of a file that stands there for certain. */
  fileStat(path: string): Stat | undefined {
    const stat = this.entries.get(path)?.stat;
    return stat?.kind === 'file' && !this.clouded.has(path) ? stat : undefined;
  }

  /** A later look at a file than that of the listing. */
  update(path: string, stat: Stat): void {
    const entry = this.entries.get(path);
    if (entry?.stat.kind === 'file') entry.stat = stat;
  }

  /** State of a path, as far as it is known. */
  stateOf(path: string): OnDisk {
    if (this.clouded.has(path)) return { state: 'unknown' };
    const hidden = this.hiddenNames.get(path);
    const entry = this.entries.get(path);
    if (entry === undefined && hidden !== undefined) return { state: 'hidden', detail: hidden.detail };
    if (entry?.stat.kind === 'file') return { state: 'file', name: entry.name, stat: entry.stat };
    if (entry !== undefined) return this.directoryState(entry);
    const listed = this.witnessOf(path);
    if (listed === undefined) return { state: 'unknown' };
    return { state: 'absent', witnesses: listed.before !== undefined && !this.stoodBefore(listed, path) ? 2 : 1 };
  }

  private directoryState({ name }: Named): OnDisk {
    const own = this.listed.get(name)?.listing;
    const parent = this.listed.get(parentOf(name));
    const wasDirectory = parent?.before?.get(nameOf(name))?.kind === 'directory';
    const empty = own?.outcome === 'whole' && this.isEmpty(own);
    return { state: 'directory', name, witnesses: wasDirectory ? 2 : 1, empty };
  }

  /** The listing that says that a path is absent; undefined where none does. */
  private witnessOf(path: string): Listed | undefined {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (this.ignored.has(parent) || this.clouded.has(parent)) return undefined;
    const name = this.directoryName(parent);
    if (name !== undefined) {
      const listed = this.listed.get(name);
      return listed?.listing.outcome === 'whole' ? listed : undefined;
    }
    // A link in place of a directory says nothing of what is beneath it.
    if (this.hiddenNames.has(parent)) return undefined;
    const above = parent.slice(0, Math.max(0, parent.lastIndexOf('/')));
    const aboveName = this.directoryName(above);
    if (this.entries.has(parent) && aboveName !== undefined) return this.listed.get(aboveName);
    return parent === '' ? undefined : this.witnessOf(parent);
  }

  private stoodBefore(listed: Listed, path: string): boolean {
    // The name in that directory which is the path itself, or one above it.
    const directory = pathOf(listed.directory) ?? '';
    const rest = directory === '' ? path : path.slice(directory.length + 1);
    const [name = ''] = rest.split('/');
    for (const [one, stat] of listed.before ?? []) {
      const isThat = pathOf(one) === name;
      // In place of a directory a file stood there at both times: what was beneath it is gone.
      if (isThat && !(rest.includes('/') && stat.kind === 'file')) return true;
    }
    return false;
  }

  private take(found: Listing): void {
    const { directory } = found;
    // Of another device: the disk went meanwhile, and this is what its mount point has.
    const isElse = found.outcome === 'whole' && found.stat.device !== this.known.device;
    const listing: Listing = isElse ? { directory, outcome: 'unknown', reason: 'changed' } : this.asSpelled(found);
    const earlier = this.listed.get(directory);
    if (earlier?.listing.outcome === 'whole') this.drop(earlier.listing);
    const before =
      earlier?.listing.outcome === 'whole' && listing.outcome === 'whole' ? statsOf(earlier.listing) : undefined;
    this.listed.set(directory, { directory, listing, at: this.known.timers.ticks(), ...(before && { before }) });
    if (listing.outcome !== 'whole') return;
    for (const { name, fileId } of listing.temporaries) this.temporaries.push({ directory, name, fileId });
    for (const border of listing.borders) this.hide(join(directory, border), 'It is on another disk.', true);
    for (const { name, stat } of listing.entries) this.enter(join(directory, name), stat, listing.at);
  }

  /**
   * A disk that takes different names for the same finds a directory by a name that it does not have: what is in it would be there twice.
   */
  private asSpelled(found: Listing): Listing {
    const { directory } = found;
    if (!this.known.folds || found.outcome !== 'whole' || directory === ROOT) return found;
    const above = this.listed.get(parentOf(directory))?.listing;
    if (above?.outcome === 'absent') return { directory, outcome: 'absent' };
    if (above?.outcome !== 'whole') return { directory, outcome: 'unknown', reason: 'changed' };
    const path = pathOf(directory);
    const isThere = above.entries.some(({ name }) => name === nameOf(directory));
    return isThere || (path !== undefined && this.entries.has(path)) ? found : { directory, outcome: 'absent' };
  }

  /** A path of which a name of ours stands beside it is unknown (rule 8). */
  cloud(path: string): void {
    this.clouded.add(path);
  }

  private enter(name: DiskPath, stat: Stat, at: number): void {
    if (this.isUsual(name, stat)) this.entries.set(name, { name, stat, at });
    else this.judge(name, stat, at);
  }

  /** A file that was here, by the very bytes of its path: the name was judged before, by the same rules. */
  private isUsual(name: DiskPath, stat: Stat): boolean {
    if (!this.known.areTried || stat.kind !== 'file') return false;
    const row = this.known.usual(name);
    return row?.kind === 'file' && row.name === name && !this.entries.has(name);
  }

  private judge(name: DiskPath, stat: Stat, at: number): void {
    if (isOurs(name)) return;
    const path = pathOf(name);
    const kind = stat.kind === 'directory' ? 'directory' : 'file';
    if (this.isLeftOut(name, path, kind)) {
      if (path !== undefined) this.ignored.add(path);
      return;
    }
    if (path === undefined) return this.hide(name, 'Its name cannot be a path of the network: rename it.');
    if (stat.kind === 'link' || stat.kind === 'other') {
      return this.hide(name, stat.kind === 'link' ? 'It is a link, and is not followed.' : 'It is no file.', true);
    }
    const other = this.entries.get(path);
    if (other !== undefined && other.name !== name) {
      const usual = this.known.usual(path)?.name;
      const [kept, hidden] =
        usual === name || (usual !== other.name && name < other.name) ? [{ name, stat, at }, other] : [other, { name }];
      this.entries.set(path, kept);
      return this.hide(
        hidden.name,
        'Another name on this disk means the same path of the network: rename one of them.',
      );
    }
    this.entries.set(path, { name, stat, at });
  }

  private isLeftOut(name: DiskPath, path: string | undefined, kind: 'file' | 'directory'): boolean {
    const row = this.known.areTried && path !== undefined ? this.known.usual(path) : undefined;
    return !(row?.kind === kind && row.name === name) && this.rules.ignores(name, kind);
  }

  private hide(name: DiskPath, detail: string, isPath = false): void {
    const path = isPath ? pathOf(name) : undefined;
    const shown = showDiskPath(name);
    this.hiddenNames.set(path ?? `\0${shown}`, { shown, path, detail });
  }

  private drop({ directory, entries }: Whole): void {
    for (const { name } of entries) {
      const path = pathOf(join(directory, name));
      if (path !== undefined && this.entries.get(path)?.name === join(directory, name)) this.entries.delete(path);
      if (path !== undefined) this.hiddenNames.delete(path);
    }
  }

  private directoriesIn(listing: Whole): { directory: DiskPath; inode: bigint }[] {
    return listing.entries
      .filter(({ stat }) => stat.kind === 'directory')
      .map(({ name, stat }) => ({ directory: join(listing.directory, name), inode: stat.inode }))
      .filter(({ directory }) => !isOurs(directory) && !this.isLeftOut(directory, pathOf(directory), 'directory'));
  }

  /** Nothing is in it that counts. Most directories are done with their first entry. */
  private isEmpty({ directory, entries, borders }: Whole): boolean {
    const counts = ({ name, stat }: Whole['entries'][number]): boolean => {
      const path = join(directory, name);
      return !isOurs(path) && !this.rules.ignores(path, stat.kind === 'directory' ? 'directory' : 'file');
    };
    return borders.length === 0 && !entries.some(counts);
  }
}

function statsOf({ entries }: Whole): Map<DiskPath, Stat> {
  return new Map(entries.map(({ name, stat }) => [name, stat]));
}

function join(directory: DiskPath, name: string): DiskPath {
  return joinDiskPath(directory, name);
}
