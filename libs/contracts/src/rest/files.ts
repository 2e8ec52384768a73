import type { ErrorCode, Problem } from '../error-codes.js';
import type {
  ContentId,
  FileAttributes,
  FileId,
  LocalState,
  PeerIdText,
  Reach,
  Replication,
  ReplicationState,
  Timestamp,
} from './common.js';
import type { PurgeInfo } from './versions.js';

// Files: what a path shows, lists, writing and moving them.

/** One file, as `GET /files/{fileId}` and every write answer it. */
export interface FileInfo extends FileAttributes {
  id: FileId;
  path: string;
  /** Bytes. */
  size: number;
  mediaType: string;
  contentId: ContentId;
  /** When the first version of this path was written. */
  createdAt: Timestamp;
  /** When the shown version was written, by its author's clock; no later than this node came to know of it. */
  modifiedAt: Timestamp;
  author: PeerIdText;
  /** Id of the shown version: its record id, 64 hex digits. */
  version: string;
  deleted: boolean;
  /** More than one head: the others are under `/versions`. */
  conflict: boolean;
  replication: Replication;
  /** How much of it this node keeps, and would serve alone. */
  local: LocalState;
  /** A person wants it on this node, whatever placement gives to it. */
  kept?: true;
  /** Of a deleted file. */
  purge?: PurgeInfo;
}
/** Which paths `GET /files` lists: files, deleted files, or those with several heads. */
export type FileListState = 'current' | 'deleted' | 'conflict';
/** Order of a list; a minus turns it round. Paths are ordered by their bytes, equal keys by path. */
export type FileSort = 'path' | '-path' | 'size' | '-size' | 'modifiedAt' | '-modifiedAt';
/** `GET /files` */
export interface FileList {
  items: FileInfo[];
  /** With `delimiter=/`: the folders of this level, by name, before its files. Empty without it. */
  folders: FolderInfo[];
  nextCursor: string | null;
  /** Files that match, over all pages; with `delimiter=/` the files of this level. */
  total: number;
  /** True where a search or a type matches so many files that not all were counted: `total` is the least that there are. */
  totalIsAtLeast?: boolean;
  /** With `delimiter=/`: the folders of this level, over all pages. */
  totalFolders?: number;
}
/** A folder as it follows from the paths beneath it. */
export interface FolderInfo {
  name: string;
  /** With its slash at the end: the prefix of what is in it. */
  path: string;
  /** Files beneath it, at any depth, and their bytes. */
  files: number;
  bytes: number;
  /** When the newest of them was written; null without files. */
  newest: Timestamp | null;
  /**
   * The worst state, and the worst reach, of the files beneath it; of two seconds ago at most. Null without files, and in
   * the first seconds after a start, while that is not known yet.
   */
  worst: WorstState | null;
}
/** How the files are that are worst off; each of both for itself. */
export interface WorstState {
  state: ReplicationState;
  reach: Reach;
}
/** `POST /files` with many files: 207. */
export interface UploadResults {
  /** One for each file, in the order of the form; the last one may be a fault of the form. */
  results: (UploadResult | FormFault)[];
}
/** After files of the form were stored something was wrong with the form itself: what followed was not taken. */
export interface FormFault {
  path: null;
  status: number;
  code: ErrorCode;
  detail: string;
}
/** The result for one file of a form: `file` where `status` is 200 or 201, `problem` otherwise. */
export interface UploadResult {
  path: string;
  status: number;
  file?: FileInfo;
  problem?: Problem;
}
/** `POST /files/{fileId}/copy` */
export interface CopyRequest {
  path: string;
  /** An earlier version; what the file shows when left out. */
  version?: string;
}
/** `POST /files/{fileId}/move` */
export interface MoveRequest {
  path: string;
}
/** The file at its new path. */
export interface MovedFile extends FileInfo {
  /** Its id at the path it was moved from. */
  previousId: FileId;
}
