import type { BlockPlace, IsLive, Reclaimed, ReclaimOptions, RoomMaker } from '@dfs/chunks';
import type { MemberRole } from '@dfs/contracts';
import type { Database, Reader, Tx } from '@dfs/database';
import type { EventLog } from '@dfs/events';
import type { Peers } from '@dfs/peers';
import type { Cid } from '@dfs/protocol';
import type { Clock, Log, Unsubscribe } from '@dfs/runtime';
import type { BlockReader } from '@dfs/transfer';
import type { Transport } from '@dfs/transport';

// The layers below, as far as placement uses them: their classes fit these as they are.

/** A block whose bytes have been held against its id. */
export interface Block {
  id: Cid;
  bytes: Uint8Array;
}

/** Bytes on their way to disk. */
export interface Batch {
  /** `released` is called once nothing needs the bytes any more. */
  add(block: Block, released?: () => void): Promise<void>;
  get(id: Cid): Promise<Uint8Array | undefined>;
  flush(): Promise<void>;
  commit(tx: Tx): Promise<void>;
  abort(): Promise<void>;
}

/** Says more than the index of the blocks does. */
export interface BlockProver {
  /** Those whose bytes were hashed lately, or are read and hashed now, for so long at most. */
  prove(ids: readonly Cid[], options: { timeMs: number; signal?: AbortSignal }): Promise<Set<Cid>>;
}
/** The chunk store, as placement sees it. */
export interface BlockStore extends BlockReader, BlockProver {
  batch(purpose: 'local' | 'peer'): Batch;
  /** Where blocks lie on the disk, as far as they can be read. */
  places(ids: readonly Cid[]): Promise<Map<Cid, BlockPlace>>;
  usage(): { chunks: number; bytes: number; quotaBytes: number; freeBytes: number };
  /** Bytes that the file system has room for. */
  room(): number;
  /** Asked when an upload of this node's own users finds no room. */
  setRoomMaker(maker: RoomMaker): void;
  onDamaged(listener: (id: Cid) => void): Unsubscribe;
  /** Blocks found damaged and not added anew. */
  damaged(): Cid[];
  /** Frees what is not live. */
  reclaim(isLive: IsLive, options?: ReclaimOptions): Promise<Reclaimed>;
  /** Frees these at once, as far as they are not live. */
  drop(ids: readonly Cid[], isLive: IsLive): Promise<Reclaimed>;
}

/** Blocks of packs that were found at a start whose database did not know them. */
export interface FoundBlocks {
  found(): Promise<{ packs: number; unread: number; bytes: number }>;
  foundBlocks(after: Cid | null, limit: number): Promise<{ id: Cid; size: number; foundAt: number }[]>;
  /** Gives them up, as far as nothing needs them. */
  dropFound(ids: readonly Cid[], isLive: IsLive, isNeeded: IsLive): Promise<void>;
}

/** The contents that files have. */
export interface Contents {
  /** Of current files. */
  contents(after: Cid | null, limit: number): Promise<ContentRef[]>;
  /** Of versions that were replaced or deleted, too, as long as they are kept. */
  everyContent(after: Cid | null, limit: number): Promise<ContentRef[]>;
  /** Which of these were purged: their retention is over, and nothing has needed them since. */
  purged(contents: readonly Cid[], reader?: Reader): Promise<Set<Cid>>;
  /** Which of these a record here names, in whatever state, or a file on its way from another network, and of what size. */
  named(contents: readonly Cid[], reader?: Reader): Promise<ReadonlyMap<Cid, number>>;
  /** Which of these are of files that come along, within the unit of work in which this node goes over to another network. */
  comesAlong(contents: readonly Cid[], tx: Tx): Promise<Set<Cid>>;
  onChange(listener: (changes: ContentChange[]) => void): Unsubscribe;
  /** Contents of versions that came and that no path came to show: replaced before they came, void, or of the future. */
  onUnshown(listener: (contents: ContentRef[]) => void): Unsubscribe;
}

/** The current files, by what they show. */
export interface CurrentPaths {
  /** Those that show one of these contents. */
  pathsOf(contents: readonly Cid[]): Promise<{ path: string; contentId: Cid }[]>;
}

/** A content with the size that a record gives it, in bytes. `author` is a peer id. */
export interface ContentRef {
  contentId: Cid;
  size: number;
  /** Its author, which had it first. */
  author: string;
}
/** A path whose shown version has changed. */
export interface ContentChange {
  fileId: string;
  path: string;
  /** Null for a deletion or a folder. */
  contentId: Cid | null;
  size: number;
  author: string;
  deleted: boolean;
}

/** A content that only versions have which were replaced or deleted. */
export interface PastContent {
  contentId: Cid;
  size: number;
  since: number;
  /** All of its versions are of deleted files. */
  deleted: boolean;
}

/** Past contents, which give way where room is short. */
export interface PastContents {
  /** Contents that only past versions have, and that were not purged here, the oldest first. */
  past(after: PastContent | null, limit: number): Promise<PastContent[]>;
  /** Which of these are so, within a unit of work. */
  onlyPast(tx: Tx, contents: readonly Cid[]): Promise<Set<Cid>>;
  /** The last copies that are known of these have given way. */
  gaveWay(tx: Tx, contents: readonly Cid[]): Promise<void>;
}

/** Provider records. A hint. */
export interface Providers {
  provide(cids: Cid[], tx?: Tx): Promise<void>;
  withdraw(cids: readonly Cid[], tx?: Tx): Promise<void>;
  providers(cid: Cid, options: { signal: AbortSignal }): Promise<{ peerId: string; addresses: string[] }[]>;
}

/** The members of the network. */
export interface MemberList {
  /** `replicas`: copies wanted of everything; `graceMs`: for so long a member that is not seen counts. */
  settings(): { replicas: number; graceMs: number };
  self(): { peerId: string };
  members(): readonly { peerId: string; role: MemberRole }[];
  isMember(peerId: string): boolean;
  onChange(listener: () => void): Unsubscribe;
}
/** The part of `Peers` that placement may use. */
export type PeerView = Pick<
  Peers,
  | 'connected'
  | 'nameOf'
  | 'inGrace'
  | 'onReady'
  | 'onGone'
  | 'onChange'
  | 'contribute'
  | 'onStatus'
  | 'nudge'
  | 'onNetworkChanged'
  | 'beforeRemove'
> &
  Partial<Pick<Peers, 'cloneProblem'>>;

/** The parts that placement is made of. The lower libraries do not know each other; placement connects them. */
export interface PlacementComponents {
  db: Database;
  events: EventLog;
  chunks: BlockStore & FoundBlocks;
  transport: Pick<Transport, 'open' | 'handle' | 'rates' | 'dialPeer' | 'limits' | 'isHeldBack'>;
  peers: PeerView;
  membership: MemberList;
  /** Left out where the DHT is off. */
  dht?: Providers;
  catalogue: Contents;
  current: CurrentPaths;
  past: PastContents;
  clock: Clock;
  log: Log;
  /** The database may not be the newest this node had: its log of pins begins anew. */
  renewPins?: boolean;
}
