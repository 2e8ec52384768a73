import type { MemberRole, PeerIdText, StorageInfo, Timestamp } from './common.js';

// The network, its members, and how to come in.

/** `connected` is an open connection of a member; `self` is this node. */
export type PeerState = 'self' | 'connected' | 'connecting' | 'disconnected';
/** `GET /peers` */
export interface PeerList {
  items: PeerInfo[];
}
/** A member as this node sees it. Of members that are away, what they said last; null for what was never heard. */
export interface PeerInfo {
  peerId: PeerIdText;
  name: string;
  role: MemberRole;
  state: PeerState;
  addresses: string[];
  /** Round trip of the last status exchange; null while unknown. */
  latencyMs: number | null;
  lastSeenAt: Timestamp | null;
  uptimeSeconds: number | null;
  storage: StorageInfo | null;
  /** Bytes a second over the last few seconds. */
  rates: { receive: number; send: number };
}
/** `POST /peers` */
export interface ConnectRequest {
  /** A multiaddr, e.g. `/ip4/192.168.1.20/tcp/4001`, with or without `/p2p/<peer id>`. */
  address: string;
}
/** `POST /network/invites` */
export interface InviteRequest {
  role?: MemberRole;
  /** Seconds the ticket is good for. */
  expiresInSeconds?: number;
}
/** Answer of `POST /network/invites`. The ticket is shown this once: the node keeps no secret of it. */
export interface InviteInfo {
  ticket: string;
  expiresAt: Timestamp;
  role: MemberRole;
}
/** `POST /network/return-tickets` */
export interface ReturnTicketRequest {
  /** A member that lost its database. */
  peerId: string;
}
/** Answer of `POST /network/return-tickets`. */
export interface ReturnTicketInfo {
  /** It holds no secret, and admits nobody. */
  ticket: string;
  /** The member it is for. */
  peerId: string;
}
/** `POST /network/join`: a ticket, or a return ticket. */
export interface JoinRequest {
  ticket: string;
}
/** The network of this node, and what this node is in it. */
export interface NetworkInfo {
  id: string;
  name: string;
  members: number;
  role: MemberRole;
  /** This node was removed from the network: it keeps what it has, and exchanges nothing any more. */
  removed?: boolean;
  /** This node lost its database, and asks the members it remembers for membership and catalogue: it may do nothing until then. */
  returning?: boolean;
}
/** `POST /network/owners` */
export interface OwnerRequest {
  /** A member of the network. */
  peerId: string;
}
/** How far a member is on its way to be an owner. */
export interface OwnerVotes {
  peerId: string;
  /** It is an owner now: by the word of one, or by that of more than half of the members. */
  owner: boolean;
  /** Members here and connected that have asked for it. */
  votes: number;
  /** As many as it takes where no owner does it alone. */
  needed: number;
}
