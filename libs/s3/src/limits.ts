/** Numbers that several files use; those of one file stand in that file. */
import { MiB } from '@dfs/runtime';

/** The one bucket: all files of the network. */
export const BUCKET = 'dfs';
/** Where this front stands. */
export const S3_PREFIX = '/s3';
/** Keys, common prefixes, parts and uploads of one answer. */
export const MAX_KEYS = 1000;
/** Bytes of a request whose body is XML: ten thousand parts with checksums, or a thousand long keys. */
export const MAX_XML_BYTES = 4 * MiB;
/** Parts of a multipart upload are numbered from 1 to this. */
export const MAX_PARTS = 10_000;
