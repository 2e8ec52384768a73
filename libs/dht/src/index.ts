/**
 * Provider records: names this node in the DHT as a holder of contents, and finds who else is.
 * Guarantees: the queue outlives a restart; providing is paced; with the DHT off, empty or wrong nothing else suffers.
 * Does not: know chunks. The DHT is a hint. Times: milliseconds since 1970; seconds in `info()`.
 */
export { KeptRecords } from './kept-records.js';
export { ProvideQueue, type ProvideQueueComponents, type ProvideQueueOptions } from './provide-queue.js';
export { dhtEntities, dhtMigrations } from './schema.js';
