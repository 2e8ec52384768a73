import { MiB, minute, second } from '@dfs/runtime';

// Messages between a node and its process for images, and the limits of that process.

/** A larger file has no thumbnail. Bytes. */
export const MAX_IMAGE_BYTES = 50 * MiB;
/** An image of more pixels is not decoded: it would take more memory than the process may use. */
export const MAX_PIXELS = 100_000_000;
/** Memory of the process, with all that decoders take; it ends beyond that. Bytes. */
export const MAX_MEMORY = 512 * MiB;
/** Time of the processor for one image; the process ends beyond that. On a busy machine it may last much longer by the clock. */
export const MADE_WITHIN = 10 * second;
/** The process looks so often at the memory and the time it uses. Milliseconds. */
export const LOOK_EVERY = 50;
/** A process that has all of an image and gives no answer for so long hangs. */
export const ANSWERED_WITHIN = 5 * minute;
/** How the process ends that used too much memory: an exit code. */
export const OUT_OF_MEMORY = 70;
/** How it ends that used too much time. */
export const OUT_OF_TIME = 71;

/** To the process: an image begins, a piece of its bytes, its end. One image at a time. */
export type ToChild = { readonly edge: number } | { readonly piece: Uint8Array } | { readonly end: true };

/** From the process: a picture, or why there is none. `no-decoder`: it never makes any. */
export type FromChild = { readonly picture: Uint8Array } | { readonly none: 'not-shown' | 'no-decoder' };
