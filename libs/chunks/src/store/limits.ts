/** Numbers that several files use, or that are chosen together; those of one file stand in that file. */
import { KiB, MiB, second } from '@dfs/runtime';

/** A pack is closed at the first entry that takes it to here: few files for a terabyte, and little to rewrite. */
export const PACK_BYTES = 64 * MiB;
/** Blocks below this are copied rather than kept: a slice of a large buffer would keep all of it. */
export const COPY_BELOW_BYTES = 64 * KiB;

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

/** Share of the quota that peers' data may use, so that the owner of a node can always upload. */
export const PEER_SHARE = 0.9;
/**
 * Free space that is left alone if nothing else is asked for, so that the database can go on: a share of the file
 * system, up to a limit.
 */
export const RESERVE_SHARE = 0.05;
/** The reserve on a large disk. */
export const MAX_RESERVE_BYTES = 512 * MiB;

/** Packs below this are small: a reclaim, a quiet minute, or too great a number of them has them put together. */
export const SMALL_PACK_BYTES = 1 * MiB;
/** Fewer small packs are left alone by a reclaim and in a quiet minute. */
export const SMALL_PACKS = 64;
/** So many small packs are put together while more come. */
export const TOO_MANY_SMALL_PACKS = 512;
