/**
 * The agreement between browser and engine: REST shapes, route paths, the event map, the closed union of error codes.
 * Guarantees: no code that needs Node or Angular; types and constants alone. Units: bytes, seconds, ISO 8601 UTC.
 */
export * from './error-codes.js';
export * from './events.js';
export * from './rest/access.js';
export * from './rest/acts.js';
export * from './rest/common.js';
export * from './rest/contents.js';
export * from './rest/files.js';
export * from './rest/live-folders.js';
export * from './rest/network.js';
export * from './rest/node.js';
export * from './rest/summary.js';
export * from './rest/transfers.js';
export * from './rest/uploads.js';
export * from './rest/versions.js';
export * from './routes.js';
