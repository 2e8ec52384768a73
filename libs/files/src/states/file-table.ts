import type { PathRowInfo } from '@dfs/catalogue';
import type { Cid } from '@dfs/protocol';

/** Rows that there is room for at first. */
const FIRST_ROWS = 1024;
const OWN = 1;
const CONFLICT = 2;

/** Every current file in some twenty bytes, by the number of its row, and the folders that files lie in. */
export class FileTable {
  /** Holder set of what the row shows; 0 for none, as of a deleted file. */
  sets = new Uint32Array(FIRST_ROWS);
  /** Number of the folder that the file lies in. */
  folders = new Uint32Array(FIRST_ROWS);
  private sizes = new Float64Array(FIRST_ROWS);
  private contents = new Float64Array(FIRST_ROWS);
  private flags = new Uint8Array(FIRST_ROWS);
  private last = 0;
  private changes = 0;
  private readonly folderNumbers = new Map<string, number>([['', 0]]);
  /** The paths of the folders, each with its slash at the end, and the number of the one above: a lesser one. */
  readonly folderPaths: string[] = [''];
  readonly parents: number[] = [0];

  /** Rows there are, from 1 on: some may have no file. */
  get rows(): number {
    return this.last;
  }

  /** Grows with every change. */
  get version(): number {
    return this.changes;
  }

  /** The number of a folder, its path with a slash at the end; undefined for one without files beneath it. */
  folder(path: string): number | undefined {
    return this.folderNumbers.get(path);
  }

  size(row: number): number {
    return this.sizes[row]!;
  }

  /** The same for equal contents, and by all likelihood for these alone: for sums. */
  contentKey(row: number): number {
    return this.contents[row]!;
  }

  isOwn(row: number): boolean {
    return (this.flags[row]! & OWN) !== 0;
  }

  isConflict(row: number): boolean {
    return (this.flags[row]! & CONFLICT) !== 0;
  }

  /** Takes note of a path as it is now. @param set of what it shows, if it is a current file */
  put({ row, path, content, conflict }: PathRowInfo, set: number, isOwn: boolean): void {
    this.changes++;
    if (row >= this.sets.length) this.grow(row);
    this.last = Math.max(this.last, row);
    this.sets[row] = content === null ? 0 : set;
    this.folders[row] = this.numberOf(path.slice(0, path.lastIndexOf('/') + 1));
    this.sizes[row] = content?.size ?? 0;
    this.contents[row] = content === null ? 0 : keyOf(content.contentId);
    this.flags[row] = (isOwn ? OWN : 0) | (conflict ? CONFLICT : 0);
  }

  private numberOf(folder: string): number {
    const known = this.folderNumbers.get(folder);
    if (known !== undefined) return known;
    // The one above first, so that it has the lesser number.
    const parent = this.numberOf(folder.slice(0, folder.lastIndexOf('/', folder.length - 2) + 1));
    const number = this.folderPaths.length;
    this.folderNumbers.set(folder, number);
    this.folderPaths.push(folder);
    this.parents.push(parent);
    return number;
  }

  private grow(row: number): void {
    const length = Math.max(2 * this.sets.length, row + 1);
    const grown = <T extends Uint32Array | Float64Array | Uint8Array>(old: T, next: T): T => {
      next.set(old);
      return next;
    };
    this.sets = grown(this.sets, new Uint32Array(length));
    this.folders = grown(this.folders, new Uint32Array(length));
    this.sizes = grown(this.sizes, new Float64Array(length));
    this.contents = grown(this.contents, new Float64Array(length));
    this.flags = grown(this.flags, new Uint8Array(length));
  }
}

/** The last 9 digits of the id, as a number: some 44 bits of the digest. */
function keyOf(content: Cid): number {
  return Number.parseInt(content.slice(-9), 36);
}
