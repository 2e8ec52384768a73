import type { ErrorCode } from './error-codes.js';
import type { FileAttributes, PeerIdText, Replication, Timestamp } from './rest/common.js';
import type { FileInfo } from './rest/files.js';
import type { LiveFolderInfo, LiveFolderIssue } from './rest/live-folders.js';
import type { PeerInfo } from './rest/network.js';
import type { NodeInfo } from './rest/node.js';
import type { TransferInfo } from './rest/transfers.js';

/** One file of a file event. */
export type FileEventItem = Pick<
  FileInfo,
  'id' | 'path' | 'size' | 'mediaType' | 'contentId' | 'modifiedAt' | 'author' | 'version' | keyof FileAttributes
>;
/** Data of the events about files. The files of one request come in as few events as fit. */
export interface FileBatch {
  /** 1 to 1,000 files of one batch. */
  files: FileEventItem[];
  /** The act that changed them all, where they were changed by one: 32 hexadecimal digits. */
  act?: string;
}
/** Data of the events about members: the member as it is after what happened. */
export interface PeerEvent {
  peer: Pick<PeerInfo, 'peerId' | 'name' | 'role' | 'state'>;
}
/** Something that a person should look at. It comes again with `active: false` when it is over. */
export interface WarningEvent {
  code: ErrorCode | 'damaged-chunk' | 'skewed-clock' | 'low-space' | 'fork' | 'old-database' | 'refused-record';
  detail: string;
  /** False once the cause is gone. */
  active: boolean;
}
/** Data of the events about live folders: which one. */
type NamedFolder = Pick<LiveFolderInfo, 'id' | 'name'>;
/** A live folder as it is now. */
export interface FolderStateData {
  folder: Pick<LiveFolderInfo, 'id' | 'name' | 'state' | 'reason' | 'detail'>;
}
/** Deletions of a live folder that wait for an answer: how many, and the first 100 names. */
export interface FolderHeldData {
  folder: NamedFolder;
  hold: string;
  count: number;
  paths: string[];
}
/** New issues of a live folder: the first 100 of one pass, and how many there are. */
export interface FolderIssueData {
  folder: NamedFolder;
  issues: LiveFolderIssue[];
  count: number;
}

/**
 * Every event, by its type. Both ends compile against this map: a new name breaks the engine and the console until
 * both handle it.
 */
export interface EventMap {
  'file.uploaded': FileBatch;
  'file.updated': FileBatch;
  'file.deleted': FileBatch;
  'file.restored': FileBatch;
  'file.conflict': FileBatch;
  'file.replication': { files: { id: string; path: string; replication: Replication }[] };
  /** The states of many files have changed at once, since members came or went: read lists and the summary anew. */
  'file.states': { asOf: Timestamp };
  /** `reason: room` where the last copy that was known gave way to uploads; otherwise the retention is over. */
  'file.purged': FileBatch & { reason?: 'room' };
  'peer.added': PeerEvent;
  'peer.connected': PeerEvent;
  'peer.disconnected': PeerEvent;
  'peer.removed': PeerEvent;
  'folder.state': FolderStateData;
  'folder.held': FolderHeldData;
  'folder.issue': FolderIssueData;
  'sync.started': { peerId: PeerIdText };
  'sync.finished': { peerId: PeerIdText; received: number; sent: number };
  'transfer.progress': { transfers: TransferInfo[] };
  'transfer.finished': { transfer: TransferInfo };
  'transfer.failed': { transfer: TransferInfo };
  'node.warning': WarningEvent;
  'node.status': Pick<NodeInfo, 'uptimeSeconds' | 'storage' | 'network'> & {
    /** `files` of `GET /node`. Where an event has `files`, those are files. */
    fileTotals: NodeInfo['files'];
    connectedPeers: number;
  };
}
/** Names of all events, kept and volatile. */
export type EventType = keyof EventMap;

/** Not numbered, not kept: only what is true now. */
export const VOLATILE_EVENTS = [
  'transfer.progress',
  'node.status',
  'file.replication',
  'file.states',
] as const satisfies EventType[];
/** Names of the events that are sent to those who listen, and forgotten. */
export type VolatileEventType = (typeof VOLATILE_EVENTS)[number];
/** Names of the events that have a number and are kept: a client that was away gets them later. */
export type DurableEventType = Exclude<EventType, VolatileEventType>;

/** The same as values. The compiler checks that no volatile one is among them; a spec, that none is missing. */
export const DURABLE_EVENTS = [
  'file.uploaded',
  'file.updated',
  'file.deleted',
  'file.restored',
  'file.conflict',
  'file.purged',
  'peer.added',
  'peer.connected',
  'peer.disconnected',
  'peer.removed',
  'folder.state',
  'folder.held',
  'folder.issue',
  'sync.started',
  'sync.finished',
  'transfer.finished',
  'transfer.failed',
  'node.warning',
] as const satisfies DurableEventType[];

/** One event as it travels. `seq` is null for volatile events, and only grows within a `stream` otherwise. */
export interface EventEnvelope<T extends EventType = EventType> {
  stream: string;
  seq: number | null;
  type: T;
  time: Timestamp;
  data: EventMap[T];
}
/** The envelope of any type, narrowed by `type`. */
export type AnyEvent = { [T in EventType]: EventEnvelope<T> }[EventType];

/** `GET /events?after=SEQ` */
export interface EventPage {
  stream: string;
  items: AnyEvent[];
  /** The newest sequence number there is. */
  lastSeq: number;
  /** True when events after `after` are no longer kept: read everything anew. */
  resync: boolean;
}

/** A place in the stream of events. */
export interface StreamPosition {
  stream: string;
  seq: number;
}

/** Socket.IO namespace `/events`: what the server sends. Every event travels under the one name `event`. */
export interface ServerToClientEvents {
  event: (event: AnyEvent) => void;
  /** Sent once after connecting, when all that was missed has been sent. */
  ready: (position: StreamPosition) => void;
  /** The missed events are gone, or the stream is another: read everything anew, go on from `seq`. */
  resync: (position: StreamPosition) => void;
  /** To a client that named topics: of these there is nothing new up to here. */
  position: (position: StreamPosition) => void;
}
/** The client sends nothing but its handshake. */
export type ClientToServerEvents = Record<string, never>;
/** `auth` of the Socket.IO handshake. The token may be left out when the session cookie is sent. */
export interface EventHandshake {
  token?: string;
  stream?: string;
  after?: number;
  /** Types of events or families of them, such as `file,node.warning`; all when left out. */
  topics?: string;
}
