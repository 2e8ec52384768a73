import createIgnore, { type Ignore } from 'ignore';
import { bytesOfDiskPath, isOurs, toDiskPath, type DiskPath } from '../names.js';

/**
 * Temporary files of common editors and systems (rule 7): lines as in a `.gitignore`, before those of a person, who can take one
 * back with `!`.
 */
export const DEFAULT_RULES: readonly string[] = [
  // macOS
  '.DS_Store',
  '._*',
  '.Spotlight-V100/',
  '.Trashes/',
  '.fseventsd/',
  '.TemporaryItems/',
  // Windows
  'Thumbs.db',
  'ehthumbs.db',
  'desktop.ini',
  '$RECYCLE.BIN/',
  'System Volume Information/',
  // Linux: the bin of the desktop, and files that were removed while a program had them open
  '.Trash-*/',
  '.nfs[0-9a-f]*',
  '.fuse_hidden*',
  '.goutputstream-*',
  'lost+found/',
  // Editors and office programs
  '.*.sw[a-p]',
  '.*.sw[xyz]',
  '*.kate-swp',
  '4913',
  '*~',
  '.#*',
  '\\#*#',
  '~$*',
  '.~lock.*#',
  '~*.tmp',
  // Downloads that are not complete
  '*.crdownload',
];

/** Answers that are kept before all are forgotten. */
const MOST_ANSWERS = 100_000;

/** Rules of one folder. */
export interface IgnoreRulesOptions {
  /** Of the settings, then those of the disk. */
  rules: readonly string[];
  /** As the disk has it. */
  foldsCase?: boolean;
}

/**
 * Which paths are left out on both sides (rule 7). Syntax and precedence are those of a `.gitignore`: the last line that matches
 * decides, and nothing beneath an ignored directory comes back. Names of ours are excluded before any rule.
 */
export class IgnoreRules {
  readonly #make: () => Ignore;
  #rules: Ignore;
  #asked = 0;

  constructor({ rules, foldsCase = false }: IgnoreRulesOptions) {
    this.#make = () =>
      createIgnore({ ignorecase: foldsCase, allowRelativePaths: true }).add([...DEFAULT_RULES, ...rules]);
    this.#rules = this.#make();
  }

  /** Of a path below the root. */
  ignores(path: DiskPath, kind: 'file' | 'directory'): boolean {
    return isOurs(path) || this.#matches(bytesOfDiskPath(path).toString('utf8'), kind);
  }

  /** Of a path of the network, below the prefix. */
  ignoresPath(path: string, kind: 'file' | 'directory'): boolean {
    return isOurs(toDiskPath(path)) || this.#matches(path, kind);
  }

  #matches(path: string, kind: 'file' | 'directory'): boolean {
    // Every answer is kept there.
    if (++this.#asked > MOST_ANSWERS) [this.#rules, this.#asked] = [this.#make(), 0];
    return path !== '' && this.#rules.ignores(kind === 'directory' ? `${path}/` : path);
  }
}

const droppings = new IgnoreRules({ rules: [], foldsCase: true });

/** Whether a name is of those that programs drop by themselves: an otherwise empty directory is empty (rule 12). */
export function isDropping(name: DiskPath): boolean {
  return !isOurs(name) && droppings.ignores(name, 'file');
}
