import { KiB, MiB, day, second } from '@dfs/runtime';

/** A pack is closed at the first entry that takes it to here: few files for a terabyte, and little to rewrite. */
export const PACK_BYTES = 64 * MiB;
/** A batch below this shares a pack with the others that flush at the same moment. */
export const SHARED_BATCH_BYTES = 1 * MiB;
/** Blocks below this are copied rather than kept: a slice of a large buffer would keep all of it. */
export const COPY_BELOW_BYTES = 64 * KiB;

/** Bytes of blocks that one batch holds in memory before `add` waits, and blocks likewise. */
export const BATCH_QUEUE_BYTES = 8 * MiB;
/** Many small blocks cost rows and promises rather than bytes. */
export const BATCH_QUEUE_BLOCKS = 512;
/** Bytes of these that are looked up and written at once. */
export const BATCH_GROUP_BYTES = 2 * MiB;
/** The same for all batches together. Each may always hold one block. */
export const STORE_QUEUE_BYTES = 64 * MiB;

/** Bytes and blocks that getMany reads ahead. */
export const READ_AHEAD_BYTES = 4 * MiB;
/** As many small blocks are looked up in one query. */
export const READ_AHEAD_BLOCKS = 256;
/** Blocks that lie side by side are read at once, up to here. */
export const READ_RUN_BYTES = 1 * MiB;
/**
 * Calls on packs that are under way at once: fewer than the threads that the process has for all files, of which some must be
 * left for the database while a disk does not answer.
 */
export const DISK_CALLS = 4;
/** A disk that has not answered for so long is waited for no more: one that has to spin up takes nearly as long. */
export const DISK_CALL_TIME = 10 * second;
/** Calls that write packs, at once: with those above fewer than the threads. */
export const WRITE_CALLS = 3;
/** A write that the disk has not answered for so long has failed: the flush of 64 MiB takes some seconds on a slow disk. */
export const WRITE_CALL_TIME = 25 * second;
/** Pack files that are kept open for reading. */
export const OPEN_PACKS = 128;

/** Blocks that were read last, which reclaiming keeps longer. */
export const RECENT_READS = 32_768;

/** Share of the quota that peers' data may use, so that the owner of a node can always upload. */
export const PEER_SHARE = 0.9;
/**
 * Free space that is left alone if nothing else is asked for, so that the database can go on: a share of the file
 * system, up to a limit.
 */
export const RESERVE_SHARE = 0.05;
/** The reserve on a large disk. */
export const MAX_RESERVE_BYTES = 512 * MiB;
/** Share of the reserve that stays when packs are rewritten, which makes room. */
export const REWRITE_RESERVE_SHARE = 0.5;
/** How long a reading of the free space is trusted. */
export const FREE_SPACE_TTL = 1 * second;

/** A pack is rewritten when less than this share of it is still wanted. */
export const COMPACT_BELOW = 0.5;
/** Packs below this are put together by a reclaim once there are this many of them, and by the store itself at more. */
export const SMALL_PACK_BYTES = 1 * MiB;
/** How many small packs a reclaim leaves alone. */
export const SMALL_PACKS = 64;
/** How many small packs there are before the store puts them together without waiting for a reclaim. */
export const TOO_MANY_SMALL_PACKS = 512;

/** How long what was found at a start is kept though nothing needs it: until then a person can say what it is. */
export const FOUND_RETENTION = 30 * day;
/** How long the opening of a store waits for found packs to be taken in. */
export const TAKE_IN_PATIENCE = 20 * second;
