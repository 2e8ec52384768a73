import type { FileListState, FileSort, MemberRole } from '@dfs/contracts';
import type { Database, Tx } from '@dfs/database';
import type { EventLog } from '@dfs/events';
import type { Cid, RecordAttributes, RecordClock, RecordKind, SignedRecord, Signer, WireValue } from '@dfs/protocol';
import type { Clock, DfsError, Log, Unsubscribe } from '@dfs/runtime';
import type { Stopwatch } from './retention/running-time.js';
import type { Conditions } from './rules/conditions.js';

/** The parts that a catalogue is made of. */
export interface CatalogueComponents {
  db: Database;
  events: Pick<EventLog, 'record' | 'recordNow' | 'renew'>;
  signer: Signer;
  membership: MemberView;
  clock?: Clock;
  log?: Log;
  /** Why this node's clock is taken for wrong, in words for a person; undefined while it is not. */
  clockProblem?: () => string | undefined;
  /** Why this node may write nothing at the moment, whatever its clock; undefined while it may. */
  refusal?: () => DfsError | undefined;
  /** Whether most members that were heard from lately say that this node's clock is right. */
  isClockConfirmed?: () => boolean;
  /** The clock by which retention counts; the running time of the process when left out. */
  stopwatch?: Stopwatch;
}

/** The shown version of a path. */
export interface Entry {
  fileId: string;
  path: string;
  /** Id of the shown record. */
  recordId: string;
  /** Of a deleted file: what was deleted, as far as that is known here; the empty content otherwise. */
  contentId: Cid;
  size: number;
  mediaType: string;
  author: string;
  /** Milliseconds since 1970: the first version since the path last began to exist. */
  createdAt: number;
  /** Milliseconds since 1970, by the author's wall clock, and no later than this node came to know of it. */
  modifiedAt: number;
  /** Attributes of the shown record; of a deleted file, those it had before. */
  attributes: RecordAttributes;
  deleted: boolean;
  /** There are heads that differ in kind or content: a person must choose. */
  conflict: boolean;
}

/** A version that is to be written. */
export interface Draft extends Conditions {
  kind: RecordKind;
  path: string;
  /** Of a file. */
  contentId?: Cid;
  size?: number;
  mediaType?: string;
  /** Which heads it replaces; a deletion replaces all, a file the shown one (or the one that `ifMatch` names). */
  replaces?: 'shown' | 'all';
  /**
   * Ids of the records that it replaces, heads or not, and no other: what its writer knew the path to be. Of a deletion all heads.
   * None: nothing was ever there, or it is `imported` and stands beside what is. Refused with `precondition-failed` otherwise.
   */
  parents?: readonly string[];
  /** The path it is moved from; the path itself when an earlier version is brought back. */
  from?: string;
  /** There must be no file at the path yet, else `path-exists`; that it is moved from another path says the same. */
  isNew?: boolean;
  /** Brought along from another network, where its clock was this (ms): replaces no file, and yields to them. */
  imported?: number;
  /** Another of the same drafts, before this one: where that is refused, so is this. */
  onlyWith?: Draft;
  /** The time of writing that it is to tell, in milliseconds since 1970; now when left out. */
  time?: number;
  /**
   * Said of the file. Over equal bytes another `executable` or `meta` is a version of its own; another `mtime` alone is none,
   * and what is not said stays. `purge` on a deletion, of owners alone, ends its retention at once; it may be said of what
   * is deleted already.
   */
  attributes?: RecordAttributes;
  /**
   * It says anew what a void record said, in place of these: heads or not, and perhaps not here yet. `as`: the record by
   * which this node did so before.
   */
  adopts?: { parents: readonly { id: string; clock: RecordClock }[]; as: string | null };
}

/** The result of a draft: a path that was not there, a new version, nothing new to say, or a deletion. */
export type CommitOutcome = 'created' | 'updated' | 'unchanged' | 'deleted';
/** The result of one draft, and the path after it. */
export interface Commit {
  outcome: CommitOutcome;
  entry: Entry;
  /** Of a draft that names its parents: id of the record, which need not be what the path shows. */
  record?: string;
}

/** Which paths, in which order. `cursor` is the `nextCursor` of a page of the same query; `limit` counts rows. */
export interface ListQuery {
  prefix?: string;
  /** Just this one. */
  path?: string;
  /** Part of the path, in whatever case. */
  q?: string;
  /** A media type, or the part of one before its slash, such as `image`. */
  type?: string;
  sort?: FileSort;
  limit: number;
  cursor?: string;
  /** Rows to pass over, instead of a cursor; of what comes and goes meanwhile nothing is promised. */
  offset?: number;
  state?: FileListState;
  /** Narrows it to some of the current files, by what others know of them. */
  only?: OnlyRows;
}

/** Some of the current files, by the numbers of their rows. */
export interface OnlyRows {
  /** A byte for each row from row 1 on, 1 where it is meant; those beyond are not. */
  rows: Uint8Array;
  /** How many of them are meant. */
  count: number;
  /** The same for the same question, so that a cursor of another one is refused. */
  name: string;
  /** Of one level, where `rows` are files directly in it: the folders directly in it that are meant. */
  folders?: readonly string[];
}

/** A folder as it follows from the paths beneath it; its path ends with a slash. */
export interface Folder {
  path: string;
  /** Current files beneath it, at any depth, and their bytes. */
  files: number;
  bytes: number;
  /** When the newest of them was written, ms since 1970; 0 without files. */
  newest: number;
}
/** A page of one level: folders first, then files. */
export interface Level extends EntryPage {
  folders: Folder[];
  /** Folders of this level, over all pages; `total` counts its files. */
  totalFolders: number;
}
/** `nextCursor` continues where these end; null on the last page. */
export interface EntryPage {
  items: Entry[];
  nextCursor: string | null;
  /** All that match, over all pages. */
  total: number;
  /** There are so many that not all were counted: `total` is the least that there are. */
  totalIsAtLeast?: boolean;
}

/**
 * One change that has been committed. Every path that changed is there once with what it shows now; a new head that is
 * not shown (the other side of a conflict) comes as a change of its own, with its own content.
 */
export interface Change {
  fileId: string;
  path: string;
  /** Null when there is nothing to hold: a deletion or a folder. */
  contentId: Cid | null;
  size: number;
  author: string;
  deleted: boolean;
}

/** The part of membership that the catalogue needs. */
export interface MemberView {
  readonly networkId: string;
  self(): { readonly peerId: string; readonly role: MemberRole };
  /** `lastRecord`: of one that may not write and was removed before, the last record of its that counts, null for none. */
  member(peerId: string): { readonly role: MemberRole; readonly lastRecord?: string | null } | undefined;
  /** Whether there ever was another member; not known where it is left out. */
  readonly hasHadOthers?: boolean;
  /** This node included. */
  members?(): readonly unknown[];
  /** Of a member that was removed: the last record of its that counts, null for none of them. */
  removed?(peerId: string): { readonly lastRecord: string | null } | undefined;
  /** Whether this node may have written what it does not know of any more: it compares with a member before it writes. */
  readonly mustSync?: boolean;
  /** It has. */
  synced?(): Promise<void>;
  onChange(fn: () => void): Unsubscribe;
}

/** The connected peers, as sync sees them. */
export interface SyncPeers {
  connected(): string[];
  onReady(fn: (peerId: string) => void): Unsubscribe;
  onGone(fn: (peerId: string) => void): Unsubscribe;
  contribute(section: string, value: () => WireValue): void;
  onStatus(section: string, fn: (peerId: string, value: WireValue) => void): Unsubscribe;
  nudge(): void;
}

/** A stream, as an exchange uses it. */
export interface SyncChannel {
  readonly peerId: string;
  readonly signal: AbortSignal;
  send(header: WireValue, payload?: Uint8Array): Promise<void>;
  frames(): AsyncIterable<SyncFrame>;
  end(): Promise<void>;
  abort(error: Error): void;
}

/** A small content that came with the record of its author that names it. */
export interface SmallContent {
  contentId: Cid;
  bytes: Uint8Array;
  /** Peer id. */
  author: string;
}
/** Small contents that are on this disk and belong to no record yet. */
export interface TakenContents {
  /** Keeps them, in the unit of work that stores the records, where all of them count: all or none. */
  commit(tx: Tx, counted: ReadonlySet<Cid>): Promise<void>;
  /** Takes back what was not committed. Never throws. */
  abort(): Promise<void>;
}
/** Small contents that go with records, so that nobody need ask for them: what holds contents has a part in it. */
export interface SmallContents {
  /** Of these records, the contents that go with them to a member, of so many bytes together at most. Never rejects. */
  goingWith(records: readonly SignedRecord[], peerId: string, most: number): Promise<Uint8Array[]>;
  /** Puts those on this disk that this node is to hold; undefined for none of them. Never rejects. */
  take(contents: readonly SmallContent[]): Promise<TakenContents | undefined>;
}

/** One message as it comes. */
export interface SyncFrame {
  readonly header: WireValue;
  readonly payload: Uint8Array;
}

/** The transport, as sync uses it. */
export interface SyncTransport {
  readonly peerId: string;
  handle(protocol: string, handler: (channel: SyncChannel) => Promise<void>): void;
  open(peerId: string, protocol: string, options?: { signal?: AbortSignal }): Promise<SyncChannel>;
}

/** A network that is about to be joined. */
export interface JoinPlan {
  networkId: string;
  /** Of this node in it; null while that is not known. */
  role: MemberRole | null;
  /** Whether this node is alone in the network it leaves, so that its files are its own. */
  alone: boolean;
}

/** How the catalogue hears of a change of network. */
export interface NetworkChanges {
  /** The guest may refuse: first without the role this node will have, then with it. */
  beforeJoin(fn: (plan: JoinPlan) => Promise<void>): void;
  onNetworkChanged(fn: (tx: Tx, from: string, to: string, role: MemberRole) => Promise<void>): void;
  /** A join is answered when this is done. */
  afterJoin(fn: () => Promise<void>): void;
  /** Asked for the record that a removal is to name. */
  setLastRecordOf(fn: (peerId: string) => Promise<string | null>): void;
}
