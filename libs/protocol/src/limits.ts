import { hour, KiB, MiB } from '@dfs/runtime';

/** A msgpack header of a frame. Larger ones are refused before a byte of them is decoded. */
export const MAX_HEADER_BYTES = 256 * KiB;
/** Raw bytes that follow a header: the largest chunk, or a pack of small ones. */
export const MAX_PAYLOAD_BYTES = 4 * MiB;
/** Nesting of a decoded value; our deepest message has 5 levels. */
export const MAX_DEPTH = 16;
/** Values in one header, keys and containers included. */
export const MAX_ELEMENTS = 4096;

/** Content-defined chunking. Pinned: changing one changes every content id. */
export const CHUNK_MIN_BYTES = 256 * KiB;
/** Mean over random bytes; real files have means nearby. */
export const CHUNK_MEAN_BYTES = 1 * MiB;
/** A chunk is cut here if its bytes give no reason before. */
export const CHUNK_MAX_BYTES = 4 * MiB;
/** Chunks in one extent, and so entries in one leaf of a manifest. */
export const EXTENT_CHUNKS = 1024;
/** A manifest block, root or inner. */
export const MAX_MANIFEST_BLOCK_BYTES = 256 * KiB;

/** UTF-8 bytes of a path. */
export const MAX_PATH_BYTES = 1024;
/** Characters of a media type. */
export const MAX_MEDIA_TYPE_LENGTH = 127;
/** Characters of a peer id as a person hands it in, in whatever form. */
export const MAX_PEER_ID_LENGTH = 128;
/** Characters of a node's or network's name. */
export const MAX_NAME_LENGTH = 64;
/** Heads a record may replace at once. */
export const MAX_PARENTS = 64;
/**
 * Milliseconds that a clock may be off: records stamped further ahead wait, and a node this far from most members does not
 * write.
 */
export const MAX_CLOCK_SKEW = 72 * hour;
/** Ids of membership records by which one peer tells another what it has. */
export const MAX_KNOWN_RECORDS = 512;

/** Members of a network: every member connects to every other one. Merging partitions may bring more. */
export const MAX_MEMBERS = 256;
