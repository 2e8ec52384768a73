import { CHUNK_MAX_BYTES, second } from '@dfs/protocol';

/** Slabs that are kept for the next chunk: about as many as one transfer has under way. */
const SPARE_SLABS = 16;
/** How long they are kept while nothing is uploaded. */
const KEEP_FOR = 20 * second;

/**
 * Memory for chunks on their way in or out, used again and again: fresh memory for each chunk costs the kernel and the
 * garbage collector together more than hashing it. Shared memory, so that another thread can hash it without a copy.
 * Whoever has a slab may give it back once, or leave it to the garbage collector; never while someone still reads it.
 */
class Slabs {
  /** The one used last is used next: the others may stay untouched. */
  #spare: SharedArrayBuffer[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `size` bytes at the start of a slab, at most CHUNK_MAX_BYTES. They hold whatever was there before. */
  take(size: number): Uint8Array {
    return new Uint8Array(this.#spare.pop() ?? new SharedArrayBuffer(CHUNK_MAX_BYTES), 0, size);
  }

  /** Bytes from `take`, which nobody reads any more. */
  give({ buffer }: Uint8Array): void {
    if (!(buffer instanceof SharedArrayBuffer) || this.#spare.length >= SPARE_SLABS) return;
    if (this.#spare.includes(buffer)) throw new Error('a slab was given back twice');
    this.#spare.push(buffer);
    this.#timer ??= setTimeout(() => (this.#spare = []), KEEP_FOR).unref();
    this.#timer.refresh();
  }
}

/** Of this process: all uploads share them. */
export const slabs = new Slabs();
