/**
 * Resumable uploads by tus 1.0: creation, creation with upload, termination, expiration, checksum.
 * Guarantees: the offset that is told is on disk for good; what has come outlives the process and the client, until it
 * expires; a file is made in the unit of work that ends its upload, so that a lost answer makes no second version; equal bytes
 * are cut into equal chunks, however they came. Does not: know who asks, but by the caller of `files`.
 * The database must know `filesMigrations` and `tusMigrations`. Units: bytes; times are ISO 8601 UTC outside, milliseconds inside.
 */
export { tusMigrations } from './schema.js';
export { TusModule } from './tus.module.js';
export { Uploads, type UploadsComponents } from './uploads.js';
