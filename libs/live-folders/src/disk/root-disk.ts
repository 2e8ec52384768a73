import type { Unsubscribe } from '@dfs/runtime';
import type { DiskPath, TemporaryIds, TemporaryName } from './names.js';

/** Things that stand on a disk: files and directories count, links and others are told and left alone (rule 15). */
export type DiskKind = 'file' | 'directory' | 'link' | 'other';

/** The answer of `lstat` for one of them. */
export interface Stat {
  readonly kind: DiskKind;
  readonly inode: bigint;
  readonly size: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  /** Always false where the file system has no such bit. */
  readonly executable: boolean;
  /** Names of the same file. */
  readonly links: number;
  readonly device: bigint;
}

/** The content of `.dfs-folder` (rule 1). */
export interface Marker {
  readonly folderId: string;
  readonly nonce: string;
  /** Raised here and in the database before a pass that signs. */
  readonly epoch: number;
}

/** Evidence that this is the folder (rule 1). Which of it must be equal is the caller's to judge. */
export interface RootIdentity {
  /** `unreadable`: it stands there and is none of ours, or cannot be read. */
  readonly marker: Marker | undefined | 'unreadable';
  readonly inode: bigint;
  /** As `statfs` has it, hexadecimal. */
  readonly fsType: string;
  /** The id that `statfs` gives; undefined where the system does not tell. Not all file systems keep it over a restart. */
  readonly fsId: string | undefined;
  /** To be compared within one mount alone. */
  readonly device: bigint;
  readonly readOnly: boolean;
}

/** Traits that the file system keeps and those that it does not (rule 11), found out by trying. */
export interface DiskTraits {
  /** `a` and `A` are one name. */
  readonly foldsCase: boolean;
  /** A composed and a decomposed `é` are one name. */
  readonly foldsForms: boolean;
  /** Names come back decomposed, whatever they were made as. */
  readonly decomposes: boolean;
  /** Names of Windows' devices and characters that it forbids are refused. */
  readonly refusesReserved: boolean;
  /** Names that are no UTF-8 are refused or changed. */
  readonly refusesBytes: boolean;
  /** Bytes of the longest name. */
  readonly longestName: number;
  /** A renamed file keeps its inode number. */
  readonly keepsInodes: boolean;
  /** A file may have two names: `link` works. */
  readonly links: boolean;
  /** Nanoseconds between two mtimes that differ. */
  readonly mtimeStepNs: bigint;
  readonly executableBit: boolean;
}

/** One thing of a directory. */
export interface Entry {
  /** The last name alone. */
  readonly name: DiskPath;
  readonly stat: Stat;
}

/** The entries found in a directory, or why they are unknown. */
export type Listing =
  | {
      readonly directory: DiskPath;
      /** Every name was read and asked for its stat, and the directory was the same before and after. */
      readonly outcome: 'whole';
      readonly stat: Stat;
      /** In the order of bytes, without names of ours. A directory on another device is among `borders` instead. */
      readonly entries: readonly Entry[];
      /** Directories of other devices, where nothing is known (rule 1). */
      readonly borders: readonly DiskPath[];
      /** Of ours, by name: the paths of these file ids are unknown (rule 8). */
      readonly temporaries: readonly (TemporaryName & { readonly name: DiskPath; readonly stat: Stat })[];
      /** By the disk's own clock, in milliseconds: the first look at the files of this listing (`ReadOptions.seen`). */
      readonly at: number;
    }
  /** Nothing can be said of what is in it, the absence of a name least of all (rule 2). `changed`: it did under way. */
  | {
      readonly directory: DiskPath;
      readonly outcome: 'unknown';
      readonly reason: 'changed' | 'error';
      readonly code?: string;
    }
  /** There is no directory of this name; `instead` is what else has it, or the name of one above it. */
  | { readonly directory: DiskPath; readonly outcome: 'absent'; readonly instead?: DiskKind }
  /** It is on another device. */
  | { readonly directory: DiskPath; readonly outcome: 'border' };

/** How a file is read. */
export interface ReadOptions {
  /** An earlier look at it: saves the tenth of a second of waiting for the second look. */
  readonly seen?: { readonly stat: Stat; readonly at: number };
  /** Takes the file although it never stands still: what is read may be of several moments (rule 9). */
  readonly asIs?: boolean;
  /** The memory of a piece is used again once the next one is asked for, which is read while this one is used. */
  readonly reuses?: boolean;
}

/** How the reading of a file ended. */
export interface ReadEnd {
  /** After the last byte; where `asIs` is not set it is that before the first. */
  readonly stat: Stat;
  /** Changed so shortly before that a further change may show in nothing: to be hashed once more in 2 s (rule 9). */
  readonly racy: boolean;
}

/** A file while it is read. */
export interface Reading {
  readonly stat: Stat;
  /**
   * Has to be read to its end or given up. Ends in a `DiskError` with `changed` where the file was not the same at the end.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** Resolves after the last byte of `body`; rejects as `body` does. */
  readonly end: Promise<ReadEnd>;
}

/** A file whose content is wanted. */
export interface ContentRequest extends ReadOptions {
  readonly path: DiskPath;
}

/** Why a file was not read. */
export type NotRead =
  /** It did not stand still. `retryAfter`: milliseconds; `changing`: for how many it has not (`being-written` from a minute on). */
  | { readonly path: DiskPath; readonly outcome: 'changing'; readonly retryAfter: number; readonly changing: number }
  | { readonly path: DiskPath; readonly outcome: 'absent' }
  | { readonly path: DiskPath; readonly outcome: 'failed'; readonly code: string };

/** The content of a file by its id. */
export type ContentOf =
  { readonly path: DiskPath; readonly outcome: 'content'; readonly contentId: string; readonly end: ReadEnd } | NotRead;

/** All bytes of a small file. */
export type WholeRead =
  { readonly path: DiskPath; readonly outcome: 'read'; readonly bytes: Uint8Array; readonly end: ReadEnd } | NotRead;

/** Attributes that travel in a record (rule 15). */
export interface FileAttributes {
  /** Milliseconds since 1970. */
  readonly mtime?: number;
  readonly executable?: boolean;
}

/** A part of a file that is none of the root, by its path on this machine, and the SHA-256 of its bytes. */
export interface CopiedBlock {
  readonly file: string;
  readonly offset: number;
  readonly size: number;
  readonly digest: Uint8Array;
}

/** A complete and synced file under a temporary name. Plain data: it is handed back to `place` or `discard`. */
export interface Staged {
  readonly path: DiskPath;
  readonly temporary: DiskPath;
  readonly stat: Stat;
}

/** The file that must stand at a path before it is touched: that of the base row (rule 8 b). */
export interface Expected {
  readonly stat: Stat;
  /** Id of its content, and whether it was racy when that was found out: then it is hashed again before it is given away. */
  readonly contentId: string;
  readonly racy: boolean;
}

/** Reasons for which a file goes to the trash. */
export type TrashReason = 'replaced' | 'removed' | 'old-copy' | 'reverted' | 'directory-removed' | 'interrupted';

/** Note of the trash on a file, beside its path and size. */
export interface TrashNote {
  readonly reason: TrashReason;
  /** The record that caused it, and the file id of the path: the temporary name is made of both. */
  readonly ids: TemporaryIds;
  /** Id of the content, where it is that of a version: such go first when room is short (rule 6). */
  readonly contentId?: string;
}

/** A place that was given to a file. */
export interface Placed {
  readonly outcome: 'placed';
  /** For the base row. Size and mtime are those that were written: a change since then differs from them. */
  readonly stat: Stat;
  readonly racy: boolean;
  /** Place in the trash of the file that stood there before. */
  readonly trashed?: string;
}

/** The file was not the expected one, and stands where it was; or another came to its place, and stays (rule 8). */
export interface NotDone {
  /** `changed`: a local change at the old path. `taken`: somebody was faster at the new one. */
  readonly outcome: 'changed' | 'taken';
}

/** A whole small file on its way to the disk. Without `replaced` nothing may stand at its path. */
export interface WholeFile {
  readonly path: DiskPath;
  readonly ids: TemporaryIds;
  readonly bytes: Uint8Array;
  readonly attributes: FileAttributes;
  readonly replaced?: { readonly expected: Expected; readonly note: TrashNote };
}

/** Outcome for one of several files. `failed`: by an error, with its code; nothing of it is left. */
export type WholeWritten = Placed | NotDone | { readonly outcome: 'failed'; readonly code: string };

/** Outcome for a temporary name. */
export interface Recovered {
  readonly temporary: DiskPath;
  /** `put-back`: at `path`. `trashed`: another file stands there, or the path is not known. `removed`: it was not complete. */
  readonly outcome: 'put-back' | 'trashed' | 'removed' | 'gone';
  readonly path?: DiskPath;
}

/** A file in the trash. */
export interface TrashEntry {
  readonly id: string;
  /** Undefined where a crash left a file whose path nobody knows. */
  readonly path: DiskPath | undefined;
  readonly reason: TrashReason;
  readonly contentId: string | undefined;
  /** Milliseconds since 1970, by the wall clock. */
  readonly at: number;
  readonly stat: Stat;
}

/** Which part of the trash is listed. `cursor`: `next` of the page before. */
export interface TrashListOptions {
  readonly cursor?: string;
  readonly limit: number;
  readonly oldestFirst?: boolean;
}

/** A page of the trash, the newest first where nothing else was asked for. */
export interface TrashPage {
  readonly entries: readonly TrashEntry[];
  readonly next: string | undefined;
}

/**
 * Which files leave the trash for good. `asNoted`: of these ids those whose bytes are still those of the content that the trash says of
 * them.
 */
export type TrashSelection =
  | { readonly ids: readonly string[] }
  | { readonly asNoted: readonly string[] }
  | { readonly olderThan: number }
  | 'all';

/** `.dfs-trash/` of a root (rule 6). */
export interface RootTrash {
  list(options: TrashListOptions): Promise<TrashPage>;
  /** Puts one back, at its path or another one; never over a file. */
  restore(
    id: string,
    to?: DiskPath,
  ): Promise<{ outcome: 'restored'; path: DiskPath; stat: Stat } | { outcome: 'taken' | 'gone' }>;
  empty(selection: TrashSelection): Promise<{ files: number; bytes: number }>;
  /** Those that a program wrote on into since they went there, and that have stood still for 2 s. */
  changed(): Promise<readonly TrashEntry[]>;
  read(id: string): Promise<Reading>;
  /** The bytes as they are now are in a version: `changed` tells the file no more until it changes again. */
  known(id: string, end: ReadEnd, contentId: string): Promise<void>;
}

/** A directory that may have changed, or anything may have. */
export type Dirty =
  | { readonly directories: readonly DiskPath[] }
  /** `unwatched`: watches ran out, or the system gives none: until further notice only full passes see changes. */
  | { readonly all: true; readonly reason: 'burst' | 'overflow' | 'unwatched' };

/** Files and bytes below a root, and those of them that rules leave out, without reading any file (rule 7). */
export interface Estimate {
  readonly files: number;
  readonly bytes: number;
  readonly directories: number;
  /** Links, sockets, pipes and devices. */
  readonly others: number;
  readonly ignored: { readonly files: number; readonly bytes: number; readonly examples: readonly DiskPath[] };
  /** Directories that could not be listed, and those on other devices. */
  readonly unknown: readonly DiskPath[];
}

/**
 * One root and all that is done below it. Paths are below the root. Every call may reject with a `DiskError`: the errno of
 * the call that failed, `hung`, or `gone` for a disk that was closed. No call follows a link or goes to another device.
 * @see DiskError
 */
export interface RootDisk {
  identity(): Promise<RootIdentity>;
  /** On disk for good when it resolves. Only to bind, to relink and to raise the epoch. */
  writeMarker(marker: Marker): Promise<void>;
  /** Makes and removes files of ours in the root; on a read-only one it tells what it can. */
  probe(): Promise<DiskTraits>;
  /** In the order asked for. One directory each, whatever is beneath it. */
  list(directories: readonly DiskPath[]): Promise<Listing[]>;
  /** @throws DiskError `changing` where it does not stand still, with `retryAfter` */
  read(path: DiskPath, options?: ReadOptions): Promise<Reading>;
  /** Cut and hashed where the disk is, stored nowhere. */
  contentOf(requests: readonly ContentRequest[]): Promise<ContentOf[]>;
  /** Small files by one call, each with all its bytes. More than `mostBytes` are too many: `EFBIG`. */
  readAll(requests: readonly ContentRequest[], mostBytes: number): Promise<WholeRead[]>;
  /** Runs of zeros become holes. Leaves nothing behind where it fails. @throws DiskError `ENOSPC`, also for the reserve */
  stage(
    path: DiskPath,
    ids: TemporaryIds,
    body: AsyncIterable<Uint8Array>,
    attributes: FileAttributes,
  ): Promise<Staged>;
  /**
   * `stage` from parts of other files of this machine, each held against its digest, as they are told.
   * @throws DiskError `source` where one is not there; what `blocks` throws
   */
  stageCopy(
    path: DiskPath,
    ids: TemporaryIds,
    blocks: AsyncIterable<readonly CopiedBlock[]>,
    attributes: FileAttributes,
  ): Promise<Staged>;
  /** Takes a staged file back. */
  discard(staged: Staged): Promise<void>;
  /** Rule 8 b to d. Without `replaced` nothing may stand there. A staged file that was not placed is gone. */
  place(staged: Staged, replaced?: { expected: Expected; note: TrashNote }): Promise<Placed | NotDone>;
  /** `stage` and `place` for several small files by one call, each for itself: what one fails for stops no other. */
  writeAll(files: readonly WholeFile[]): Promise<WholeWritten[]>;
  /** To the trash. `id`: its place there. */
  remove(path: DiskPath, expected: Expected, note: TrashNote): Promise<{ outcome: 'removed'; id: string } | NotDone>;
  /** A rename that overwrites nothing: also one of case alone, on disks that fold it. */
  move(
    from: DiskPath,
    to: DiskPath,
    expected: Expected,
    ids: TemporaryIds,
  ): Promise<{ outcome: 'moved'; stat: Stat; racy: boolean } | NotDone>;
  /** Those above it too. `taken` where something else has the name. */
  makeDirectory(path: DiskPath): Promise<{ outcome: 'made' | 'there'; stat: Stat } | { outcome: 'taken' }>;
  /** Another spelling of a directory's name, which is the same name for this disk: with all that is in it. */
  respell(
    from: DiskPath,
    to: DiskPath,
    ids: TemporaryIds,
  ): Promise<{ outcome: 'respelled'; stat: Stat } | { outcome: 'changed' }>;
  /** Only if nothing is left in it; names that `ignored` counts as droppings of programs go to the trash with it (rule 12). */
  removeDirectory(path: DiskPath, note: TrashNote): Promise<'removed' | 'kept' | 'absent'>;
  setAttributes(
    path: DiskPath,
    expected: Expected,
    attributes: FileAttributes,
  ): Promise<{ outcome: 'set'; stat: Stat; racy: boolean } | NotDone>;
  /** Makes durable what was made, moved or removed in these directories: once a batch, before the base rows are written. */
  settle(directories: readonly DiskPath[]): Promise<void>;
  /**
   * Ends what an interrupted act left, as listings tell it. `path` is where a file was that stands aside, as the base tree has it
   * (rule 8). At a start it is to be called even where nothing is listed, and only while no other call of this folder is under way.
   */
  recover(temporaries: readonly { temporary: DiskPath; path?: DiskPath }[]): Promise<Recovered[]>;
  readonly trash: RootTrash;
  /** Bytes that may still be written before the reserve of the node is reached. */
  room(): Promise<number>;
  /** The lines of the `.dfsignore` in the root; none where there is none. @throws DiskError `unreadable` where it is no text, or may not be read */
  localRules(): Promise<string[]>;
  /** Walks all of it. `rules`: lines as in a `.gitignore`; those of the `.dfsignore` beneath the root count too. */
  estimate(rules: readonly string[]): Promise<Estimate>;
  /** A hint (rule 16): told after a moment of quiet. */
  watch(onDirty: (dirty: Dirty) => void): Unsubscribe;
  close(): Promise<void>;
}
