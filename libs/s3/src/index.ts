/**
 * A subset of S3, path-style, with one bucket `dfs`: what aws-cli, rclone, restic, s3cmd and the SDKs ask of a store.
 * Guarantees: a request is answered only where its signature (version 4) is that of an active key; nothing appears before digests,
 * checksums, signatures of chunks and the length of a body are found right; errors are S3's, with our sentence. Does not: know
 * where the secrets of keys come from, or who may what: the application looks at the door, by `verify` and `setSigned`.
 * The database must know `filesMigrations` and `s3Migrations`. Versions, tags, policies and encryption by the service are not there, and say so. Units: bytes; times are ISO 8601 UTC.
 */
export { s3Problem, s3Status } from './answers/error.js';
export { setSigned } from './auth/signed.js';
export { verify, type Signed } from './auth/verify.js';
export { isS3Error } from './errors.js';
export { takeSigned } from './http/root.js';
export { S3_PREFIX } from './limits.js';
export { S3Module } from './s3.module.js';
export { s3Migrations } from './schema.js';
export { MultipartUploads, type MultipartComponents } from './uploads/multipart.js';
