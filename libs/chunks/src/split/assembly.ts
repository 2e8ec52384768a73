import { CHUNK_MAX_BYTES } from '@dfs/protocol';
import { copyBytes, KiB } from '@dfs/runtime';
import { HASH_ELSEWHERE_BYTES } from '../hashing.js';
import { slabs } from '../slabs.js';
import { copyInto, joined } from './split.js';

/** The first slab of a content; each that follows is twice as long, up to one that holds the longest chunk. */
const FIRST_SLAB_BYTES = 512 * KiB;

/** A chunk whose bytes are side by side. */
export interface Assembled {
  bytes: Uint8Array;
  /** To be called once, when nobody reads the bytes any more; or never, and the garbage collector takes them. */
  readonly release: () => void;
}

/** A slab with several chunks in it, which goes back when the last of them is released and no more are to come. */
class SharedSlab {
  #users = 1;

  constructor(readonly bytes: Uint8Array) {}

  lend(from: number, to: number): Assembled {
    this.#users++;
    return { bytes: this.bytes.subarray(from, to), release: () => this.leave() };
  }

  leave(): void {
    if (--this.#users === 0) slabs.give(this.bytes);
  }
}

/**
 * Puts the pieces of a content together to chunks. Each piece is copied as it comes, while the processor's caches have it, to
 * where its chunk is: the chunks of a content lie one behind the other in slabs, and one that does not fit any more moves on
 * to the next. A content that is not worth hashing elsewhere takes no slab.
 */
export class Assembly {
  #slab: SharedSlab | undefined;
  #next = FIRST_SLAB_BYTES;
  /** Of the chunk at hand: where it begins in the slab, how long it is so far, and its pieces while there is no slab. */
  #start = 0;
  #size = 0;
  #pieces: Uint8Array[] = [];

  /** Bytes of the chunk at hand. */
  get size(): number {
    return this.#size;
  }

  /** Takes what follows of the chunk at hand, which may not become longer than a chunk may be. */
  add(piece: Uint8Array): void {
    const size = this.#size + piece.length;
    if (!this.#slab && size < HASH_ELSEWHERE_BYTES) this.#pieces.push(piece);
    else copyBytes(this.#roomFor(size).bytes, this.#start + this.#size, piece);
    this.#size = size;
  }

  /** The chunk at hand is whole: the next begins. */
  finish(): Assembled {
    const [start, size] = [this.#start, this.#size];
    this.#size = 0;
    this.#start += size;
    if (this.#slab) return this.#slab.lend(start, start + size);
    this.#start = 0;
    return { bytes: joined(this.#pieces.splice(0), size), release: () => {} };
  }

  /** The bytes of the chunk at hand, in memory of their own. */
  rest(): Uint8Array {
    if (!this.#slab) return joined(this.#pieces, this.#size);
    const [from, to] = [this.#start, this.#start + this.#size];
    return copyInto(Buffer.allocUnsafeSlow(this.#size), [this.#slab.bytes.subarray(from, to)]);
  }

  /** No more chunks come. */
  end(): void {
    this.#slab?.leave();
    this.#slab = undefined;
  }

  /** A slab in which the chunk at hand may become so long. */
  #roomFor(size: number): SharedSlab {
    const slab = this.#slab;
    if (slab && this.#start + size <= slab.bytes.length) return slab;
    const next = new SharedSlab(slabs.take(Math.max(this.#next, size)));
    this.#next = Math.min(2 * this.#next, CHUNK_MAX_BYTES);
    copyInto(next.bytes, slab ? [slab.bytes.subarray(this.#start, this.#start + this.#size)] : this.#pieces.splice(0));
    slab?.leave();
    this.#slab = next;
    this.#start = 0;
    return next;
  }
}
