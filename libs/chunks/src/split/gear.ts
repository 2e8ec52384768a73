import { createHash } from 'node:crypto';
import { KiB } from '@dfs/runtime';

// Everything in this file decides where chunks are cut, and so every content id. It is pinned by golden vectors. Gear
// hashing and the two masks are those of FastCDC (Xia et al., USENIX ATC 2016).

/** Bytes a cut depends on: a 32-bit hash that moves one bit a byte has forgotten everything before them. */
export const WINDOW_BYTES = 32;

/** Length up to which a cut must pass the strict mask. With both masks, the mean of random input is 1 MiB from here. */
export const CHUNK_NORMAL_BYTES = 832 * KiB;

/** A cut in 2^22 positions: before the normal length. The high bits are tested, since they depend on the whole window. */
export const STRICT_MASK = 0xff_ff_fc_00 | 0;
/** A cut in 2^18 positions: after the normal length. */
export const LOOSE_MASK = 0xff_ff_c0_00 | 0;

/** 256 signed 32-bit numbers: entry b is the first four bytes, big-endian, of SHA-256("dfs gear table 1" ‖ b). */
export const GEAR: Int32Array = Int32Array.from({ length: 256 }, (_, byte) =>
  createHash('sha256').update('dfs gear table 1').update(Uint8Array.of(byte)).digest().readInt32BE(0),
);
