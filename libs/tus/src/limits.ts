import { hour, MiB, second, day } from '@dfs/runtime';

/** An upload of which nothing more comes is given up after this: a laptop may be closed over a weekend. */
export const UPLOAD_TIME = 7 * day;
/** For so long the answer to a finished one is repeated. */
export const ANSWER_TIME = 24 * hour;
/** Between two looks for what has expired. */
export const SWEEP_EVERY = 10 * 60 * second;
/** Of a request so many bytes are made durable at once, or what has come in so much time: what a crash can cost. */
export const SEGMENT_BYTES = 64 * MiB;
/** A slow upload becomes durable this often. */
export const SEGMENT_TIME = 15 * second;
/** Pieces behind the last cut; more of them are put together. */
export const MAX_PIECES = 32;
/** Uploads that are begun and not ended: beyond, somebody begins them for their own sake. */
export const MAX_UPLOADS = 10_000;
/** Rows that a unit of work looks at or removes. */
export const PAGE = 500;
