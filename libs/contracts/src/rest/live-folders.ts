import type { ContentId, Timestamp } from './common.js';

// Live folders: directories on the disk of a node that are mirrored both ways.

/** `both` ways; `send`: only what is done on the disk goes out; `receive`: only what others do comes in. */
export type LiveFolderMode = 'both' | 'send' | 'receive';
/** `held`: up to date, but for deletions that wait for an answer. */
export type LiveFolderState = 'scanning' | 'up-to-date' | 'syncing' | 'paused' | 'held' | 'error';
/**
 * Why a folder is not up to date. `asked`: a person paused it. `marker-missing`, `marker-other`, `root-changed`, `old-copy`: the root is
 * perhaps not this folder any more. `prefix-gone`: others removed or moved all of it. `not-synced`: it waits for a first sync with a
 * member. `read-only-member`: this node may not write any more. `rules-unreadable`: the `.dfsignore` of the root. `root-missing`, `disk-error`, `disk-hung`: the disk does not answer as it should.
 * `no-room`: the disk of the folder is full. `refused`: this node may write nothing at the moment, for a reason that the detail tells.
 */
export type LiveFolderReason =
  | 'asked'
  | 'marker-missing'
  | 'marker-other'
  | 'root-changed'
  | 'old-copy'
  | 'prefix-gone'
  | 'not-synced'
  | 'read-only-member'
  | 'rules-unreadable'
  | 'root-missing'
  | 'disk-error'
  | 'disk-hung'
  | 'no-room'
  | 'refused';

/** Files and bytes. */
export interface LiveFolderCount {
  files: number;
  bytes: number;
}

/** A live folder of this node. */
export interface LiveFolderInfo {
  id: string;
  name: string;
  /** The directory on the disk of this node. */
  root: string;
  /** The folder of the network, without a slash at its end; empty for all of it. */
  prefix: string;
  mode: LiveFolderMode;
  /** Lines as in a `.gitignore`. */
  ignore: string[];
  paused: boolean;
  /** When a pause for a time ends; null where it lasts until a person resumes the folder, and where there is none. */
  pausedUntil: Timestamp | null;
  state: LiveFolderState;
  /** Null while it is well. */
  reason: LiveFolderReason | null;
  /** The reason in a sentence that says what to do; null while it is well. */
  detail: string | null;
  /** Files that disk and network last agreed on. */
  files: number;
  bytes: number;
  /** Since this process began: from the network to the disk, and from the disk to the network. */
  in: LiveFolderCount;
  out: LiveFolderCount;
  /** Deletions that wait for an answer. */
  held: number;
  issues: number;
  lastPassAt: Timestamp | null;
  boundAt: Timestamp;
  /** Of a folder with the reason `prefix-gone`: where its files went, as far as the records say so. */
  movedTo?: string | null;
}

/** `POST /live-folders` */
export interface BindLiveFolder {
  /** The last name of the root when left out. */
  name?: string;
  root: string;
  prefix: string;
  /** `both` when left out. */
  mode?: LiveFolderMode;
  ignore?: string[];
}
/** `PATCH /live-folders/{id}`: what is left out stays. */
export interface PatchLiveFolder {
  name?: string;
  mode?: LiveFolderMode;
  ignore?: string[];
  /** True: until a person resumes it, also where it pauses for a time. */
  paused?: boolean;
  /** Of a folder with the reason `prefix-gone`: go on at the new prefix, or empty the folder too. To leave both as they are, remove the folder. */
  prefixGone?: 'follow' | 'empty';
}

/**
 * `POST /live-folders/pause`: all live folders pause for so many seconds. Those that a person paused without an end stay so. With 0 those
 * go on that pause for a time.
 */
export interface PauseLiveFolders {
  seconds: number;
}

/** Deletions that were found together and wait for one answer. */
export interface LiveFolderHold {
  id: string;
  heldAt: Timestamp;
  /** How many there are, and the first 1,000 names in the network. */
  count: number;
  paths: string[];
}
/** `POST /live-folders/{id}/held/{hold}` */
export interface AnswerHold {
  action: 'delete' | 'restore';
}

/**
 * Something in a folder that a person should know of. `hidden`: it cannot be a path, or another excludes it. `local-change` of a folder that
 * only receives; `remote-change` of one that only sends. `deleted-elsewhere`: an old copy of what others deleted. `unreadable`: the disk
 * refused. `unavailable`: no member that can be reached has the bytes.
 */
export type LiveFolderIssueKind =
  | 'hidden'
  | 'being-written'
  | 'local-change'
  | 'remote-change'
  | 'deleted-elsewhere'
  | 'no-room'
  | 'unreadable'
  | 'unavailable'
  | 'written-on';
/** One issue of one path. */
export interface LiveFolderIssue {
  kind: LiveFolderIssueKind;
  /** Below the root, as people read it. */
  path: string;
  detail: string;
  since: Timestamp;
}

/** `POST .../revert` and `.../override`: for exactly these paths, below the prefix; the count is asked for all of them together. */
export interface SettleLiveFolder {
  paths: string[];
}
/** How many paths an act over named ones has taken up. */
export interface LiveFolderSettled {
  count: number;
}

/** A file in the trash of a live folder. */
export interface LiveFolderTrashEntry {
  id: string;
  /** Below the root; null where a crash left a file whose name nobody knows. */
  path: string | null;
  reason: string;
  /** Where its bytes are those of a version. */
  contentId: ContentId | null;
  size: number;
  at: Timestamp;
}

/** `POST /live-folders/estimate` */
export interface EstimateLiveFolder {
  root: string;
  prefix: string;
  ignore?: string[];
}
/** Estimate of a binding: files and bytes each way. */
export interface LiveFolderEstimate {
  files: number;
  bytes: number;
  directories: number;
  /** Bytes that the chunk store of this node takes beside the folder, at most. */
  diskCost: number;
  /** Links, sockets, pipes and devices, which are left alone. */
  others: number;
  ignored: { files: number; bytes: number; examples: string[] };
  /** Directories that could not be listed. */
  unknown: string[];
  /** Files that the prefix has in the network. */
  network: LiveFolderCount;
}
/** `GET /live-folders/roots?path=`: directories in which a folder may be bound. */
export interface LiveFolderRoots {
  /** Null for the list of allowed roots. */
  path: string | null;
  directories: string[];
}

/** `GET /live-folders` */
export interface LiveFolderList {
  items: LiveFolderInfo[];
}
/** `GET /live-folders/{id}/held` */
export interface LiveFolderHoldList {
  items: LiveFolderHold[];
}
/** `GET /live-folders/{id}/issues` */
export interface LiveFolderIssuePage {
  items: LiveFolderIssue[];
  nextCursor: string | null;
}
/** `GET /live-folders/{id}/trash` */
export interface LiveFolderTrashPage {
  items: LiveFolderTrashEntry[];
  nextCursor: string | null;
}
/** `POST /live-folders/{id}/trash`: back to its path, or to another one below the root. */
export interface RestoreFromTrash {
  id: string;
  path?: string;
}
/** The path below the root to which a file came back. */
export interface RestoredFromTrash {
  path: string;
}
