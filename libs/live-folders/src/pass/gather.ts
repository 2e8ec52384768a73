import type { Head } from '@dfs/catalogue';
import { joinDiskPath, pathOf, ROOT, toDiskPath, type DiskPath } from '../disk/names.js';
import { isSame as isSameStat } from '../plan/decide.js';
import type { BaseRow } from '../plan/model.js';
import { directoriesAbove } from '../plan/plan.js';
import type { FoundContent, Trees } from './assemble.js';
import { countBeneath, folds, mayStay } from './assemble.js';
import type { PassContext } from './context.js';
import { DiskTree, type Rules } from './disk-tree.js';
import { isShown, type KnownHead } from './network-tree.js';
import { asItIs, BEING_WRITTEN } from './store-files.js';

/** Scope of a pass: everything, or these directories of the disk and these paths of the network. */
export type Scope = 'full' | { readonly directories: ReadonlySet<string>; readonly paths: ReadonlySet<string> };

/** Reads the three trees, as far as a scope goes. */
export class Gathering {
  readonly disk: DiskTree;
  readonly contents = new Map<string, FoundContent | 'failed'>();
  private known = new Set<string>();
  private deletedHere = new Map<string, string>();
  private base = new Map<string, BaseRow>();
  /** Of the base tree when all of it was read. */
  private baseVersion: number | undefined;
  /** Files of which disk, base tree and network agree: most of a pass, and no items of its plan. */
  private readonly settled = new Set<string>();
  private held: ReadonlyMap<string, unknown> = new Map();
  private heads = new Map<string, readonly Head[]>();
  private beneath = new Map<string, number>();
  /** Directories whose contents are looked at; of a full pass all. */
  private readonly within = new Set<string>();
  private readonly alone = new Set<string>();

  constructor(
    private readonly context: PassContext,
    private readonly rules: Rules,
    private readonly scope: Scope,
    /** Of the root, as it was known to be the folder when the pass began. */
    device: bigint,
    /** A person decided about this path. */
    private readonly isDecided: (path: string) => boolean,
    /** The rules are those by which the base tree was made: what is in it is not left out. */
    areTried: boolean,
  ) {
    const usual = (path: string): BaseRow | undefined => this.base.get(path);
    this.disk = new DiskTree(context.disk, rules, {
      timers: context.parts.timers,
      usual,
      device,
      areTried,
      folds: folds(context.folder.probe),
    });
  }

  /** Lists the disk, and puts in order what an interrupted act left there. */
  async look(): Promise<void> {
    const { disk, atStart, signal } = this.context;
    // A file that was to come back from the trash, by a copy, has no name of ours beside its place.
    if (atStart) await disk.recover([]);
    if (this.scope === 'full') {
      await this.readAllOfBase();
      await this.disk.walk([ROOT], () => true, signal);
    } else await this.lookAtSome(this.scope);
    await this.recover();
    const { walked, unfit } = this.context;
    if (this.scope === 'full') {
      walked.clear();
      for (const path of unfit.keys()) if (this.disk.stateOf(path).state !== 'file') unfit.delete(path);
    }
    for (const [path, inode] of this.disk.whole()) {
      if (this.scope === 'full' || this.within.has(path)) walked.set(path, inode);
    }
  }

  /** Reads base tree and heads anew; the disk stays as it was seen. */
  async read(): Promise<void> {
    const { network, held } = this.context;
    this.settled.clear();
    this.held = await held.all();
    const known: KnownHead = (path, record) => this.knownHead(path, record);
    if (this.scope === 'full') {
      await this.readAllOfBase();
      const shown = await network.all(known);
      const isOther = (path: string): boolean => !shown.has(path) && !this.settled.has(path);
      this.beneath = countBeneath(concat(this.settled, shown.keys()));
      // A file that has something beneath it in the network cannot stand there.
      for (const path of this.beneath.keys()) this.settled.delete(path);
      const others = new Set<string>();
      for (const path of concat(this.base.keys(), this.disk.paths())) if (isOther(path)) others.add(path);
      this.heads = new Map([...shown, ...(await network.of([...others]))]);
      return;
    }
    await this.readBase();
    const paths = [...new Set([...this.base.keys(), ...this.disk.paths(), ...this.alone])].filter((path) =>
      this.isWithin(path),
    );
    const agreed = await network.agreed(
      paths.filter((path) => this.base.has(path)),
      known,
    );
    const open = paths.filter((path) => !this.settled.has(path));
    this.heads = new Map([...agreed, ...(await network.of(open.filter((path) => !agreed.has(path))))]);
    this.beneath = await this.countBeneath(open);
  }

  /** Nothing is read again that has not changed since. */
  private async readAllOfBase(): Promise<void> {
    const { base } = this.context;
    const { version } = base;
    if (version === this.baseVersion) return;
    this.base = await base.all();
    this.baseVersion = version;
  }

  /** Of what disk and network still agree on: all that a plan asks of it is in its base row, if it asks anything. */
  private knownHead(path: string, record: string): ReturnType<KnownHead> {
    const row = this.base.get(path);
    if (row?.record !== record || this.isDecided(path)) return undefined;
    const said = { record, mediaType: '', author: '', imported: false };
    if (row.kind === 'directory') {
      return this.disk.stateOf(path).state === 'directory'
        ? { ...said, kind: 'folder', contentId: null, size: 0, attributes: {} }
        : undefined;
    }
    const { probe } = this.context.folder;
    const stat = this.disk.fileStat(path);
    if (stat === undefined) return undefined;
    if (mayStay(row, stat, probe) && !this.held.has(path) && !folds(probe)) {
      this.settled.add(path);
      return 'settled';
    }
    if (row.racy || !isSameStat(row.stat, stat, probe.keepsInodes)) return undefined;
    const attributes = row.executable ? PROGRAM : NO_PROGRAM;
    return { ...said, kind: 'file', contentId: row.contentId, size: stat.size, attributes };
  }

  trees(): Trees {
    const { disk, base, heads, beneath, contents, known, deletedHere, rules } = this;
    const { probe } = this.context.folder;
    return {
      disk,
      base,
      heads,
      beneath,
      contents,
      known,
      deletedHere,
      rules,
      traits: probe,
      isWithin: (path) => this.isWithin(path),
      isSettled: (path) => this.settled.has(path),
    };
  }

  isWithin(path: string): boolean {
    if (this.scope === 'full' || this.alone.has(path)) return true;
    return this.within.has(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
  }

  /** Finds out the contents of files. */
  async hash(wanted: readonly { path: string; name: DiskPath }[]): Promise<void> {
    const { disk, notes, network, signal, takesAsIs } = this.context;
    const files = wanted.filter(({ path }) => !this.isKnownUnfit(path));
    for (let at = 0; at < files.length; at += HASHED_TOGETHER) {
      signal.throwIfAborted();
      const some = files.slice(at, at + HASHED_TOGETHER);
      const found = await disk.contentOf(
        some.map(({ path, name }) => {
          const seen = this.disk.seen(path);
          return { path: name, ...(seen && { seen }) };
        }),
      );
      for (const [index, read] of found.entries()) {
        const { path, name } = some[index] as { path: string; name: DiskPath };
        const isWritten = read.outcome === 'changing' && read.changing >= BEING_WRITTEN;
        const one = (isWritten && takesAsIs && (await asItIs(this.context, name))) || read;
        if (one.outcome === 'content') {
          this.disk.update(path, one.end.stat);
          this.contents.set(path, { id: one.contentId, racy: one.end.racy, stat: one.end.stat });
          if (one.end.racy) notes.lookAgain(path, RACY);
          continue;
        }
        this.contents.set(path, 'failed');
        if (one.outcome === 'failed') notes.tell('unreadable', path, `The disk refuses to read it (${one.code}).`);
        else notes.lookAgain(path, one.outcome === 'changing' ? one.retryAfter : 0);
        if (one.outcome === 'changing' && one.changing >= BEING_WRITTEN) {
          notes.tell('being-written', path, 'It never stands still: it is taken as it is once an hour.');
        }
      }
    }
    const asked = [...this.contents].flatMap(([path, one]) => (one === 'failed' ? [] : [{ path, contentId: one.id }]));
    this.known = await network.known(asked);
    this.deletedHere = await this.context.base.deletedHere(asked.map(({ path }) => path));
  }

  /** 14: a file for which there was no room is read again when it is another one. */
  private isKnownUnfit(path: string): boolean {
    const [found, seen] = [this.context.unfit.get(path), this.disk.seen(path)];
    if (found === undefined || seen === undefined || !isSameStat(found.stat, seen.stat, true)) return false;
    this.contents.set(path, found);
    return true;
  }

  /** Looks again for contents that the network has come to know meanwhile. */
  async knownAnew(): Promise<void> {
    await this.hash([]);
  }

  private async lookAtSome({ directories, paths }: Exclude<Scope, 'full'>): Promise<void> {
    for (const path of paths) {
      this.alone.add(path);
      // Others may have emptied the directories that it is in.
      for (const above of directoriesAbove(path)) this.alone.add(above);
    }
    const wanted = new Set(directories);
    // The directory of a path says whether it is there.
    for (const path of paths) wanted.add(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
    const above = new Set([...wanted].flatMap((path) => ['', ...directoriesAbove(path), path]));
    for (const row of await this.context.base.of([...above])) this.base.set(row.path, row);
    const names = [...above].sort().map((path) => this.nameOf(path));
    for (const directory of directories) this.within.add(directory);
    // Another directory that took the name of one is new as well: a rename tells nothing of what is beneath it.
    const isNew = (path: string, inode: bigint): boolean => {
      const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
      if (!this.within.has(parent) || this.context.walked.get(path) === inode) return false;
      this.within.add(path);
      return true;
    };
    await this.disk.walk(names, isNew, this.context.signal);
    await this.readBase();
  }

  /** Rows of what is looked at; of directories that are gone all that was in them. */
  private async readBase(): Promise<void> {
    const { base, walked } = this.context;
    const rows = [
      ...(await base.in([...this.within])),
      ...(await base.of([...this.alone, ...directoriesOf(this.within)])),
    ];
    this.base = new Map(rows.map((row) => [row.path, row]));
    for (const row of rows) {
      if (row.kind !== 'directory' || !this.isWithin(row.path) || this.disk.stateOf(row.path).state === 'directory')
        continue;
      walked.delete(row.path);
      for (const below of await base.beneath(row.path)) {
        walked.delete(below.path);
        this.base.set(below.path, below);
        this.alone.add(below.path);
      }
    }
  }

  private nameOf(path: string): DiskPath {
    if (path === '') return ROOT;
    const slash = path.lastIndexOf('/');
    const above = this.nameOf(path.slice(0, Math.max(0, slash)));
    return this.base.get(path)?.name ?? joinDiskPath(above, toDiskPath(path.slice(slash + 1)));
  }

  private async countBeneath(paths: readonly string[]): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    const states = paths.map((path) => ({ path, state: this.disk.stateOf(path).state }));
    const asked = states.filter(({ path, state }) => {
      const isDirectory = state === 'directory' || this.base.get(path)?.kind === 'directory';
      return isDirectory || state !== 'file' || this.heads.get(path)?.[0]?.kind !== 'file';
    });
    const folders = await this.context.network.folders(asked.map(({ path }) => path));
    for (const { path, state } of asked) {
      // All of them are counted where a file on the disk clears them.
      const limit = state === 'file' ? Infinity : 1;
      const all = folders.has(path) ? [...(await this.context.network.beneath(path, limit)).values()] : [];
      counts.set(path, all.filter(isShown).length);
    }
    return counts;
  }

  /** 8: puts back what stands aside; where that cannot be, its path stays unknown. */
  private async recover(): Promise<void> {
    const { temporaries } = this.disk;
    if (temporaries.length === 0) return;
    const { network, disk } = this.context;
    const left = temporaries.splice(0);
    const paths = new Map<string, string>();
    const directories = new Set(left.map(({ directory }) => pathOf(directory) ?? ''));
    const candidates = [...(await this.context.base.in([...directories])).map(({ path }) => path), ...this.base.keys()];
    for (const path of await this.shownIn(directories)) candidates.push(path);
    for (const path of candidates) paths.set(network.fileId(path), path);
    await disk.recover(
      left.map(({ directory, name, fileId }) => {
        const path = paths.get(fileId);
        const temporary = joinDiskPath(directory, name);
        if (path === undefined) return { temporary };
        const last = toDiskPath(path.slice(path.lastIndexOf('/') + 1));
        return { temporary, path: this.base.get(path)?.name ?? joinDiskPath(directory, last) };
      }),
    );
    await this.disk.relist([...new Set(left.map(({ directory }) => directory))]);
    if (this.scope === 'full') await this.disk.walkOn(this.context.signal);
    for (const { fileId } of temporaries) {
      const path = paths.get(fileId);
      if (path === undefined) continue;
      this.disk.cloud(path);
      this.context.notes.lookAgain(path, CLOUDED);
    }
  }

  private async shownIn(directories: ReadonlySet<string>): Promise<string[]> {
    const found: string[] = [];
    for (const directory of directories) {
      for (const path of (await this.context.network.beneath(directory)).keys()) {
        if (path.slice(0, Math.max(0, path.lastIndexOf('/'))) === directory) found.push(path);
      }
    }
    return found;
  }
}

/** Milliseconds until a path is looked at again beside which a name of ours could not be cleared away. */
const CLOUDED = 60_000;
const PROGRAM = { executable: true };
const NO_PROGRAM = {};
/** Files hashed by one call. */
const HASHED_TOGETHER = 32;
/** Milliseconds after which a file is hashed once more that changed so shortly before that a further change may not show (rule 9). */
const RACY = 2100;

function* concat<T>(...all: Iterable<T>[]): Generator<T, void, undefined> {
  for (const some of all) yield* some;
}

function directoriesOf(paths: ReadonlySet<string>): string[] {
  return [...paths].filter((path) => path !== '');
}
