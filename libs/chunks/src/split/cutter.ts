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
    const cut = this.#scanWords(new Int32Array(piece.buffer, firstWord << 2, words), mask);
    if (cut >= 0) return aligned + cut;
    return this.#scanBytes(piece, aligned + (words << 2), to, mask);
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

  /** The same by four bytes a load: the hot loop of every upload, half as fast again as byte by byte. */
  #scanWords(words: Int32Array, mask: number): number {
    let hash = this.#hash;
    for (let i = 0; i < words.length; i++) {
      const word = words[i]!;
      const a = ((hash << 1) + GEAR[word & 255]!) | 0;
      const b = ((a << 1) + GEAR[(word >>> 8) & 255]!) | 0;
      const c = ((b << 1) + GEAR[(word >>> 16) & 255]!) | 0;
      hash = ((c << 1) + GEAR[word >>> 24]!) | 0;
      if ((a & mask) === 0) return i * 4 + 1;
      if ((b & mask) === 0) return i * 4 + 2;
      if ((c & mask) === 0) return i * 4 + 3;
      if ((hash & mask) === 0) return i * 4 + 4;
    }
    this.#hash = hash;
    return -1;
  }
}
