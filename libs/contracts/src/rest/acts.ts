import type { Problem } from '../error-codes.js';
import type { FileId, LocalState, SkippedPath, Timestamp } from './common.js';
import type { FileInfo, FileListState } from './files.js';
import type { TransferInfo } from './transfers.js';

// Acts over many files: named, matching, or everything in a folder.

/** The act of a batch on its files. */
export type BatchOp = 'delete' | 'restore' | 'move' | 'copy' | 'choose' | 'purge';
/** `POST /files/batch`: one act over up to 1,000 files that are named, or over all that match. */
export interface BatchRequest {
  op: BatchOp;
  items?: BatchItem[];
  /** As the parameters of `GET /files` have it; for all but move and copy. */
  filter?: FileFilter;
  /** Go on although most of the files are being deleted. */
  confirm?: boolean;
}
/** A file of `POST /files/batch`. */
export interface BatchItem {
  id: FileId;
  /**
   * Of delete, purge and move: the version that was seen, which the file must still show. Of restore and copy: the version that is
   * brought back or copied. Of choose: the head to keep.
   */
  version?: string;
  /** Of move and copy: the new path. */
  path?: string;
}
/** Which files are meant, as `GET /files` has it. */
export interface FileFilter {
  prefix?: string;
  path?: string;
  q?: string;
  /** A media type, or the part of one before its slash, such as `image`. */
  type?: string;
  state?: FileListState;
  /** Only current files in one of these states, with a comma between them, such as `at-risk,unavailable`. */
  replication?: string;
  /** Only current files of which this node keeps so much. */
  local?: LocalState;
}
/** 207: a result for each item, in their order. 202, for a filter that very many match: the transfer that goes on. */
export interface BatchResults {
  /** The same on all records that were written, 32 hexadecimal digits. */
  act: string;
  results: BatchResult[];
  transfer?: TransferInfo;
}
/** The result for one file of a batch, in the order of the request: `problem` unless `status` tells success. */
export interface BatchResult {
  id: FileId;
  /** Null for an id that the network does not know. */
  path: string | null;
  status: number;
  /** The file as it is now; of one that was moved or copied the new one. None of one that was deleted. */
  file?: FileInfo;
  problem?: Problem;
}

/** `POST /folders/move` and `POST /folders/copy` */
export interface FolderMoveRequest {
  path: string;
  to: string;
}
/** `POST /folders/restore`: an act is undone, or the folder becomes what it was at a time. */
export interface FolderRestoreRequest {
  /** Empty for everything. */
  path: string;
  /** 32 hexadecimal digits. */
  act?: string;
  at?: Timestamp;
  /** Only tell what would be done. */
  preview?: boolean;
  /** Go on although most of the files would be deleted. */
  confirm?: boolean;
}
/** The result of an act on a folder; of a preview, the result it would have. */
export interface FolderAct {
  /** The same on all its records, 32 hexadecimal digits; null where nothing was to be done, and of a preview. */
  act: string | null;
  /** Files that were moved, copied, deleted or brought back, and their bytes. */
  files: number;
  bytes: number;
  /** Folder records of which the same holds. */
  folders: number;
  /** Of a restore: files that went, since they were not there then. */
  deleted: number;
  /** Paths that stay as they are, the first 100, and why. */
  skipped: SkippedPath[];
  skippedTotal: number;
  /** Of a preview: the first 1,000 paths that would change. */
  changes?: { path: string; change: 'restored' | 'deleted' }[];
  /** It goes on by itself, over restarts too: follow it under `/transfers`. The counts are those of what is to be done. */
  transfer?: TransferInfo;
}

/** `POST /files/archive`: files by their ids, or all whose path begins so. */
export interface ArchiveRequest {
  fileIds?: readonly FileId[];
  prefix?: string;
}
/** A zip that waits to be fetched. */
export interface ArchiveInfo {
  /** For one use within 60 s, by the same key or session. */
  url: string;
  /** Of the whole zip. */
  bytes: number;
  files: number;
}
