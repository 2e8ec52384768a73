import type { LocalState, Reach, ReplicationState, Timestamp } from './common.js';

// The whole network at a glance: how safe its files are, what can be had now, what to do.

/** Some files, and their bytes. */
export interface FileSum {
  files: number;
  bytes: number;
}
/** `GET /summary`: current files, for a key with a prefix those below it. */
export interface Summary {
  /** All that had happened until then is in it: two seconds ago at most. States follow who is here now. */
  asOf: Timestamp;
  /** Copies wanted of everything. */
  target: number;
  files: FileSum;
  /** By what members promise that are within grace, away or not. */
  promised: Record<ReplicationState, FileSum>;
  /** By what can be had now, from members that are connected. */
  reachable: Record<Reach, FileSum>;
  /** By how much of each this node keeps. */
  local: Record<LocalState, FileSum>;
  /** Files of which several versions wait for a choice. */
  conflicts: number;
  /** Left out for a key with a prefix. */
  storage?: SummaryStorage;
  /** Those that are worst first. */
  problems: SummaryProblem[];
}
/**
 * The content of this node's store by reason, in bytes. A content counts once, by its size: chunks that contents share are stored once, so
 * that the parts may be more than `usedBytes`.
 */
export interface SummaryStorage {
  /** Kept here whole, of current files that were written by this node. */
  ownBytes: number;
  /** Kept here whole, of current files of others. */
  othersBytes: number;
  /** Kept here of deleted files and of earlier versions: they give way where room is short. */
  pastBytes: number;
  /** The rest of `usedBytes`: no pin needs it, and the node drops it when room is needed. */
  cacheBytes: number;
  usedBytes: number;
  quotaBytes: number;
  /** Of the file system. */
  freeBytes: number;
}
/** Something that a person should know, or do something about. */
export interface SummaryProblem {
  /**
   * The kind: `unavailable`, `at-risk`, `out-of-reach`, `few-members`, `no-space` and `conflicts` are of files, any other is a check
   * of the node's health that fails, by its name.
   */
  code: string;
  /** `bad`: files cannot be had, or may be lost; `warn`: they are less safe than they should be, or a choice waits. */
  severity: 'bad' | 'warn';
  /** The problem, in a sentence. */
  detail: string;
  /** Advice, in a sentence. Left out where `detail` gives it. */
  action?: string;
  /** Of a problem of files: these. */
  files?: FileSum;
}
