import type { Head } from '@dfs/catalogue';
import type { LiveFolderIssueKind, LiveFolderMode } from '@dfs/contracts';
import type { DiskPath } from '../disk/names.js';
import type { DiskTraits, Stat } from '../disk/root-disk.js';

// The words of the plan. Paths are those of the network, below the prefix of the folder, in NFC; the prefix itself is ''.

/** The part of a stat by which a file is known to be the same (rule 8). */
export type KnownStat = Pick<Stat, 'inode' | 'size' | 'mtimeNs' | 'ctimeNs'>;

/** A file that disk and network last agreed on. */
export interface BaseFile {
  readonly kind: 'file';
  readonly path: string;
  /** Id of the record whose content it has. */
  readonly record: string;
  readonly contentId: string;
  /** As the record says; the disk may not be able to keep it. */
  readonly executable: boolean;
  /** Below the root, as the disk has it. */
  readonly name: DiskPath;
  /** Of the file on the disk when it was known to have this content; undefined where it had another one, which stands. */
  readonly stat: KnownStat | undefined;
  /** A further change may show in nothing: to be hashed once more. */
  readonly racy: boolean;
}

/** A directory that was here. */
export interface BaseDirectory {
  readonly kind: 'directory';
  readonly path: string;
  /** Of the folder record, where a person made it empty. */
  readonly record: string | null;
  readonly name: DiskPath;
}

/** A row of the base tree. */
export type BaseRow = BaseFile | BaseDirectory;

/** A path on the disk now. `witnesses`: how many whole listings of its directory, some seconds apart, say that there is no file. */
export type OnDisk =
  /** Its directory could not be listed whole, or a name of ours stands beside it. */
  | { readonly state: 'unknown' }
  | { readonly state: 'absent'; readonly witnesses: number }
  | { readonly state: 'file'; readonly name: DiskPath; readonly stat: Stat; readonly content?: KnownContent }
  | {
      readonly state: 'directory';
      readonly name: DiskPath;
      readonly witnesses: number;
      /** Listed whole, with nothing in it that counts. */
      readonly empty: boolean;
    }
  /** It is neither present nor absent: a link, a twin, no path of the network. */
  | { readonly state: 'hidden'; readonly detail: string };

/** Content that a file was found to have. */
export interface KnownContent {
  readonly id: string;
  readonly racy: boolean;
}

/** All that is known of one path. */
export interface PlanItem {
  readonly path: string;
  readonly disk: OnDisk;
  readonly base?: BaseRow;
  /** The shown one first; none where the path never was. */
  readonly heads: readonly Head[];
  /** Whether a version of the path has or had the content that is on the disk. */
  readonly known?: boolean;
  /** The deletion that was signed from this disk when the path was there last. */
  readonly deletedHere?: string;
  /** Files and folders that the network shows beneath it. */
  readonly beneath: number;
  /** The path cannot be shown beside another one of the network: why. */
  readonly excluded?: string;
  /** A new name on the disk that is the same for it as one that the network shows: why it is not signed. */
  readonly twin?: string;
}

/** A deletion that waits for an answer, or has got it. */
export interface HeldPath {
  readonly record: string;
  readonly answer: 'waits' | 'delete';
}

/** Facts that the plan needs beside the three trees. */
export interface PlanContext {
  readonly mode: LiveFolderMode;
  /** First meeting: there was no agreement before. */
  readonly meeting: boolean;
  readonly readOnly: boolean;
  /** This node has synced since its start or wake, or is alone: deletions may be signed. */
  readonly mayDelete: boolean;
  readonly traits: Pick<DiskTraits, 'executableBit' | 'keepsInodes'>;
  /** Of the last ten minutes: deletions that were signed from this disk, and the number of paths at their begin. */
  readonly lately: { readonly deleted: number; readonly paths: number };
  /** Files of the base tree as it is now. */
  readonly left: number;
  readonly held: ReadonlyMap<string, HeldPath>;
  /** Files that the network shows under the prefix. */
  readonly shownFiles: number;
  /** A person said that the folder may be emptied after its prefix. */
  readonly mayEmpty: boolean;
  /** Paths whose state a person decided: as the network has it, or as the disk has it. */
  readonly revert: ReadonlySet<string>;
  readonly override: ReadonlySet<string>;
}

/** The file that is on the disk when something is to be done to it. */
export interface Seen {
  readonly name: DiskPath;
  readonly stat: KnownStat & Partial<Stat>;
  readonly contentId: string;
  readonly racy: boolean;
}

/** One thing to do. */
export type Step =
  /** The content of the file must be known first. */
  | { readonly do: 'hash'; readonly path: string; readonly name: DiskPath; readonly stat: Stat }
  /** Its directory must be listed once more. */
  | { readonly do: 'look'; readonly path: string }
  /** The base row alone; without `row` it goes. */
  | { readonly do: 'adopt'; readonly path: string; readonly row: BaseRow | undefined }
  | SignFile
  | SignDeletion
  | { readonly do: 'sign-folder'; readonly path: string; readonly name: DiskPath; readonly parents: readonly string[] }
  /** No byte moves: both records in one unit of work. */
  | { readonly do: 'sign-move'; readonly from: SignDeletion; readonly to: SignFile; readonly base: BaseFile }
  /** The file of a head onto the disk; over the file that was seen, or where there is none. */
  | { readonly do: 'write'; readonly path: string; readonly head: Head; readonly over?: Seen; readonly why: WhyTrashed }
  /** To the trash. */
  | {
      readonly do: 'remove';
      readonly path: string;
      readonly record: string;
      readonly seen: Seen;
      readonly why: WhyTrashed;
    }
  | { readonly do: 'move'; readonly from: string; readonly to: string; readonly head: Head; readonly seen: Seen }
  | { readonly do: 'attributes'; readonly path: string; readonly head: Head; readonly seen: Seen }
  | { readonly do: 'make-directory'; readonly path: string; readonly record: string }
  | { readonly do: 'remove-directory'; readonly path: string; readonly name: DiskPath }
  /** A deletion that waits for an answer from now on. */
  | { readonly do: 'hold'; readonly path: string; readonly record: string }
  | {
      readonly do: 'issue';
      readonly path: string;
      readonly kind: LiveFolderIssueKind;
      readonly detail: string;
      readonly unlessMoved?: SignFile;
    };

/** Why a file goes to the trash. */
export type WhyTrashed = 'replaced' | 'removed' | 'old-copy' | 'reverted';

/** A version with the bytes that are on the disk. */
export interface SignFile {
  readonly do: 'sign-file';
  readonly path: string;
  readonly name: DiskPath;
  readonly stat: Stat;
  /** Undefined where it is found out when the bytes are stored. */
  readonly content: KnownContent | undefined;
  readonly parents: readonly string[];
  readonly imported: boolean;
  /** Whether it was a program before: said on where the disk cannot tell (rule 11). */
  readonly carried?: boolean;
  /** Where a directory became this file: so many deletions beneath it belong to the same unit of work. */
  readonly clears?: number;
}

/** A deletion: its only parent is the record of the base row, or all heads where a person decided. */
export interface SignDeletion {
  readonly do: 'sign-deletion';
  readonly path: string;
  readonly parents: readonly string[];
  readonly approved: boolean;
}

/** The steps, in the order of their paths; or why the folder pauses instead. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly pause?: 'prefix-gone';
}
