import { endianness } from 'node:os';
import { CHUNK_MAX_BYTES, CHUNK_MIN_BYTES } from '@dfs/protocol';
import { CHUNK_NORMAL_BYTES, GEAR, LOOSE_MASK, STRICT_MASK, WINDOW_BYTES } from './gear.js';

/** Where hashing begins: as many bytes before the shortest cut as the window needs, less the one that is tested. */
const HASH_FROM = CHUNK_MIN_BYTES - WINDOW_BYTES;
const TEST_FROM = CHUNK_MIN_BYTES - 1;
const LITTLE_ENDIAN = endianness() === 'LE';

/**
 * FastCDC with normalised chunking (Xia et al., USENIX ATC 2016), fed piece by piece. Where it cuts depends on the bytes of the chunk alone, never on
 * how they were cut into pieces. A cut at length n depends on n and on the 32 bytes before it.
 */
export class Cutter {
  /** Bytes of the current chunk seen so far. */
  #length = 0;
  #hash = 0;

  /**
   * Reads `piece` from `from` on. Gives the index at which the current chunk ends, and starts the next chunk there;
   * or −1 when the whole piece belongs to the current chunk.
   */
  next(piece: Uint8Array, from: number): number {
    let at = from;
    while (at < piece.length) {
      const length = this.#length;
      const room = piece.length - at;
      if (length < HASH_FROM) {
        const skipped = Math.min(HASH_FROM - length, room);
        at += skipped;
        this.#length += skipped;
      } else if (length < TEST_FROM) {
        const end = at + Math.min(TEST_FROM - length, room);
        for (let i = at; i < end; i++) this.#hash = ((this.#hash << 1) + GEAR[piece[i]!]!) | 0;
        this.#length += end - at;
        at = end;
      } else {
        const strict = length < CHUNK_NORMAL_BYTES;
        const end = at + Math.min((strict ? CHUNK_NORMAL_BYTES : CHUNK_MAX_BYTES) - length, room);
        const cut = this.#scan(piece, at, end, strict ? STRICT_MASK : LOOSE_MASK);
        if (cut >= 0) return this.#restart(cut);
        this.#length += end - at;
        at = end;
        if (this.#length === CHUNK_MAX_BYTES) return this.#restart(at);
      }
    }
    return -1;
  }

  #restart(at: number): number {
    this.#length = 0;
    this.#hash = 0;
    return at;
  }

  /** The index after the first byte in [from, to) at which the hash passes the mask, or −1. */
  #scan(piece: Uint8Array, from: number, to: number, mask: number): number {
    const address = piece.byteOffset + from;
    const firstWord = (address + 3) >> 2;
    const words = ((piece.byteOffset + to) >> 2) - firstWord;
    if (!LITTLE_ENDIAN || words <= 0) return this.#scanBytes(piece, from, to, mask);
    const aligned = (firstWord << 2) - piece.byteOffset;
    const before = this.#scanBytes(piece, from, aligned, mask);
    if (before >= 0) return before;
    const scanned = this.#scanWords(new Int32Array(piece.buffer, firstWord << 2, words), mask);
    return this.#scanBytes(piece, aligned + (scanned << 2), to, mask);
  }

  #scanBytes(piece: Uint8Array, from: number, to: number, mask: number): number {
    let hash = this.#hash;
    for (let i = from; i < to; i++) {
      hash = ((hash << 1) + GEAR[piece[i]!]!) | 0;
      if ((hash & mask) === 0) return i + 1;
    }
    this.#hash = hash;
    return -1;
  }

  /**
   * The same by four bytes a load, up to the word in which a hash passes the mask: the number of words before that one. The hot loop of
   * every upload. It has one way out and its table in a variable of its own: with four ways, and the table of the module, it takes half as
   * long again.
   */
  #scanWords(words: Int32Array, mask: number): number {
    const gear = GEAR;
    let hash = this.#hash;
    let at = 0;
    for (; at < words.length; at++) {
      const word = words[at]!;
      const a = ((hash << 1) + gear[word & 255]!) | 0;
      const b = ((a << 1) + gear[(word >>> 8) & 255]!) | 0;
      const c = ((b << 1) + gear[(word >>> 16) & 255]!) | 0;
      const d = ((c << 1) + gear[word >>> 24]!) | 0;
      if ((a & mask) === 0 || (b & mask) === 0 || (c & mask) === 0 || (d & mask) === 0) break;
      hash = d;
    }
    this.#hash = hash;
    return at;
  }
}
