import type { ErrorCode, Problem } from './error-codes.js';

/** ISO 8601 in UTC, e.g. `2026-11-22T12:00:00.000Z`. */
export type Timestamp = string;
/** base32 (RFC 4648, lower case, no padding) of 16 bytes: 26 characters. */
export type FileId = string;
/** A CIDv1 as text. */
export type ContentId = string;
/** A libp2p peer id as text. */
export type PeerIdText = string;

/** `GET /node` */
export interface NodeInfo {
  peerId: PeerIdText;
  name: string;
  version: string;
  startedAt: Timestamp;
  uptimeSeconds: number;
  /** Multiaddrs this node can be dialled at. */
  addresses: string[];
  network: NetworkInfo;
  storage: StorageInfo;
  files: { count: number; bytes: number };
}

/** `POST /node/clock`: a person says that the clock of this node is right. */
export interface ClockRequest {
  right: true;
}

/**
 * What a node holds and may hold. `bytes` and `quotaBytes` are those of chunks, `freeBytes` those free on its disk.
 */
export interface StorageInfo {
  chunks: number;
  bytes: number;
  quotaBytes: number;
  freeBytes: number;
  /** Snapshots and journal of the database, beside `bytes`; told by a node of itself alone. */
  backupBytes?: number;
  /**
   * Of contents kept here, by their sizes: of deleted files, and of earlier versions of files that are there. They give way where
   * room is short. Told by a node of itself alone.
   */
  deletedBytes?: number;
  pastVersionBytes?: number;
}

/** An owner invites and removes; a member reads and writes; a storage member keeps chunks and writes no files. */
export type MemberRole = 'owner' | 'member' | 'storage';
/** How safe a file is. The README has the meaning of each. */
export type ReplicationState = 'pending' | 'replicating' | 'safe' | 'limited' | 'at-risk' | 'unavailable';
/** Why a file is not safe: too few members, no room on them, a holder away beyond the grace, or none connected. */
export type ReplicationReason = 'few-members' | 'no-space' | 'holder-gone' | 'no-holder';

/** How many members hold a file, and what that means. */
export interface Replication {
  /** Copies wanted of every extent. */
  target: number;
  /** Copies there are: the lowest over the file's extents. */
  copies: number;
  state: ReplicationState;
  reason?: ReplicationReason;
}

/** What was said of a file beside its bytes, as far as its record has it. */
export interface FileAttributes {
  /** When the file was changed where it came from. */
  mtime?: Timestamp;
  /** Whether the file is a program. */
  executable?: boolean;
  /** Pairs of a client's own. */
  meta?: Readonly<Record<string, string>>;
}

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
/** What became of one file of a form: `file` where `status` is 200 or 201, `problem` otherwise. */
export interface UploadResult {
  path: string;
  status: number;
  file?: FileInfo;
  problem?: Problem;
}

/** `POST /files/batch`: one act over up to 1,000 files. */
export interface BatchRequest {
  op: 'delete';
  items: BatchItem[];
  /** Go on although most of the files are being deleted. */
  confirm?: boolean;
}
/** A file of `POST /files/batch`. */
export interface BatchItem {
  id: FileId;
  /** The version that was seen: the file must still show it. */
  version?: string;
}
/** 207: a result for each item, in their order. */
export interface BatchResults {
  results: BatchResult[];
}
/** What became of one file of a batch, in the order of the request: `problem` unless `status` tells success. */
export interface BatchResult {
  id: FileId;
  /** Null for an id that the network does not know. */
  path: string | null;
  status: number;
  problem?: Problem;
}

/** `POST /files/lookup`: up to 1,000 whole paths. */
export interface LookupRequest {
  paths: string[];
}
/** A result for each path, in their order. */
export interface LookupResults {
  results: LookupResult[];
}
/** What is at one path of `POST /files/lookup`, in the order of the request. */
export interface LookupResult {
  path: string;
  /** Null when there is no such file, or it is deleted. */
  file: FileInfo | null;
  /** Why this can be no path. */
  problem?: Problem;
}

/** `GET /files/{fileId}/chunks` */
export interface ChunkList {
  items: ChunkInfo[];
  nextCursor: string | null;
  total: number;
}
/** A chunk of a file: `offset` and `size` in bytes, `id` a CIDv1. */
export interface ChunkInfo {
  id: string;
  offset: number;
  size: number;
  /** Held by this node. */
  here: boolean;
}

/** `GET /files/{fileId}/holders` */
export interface HolderList {
  extents: { index: number; holders: { peerId: PeerIdText; name: string; live: boolean; self: boolean }[] }[];
}

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
  /** Its retention is over, and this node keeps its content no longer; others may for a while. */
  purged: boolean;
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
/** `GET /found-contents`, by content id. */
export interface FoundContentList {
  items: FoundContentInfo[];
  nextCursor: string | null;
  /** All of them, over all pages, and their bytes. */
  total: number;
  bytes: number;
}

/** A content on this node's disk that no record names: its name was lost with a database. */
export interface FoundContentInfo {
  contentId: string;
  size: number;
  /** By its first bytes. */
  mediaType: string;
  /** Whether every chunk is here, so that a file can be made of it. */
  whole: boolean;
  foundAt: Timestamp;
}

/** `POST /found-contents/{contentId}/adopt` */
export interface AdoptFoundRequest {
  path: string;
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
  /** What its author called itself; null where that is not known. */
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
  /** What to bring back; of a deleted file it may be left out: what was deleted. */
  version?: string;
}
/** `POST /files/{fileId}/choose` */
export interface ChooseRequest {
  /** One of the heads. */
  version: string;
  /** Other heads that go on under another name: their versions, and the path of each. */
  others?: Readonly<Record<string, string>>;
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

/** `connected` is an open connection of a member; `self` is this node. */
export type PeerState = 'self' | 'connected' | 'connecting' | 'disconnected';

/** `GET /peers` */
export interface PeerList {
  items: PeerInfo[];
}
/** A member as this node sees it. Of members that are away, what they said last; null for what was never heard. */
export interface PeerInfo {
  peerId: PeerIdText;
  name: string;
  role: MemberRole;
  state: PeerState;
  addresses: string[];
  /** Round trip of the last status exchange; null while unknown. */
  latencyMs: number | null;
  lastSeenAt: Timestamp | null;
  uptimeSeconds: number | null;
  storage: StorageInfo | null;
  /** Bytes a second over the last few seconds. */
  rates: { receive: number; send: number };
}

/** `POST /peers` */
export interface ConnectRequest {
  /** A multiaddr, e.g. `/ip4/192.168.1.20/tcp/4001`, with or without `/p2p/<peer id>`. */
  address: string;
}

/** `POST /network/invites` */
export interface InviteRequest {
  role?: MemberRole;
  /** Seconds the ticket is good for. */
  expiresInSeconds?: number;
}
/** Answer of `POST /network/invites`. The ticket is shown this once: the node keeps no secret of it. */
export interface InviteInfo {
  ticket: string;
  expiresAt: Timestamp;
  role: MemberRole;
}

/** `POST /network/return-tickets` */
export interface ReturnTicketRequest {
  /** A member that lost its database. */
  peerId: string;
}
/** Answer of `POST /network/return-tickets`. */
export interface ReturnTicketInfo {
  /** It holds no secret, and admits nobody. */
  ticket: string;
  /** The member it is for. */
  peerId: string;
}

/** `POST /network/join`: a ticket, or a return ticket. */
export interface JoinRequest {
  ticket: string;
}
/** The network of this node, and what this node is in it. */
export interface NetworkInfo {
  id: string;
  name: string;
  members: number;
  role: MemberRole;
  /** This node was removed from the network: it keeps what it has, and exchanges nothing any more. */
  removed?: boolean;
  /** This node lost its database, and asks the members it remembers for membership and catalogue: it may do nothing until then. */
  returning?: boolean;
}

/** `POST /network/owners` */
export interface OwnerRequest {
  /** A member of the network. */
  peerId: string;
}
/** How far a member is on its way to be an owner. */
export interface OwnerVotes {
  peerId: string;
  /** It is an owner now: by the word of one, or by that of more than half of the members. */
  owner: boolean;
  /** Members here and connected that have asked for it. */
  votes: number;
  /** As many as it takes where no owner does it alone. */
  needed: number;
}

/** `GET /dht` */
export interface DhtInfo {
  enabled: boolean;
  mode: 'server' | 'client';
  routingTableSize: number;
  provide: { queued: number; provided: number; failed: number; lagSeconds: number };
}
/** `GET /dht/providers/{contentId}` */
export interface ProviderList {
  contentId: ContentId;
  providers: { peerId: PeerIdText; name: string | null; addresses: string[] }[];
}

/** A `drain` moves what a member holds to others, and removes it then. */
export type TransferKind = 'upload' | 'download' | 'replication' | 'drain';
/** A transfer is listed for a while after it has ended. */
export type TransferState = 'running' | 'finished' | 'failed' | 'cancelled';

/** `GET /transfers` */
export interface TransferList {
  items: TransferInfo[];
}
/** A movement of bytes: running, or ended a short while ago. */
export interface TransferInfo {
  id: string;
  kind: TransferKind;
  state: TransferState;
  path: string | null;
  contentId: ContentId | null;
  /** Of a drain: the member that is removed. */
  peerId?: PeerIdText;
  /** Total bytes; null while not known. */
  bytes: number | null;
  verifiedBytes: number;
  /** Bytes a second. */
  rate: number;
  sources: { peerId: PeerIdText; bytes: number }[];
  startedAt: Timestamp;
  finishedAt: Timestamp | null;
  error?: { code: ErrorCode; detail: string };
}

/** `GET /settings` */
export interface Settings {
  name: string;
  networkName: string;
  replicas: number;
  quotaBytes: number;
  graceSeconds: number;
  /** For so long content is kept that was replaced or deleted. */
  retentionSeconds: number;
  /** Newest versions of a file that is not deleted, of which the content is kept however old they are. */
  retainedVersions: number;
  /** Between two heartbeats, by which members find out what differs; less where the grace is short. */
  syncPeriodSeconds: number;
  limits: TransferLimits;
}
/** `PATCH /settings`: what is left out stays as it is. */
export type SettingsPatch = Partial<Omit<Settings, 'limits'> & { limits: Partial<TransferLimits> }>;

/** Of this node: bytes a second of file contents with all peers together; null for as many as can be. */
export interface TransferLimits {
  uploadBytesPerSecond: number | null;
  downloadBytesPerSecond: number | null;
}

/** `POST /session` */
export interface SessionRequest {
  token: string;
}

/** `GET /health/live`, `GET /health/ready` */
export interface Health {
  status: 'ok' | 'degraded' | 'unavailable';
  checks: { name: string; ok: boolean; detail: string }[];
}
