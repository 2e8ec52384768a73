/**
 * What two peers agree on: ids, the wire codec with its pre-scan, message shapes, limits, the one error class.
 * Guarantees: nothing here touches disk or network; nothing a peer sends is decoded before the pre-scan has passed it.
 * Units: bytes, milliseconds.
 */
export * from './ambient.js';
export * from './units.js';
export * from './limits.js';
export * from './errors.js';
export * from './problem.js';
export * from './base32.js';
export * from './cid.js';
export * from './paths.js';
export * from './scan.js';
export * from './codec.js';
export * from './schema.js';
export * from './keys.js';
export * from './bits-messages.js';
export * from './chunks-messages.js';
export * from './promise-messages.js';
export * from './record.js';
export * from './membership-record.js';
export * from './ticket.js';
export * from './join-messages.js';
export * from './farewell-messages.js';
export * from './owner-messages.js';
export * from './status-line.js';
export * from './status-messages.js';
export * from './sync-messages.js';
export * from './receipt-messages.js';
