import { hour, type Timers } from '@dfs/runtime';
import { pathOf } from '../disk/names.js';
import type { Dirty } from '../disk/root-disk.js';
import type { Scope } from '../pass/gather.js';
import { LookAgain } from './look-again.js';

/** From one full pass to the next: what the watcher lost is found then (rule 16). */
export const FULL_PASS = hour;
/** Paths, and directories, that are looked at one by one; of more, everything is. */
const MOST_PATHS = 10_000;
const MOST_DIRECTORIES = 1000;

/** Decisions of a person about single paths, until the pass that carries them out. */
export interface Decided {
  readonly revert: Set<string>;
  readonly override: Set<string>;
}

/** Paths for the next pass of a folder: those that changed on the disk or in the network, and those to look at again. */
export class Dirt {
  private isAll = true;
  private directories = new Set<string>();
  private paths = new Set<string>();
  private fullAt = -Infinity;
  private readonly again: LookAgain;
  /** Paths whose bytes nobody had. */
  private readonly lacking = new Set<string>();

  /** @param due something is to be looked at now */
  constructor(
    private readonly timers: Timers,
    private readonly due: () => void,
  ) {
    this.again = new LookAgain(timers, due);
  }

  /** Everything. */
  all(): void {
    this.isAll = true;
  }

  /** As a watcher tells it. */
  disk(dirty: Dirty): void {
    if ('all' in dirty) return this.all();
    for (const directory of dirty.directories) {
      const path = directory === '' ? '' : pathOf(directory);
      if (path === undefined) this.all();
      else this.directories.add(path);
    }
  }

  /** Single paths below the prefix. */
  some(paths: readonly string[]): void {
    for (const path of paths) this.paths.add(path);
  }

  /** Nobody had the bytes of this path: it is looked at again when a member is heard of. */
  lack(path: string): void {
    this.lacking.add(path);
  }

  /** A member is there, which may have what was lacking. */
  memberMet(): void {
    if (this.lacking.size === 0) return;
    this.some([...this.lacking]);
    this.lacking.clear();
    this.due();
  }

  /** For a pass that begins now, which looks at what is dirty, or at everything where that is due. */
  take(): Scope {
    for (const path of this.again.take()) {
      if (path.endsWith('/')) this.directories.add(path.slice(0, -1));
      this.paths.add(path.replace(/\/$/, ''));
    }
    const isMuch = this.paths.size > MOST_PATHS || this.directories.size > MOST_DIRECTORIES;
    const isFull = this.isAll || isMuch || this.timers.ticks() - this.fullAt >= FULL_PASS;
    const scope: Scope = isFull ? 'full' : { directories: this.directories, paths: this.paths };
    this.isAll = false;
    [this.directories, this.paths] = [new Set(), new Set()];
    return scope;
  }

  /** A pass over everything has ended. */
  wasAll(): void {
    this.fullAt = this.timers.ticks();
  }

  /** Keeps the paths that a pass could not end. @param told paths of which a person was told: they keep the folder from nothing */
  later(again: ReadonlyMap<string, number>, told: ReadonlySet<string>): void {
    this.again.add(again, told);
  }

  /** Calls back when the first of what is to be looked at again is due. */
  wait(): void {
    this.again.wait();
  }

  stop(): void {
    this.again.stop();
  }

  /** Something is to be looked at now. */
  get isAny(): boolean {
    return this.isAll || this.directories.size > 0 || this.paths.size > 0;
  }

  /** Something is to be looked at now or later of which no person was told. */
  get isPending(): boolean {
    return this.isAny || this.again.isPending;
  }
}
