import { day, hour, KiB, minute, second } from '@dfs/runtime';

/** Membership records by one author that are kept: far more than a network of thousands needs. */
export const MAX_RECORDS_PER_AUTHOR = 16_384;
/** The same for one who is no owner: joint records, and kinds that are not known here. */
export const MAX_RECORDS_PER_MEMBER = 256;
/** Times that one who was removed may tell what does not undo that, before it is not let in any more. */
export const MAX_FAREWELL_OFFENCES = 4;
/** For how long it is not. */
export const OFFENDED_TIME = 1 * hour;

/** A node that was removed asks members whether it still is, first after so many heartbeats, then ever more seldom … */
export const OPINION_PERIODS = 10;
/** … down to this. */
export const OPINION_MAX = 1 * day;
/** Members it asks at a time. */
export const MAX_OPINIONS = 3;

/** Invites: how long a ticket is good for. */
export const DEFAULT_INVITE_SECONDS = day / second;
/** Time to carry a ticket to another machine. */
export const MIN_INVITE_SECONDS = minute / second;
/** A door that stays open longer is forgotten. */
export const MAX_INVITE_SECONDS = (30 * day) / second;
/** Invites that wait to be used; each is a door. */
export const MAX_OPEN_INVITES = 256;
/** A used or expired invite is remembered for this long, to say so to whom comes late. */
export const KEEP_CLOSED_INVITES = 90 * day;

/** For this long after an invite is used or over, who comes with its ticket is still told so. */
export const LATECOMERS = 10 * minute;

/** Strangers who are being admitted at the same time; more are turned away. */
export const MAX_STRANGERS = 8;
/** From the first byte to the last of a join. */
export const JOIN_TIME = 10 * second;

/** Heartbeats come at least this often. */
export const MAX_HEARTBEAT_PERIOD = 60 * second;
/** Messages to all are held back for this long, so that several become one. */
export const NUDGE_DELAY = 30;
/** A connection whose status exchange has not begun within this time is cut and dialled anew. */
export const HELLO_TIME = 10 * second;

/** First pause before a lost member is dialled again; doubled with every failure. */
export const RECONNECT_MIN = 250;
/** The longest pause between two dials of a member that is away. */
export const RECONNECT_MAX = 40 * second;
/** Dials under way at the same time. */
export const MAX_DIALS = 8;
/** One attempt to reach one member. */
export const DIAL_TIME = 10 * second;

/** Addresses kept of one member. */
export const MAX_ADDRESSES = 16;
/** Of those, the ones that only others have told. */
export const MAX_RELAYED_ADDRESSES = 8;
/** Characters of an address. */
export const MAX_ADDRESS_LENGTH = 256;

/** A member that is back within this time was never reported gone. */
export const DISCONNECT_DEBOUNCE = 3 * second;
/** How long a removed member may take to read that it was. */
export const FAREWELL_TIME = 1 * second;

/** One exchange of status, or the next part of a longer answer. */
export const STATUS_TIME = 8 * second;
/** A stream of statuses on which the other side says nothing for so long is ended: it may ask on one of its own. */
export const STATUS_IDLE = 1 * hour;
/** A heartbeat that can be proven to others is told at least this often, and four times in a grace. */
export const PROOF_PERIOD = 5 * minute;
/** Exchanges that fail in a row before a connection is given up. */
export const MAX_FAILED_EXCHANGES = 2;

/** Members that others are asked about in one status; the limit of the message. */
export const MAX_MISSING_ASKED = 32;
/** Of those away for longer than the grace others are asked about once in so many heartbeats, where not all fit. */
export const LONG_AWAY_ROUND = 60;
/** Bytes of one section of a member's status that are kept, encoded: several times what any part of the engine says. */
export const MAX_SECTION_BYTES = 16 * KiB;
/** Sections on one connection that no engine would send: larger ones, and ever new names. More, and it is cut. */
export const MAX_SECTION_OFFENCES = 8;
/** Nodes of other networks that were found near by, and are remembered in case one of them invites this one. */
export const MAX_FOUND_STRANGERS = 64;
/** Refused membership records on one connection before it is given up. */
export const MAX_REFUSED_RECORDS = 16;

/** A wish for a new owner that did not find enough others in this time is forgotten. */
export const OWNER_VOTE_TIME = 14 * day;
/** Signing one record by one member. */
export const SIGN_TIME = 8 * second;
/** Of those who could gather the signatures for a new owner, each leaves this much time to each one before it. */
export const GATHER_TURN = 5 * second;

/** Changes to what is remembered of the network beside the database are gathered for so long. */
export const NETWORK_FILE_DELAY = 500;
/** A node that lost its database asks the members it remembers, and again after this pause, doubled each time … */
export const RETURN_MIN = 1 * second;
/** … up to this. */
export const RETURN_MAX = 1 * minute;
/** Members that are asked at a time. */
export const RETURN_ASKED = 8;
