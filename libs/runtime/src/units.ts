/** Bytes. */
export const KiB = 1024;
/** Bytes in a mebibyte. */
export const MiB = 1024 * KiB;
/** Bytes in a gibibyte. */
export const GiB = 1024 * MiB;
/** Milliseconds. */
export const millisecond = 1;
/** Milliseconds in a second, so that a span reads as `3 * second`. */
export const second = 1000 * millisecond;
/** Milliseconds in a minute. */
export const minute = 60 * second;
/** Milliseconds in an hour. */
export const hour = 60 * minute;
/** Milliseconds in a day of 24 hours. */
export const day = 24 * hour;
