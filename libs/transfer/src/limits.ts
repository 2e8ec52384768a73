import { CHUNK_MAX_BYTES } from '@dfs/protocol';
import { KiB, MiB, millisecond, minute, second } from '@dfs/runtime';

// What a reader or the replicator asks of peers.

/** Bytes of one request to a peer at first; grows and shrinks with what the peer delivers. */
export const FIRST_LOT_BYTES = 2 * MiB;
export const MIN_LOT_BYTES = 256 * KiB;
export const MAX_LOT_BYTES = 8 * MiB;
/** Time one request should take: bandwidth × delay, so that a slow peer is asked for little and a fast one for much. */
export const LOT_TIME = 150 * millisecond;
/** Blocks of one request. */
export const MAX_LOT_BLOCKS = 2048;
/** Requests in flight to one peer for one transfer: one streams, one waits behind it, one is being set up. */
export const LANE_REQUESTS = 3;
/** Requests in flight to one peer for all replication together, and with readers; the peer serves as many at a time. */
export const BULK_REQUESTS_PER_PEER = 4;
export const REQUESTS_PER_PEER = 8;
/** No block for so long: others are asked for what this peer owes. */
export const REASK_AFTER = 3 * second;
/** No block for so long, and hardly a byte: the peer is left. */
export const LEAVE_AFTER = 9 * second;
/** Bytes a second below which a connection counts as silent. */
export const TRICKLE = 8 * KiB;
/** No block for as long as the largest takes at that: the peer is left, though bytes trickle in. */
export const LEAVE_TRICKLE_AFTER = (CHUNK_MAX_BYTES / TRICKLE) * second;
/** A peer is late, too, when it has sent nothing for so many times what it took to begin, but not before this. */
export const LATE_TIMES = 4;
/** Growth of what the transport receives from a peer, in bytes a second over some seconds, that counts as something. */
export const LIVELY = 4 * KiB;
export const LATE_LEAST = 500 * millisecond;
/** How often stalls are looked for. */
export const STALL_CHECK = 100 * millisecond;
/** Once all has been asked for, what is owed for so long is asked of those who have nothing to do. */
export const ENDGAME_AFTER = 300 * millisecond;
/** Pause after a peer said that it is asked too much. */
export const BUSY_PAUSE = 250 * millisecond;
/** Doubled each time, up to this. */
export const BUSY_PAUSE_MAX = 4 * second;
/** Where a person has set a limit, as many requests are served, or made, at a time as leave each so many bytes a second. */
export const LEAST_SHARE = 3 * TRICKLE;

// Fetching together.

/** Of the holders of an extent, those whom all who fetch it ask for each other. */
export const MEETING_PLACES = 3;
/** Time for them to say so before it begins without. */
export const MEET_TIME = 300 * millisecond;
/** Others who are asked what they have. */
export const MAX_PARTNERS = 24;
/** Blocks that one of them said it has and did not send; with more it is left. */
export const MAX_LACKED = 8;
/** At first only so much is under way, until those who begin at the same moment know of each other. */
export const MEETING_TIME = 250 * millisecond;
export const MEETING_BYTES = 3 * MiB;
/** Holders are spared so long at least once only what partners should bring is left … */
export const SPARE_TIME = 1 * second;
/** … and as long as these bring this share of what the holders did. */
export const SPARE_SHARE = 0.5;
/** The span over which that is measured. */
export const SPARE_MEMORY = 2 * second;
/** A reader to whom nothing comes waits so long for a partner to bring what is due next. */
export const HEAD_PATIENCE = 2 * second;

// Who fetches what, as told to others.

/** Between two answers to someone who wants to know what is here. */
export const BITS_EVERY = 100 * millisecond;
/** An answer comes at least so often. */
export const BITS_ALIVE = 10 * second;
/** Such streams of one asker, and of all; more are refused. */
export const BITS_PER_ASKER = 16;
export const BITS_AT_ONCE = 1024;
/** Who fetched is named for so long after that: it may have all of it. */
export const FETCHER_MEMORY = 1 * minute;
/** Extents of which it is remembered who fetches them. */
export const MAX_GATHERINGS = 4096;

// A reader.

/** Time for a member to say what it has. */
export const HAVE_TIME = 5 * second;

// A server of blocks.

/** Requests answered at a time, over all askers. Each holds one frame and what the store reads ahead. */
export const SERVED_AT_ONCE = 24;
/** Beyond them the only request of an asker, as often as this: a few that take little keep nobody from being served. */
export const SERVED_BESIDE = 24;
/** Requests of one asker that wait; more are refused. */
export const WAITING_PER_ASKER = 64;
/** Small blocks are gathered to frames of about this. */
export const FRAME_BYTES = 1 * MiB;

// What is told.

/** Events of one kind are coalesced to ten a second. */
export const TELL_EVERY = 100 * millisecond;
/** Finished transfers that are listed. */
export const RECENT_TRANSFERS = 100;
/** Transfers from this size on are listed, and recorded when done: smaller ones are over before anyone looks. */
export const NOTABLE_BYTES = 8 * MiB;

/** Requests at a time that a limit of so many bytes a second leaves enough for each. */
export function requestsWithin(limit: number): number {
  return Math.max(1, Math.floor(limit / LEAST_SHARE));
}
