import type { ContentId, FileAttributes, FileId, LocalState, PeerIdText, Timestamp } from './common.js';

// Versions of a file, void ones among them, and the end of their retention.

/** `GET /files/{fileId}/versions`: newest first. */
export interface VersionList {
  items: VersionInfo[];
  nextCursor: string | null;
  /** Versions there are, over all pages. */
  total: number;
}
/** A version of a path, as `GET /files/{fileId}/versions` lists it. */
export interface VersionInfo extends FileAttributes {
  /** Its record id, 64 hex digits. */
  version: string;
  kind: 'file' | 'deletion' | 'folder';
  path: string;
  size: number;
  mediaType: string;
  contentId: ContentId | null;
  author: PeerIdText;
  writtenAt: Timestamp;
  /** One of the path's heads. */
  head: boolean;
  /** The head everyone shows. */
  shown: boolean;
  /** Brought along by a node that joined with files. */
  imported: boolean;
  /** The path it was moved from; the path itself when an earlier version was brought back. */
  from: string | null;
  /** The same for all versions that one act wrote, 32 hexadecimal digits; left out where it was written by itself. */
  act?: string;
  /** Its retention is over, and this node keeps its content no longer; others may for a while. */
  purged: boolean;
  /** Of a version with a content: how much of that this node keeps. */
  local?: LocalState;
  /** Of a version with a content: copies on members that are connected now, this node included; the lowest over its extents. */
  reachable?: number;
  /** Of a deletion that the path shows. */
  purge?: PurgeInfo;
}
/** `DELETE /files/{id}/versions`: what this node has let go of. */
export interface ReleasedVersions {
  /** Earlier versions that were looked at. */
  versions: number;
  /** Of contents that this node keeps no longer. */
  bytes: number;
}
/** `GET /void-versions`: newest first. */
export interface VoidVersionList {
  items: VoidVersionInfo[];
  nextCursor: string | null;
  /** Those that match, over all pages. */
  total: number;
}
/**
 * A version that counts nowhere: its author was removed, by members who did not know of it; or it is stamped more than 72 hours
 * ahead, and its time is yet to come. Kept until somebody adopts it, and after.
 */
export interface VoidVersionInfo {
  /** Its record id, 64 hex digits. */
  version: string;
  fileId: FileId;
  path: string;
  kind: 'file' | 'deletion' | 'folder';
  /** Of a file. */
  contentId: ContentId | null;
  size: number;
  mediaType: string;
  author: PeerIdText;
  /** The author's name for itself; null where it is not known. */
  authorName: string | null;
  modifiedAt: Timestamp;
  /** Why it does not count. */
  reason: 'removed' | 'future';
  /** The version that says the same since this node adopted it. */
  adoptedAs: string | null;
  /** The retention of its content was over before, and this node keeps it no longer; others may for a while. */
  purged: boolean;
}
/** How far the members of the network have purged what was deleted. */
export interface PurgeInfo {
  /** Members that hold nothing for it any more. */
  purged: number;
  /** Members that keep some of it, since other files or versions have the same content. */
  kept: number;
  /** Members there are, this node included. */
  members: number;
  /**
   * Members that have done neither yet, the first 32 of them, those unseen for longest first; `lastSeenAt` is null for this
   * node, and for one that was never seen.
   */
  waitingFor: { peerId: PeerIdText; name: string; lastSeenAt: Timestamp | null }[];
}
/** `POST /files/{fileId}/restore` */
export interface RestoreRequest {
  /** The version to bring back. For a deleted file it may be left out: the version that was deleted. */
  version?: string;
}
/** `POST /files/{fileId}/choose` */
export interface ChooseRequest {
  /** One of the heads. */
  version: string;
  /** Other heads that go on under another name: their versions, and the path of each. */
  others?: Readonly<Record<string, string>>;
  /** Go on although most of the files are being deleted. */
  confirm?: boolean;
}
