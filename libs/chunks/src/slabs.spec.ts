import { CHUNK_MAX_BYTES } from '@dfs/protocol';
import { KiB, MiB } from '@dfs/runtime';
import { slabs } from './slabs.js';

describe('slabs', () => {
  it('are as long as asked for, in memory that another thread can see, and used again', () => {
    for (const size of [1, 128 * KiB, 1 * MiB, 1 * MiB + 1, 3 * MiB, CHUNK_MAX_BYTES]) {
      const bytes = slabs.take(size);
      expect(bytes).toHaveLength(size);
      expect(bytes.buffer).toBeInstanceOf(SharedArrayBuffer);
      slabs.give(bytes);
      const again = slabs.take(size);
      expect(again.buffer).toBe(bytes.buffer);
      slabs.give(again);
    }
    expect(() => slabs.take(CHUNK_MAX_BYTES + 1)).toThrow(RangeError);
  });

  it('have one owner at a time', () => {
    const taken = Array.from({ length: 40 }, () => slabs.take(900 * KiB));
    expect(new Set(taken.map(({ buffer }) => buffer)).size).toBe(40);
    for (const bytes of taken) slabs.give(bytes);
    expect(() => slabs.give(taken[0]!)).toThrow('given back twice');
  });

  it('keep no more than a bound of them, and take no other memory', () => {
    const taken = Array.from({ length: 100 }, () => slabs.take(4 * MiB));
    const buffers = new Set(taken.map(({ buffer }) => buffer));
    for (const bytes of taken) slabs.give(bytes);
    slabs.give(Buffer.alloc(1 * MiB));
    slabs.give(new Uint8Array(new SharedArrayBuffer(5 * MiB)));
    const again = Array.from({ length: 100 }, () => slabs.take(4 * MiB));
    const kept = again.filter(({ buffer }) => buffers.has(buffer)).length;
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThanOrEqual(24);
    expect(again.every(({ length }) => length === 4 * MiB)).toBe(true);
    expect(again.some(({ buffer }) => !(buffer instanceof SharedArrayBuffer))).toBe(true);
  });
});
