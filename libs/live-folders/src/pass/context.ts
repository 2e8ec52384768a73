import type { LiveFolderIssueKind } from '@dfs/contracts';
import type { Tx } from '@dfs/database';
import type { BaseTree } from '../base/base-tree.js';
import type { StoredFolder } from '../base/folder-store.js';
import type { HeldStore } from '../base/held-store.js';
import type { Issue } from '../base/issue-store.js';
import type { RootDisk } from '../disk/root-disk.js';
import type { FoundContent } from './assemble.js';
import type { NetworkTree } from './network-tree.js';
import type { LiveFoldersComponents } from './ports.js';
import type { RootGuard } from './root-guard.js';

/** Parts for the steps of one pass. */
export interface PassContext {
  readonly parts: LiveFoldersComponents;
  readonly folder: StoredFolder;
  readonly disk: RootDisk;
  readonly network: NetworkTree;
  readonly base: BaseTree;
  readonly held: HeldStore;
  readonly root: RootGuard;
  readonly notes: PassNotes;
  /** Inodes of directories when all that is in them was looked at last, by path: another one of the same name is new. */
  readonly walked: Map<string, bigint>;
  /** Contents of files for which there was no room: as long as such a file is the same it is not read again (rule 14). */
  readonly unfit: Map<string, FoundContent>;
  /** Paths of which the network is being told by this folder: the base tree agrees with it there. */
  readonly signed: Set<string>;
  /** Nothing was done to this disk since the process began: what an earlier one left is put in order (rule 8). */
  readonly atStart: boolean;
  /** Files that never stand still are taken as they are, if two readings agree (rule 9): once an hour. */
  readonly takesAsIs: boolean;
  readonly signal: AbortSignal;
  /** A person has changed the folder since the pass began: nothing more follows from what it had planned. */
  isOver(): boolean;
  /** Counts deletions in the unit of work that signs them: whatever comes of the pass, the next one knows of them (rule 5). */
  deleted(tx: Tx, count: number): Promise<void>;
}

/** Notes that a pass leaves behind, beside its changes. */
export class PassNotes {
  /** By kind and path. */
  private readonly issues = new Map<string, Issue>();
  /** Paths to look at again, and in how many milliseconds; with a slash at its end: at all that is in a directory. */
  readonly again = new Map<string, number>();
  readonly in = { files: 0, bytes: 0 };
  readonly out = { files: 0, bytes: 0 };
  /** Deletions that this pass has signed. */
  deleted = 0;
  /** Nothing more comes to the disk for now: it is full. */
  isFull = false;

  tell(kind: LiveFolderIssueKind, path: string, detail: string): void {
    this.issues.set(`${kind} ${path}`, { kind, path, detail });
  }

  get told(): Issue[] {
    return [...this.issues.values()];
  }

  /** At all that is in a directory. */
  lookIn(directory: string, within: number): void {
    this.lookAgain(`${directory}/`, within);
  }

  /** The earlier of two times counts. */
  lookAgain(path: string, within: number): void {
    this.again.set(path, Math.min(within, this.again.get(path) ?? Infinity));
  }
}
