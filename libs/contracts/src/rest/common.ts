import type { ErrorCode } from '../error-codes.js';

// Shapes that others are made of.

/** Items of one page of a list, and of one batch, at most. */
export const MAX_PAGE = 1000;

/** ISO 8601 in UTC, e.g. `2026-11-22T12:00:00.000Z`. */
export type Timestamp = string;
/** base32 (RFC 4648, lower case, no padding) of 16 bytes: 26 characters. */
export type FileId = string;
/** A CIDv1 as text. */
export type ContentId = string;
/** A libp2p peer id as text. */
export type PeerIdText = string;
/**
 * The storage of a node and its limits. `bytes` and `quotaBytes` are those of chunks, `freeBytes` those free on its disk.
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
/** All of them, the worst first: a folder shows the first that one of its files is in. */
export const REPLICATION_STATES = [
  'unavailable',
  'at-risk',
  'limited',
  'pending',
  'replicating',
  'safe',
] as const satisfies ReplicationState[];
/** Why a file is not safe: too few members, no room on them, a holder away beyond the grace, or none connected. */
export type ReplicationReason = 'few-members' | 'no-space' | 'holder-gone' | 'no-holder';
/** How many members hold a file, and what that means. */
export interface Replication {
  /** Copies wanted of every extent. */
  target: number;
  /** Copies there are: the lowest over the file's extents. */
  copies: number;
  state: ReplicationState;
  /** Copies on members that are connected now, this node included: the lowest over the file's extents. */
  reachable: number;
  reason?: ReplicationReason;
}
/** How much of a content this node keeps: all of it, part of it, or nothing. Cache does not count. */
export type LocalState = 'whole' | 'part' | 'none';
/** Whether the copies that can be had now reach the target: all of it, less, or none at all. */
export type Reach = 'enough' | 'fewer' | 'none';
/** The same as values, the worst first. */
export const REACHES = ['none', 'fewer', 'enough'] as const satisfies Reach[];
/** Facts about a file beside its bytes, as far as its record has them. */
export interface FileAttributes {
  /** When the file was changed where it came from. */
  mtime?: Timestamp;
  /** Whether the file is a program. */
  executable?: boolean;
  /** Pairs of a client's own. */
  meta?: Readonly<Record<string, string>>;
}
/** Of this node: bytes a second of file contents with all peers together; null for as many as can be. */
export interface TransferLimits {
  uploadBytesPerSecond: number | null;
  downloadBytesPerSecond: number | null;
}
/** Days of the week, by their English names. */
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
/** One of them. */
export type Weekday = (typeof WEEKDAYS)[number];
/** Most entries that a node takes into its schedule: more than a person would look through. */
export const MAX_SCHEDULED_LIMITS = 50;
/** Limits that take the place of the usual ones at some times of the week, by the clock of the node in its time zone. */
export interface ScheduledLimits extends TransferLimits {
  /** Days on which it begins. */
  days: Weekday[];
  /** `HH:MM` */
  from: string;
  /** `HH:MM`, not included; of the next day where it is not after `from`. */
  to: string;
}
/** A path that an act leaves as it is, and why. */
export interface SkippedPath {
  path: string;
  code: ErrorCode;
  detail: string;
}
