/** Numbers that several files use; those of one file stand in that file. */
import { KiB, MiB, millisecond, second } from '@dfs/runtime';

// Requests of a reader or the replicator to peers.

/** A request costs a round trip: a slower peer is asked for one block at a time. */
export const MIN_LOT_BYTES = 256 * KiB;
/** Blocks of one request. */
export const MAX_LOT_BLOCKS = 2048;
/** Readers may use the places that replication may not. */
export const REQUESTS_PER_PEER = 8;
/** No block for so long: others are asked for what this peer owes. */
export const REASK_AFTER = 3 * second;
/** No block for so long, and hardly a byte: the peer is left. */
export const LEAVE_AFTER = 9 * second;
/** Bytes a second below which a connection counts as silent. */
export const TRICKLE = 8 * KiB;
/** How often stalls are looked for. */
export const STALL_CHECK = 100 * millisecond;
/** Pause after a peer said that it is asked too much. */
export const BUSY_PAUSE = 250 * millisecond;
/** Where a person has set a limit, as many requests are served, or made, at a time as leave each so many bytes a second. */
export const LEAST_SHARE = 3 * TRICKLE;

// A reader.

/** Time for a member to say what it has. */
export const HAVE_TIME = 5 * second;

// Progress and events.

/** Events of one kind are coalesced to ten a second. */
export const TELL_EVERY = 100 * millisecond;
/** Transfers from this size on are listed, and recorded when done: smaller ones are over before anyone looks. */
export const NOTABLE_BYTES = 8 * MiB;

/** Requests at a time that a limit of so many bytes a second leaves enough for each. */
export function requestsWithin(limit: number): number {
  return Math.max(1, Math.floor(limit / LEAST_SHARE));
}
