import type { Reader } from '@dfs/database';
import { DfsError } from '@dfs/runtime';
import { PathState } from '../rules/states.js';
import type { Draft } from '../ports.js';

/**
 * A path is a file or a folder, not both: which paths may not be made now. Only the making is refused: where two parts of the
 * network have made both, both go on. Of the paths that the same drafts delete none is in the way.
 */
export class TakenPaths {
  /** Folders with a file or folder in them, among the paths of the drafts. */
  private readonly folders: Set<string>;
  /** Files, among the folders that the paths of the drafts are in. */
  private readonly files: Set<string>;

  private constructor(folders: Iterable<string>, files: Iterable<string>) {
    this.folders = new Set(folders);
    this.files = new Set(files);
  }

  /** @param allGo none of the deletions stays undone while others are written */
  static async load(reader: Reader, drafts: readonly Draft[], allGo = true): Promise<TakenPaths> {
    const made = drafts.filter(makes);
    if (made.length === 0) return new TakenPaths([], []);
    const gone = JSON.stringify(drafts.filter(({ kind }) => allGo && kind === 'deletion').map(({ path }) => path));
    const paths = [...new Set(made.filter(({ kind }) => kind === 'file').map(({ path }) => path))];
    const above = [...new Set(made.flatMap(({ path }) => foldersOf(path)))];
    const isGone = 'f.path IN (SELECT value FROM json_each(?2))';
    const inside = (state: PathState): string =>
      // The byte after / is 0.
      `EXISTS (SELECT 1 FROM catalogue_file f WHERE f.state = ${state} AND f.path > p.value || '/' AND f.path < p.value || '0' AND NOT ${isGone})`;
    const [folders, files] = await Promise.all([
      reader.query<{ path: string }>(
        `SELECT p.value AS path FROM json_each(?1) p WHERE ${inside(PathState.current)} OR ${inside(PathState.folder)}`,
        [JSON.stringify(paths), gone],
      ),
      reader.query<{ path: string }>(
        `SELECT f.path FROM json_each(?1) p CROSS JOIN catalogue_file f ON f.state = ${PathState.current} AND f.path = p.value
         WHERE NOT ${isGone}`,
        [JSON.stringify(above), gone],
      ),
    ]);
    const names = (rows: readonly { path: string }[]): string[] => rows.map(({ path }) => path);
    return new TakenPaths(names(folders), names(files));
  }

  /**
   * The path is not there, and is about to be made.
   * @throws DfsError `path-taken`
   */
  take(draft: Draft): void {
    if (!makes(draft)) return;
    const { path, kind } = draft;
    const above = foldersOf(path);
    const file = above.find((folder) => this.files.has(folder));
    if (file !== undefined) {
      throw new DfsError(
        'path-taken',
        `${file} is a file, so nothing can be in a folder of that name: choose another name.`,
      );
    }
    if (kind === 'file' && this.folders.has(path)) {
      throw new DfsError('path-taken', `${path} is a folder that is not empty: choose another name for the file.`);
    }
    if (kind === 'file') this.files.add(path);
    for (const folder of above) this.folders.add(folder);
  }
}

/** Files that come along from another network are never refused. */
function makes({ kind, imported }: Draft): boolean {
  return kind !== 'deletion' && imported === undefined;
}

/** `a` and `a/b` of `a/b/c`. */
function foldersOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}
