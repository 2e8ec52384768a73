/** Numbers that several files use; those of one file stand in that file. */
import { KiB, MiB, millisecond, minute, second } from '@dfs/runtime';

// Requests of a reader or the replicator to peers.

/** A manifest block whose size is not known counts as this. */
export const ASSUMED_BLOCK_BYTES = 48 * KiB;

// Fetching together.

/** Contents from this size on are fetched together with others who fetch them, and kept as cache by a reader. */
export const SHARED_BYTES = 8 * MiB;

// The replicator.

/** Wants kept in memory; what is beyond is found again by the next scan. */
export const MAX_WANTS = 20_000;
/** Extents of one content that one look wants, about a tebibyte: a record may claim millions that nobody has. */
export const EXTENTS_FOUND = 1024;
/** Contents or pins that a walk reads at a time. */
export const SCAN_PAGE = 1000;
/** Contents looked at in one step of a scan: a few milliseconds, for which those wait who ask for something meanwhile. */
export const SCAN_STEP = 250;
/** Changes of members and holders are gathered for so long before a scan. */
export const SCAN_DELAY = 200 * millisecond;
/**
 * Members that come back do so one after another: for so long after one has come or gone, or for the grace if that is
 * shorter, no scan moves anything.
 */
export const SETTLE_TIME = 2 * second;
/** A scan is followed by a rest of so many times the work it was. */
export const SCAN_REST = 4;
/** How often members are looked over for one whose grace has run out. */
export const LIVENESS_CHECK = 1 * second;
/** Extents without a known holder that a scan searches for by every means. */
export const DEEP_SEARCHES = 16;
/** Share of the quota at which a full node takes on peers' data again (it stopped at 90 %). */
export const ROOM_AGAIN = 0.85;

// Letting go.

/** Extents let go of together: two units of work, and a request to each member that is to promise them. */
export const LET_GO_BATCH = 1024;
/** Promises that took longer to gather count for nothing: far less than they hold. */
export const PROMISE_USE = 5 * minute;

// Progress and events.

/** Files whose way to safety is told, the newest. */
export const WATCHED_FILES = 20_000;
