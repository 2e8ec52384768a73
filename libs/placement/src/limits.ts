import { day, hour, KiB, MiB, millisecond, minute, second } from '@dfs/runtime';

// What a reader or the replicator asks of peers.

/** A manifest block whose size is not known counts as this. */
export const ASSUMED_BLOCK_BYTES = 48 * KiB;

// Fetching together.

/** Contents from this size on are fetched together with others who fetch them, and kept as cache by a reader. */
export const SHARED_BYTES = 8 * MiB;
/** Share of the quota up to which a reader keeps what it got: less than what stops the data of others. */
export const CACHE_SHARE = 0.7;
/** Of what is free on the disk, the share a reader may fill. */
export const CACHE_FREE_SHARE = 0.5;

// A reader.

/** Bytes fetched ahead of a reader, in memory; and read ahead while all of them are on this node's disk. */
export const READ_AHEAD_BYTES = 24 * MiB;
export const LOCAL_AHEAD_BYTES = 8 * MiB;
/** Before the DHT is asked, so that a file whose holders are known never waits for it or loads it. */
export const DHT_DELAY = 300 * millisecond;
export const DHT_TIME = 6 * second;
/** Times a holder whose connection was lost, or that was silent, is tried by one reader. */
export const MAX_STRIKES = 3;
/** A reader under way waits so long for a lost holder to come back; one that has got nothing is answered at once. */
export const READER_PATIENCE = 10 * second;
/** Between two searches for holders. */
export const SEARCH_PAUSE = 1 * second;
/** Lies remembered: pairs of content and peer. */
export const MAX_LIARS = 10_000;
/** A holder that lied about a content is not asked for it for so long: it may heal. */
export const LIAR_TIME = 10 * minute;
/** Its pins of that content are no copies for so long, unless its log names them anew. */
export const DOUBT_TIME = 1 * day;
/** Time to connect to a holder that only the DHT knows. */
export const DIAL_TIME = 4 * second;

// The replicator.

/** Wants kept in memory; what is beyond is found again by the next scan. */
export const MAX_WANTS = 20_000;
/** Of what can wait for the repair budget: a scan goes on without the rest, to find what cannot wait. */
export const MAX_WAITING = 10_000;
/** Wants of one step of a scan, about: the queue has room for them when it begins. */
export const MAX_FOUND = MAX_WANTS / 2;
/** Extents of one content that one look wants, about a tebibyte: a record may claim millions that nobody has. */
export const EXTENTS_FOUND = 1024;
/** Of these so few are left to look for more. */
export const FEW_WANTS = EXTENTS_FOUND / 4;
/** Extents of one content that one look is spent on: 32 TiB; the next begins elsewhere. */
export const EXTENTS_LOOKED_AT = 2 ** 15;
/** Extents that are ranked before others have their turn: about a millisecond. */
export const RANKS_PER_TURN = 256;
/** Contents looked at in one step of a scan. */
export const SCAN_PAGE = 1000;
/** Jobs at a time: while one is made durable, others receive. */
export const JOBS = 3;
/** Extents and bytes fetched and committed together. */
export const GROUP_EXTENTS = 2048;
export const GROUP_BYTES = 32 * MiB;
/** Bytes of a large extent after which what has come is committed, so that a restart does not fetch it again. */
export const COMMIT_BYTES = 64 * MiB;
/**
 * Bytes a second, and at once, that one node fetches for extents of which more than one copy is left: repair goes on for
 * hours after a large loss, and what people do meanwhile comes first.
 */
export const REPAIR_RATE = 64 * MiB;
export const REPAIR_BURST = 256 * MiB;
/** Of the jobs, those that may be at that: there is always one for what is new or has one copy left. */
export const REPAIR_JOBS = JOBS - 1;
/** Retry of what could not be got. */
export const RETRY_FIRST = 1 * second;
export const RETRY_LAST = 5 * minute;
/** Changes of members and holders are gathered for so long before a scan. */
export const SCAN_DELAY = 200 * millisecond;
/**
 * Members that come back do so one after another: for so long after one has come or gone, or for the grace if that is
 * shorter, no scan moves anything. Not longer than the second in all.
 */
export const SETTLE_TIME = 2 * second;
export const SETTLE_AT_MOST = 10 * second;
/**
 * For so long after one has come or gone, what has copies enough, and belongs elsewhere now, stays where it is: of those that
 * come back, each is taken for one that is missing until it is here.
 */
export const CALM_TIME = 15 * second;
export const CALM_AT_MOST = 2 * minute;
/** A scan is followed by a rest of so many times the work it was. */
export const SCAN_REST = 4;
/** Between two looks at packs that were found, while they are being read, and where one has failed. */
export const FOUND_AGAIN = 15 * second;
/** Such a look is followed by a rest of so many times the work it was: it looks up every block in them. */
export const FOUND_REST = 50;
/** How often members are looked over for one whose grace has run out. */
export const LIVENESS_CHECK = 1 * second;
/** Extents without a known holder that a scan searches for by every means. */
export const DEEP_SEARCHES = 16;
/** Share of the quota at which a full node takes on peers' data again (it stopped at 90 %). */
export const ROOM_AGAIN = 0.85;
/** Share of the quota that peers' data may fill. */
export const PEER_SHARE = 0.9;
/** How often a full node looks for room. */
export const ROOM_CHECK = 5 * second;

// Pins of members.

/** Pins of one member that wait for a record that names their content; more end the reading of its log. */
export const MAX_WAITING_PINS = 10_000;
/** A log whose reading ended so is read on as records come. After so long that is no accident … */
export const WAITING_PINS_TIME = 10 * minute;
/** … and the log is left alone for this long. */
export const PINS_OFFENCE_TIME = 1 * hour;
/** Holdings of a former member that are forgotten in one unit of work. */
export const FORGET_PER_UNIT = 20_000;
/** Records come in bursts: a log whose reading ended is read on this long after the first. */
export const READ_ON_DELAY = 1 * second;

// Emptying a member before it is removed.

/** Between two looks at what is left to move. */
export const DRAIN_CHECK = 1 * second;
/** Nothing was moved for so long: the removal is given up. An extent over a slow line takes minutes. */
export const DRAIN_PATIENCE = 10 * minute;
/** The same where only old versions are left, of each of which a copy stays. */
export const DRAIN_OLD_PATIENCE = 10 * second;

// Damage.

/** Between two tries to heal. */
export const HEAL_AGAIN = 15 * second;

// Reclaiming.

/** How often it is looked whether reclaiming is due, and how often it is: while there is room, and while it is short. */
export const RECLAIM_CHECK = 30 * second;
export const RECLAIM_EVERY = 6 * hour;
export const RECLAIM_PRESSED_EVERY = 5 * minute;
/** After a start, so that a node that never runs for long reclaims too. */
export const RECLAIM_FIRST = 15 * minute;
/** A run is followed by a rest of so many times its duration at least: it reads the manifests of all that is kept. */
export const RECLAIM_REST = 50;
/** What nothing needs is kept so long: while there is room, and while it is short. */
export const CACHE_GRACE = 1 * day;
export const PRESSED_GRACE = 10 * minute;

// Giving way.

/** Share of the quota from which on room is short: past versions are not pulled, so that what gave way does not come back. */
export const SHORT_SHARE = 0.75;
/** More than is short gives way at a time, by this share of the quota, and at most so much: each time all pins are looked over. */
export const GIVE_WAY_SHARE = 0.05;
export const GIVE_WAY_MORE = 256 * MiB;
/** How often a full node gives way to what others have stored. */
export const GIVE_WAY_EVERY = 1 * minute;
/** How much of past contents is kept is counted no more often than this, and so many times as long as it takes. */
export const PAST_COUNT_EVERY = 1 * second;
export const PAST_COUNT_REST = 20;

// Letting go.

/** Extents let go of together: two units of work, and a request to each member that is to promise them. */
export const LET_GO_BATCH = 1024;
/** Time for a member to promise a batch. */
export const PROMISE_ANSWER_TIME = 30 * second;
/** Of this, time to read and hash what is to be promised; what was not reached is refused, and counts the next time. */
export const PROVE_TIME = 10 * second;
/** Promises that took longer to gather count for nothing: far less than they hold. */
export const PROMISE_USE = 5 * minute;
/** A look over all pins is followed by a rest of so many times its duration, and of the grace at least. */
export const LET_GO_REST = 10;
/** While nobody promises anything, rests get longer up to this. */
export const LET_GO_LONGEST_REST = 1 * hour;

// What is told.

/** Files whose way to safety is told, the newest. */
export const WATCHED_FILES = 20_000;
/** A content heard of so recently is on its way rather than unavailable. */
export const NEWS_TIME = 15 * second;
