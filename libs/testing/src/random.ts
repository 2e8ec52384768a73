import { createCipheriv } from 'node:crypto';

/** Repeatable randomness (mulberry32): the same seed, the same run. Print the seed when a test fails. */
export interface SeededRandom {
  readonly seed: number;
  /** In [0, 1). */
  next(): number;
  /** An integer in [min, max]. */
  int(min: number, max: number): number;
  pick<T>(items: readonly T[]): T;
  bytes(length: number): Uint8Array;
}

/** More bytes than this come from a key stream, since a word of four at a time takes longer than what is tested with them. */
const WORDS_AT_MOST = 1024;

/** The numbers that follow from this seed; from one of the clock when left out. */
export function seededRandom(seed: number = Date.now() % 2 ** 31): SeededRandom {
  let state = seed >>> 0;
  const word = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  const few = (length: number): Uint8Array => {
    const words = new Uint32Array(Math.ceil(length / 4));
    for (let i = 0; i < words.length; i++) words[i] = word();
    return new Uint8Array(words.buffer, 0, length);
  };
  const next = (): number => word() / 2 ** 32;
  return {
    seed,
    next,
    int: (min, max) => min + Math.floor(next() * (max - min + 1)),
    pick: (items) => {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined) throw new Error('nothing to pick from');
      return item;
    },
    bytes: (length) => (length <= WORDS_AT_MOST ? few(length) : keyStream(few(16), length)),
  };
}

/** As long as `length`, of AES-128-CTR: the same everywhere, at gigabytes a second. */
function keyStream(key: Uint8Array, length: number): Uint8Array {
  const stream = createCipheriv('aes-128-ctr', key, new Uint8Array(16)).update(new Uint8Array(length));
  return new Uint8Array(stream.buffer, stream.byteOffset, stream.length);
}
