import { CHUNK_MAX_BYTES } from '@dfs/protocol';
import { KiB, MiB, second } from '@dfs/runtime';

/** Sizes of slabs: a chunk takes the smallest that holds it, so that little of one is resident for nothing. */
const SIZES = [256 * KiB, 512 * KiB, 1 * MiB, 2 * MiB, CHUNK_MAX_BYTES] as const;
/** Bytes of all slabs there are: about what an upload and a few readers have under way. */
const MOST_BYTES = 96 * MiB;
/** How long they are kept while nothing is transferred. */
const KEEP_FOR = 20 * second;

/**
 * Memory for chunks on their way in or out, used again and again: fresh memory for each chunk costs the kernel and the
 * garbage collector together more than hashing it. Shared memory, so that another thread can hash it without a copy.
 * The owner of a slab may give it back once, or leave it to the garbage collector; never while someone still reads it.
 */
class Slabs {
  /** By size. The one used last is used next: the others may stay untouched. */
  #spare = new Map<number, SharedArrayBuffer[]>(SIZES.map((size) => [size, []]));
  /** Bytes of all slabs that somebody has or that are spare. V8 does not count shared memory, so they must be bounded. */
  #bytes = 0;
  readonly #gone = new FinalizationRegistry<number>((size) => (this.#bytes -= size));
  #timer: NodeJS.Timeout | undefined;

  /**
   * `size` bytes at the start of a slab, at most CHUNK_MAX_BYTES; of ordinary memory where too many slabs are in use. They
   * hold whatever was there before.
   */
  take(size: number): Uint8Array {
    const fitting = SIZES.findIndex((each) => each >= size);
    if (fitting < 0) throw new RangeError(`no slab has ${size} bytes`);
    const slab = this.#spareOf(SIZES[fitting]!) ?? this.#make(SIZES[fitting]!) ?? this.#larger(fitting);
    return slab ? new Uint8Array(slab, 0, size) : Buffer.allocUnsafeSlow(size);
  }

  /** Bytes from `take`, which nobody reads any more. */
  give({ buffer }: Uint8Array): void {
    const spare = this.#spare.get(buffer.byteLength);
    if (!(buffer instanceof SharedArrayBuffer) || !spare) return;
    if (spare.includes(buffer)) throw new Error('a slab was given back twice');
    spare.push(buffer);
    this.#timer ??= setTimeout(() => this.#drop(), KEEP_FOR).unref();
    this.#timer.refresh();
  }

  #spareOf(size: number): SharedArrayBuffer | undefined {
    return this.#spare.get(size)!.pop();
  }

  #make(size: number): SharedArrayBuffer | undefined {
    if (this.#bytes + size > MOST_BYTES) return undefined;
    const slab = new SharedArrayBuffer(size);
    this.#bytes += size;
    this.#gone.register(slab, size);
    return slab;
  }

  #larger(than: number): SharedArrayBuffer | undefined {
    for (const size of SIZES.slice(than + 1)) {
      const spare = this.#spareOf(size);
      if (spare) return spare;
    }
    return undefined;
  }

  /** Where the process was started with `--expose-gc`, as the engine is, at once; elsewhere with the next collection. */
  #drop(): void {
    for (const spare of this.#spare.values()) spare.length = 0;
    void globalThis.gc?.({ type: 'major', execution: 'async' });
  }
}

/** Of this process: all uploads share them. */
export const slabs = new Slabs();
