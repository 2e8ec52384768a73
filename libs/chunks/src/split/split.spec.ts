import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import fc from 'fast-check';
import { CHUNK_MAX_BYTES, CHUNK_MIN_BYTES, cidOf } from '@dfs/protocol';
import { KiB, MiB } from '@dfs/runtime';
import { realFiles, seededRandom, sha256Hex } from '@dfs/testing';
import { collect, inPieces, pinnedBytes } from '../testing/inputs.js';
import { CHUNK_NORMAL_BYTES, GEAR, LOOSE_MASK, STRICT_MASK, WINDOW_BYTES } from './gear.js';
import { split } from './split.js';

/** The definition, byte by byte, with nothing clever: what the fast cutter must agree with. */
function cutsByDefinition(bytes: Uint8Array): number[] {
  const sizes: number[] = [];
  let start = 0;
  while (start < bytes.length) {
    let length = Math.min(CHUNK_MIN_BYTES, bytes.length - start);
    for (; length < Math.min(CHUNK_MAX_BYTES, bytes.length - start); length++) {
      let hash = 0;
      for (let i = start + length - WINDOW_BYTES; i < start + length; i++) hash = ((hash << 1) + GEAR[bytes[i]!]!) | 0;
      if ((hash & (length <= CHUNK_NORMAL_BYTES ? STRICT_MASK : LOOSE_MASK)) === 0) break;
    }
    sizes.push(length);
    start += length;
  }
  return sizes;
}

const sizesOf = async (source: AsyncIterable<Uint8Array>): Promise<number[]> =>
  (await collect(source)).map((chunk) => chunk.length);

describe('split', () => {
  const random = pinnedBytes('split', 6 * MiB);

  it('cuts where the definition says', async () => {
    expect(await sizesOf(split(inPieces(random, [64 * KiB])))).toEqual(cutsByDefinition(random));
  });

  it('cuts alike however the input is fragmented and aligned, and joins to the same bytes', async () => {
    const bytes = random.subarray(0, 3 * MiB);
    const expected = await sizesOf(split(inPieces(bytes, [bytes.length])));
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 3 * MiB })), {
      minLength: 1,
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 0, max: 7 }), async (fragments, shift) => {
        fc.pre(fragments.reduce((a, b) => a + b) / fragments.length > 2 * KiB);
        const shifted = new Uint8Array(new ArrayBuffer(bytes.length + shift), shift);
        shifted.set(bytes);
        const chunks = await collect(split(inPieces(shifted, fragments)));
        expect(chunks.map((chunk) => chunk.length)).toEqual(expected);
        expect(Buffer.compare(Buffer.concat(chunks), bytes)).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('agrees with the definition on input of every kind of regularity', async () => {
    const block = fc.uint8Array({ minLength: 1, maxLength: 400 });
    await fc.assert(
      fc.asyncProperty(block, fc.integer({ min: 1, max: 5000 }), fc.integer(), async (pattern, random, seed) => {
        const bytes = new Uint8Array(1 * MiB + (seed & 1023));
        for (let at = 0; at < bytes.length; at += pattern.length) bytes.set(pattern.subarray(0, bytes.length - at), at);
        bytes.set(seededRandom(seed).bytes(random), bytes.length >> 2);
        expect(await sizesOf(split(inPieces(bytes, [100_003])))).toEqual(cutsByDefinition(bytes));
      }),
      { numRuns: 10 },
    );
  });

  it('keeps the limits, with a mean near 1 MiB', async () => {
    const bytes = pinnedBytes('mean', 96 * MiB);
    const sizes = await sizesOf(split(inPieces(bytes, [256 * KiB])));
    const last = sizes.pop()!;
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(CHUNK_MIN_BYTES);
    expect(Math.max(...sizes, last)).toBeLessThanOrEqual(CHUNK_MAX_BYTES);
    const mean = (bytes.length - last) / sizes.length;
    expect(mean).toBeGreaterThan(0.85 * MiB);
    expect(mean).toBeLessThan(1.15 * MiB);
  });

  it('gives the largest chunks for bytes without features', async () => {
    expect(await sizesOf(split(inPieces(new Uint8Array(9 * MiB), [64 * KiB])))).toEqual([4 * MiB, 4 * MiB, 1 * MiB]);
  });

  it('changes few chunks when bytes are inserted, removed or changed', async () => {
    const bytes = pinnedBytes('locality', 10 * MiB);
    const ids = async (input: Uint8Array): Promise<string[]> =>
      (await collect(split(inPieces(input, [64 * KiB])))).map((chunk) => cidOf(chunk));
    const before = new Set(await ids(bytes));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: bytes.length - 10_000 }),
        fc.integer({ min: 0, max: 10_000 }),
        fc.uint8Array({ maxLength: 5000 }),
        async (at, removed, inserted) => {
          const edited = Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + removed)]);
          const fresh = (await ids(edited)).filter((id) => !before.has(id));
          expect(fresh.length).toBeLessThanOrEqual(5);
        },
      ),
      { numRuns: 15, seed: 7 },
    );
  });

  it('gives no chunk for no bytes, and takes empty pieces', async () => {
    expect(await sizesOf(split(inPieces(new Uint8Array(0), [1])))).toEqual([]);
    async function* empties(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(0);
      yield Uint8Array.of(1, 2);
      yield new Uint8Array(0);
      yield Uint8Array.of(3);
    }
    expect(await collect(split(empties()))).toEqual([Uint8Array.of(1, 2, 3)]);
  });

  it('gives up at once when the signal fires while the source is silent, and tells the source', async () => {
    const abort = new AbortController();
    let returned = false;
    const source: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => queueMicrotask(() => abort.abort())),
        return: async () => {
          returned = true;
          return { done: true, value: undefined };
        },
      }),
    };
    await expect(collect(split(source, abort.signal))).rejects.toMatchObject({ code: 'aborted' });
    expect(returned).toBe(true);
  });

  it('passes the source’s own error on, and closes the source when the reader leaves', async () => {
    let closed = 0;
    async function* failing(): AsyncGenerator<Uint8Array> {
      try {
        for (let i = 0; i < 100; i++) yield pinnedBytes('failing', 64 * KiB);
        throw new Error('the source broke');
      } finally {
        closed++;
      }
    }
    await expect(collect(split(failing(), new AbortController().signal))).rejects.toThrow('the source broke');
    for await (const chunk of split(failing())) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(closed).toBe(2);
  });

  it('splits and joins real files', async () => {
    for (const { path, size } of await realFiles({ min: 64 * KiB, max: 24 * MiB, count: 3 })) {
      const hash = createHash('sha256');
      let total = 0;
      for await (const chunk of split(createReadStream(path, { highWaterMark: 64 * KiB }))) {
        hash.update(chunk);
        total += chunk.length;
      }
      expect({ path, total, sha256: hash.digest('hex') }).toEqual({ path, total: size, sha256: await sha256Hex(path) });
    }
  });
});
