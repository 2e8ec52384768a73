/**
 * The end of retention: lets go of content that no version needs any more, and signs receipts for what it purged.
 * Guarantees: no run begins before this node has lately had the same records as every live member; a receipt is signed in
 * the unit of work that purges; receipts reach all members, from whoever has them.
 * Does not: free bytes (reclaiming does), or decide what is needed (the catalogue does). Rests on interfaces of its own, so
 * that catalogue and placement do not know each other. Its tables are made by the baseline of placement. Units:
 * milliseconds, milliseconds since 1970.
 */
export { Purge, type ContentRetention, type Purged, type PurgeComponents } from './purge.js';
export { purgeEntities } from './entities.js';
