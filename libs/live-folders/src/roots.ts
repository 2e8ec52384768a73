import { isAbsolute, join, relative, sep } from 'node:path';
import { DfsError } from '@dfs/runtime';

/** Directories of the system, in which nothing is mirrored. */
const OF_THE_SYSTEM = [
  ...[
    '/bin',
    '/boot',
    '/dev',
    '/etc',
    '/lib',
    '/lib32',
    '/lib64',
    '/proc',
    '/run',
    '/sbin',
    '/sys',
    '/usr',
    '/var',
    '/snap',
  ],
  ...['/System', '/Library', '/Applications', '/private/etc', '/private/var'],
  ...['C:\\Windows', 'C:\\Program Files', 'C:\\Program Files (x86)', 'C:\\ProgramData'],
];
/** Directories among those of the system in which people keep things of their own all the same. */
const NONE_OF_IT = ['/run/media', '/var/home', '/private/var/folders', '/var/folders'];

/** Where live folders may be (rule 18). All are absolute, and resolved: no link is left in them. */
export interface RootRules {
  /** Directories under which folders may be bound: `~/DFS` where nothing else was said. */
  readonly allowed: readonly string[];
  readonly home: string;
  readonly dataDir: string;
}

/**
 * Refuses a root where no live folder may be: a stolen token or a hostile member must not be able to write what the system or a
 * shell runs.
 * @param root absolute, resolved
 * @param onMachine the command line on the machine itself asks: roots elsewhere are allowed too
 * @throws DfsError `folder-root-refused`, `folder-overlap` with the data directory
 */
export function refuseRoot(root: string, { allowed, home, dataDir }: RootRules, onMachine: boolean): void {
  if (!isAbsolute(root)) throw refused('Name the directory by its whole path.');
  if (isIn(root, dataDir) || isIn(dataDir, root)) {
    throw new DfsError('folder-overlap', 'The data directory of the node lies there: choose another directory.');
  }
  if (isIn(home, root)) throw refused('The home directory itself cannot be a live folder: choose a directory in it.');
  const [first = ''] = isIn(root, home) ? relative(home, root).split(sep) : [];
  if (first.startsWith('.'))
    throw refused('Directories whose names begin with a dot hold settings of programs: choose another one.');
  const isSystem =
    OF_THE_SYSTEM.some((one) => isIn(root, one)) && !NONE_OF_IT.some((one) => isIn(root, one) && root !== one);
  const isAllowed = allowed.some((one) => isIn(root, one));
  if (isSystem && !isAllowed) throw refused('It is a directory of the system: choose another one.');
  if (relative(sep, root) === '') throw refused('The whole disk cannot be a live folder: choose a directory on it.');
  if (isAllowed || onMachine) return;
  const where = allowed.length === 0 ? '' : ` Allowed are directories under ${allowed.join(', ')}.`;
  throw refused(`No live folder may be there.${where}`);
}

/** Roots of one node neither nest nor are the same. @throws DfsError `folder-overlap` */
export function refuseOverlap(
  folder: { readonly root: string; readonly prefix: string },
  others: readonly { readonly name: string; readonly root: string; readonly prefix: string }[],
): void {
  for (const other of others) {
    if (isIn(folder.root, other.root) || isIn(other.root, folder.root)) {
      throw new DfsError(
        'folder-overlap',
        `The live folder ${other.name} has that directory, or one above or beneath it.`,
      );
    }
    if (covers(folder.prefix, other.prefix) || covers(other.prefix, folder.prefix)) {
      throw new DfsError(
        'folder-overlap',
        `The live folder ${other.name} mirrors that folder of the network, or one above or beneath it.`,
      );
    }
  }
}

/** The root that is allowed where nothing else was said. */
export function usualRoot(home: string): string {
  return join(home, 'DFS');
}

/** Whether a directory is another one, or lies in it. */
export function isIn(path: string, directory: string): boolean {
  const rest = relative(directory, path);
  return rest === '' || (rest !== '..' && !rest.startsWith(`..${sep}`) && !isAbsolute(rest));
}

function covers(prefix: string, other: string): boolean {
  return prefix === '' || prefix === other || other.startsWith(`${prefix}/`);
}

function refused(detail: string): DfsError {
  return new DfsError('folder-root-refused', detail);
}
