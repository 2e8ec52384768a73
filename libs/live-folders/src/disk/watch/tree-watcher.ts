import { millisecond, second, type Timers, type Unsubscribe } from '@dfs/runtime';
import type { AbsolutePath } from '../fs/file-system.js';
import { IGNORE_NAME, isOurs, joinDiskPath, nameOf, parentOf, ROOT, type DiskPath } from '../names.js';
import type { Dirty, Listing } from '../root-disk.js';
import type { WatchSource } from './watch-source.js';

/** Dirty directories are told after so much quiet, or so long after the first of them (rule 16). */
const QUIET = 50 * millisecond;
const LATEST = 200 * millisecond;
/** A burst is waited out longer: a full pass in the middle of it would be the first of several. */
const BURST_QUIET = 500 * millisecond;
const BURST_LATEST = 5 * second;
/** More dirty directories at once than this are a full pass. */
const MOST_DIRECTORIES = 1000;

/** Parts of a watcher. */
export interface TreeWatcherOptions {
  source: WatchSource;
  root: AbsolutePath;
  timers: Timers;
}

/**
 * Which directories of a root may have changed: a hint, never more. Directories are watched as they are listed, before they are, so
 * that nothing between the two is missed. Where events may have been lost, or watches run out, it tells that all may have changed.
 */
export class TreeWatcher {
  readonly #watches = new Map<DiskPath, () => void>();
  /** Of directories as they were listed last: a watch stays with its directory when that is renamed, and another takes the name. */
  readonly #inodes = new Map<DiskPath, bigint>();
  readonly #dirty = new Set<DiskPath>();
  readonly #options: TreeWatcherOptions;
  #onDirty: ((dirty: Dirty) => void) | undefined;
  #all: 'burst' | 'overflow' | undefined;
  #events = 0;
  #first: number | undefined;
  /** When it is to be told. */
  #due = 0;
  #callOff: Unsubscribe | undefined;
  #isShort = false;

  constructor(options: TreeWatcherOptions) {
    this.#options = options;
  }

  /** Begins. One listener at a time. */
  subscribe(onDirty: (dirty: Dirty) => void): Unsubscribe {
    this.#onDirty = onDirty;
    if (this.#options.source.recursive) this.#watch(ROOT);
    return () => this.close();
  }

  /** These are about to be listed. */
  beforeListing(directories: readonly DiskPath[]): void {
    if (!this.#onDirty || this.#options.source.recursive) return;
    for (const directory of directories) if (!this.#watches.has(directory)) this.#watch(directory);
  }

  /**
   * A path that is no directory any more, or was listed as none, is watched no more, nor are those beneath it. The same where another
   * directory has taken its name: that one is dirty, and watched when it is listed again.
   */
  afterListing(listings: readonly Listing[]): void {
    if (!this.#onDirty || this.#options.source.recursive) return;
    for (const listing of listings) {
      const { directory, outcome } = listing;
      if (outcome === 'absent' || outcome === 'border') this.#forget(directory);
      if (outcome !== 'whole') continue;
      if (!this.#isOther(directory, listing.stat.inode)) this.#inodes.set(directory, listing.stat.inode);
      for (const { name, stat } of listing.entries) {
        if (stat.kind === 'directory') this.#isOther(joinDiskPath(directory, name), stat.inode);
      }
    }
  }

  close(): void {
    this.#onDirty = undefined;
    this.#callOff?.();
    this.#callOff = undefined;
    this.#endAll();
    this.#dirty.clear();
  }

  /** How many directories are watched. */
  get size(): number {
    return this.#watches.size;
  }

  #watch(directory: DiskPath): void {
    const { source, root } = this.#options;
    const path = directory === ROOT ? root : `${root}/${directory}`;
    try {
      const end = source.watch(
        path,
        (name) => this.#changed(directory, name),
        () => this.#ended(directory),
      );
      this.#watches.set(directory, end);
      this.#isShort = false;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // It is gone, or nothing to watch: its listing will say so.
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return;
      if (this.#isShort) return;
      this.#isShort = true;
      this.#onDirty?.({ all: true, reason: 'unwatched' });
    }
  }

  /** Another directory has this name now. */
  #isOther(directory: DiskPath, inode: bigint): boolean {
    const known = this.#inodes.get(directory);
    if (known === undefined || known === inode) return false;
    this.#forget(directory);
    this.#mark(directory);
    return true;
  }

  #ended(directory: DiskPath): void {
    this.#forget(directory);
    this.#mark(directory);
  }

  #forget(directory: DiskPath): void {
    const beneath = directory === ROOT ? '' : `${directory}/`;
    for (const path of [...this.#inodes.keys(), ...this.#watches.keys()]) {
      if (path !== directory && !path.startsWith(beneath)) continue;
      this.#end(path);
      this.#inodes.delete(path);
    }
  }

  #end(directory: DiskPath): void {
    this.#watches.get(directory)?.();
    this.#watches.delete(directory);
  }

  #endAll(): void {
    for (const end of this.#watches.values()) end();
    this.#watches.clear();
    this.#inodes.clear();
  }

  #changed(directory: DiskPath, name: string | undefined): void {
    this.#events++;
    if (name === undefined && this.#options.source.recursive) this.#all ??= 'overflow';
    const path = name === undefined ? undefined : joinDiskPath(directory, name);
    // Of what is ours only the rules are changed by others.
    if (path !== undefined && isOurs(path) && path !== IGNORE_NAME) return this.#overrun();
    // Linux tells of a directory that was moved or removed by its own name: its watch does not see what comes to its place.
    if (!this.#options.source.recursive && name === nameOf(directory)) this.#end(directory);
    this.#mark(path === undefined ? directory : parentOf(path));
  }

  #mark(directory: DiskPath): void {
    if (this.#dirty.size <= MOST_DIRECTORIES) this.#dirty.add(directory);
    this.#overrun();
    this.#wait();
  }

  /** Half of what the system keeps: the other half may have come while we looked. */
  #overrun(): void {
    if (this.#events < this.#options.source.queueLength / 2 && this.#dirty.size <= MOST_DIRECTORIES) return;
    if (this.#all) return;
    this.#all = 'burst';
    this.#wait();
  }

  #wait(): void {
    const { timers } = this.#options;
    const now = timers.ticks();
    this.#first ??= now;
    const [quiet, latest] = this.#all ? [BURST_QUIET, BURST_LATEST] : [QUIET, LATEST];
    this.#due = Math.min(now + quiet, this.#first + latest);
    this.#callOff ??= timers.after(Math.max(0, this.#due - now), () => this.#ring());
  }

  /** One timer for all events of a burst: it begins anew only when it rings too early. */
  #ring(): void {
    const { timers } = this.#options;
    const early = this.#due - timers.ticks();
    this.#callOff = early > 0 ? timers.after(early, () => this.#ring()) : undefined;
    if (early <= 0) this.#tell();
  }

  #tell(): void {
    const dirty: Dirty = this.#all ? { all: true, reason: this.#all } : { directories: [...this.#dirty].sort() };
    this.#dirty.clear();
    this.#all = undefined;
    this.#first = undefined;
    this.#events = 0;
    // Lost events may have told of any directory: each is watched anew as it is listed.
    if ('all' in dirty && !this.#options.source.recursive) this.#endAll();
    this.#onDirty?.(dirty);
  }
}
