import type { Head } from '@dfs/catalogue';
import { portableName } from '@dfs/runtime';
import { IGNORE_NAME, isOurs, toDiskPath } from '../disk/names.js';
import type { DiskTraits, Stat } from '../disk/root-disk.js';
import { isSame } from '../plan/decide.js';
import type { BaseFile, BaseRow, KnownContent, KnownStat, OnDisk, PlanItem } from '../plan/model.js';
import { directoriesAbove } from '../plan/plan.js';
import { isShown } from './network-tree.js';
import type { DiskTree, Rules } from './disk-tree.js';

/** The content of a file when it had this stat. */
export type FoundContent = KnownContent & { readonly stat: KnownStat };

/** The three trees, as far as they are to be compared. */
export interface Trees {
  readonly disk: Pick<DiskTree, 'stateOf' | 'paths' | 'hidden'>;
  readonly base: ReadonlyMap<string, BaseRow>;
  readonly heads: ReadonlyMap<string, readonly Head[]>;
  /** Files and folders shown beneath a path that is one on the disk, or in the base tree, or a file in the network. */
  readonly beneath: ReadonlyMap<string, number>;
  /** Contents that files on the disk were found to have, by path; `failed` where they could not be read. */
  readonly contents: ReadonlyMap<string, FoundContent | 'failed'>;
  /** Paths whose content on the disk a version of the path has or had. */
  readonly known: ReadonlySet<string>;
  /** Deletions that were signed from this disk, of paths that are on it. */
  readonly deletedHere: ReadonlyMap<string, string>;
  readonly rules: Rules;
  readonly traits: DiskTraits;
  /** Whether a path is looked at. */
  isWithin(path: string): boolean;
  /** Whether disk, base tree and network agree on a file, and nothing else is to be said of it: no step follows for it. */
  isSettled(path: string): boolean;
}

/** Every path of the three trees once, but those that are left out or settled; and base rows that are left out now. */
export function assemble(trees: Trees): { items: PlanItem[]; leftOut: string[] } {
  const paths = new Set<string>();
  for (const path of trees.disk.paths()) if (!trees.isSettled(path)) paths.add(path);
  for (const path of trees.base.keys()) if (!trees.isSettled(path)) paths.add(path);
  for (const [path, heads] of trees.heads) if (isShown(heads) || trees.base.has(path)) paths.add(path);
  const excluded = exclusions(trees);
  const spelled = spellings(trees);
  const items: PlanItem[] = [];
  const leftOut: string[] = [];
  for (const path of paths) {
    if (path === '' || !trees.isWithin(path)) continue;
    if (isLeftOut(path, trees)) {
      if (trees.base.has(path)) leftOut.push(path);
      continue;
    }
    const item = itemOf(path, trees, excluded.get(path));
    items.push(spelled.size === 0 ? item : { ...item, ...otherSpelling(path, trees, spelled) });
  }
  return { items, leftOut };
}

function itemOf(path: string, trees: Trees, why: string | undefined): PlanItem {
  const base = trees.base.get(path);
  const content = trees.contents.get(path);
  const deletedHere = trees.deletedHere.get(path);
  const disk = withContent(trees.disk.stateOf(path), content);
  const isKnown = disk.state === 'file' && disk.content !== undefined;
  return {
    path,
    disk,
    ...(base && { base }),
    heads: trees.heads.get(path) ?? [],
    ...(isKnown && { known: trees.known.has(path) }),
    ...(deletedHere !== undefined && { deletedHere }),
    beneath: trees.beneath.get(path) ?? 0,
    ...(why !== undefined && { excluded: why }),
  };
}

/** A content says nothing of a file that has changed since. */
function withContent(disk: OnDisk, content: FoundContent | 'failed' | undefined): OnDisk {
  if (disk.state !== 'file' || content === undefined) return disk;
  if (content === 'failed') return { state: 'unknown' };
  const { id, racy, stat } = content;
  return isSame(stat, disk.stat, true) ? { ...disk, content: { id, racy } } : disk;
}

/** 7: names of ours before any rule, in both directions; `.dfsignore` is of one disk. */
function isLeftOut(path: string, { rules, disk, base, heads }: Trees): boolean {
  if (isRules(path)) return true;
  const state = disk.stateOf(path).state;
  // Rules have judged a path of the disk tree by its name there, and it is none of ours.
  if (state === 'file' || state === 'directory') return false;
  if (isOurs(toDiskPath(path))) return true;
  const isDirectory = base.get(path)?.kind === 'directory' || heads.get(path)?.[0]?.kind === 'folder';
  return rules.ignoresPath(path, isDirectory ? 'directory' : 'file');
}

function isRules(path: string): boolean {
  return path === IGNORE_NAME || path.endsWith(`/${IGNORE_NAME}`);
}

/**
 * Whether a file that was agreed on is left as it is, if it still is the same on the disk and its record is the shown one: what `decide`
 * makes of such a path, and whether the path may stand there.
 */
export function mayStay(row: BaseFile, stat: Stat, traits: DiskTraits): boolean {
  const isSameFile = !row.racy && isSame(row.stat, stat, traits.keepsInodes);
  const isSameBit = !traits.executableBit || stat.executable === row.executable;
  return isSameFile && isSameBit && !isRules(row.path) && fits(row.path, traits);
}

/** 11: paths of the network that cannot stand on this disk, or not beside another one. */
function exclusions({ heads, beneath, traits }: Trees): Map<string, string> {
  const excluded = new Map<string, string>();
  const folded = new Map<string, string>();
  const mayFold = folds(traits);
  const shown = [...heads].filter(([, all]) => isShown(all)).map(([path]) => path);
  for (const path of mayFold ? shown.sort(byBytes) : shown) {
    if (heads.get(path)?.[0]?.kind === 'file' && (beneath.get(path) ?? 0) > 0) {
      excluded.set(path, 'In the network there is a folder of this name as well, which stands on the disk.');
      continue;
    }
    if (!fits(path, traits)) excluded.set(path, 'The disk cannot have a file of this name.');
    if (!mayFold) continue;
    for (const part of [...directoriesAbove(path), path]) {
      const key = fold(part, traits);
      const other = folded.get(key);
      if (other === undefined) folded.set(key, part);
      else if (other !== part) {
        excluded.set(path, `For this disk it is the same name as ${other}, which stands there.`);
        break;
      }
    }
  }
  return excluded;
}

/** Paths that the network shows, by what they have in common with all that are the same for the disk. */
function spellings({ heads, traits }: Trees): ReadonlyMap<string, string> {
  if (!folds(traits)) return new Map();
  return new Map([...heads].flatMap(([path, all]) => (isShown(all) ? [[fold(path, traits), path] as const] : [])));
}

/** 11: a new name on the disk that is the same for it as one that the network shows, and that was never here. */
function otherSpelling(path: string, trees: Trees, spelled: ReadonlyMap<string, string>): { twin?: string } {
  if (trees.base.has(path) || isShown(trees.heads.get(path))) return {};
  const other = spelled.get(fold(path, trees.traits));
  if (other === undefined || other === path || trees.base.has(other)) return {};
  return { twin: `For this disk it is the same name as ${other}, which the network shows.` };
}

function fits(path: string, { longestName, refusesReserved }: DiskTraits): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  // A character has three bytes at most.
  const isShort = name.length * 3 <= longestName || Buffer.byteLength(name) <= longestName;
  return isShort && !(refusesReserved && portableName(name) !== name);
}

/** Whether a disk takes different names for the same. */
export function folds({ foldsCase, foldsForms }: Pick<DiskTraits, 'foldsCase' | 'foldsForms'>): boolean {
  return foldsCase || foldsForms;
}

/** The form that all paths have in common which are the same for a disk. */
export function fold(path: string, { foldsCase, foldsForms }: Pick<DiskTraits, 'foldsCase' | 'foldsForms'>): string {
  const form = foldsForms ? path.normalize('NFC') : path;
  return foldsCase ? form.toUpperCase().toLowerCase() : form;
}

/** In the order of their bytes: the first of twins stands on the disk. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** How many of these paths are beneath each path that has any beneath it. */
export function countBeneath(paths: Iterable<string>): Map<string, number> {
  const own = new Map<string, number>();
  for (const path of paths) {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (parent !== '') own.set(parent, (own.get(parent) ?? 0) + 1);
  }
  const counts = new Map(own);
  for (const [path, count] of own) {
    for (const above of directoriesAbove(path)) counts.set(above, (counts.get(above) ?? 0) + count);
  }
  return counts;
}
