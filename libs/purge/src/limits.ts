import { hour, MiB, minute, second } from '@dfs/runtime';

/** Deleted paths, and contents, that are concluded in one unit of work. */
export const PURGE_PATHS = 200;
export const PURGE_CONTENTS = 1000;
/** A run follows on another after a tenth of the retention, at these bounds; one that had to wait is tried again sooner. */
export const PURGE_SOONEST = 1 * second;
export const PURGE_LATEST = 1 * hour;
export const PURGE_AGAIN = 1 * minute;
/** How often the time that this node has run is stored: a crash takes away so much of it. */
export const KEEP_TIME = 1 * minute;
/** Every live member's records must have been compared with this node's within this time. */
export const RECENT_SYNC = 10 * minute;
/** Receipts kept of one author: two million deletions. */
export const MAX_RECEIPT_BYTES_PER_AUTHOR = 64 * MiB;
/** Members that are named as not having purged something. */
export const MAX_WAITING_FOR = 32;
