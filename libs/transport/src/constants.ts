import { GiB, KiB, MiB, day, hour, minute, second } from '@dfs/runtime';
import { MAX_MEMBERS } from '@dfs/protocol';

// Every number of the transport, with its reason. The worst case they add up to stands at the end.

/** Opening a stream: dialling, encryption and negotiation, where no time limit is given. */
export const OPEN_TIMEOUT = 10 * second;
/** A channel on which a wait for the other side brings nothing for so long is torn down. */
export const CHANNEL_IDLE_TIMEOUT = 30 * second;
/** The same for streams that peers open to us: one that only holds a place gives it back. */
export const HANDLER_IDLE_TIMEOUT = 60 * second;
/** After an answer has ended, what the other side still sends is thrown away for so long; then the stream is reset. */
export const LINGER = 5 * second;

/** Bytes that a connection's socket takes in before it asks to wait: enough to keep it busy between two turns of the loop. */
export const SOCKET_BUFFER_BYTES = 256 * KiB;
/** Bytes handed to a stream at a time: small enough to notice a stalled peer, large enough to cost nothing. */
export const SEND_SLICE_BYTES = 256 * KiB;
/** The same for memory that is copied: small enough that the allocator has such pieces at hand. */
export const COPY_SLICE_BYTES = 64 * KiB;
/** Payloads up to this size travel in one piece with their header: one write is cheaper than one copy. */
export const INLINE_PAYLOAD_BYTES = 8 * KiB;

/** Where a person has set a limit, so many milliseconds' worth of bytes may go at once after a pause. */
export const PACE_BURST = 250;
/** Bytes that then move in one turn: so many turns a second, so that all who share the limit get on. */
export const PACE_TURNS = 16;
/** A turn moves at least this, so that a low limit is not all overhead. */
export const PACE_LEAST = 4 * KiB;

/** Unread bytes of a stream at which its sender is asked to wait until they are taken. */
export const READ_HIGH_WATER = 1 * MiB;
/**
 * yamux windows: what a peer may send on one stream before we allow more. They open at the size that the yamux
 * specification fixes and grow up to the maximum, which fills 10 Gbit/s at a round trip of 1.6 ms and 1 Gbit/s at 16 ms; bulk work uses several streams.
 */
export const STREAM_WINDOW_INITIAL = 256 * KiB;
/** The most that a peer may have under way on one stream. */
export const STREAM_WINDOW_MAX = 2 * MiB;
/** libp2p resets a stream whose unread bytes pass this: it must never be less than the window. */
export const STREAM_BUFFER_MAX = STREAM_WINDOW_MAX + 256 * KiB;

/** Bytes of a yamux frame that are gathered before they are handed on; what is no longer than that comes in one piece. */
export const FRAME_PIECE_BYTES = 256 * KiB;

/** Streams that one connection may open to us at once. */
export const MAX_INBOUND_STREAMS = 256;
/** Channels that we have open to one peer at once, a good deal less; further ones wait for their turn. */
export const MAX_PEER_CHANNELS = 160;
/** Handlers that run for one peer at once; further streams wait unread, in order. */
export const MAX_PEER_HANDLERS = 64;

/** Bytes received from one peer and not yet taken by anyone; beyond them the stream that asks for more is reset. */
export const PEER_RECEIVE_BUDGET = 96 * MiB;
/** The same over all peers. */
export const RECEIVE_BUDGET = 256 * MiB;
/** Bytes given to `send` that the network has not taken; beyond them the peer that holds up most is hung up on. */
export const SEND_BUDGET = 256 * MiB;

/** Malformed messages on one connection after which it is cut. */
export const MAX_OFFENCES = 3;

/**
 * Connections in all. Only members keep one: room for those of two networks of the largest size that have merged, and
 * for as many more while two nodes dial each other at once, or change from a relayed connection to a direct one.
 */
export const MAX_CONNECTIONS = 3 * MAX_MEMBERS;
/** Connections of one peer: two nodes may dial each other at once, and a dead one may not have been noticed yet. */
export const MAX_PEER_CONNECTIONS = 6;
/** Connections that have not shown who they are yet. Half-open ones cost about 20 KiB each. */
export const MAX_PENDING_CONNECTIONS = 2048;
/** New connections a second from one address: a whole lab may sit behind one (libp2p's default is 5). */
export const MAX_CONNECTIONS_PER_SECOND = 500;
/** Time for a new connection to encrypt and negotiate. */
export const UPGRADE_TIMEOUT = 10 * second;

/** Strangers at once, and how long each may stay: enough to hand in a ticket. */
export const MAX_STRANGERS = 8;
/** Of those, connections of one peer: nobody takes all the room of the others. */
export const MAX_CONNECTIONS_OF_STRANGER = 2;
/** A join takes less. */
export const STRANGER_STAY = 10 * second;
/** How often connections are held against the gate, should nobody call `enforceGate`. */
export const GATE_SWEEP = 1 * second;

/** A closely watched connection on which nothing has come for so long is asked for a sign of life … */
export const KEEPALIVE_AFTER = 10 * second;
/** … and cut when none comes within this. With as much for those who are told of it then, a dead peer shows within 30 s. */
export const KEEPALIVE_TIMEOUT = 8 * second;
/** The same for a connection that is not: longer than the pause between two heartbeats. */
export const KEEPALIVE_REST = 80 * second;
/** How often that is looked at. */
export const KEEPALIVE_TICK = 2 * second;

/** The span over which rates are averaged, in slots of this length. */
export const RATE_SLOT = 1 * second;
/** Rates are means over as many seconds. */
export const RATE_SLOTS = 5;

/** Addresses tried for one peer, and the time for each. */
export const MAX_DIAL_ADDRESSES = 16;
/** One address that does not answer does not use up the time of the others. */
export const ADDRESS_DIAL_TIMEOUT = 4 * second;
/** Time for all addresses of a peer together. */
export const DIAL_TIMEOUT = 15 * second;

/** Characters of a multiaddr that a person or a peer hands in. */
export const MAX_ADDRESS_LENGTH = 512;

/** How long a provider record is good for. */
export const PROVIDER_VALIDITY = 30 * day;
/** How often provider records are looked through for old ones. */
export const PROVIDER_CLEANUP = 1 * hour;
/** How often a node looks for its neighbours in the DHT. Members learn of each other without it; it costs traffic. */
export const SELF_QUERY_INTERVAL = 6 * hour;
/** Provider records kept for one content, and for one peer. */
export const MAX_PROVIDERS_PER_KEY = 64;
/** A member with more contents is found through pin logs. */
export const MAX_RECORDS_PER_PEER = 100_000;
/** Milliseconds for which such records are gathered before they are written: a crash may lose as much. */
export const RECORDS_WRITE_DELAY = 30 * second;
/** Requests of the DHT that one connection may have open to us. */
export const MAX_DHT_STREAMS = 32;
/** Bytes that one of them, or one of ours, may bring: a question or an answer; kad-dht alone would gather 4 MiB. */
export const DHT_STREAM_BYTES = 256 * KiB;
/** How often connected members that are missing from the routing table are offered to it, should it have missed them. */
export const ROUTING_FEED = 15 * second;

/** Members that may hold a place with us, so that others reach them through us. */
export const MAX_RESERVATIONS = 128;
/** How long such a place is kept without being renewed. */
export const RESERVATION_TTL = 1 * hour;
/** Asking for one. */
export const RESERVATION_TIMEOUT = 8 * second;
/** Members that a node which cannot be reached holds a place with: one may go. */
export const MAX_RELAYS = 3;
/** Connections that pass through us, in all … */
export const MAX_RELAYED = 64;
/** … and of those, opened by one peer. */
export const MAX_RELAYED_PER_PEER = 32;
/** Bytes on their way from one side of such a connection to the other at which the sender is asked to wait. */
export const RELAY_HIGH_WATER = 512 * KiB;
/** Bytes a second through us, over all of them: what is ours to do goes first. */
export const RELAY_RATE = 64 * MiB;
/** One relayed connection is ended after so many bytes; its two ends open another one if they still need it. */
export const RELAYED_BYTES_MAX = 256 * GiB;
/** How often is looked at whether relays are needed, and are there. */
export const RELAY_TICK = 3 * second;
/** A member reached through another one is dialled directly this often at most. */
export const UPGRADE_INTERVAL = 1 * minute;
/** When there is a direct connection, the relayed one is given this long to come to its ends. */
export const RELAYED_LINGER = 5 * second;
/** Direct addresses of a member are tried for this long before the way through another member is. */
export const DIRECT_FIRST = 5 * second;

/** Bulk connections in all, of both directions: a node moves bytes with few others at a time, and the rest has streams. */
export const MAX_BULK_CONNECTIONS = 32;
/** Those that are encrypted and have not shown who is there; what comes beyond them has streams. */
export const MAX_BULK_HANDSHAKES = 64;
/** Requests that this node makes over one of them at a time, those it has given up and that are not ended included. */
export const MAX_BULK_ASKS = 32;
/** Requests that a peer may make over one at a time. */
export const MAX_BULK_ANSWERS = 64;
/** Bytes of one answer that may be on their way before its asker has taken some; the frame that passes it comes whole. */
export const BULK_WINDOW = 4 * MiB;
/** Nothing is asked over one for so long: its asker closes it. */
export const BULK_IDLE = 60 * second;
/** The answerer closes it then, should its asker not do so. */
export const BULK_IDLE_ANSWERER = 90 * second;
/** A message that was begun and on which nothing comes for so long, or an answer that is not ended though it was given up. */
export const BULK_STALL = 30 * second;
/** How often that is looked at. */
export const BULK_TICK = 2 * second;
/** So many bytes are worth a connection that there is not yet … */
export const BULK_WORTH = 1 * MiB;
/** … and a wait for it of so long: the request has a stream then, and the next one may find the connection. */
export const BULK_PATIENCE = 250;
/** One address that is dialled for it, and how many are. */
export const BULK_DIAL_TIMEOUT = 3 * second;
/** Addresses that are dialled for one: that of the libp2p connection there is, and others. */
export const MAX_BULK_ADDRESSES = 4;
/** After so many milliseconds a peer that could not be reached is dialled again, twice as many after each failure … */
export const BULK_RETRY = 5 * second;
/** … up to this. */
export const BULK_RETRY_MAX = 10 * minute;

/** How often the gateway of the local network is looked for. */
export const GATEWAY_SEARCH_INTERVAL = 5 * minute;
/** Public addresses that peers have seen us at, taken into consideration at once. */
export const MAX_SEEN_ADDRESSES = 2;

/** How often the local network is asked for other nodes. */
export const MDNS_INTERVAL = 20 * second;

/*
 * Worst case of what peers can make this process hold, whatever they do:
 *   received and not taken   RECEIVE_BUDGET, in which a paused stream counts its whole window,
 *                            and a bulk connection its requests and the frames of its answers    256 MiB
 *   sent and not taken       SEND_BUDGET and one payload more                                    260 MiB
 *   waiting in sockets       MAX_CONNECTIONS × 2 × SOCKET_BUFFER_BYTES                           384 MiB
 *   frames not whole yet     MAX_CONNECTIONS × FRAME_PIECE_BYTES                                 192 MiB
 *   half-open connections    MAX_PENDING_CONNECTIONS × 20 KiB                                     40 MiB
 *   provider records         about 200 B each, MAX_RECORDS_PER_PEER of each member                20 MiB a member
 *   bulk frames being sent   MAX_BULK_CONNECTIONS × 2 × SEND_SLICE_BYTES, encrypted                16 MiB
 *   bulk messages not whole  MAX_BULK_CONNECTIONS × (MAX_HEADER_BYTES + 64 KiB to throw away)      10 MiB
 *   bulk requests not taken  MAX_BULK_CONNECTIONS × MAX_BULK_ASKS × 135 KiB                       135 MiB
 *   bulk sockets             MAX_BULK_CONNECTIONS and MAX_BULK_HANDSHAKES × (SOCKET_BUFFER_BYTES + 100 KiB)  34 MiB
 *   idle connections         MAX_CONNECTIONS × about 60 KiB                                       45 MiB
 *   relayed, under way       MAX_RELAYED × 2 × (RELAY_HIGH_WATER + STREAM_WINDOW_MAX)            320 MiB
 *   open, unread streams     MAX_CONNECTIONS × MAX_INBOUND_STREAMS × about 4 KiB                 768 MiB
 *   DHT messages             MAX_DHT_STREAMS × DHT_STREAM_BYTES                                    8 MiB a member
 *   what members say         two statuses of 256 KiB, and MAX_SECTION_BYTES of each section        1 MiB a member
 * Sums beyond one member's need as many hostile members at once; one alone reaches about 100 MiB before it is cut.
 */
