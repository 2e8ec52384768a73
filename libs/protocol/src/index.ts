/**
 * What two peers agree on: ids, the wire codec with its pre-scan, message shapes, limits.
 * Guarantees: nothing here touches disk or network; nothing a peer sends is decoded before the pre-scan has passed it.
 * Units: bytes, milliseconds.
 */
export * from '@dfs/runtime';
export * from './limits.js';
export * from './ids/base32.js';
export * from './ids/cid.js';
export * from './ids/paths.js';
export * from './codec/scan.js';
export * from './codec/codec.js';
export * from './codec/schema.js';
export * from './ids/keys.js';
export * from './messages/bits-messages.js';
export * from './messages/chunks-messages.js';
export * from './messages/promise-messages.js';
export * from './messages/attributes.js';
export * from './messages/record.js';
export * from './messages/membership-record.js';
export * from './messages/ticket.js';
export * from './messages/join-messages.js';
export * from './messages/farewell-messages.js';
export * from './messages/owner-messages.js';
export * from './messages/status-line.js';
export * from './messages/status-messages.js';
export * from './messages/sync-messages.js';
export * from './messages/receipt-messages.js';
