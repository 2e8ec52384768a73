/**
 * Members of the network, their presence, and the admission of newcomers.
 * Guarantees: the same membership records give the same members on every node, in whatever order they arrived; nobody
 * is admitted but by a ticket an owner made; no answer but that of the join protocol goes to a stranger. A member that lost
 * its database gets membership back from the members it remembers, or by a return ticket.
 * Not promised: that a member that is listed as connected answers the next request.
 * Units: milliseconds since 1970, milliseconds.
 */
export { MAX_HEARTBEAT_PERIOD } from './constants.js';
export { Membership, type MembershipComponents, type MembershipSettings } from './membership/membership.js';
export type { MembershipOptions } from './membership/membership-view.js';
export { readNetworkFile, type RememberedNetwork } from './membership/network-file.js';
export { restoreMembership } from './membership/restored.js';
export { Peers, type PeersComponents, type PeersOptions } from './peers.js';
export { storageSection } from './presence/peer-info.js';
export { StatusSection, type SectionPeers } from './status/status-section.js';
export type { RemoveOptions } from './membership/removal.js';
export type { FormerMember, Member } from './membership/roster.js';
export { peersEntities, peersMigrations } from './schema.js';
