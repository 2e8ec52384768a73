import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { jest } from '@jest/globals';
import fc from 'fast-check';
import { CHUNK_MIN_BYTES, EMPTY_CONTENT, cidOf, isManifestCid, sha256, type Cid } from '@dfs/protocol';
import { abortError, KiB, MiB } from '@dfs/runtime';
import { realFiles, sha256Hex } from '@dfs/testing';
import { chunksFrom, summarise } from './manifest/reader.js';
import { slabs } from './slabs.js';
import {
  storeChunk,
  storeContent,
  storeManifest,
  storePart,
  storeRest,
  type PartChunk,
  type PushedBytes,
  type TakePiece,
} from './store-content.js';
import { StoreFixture } from './testing/fixture.js';
import { inPieces, pinnedBytes } from './testing/inputs.js';
import { MemoryBatch } from './testing/memory-batch.js';

describe('storeContent', () => {
  it('and reading back is identity, for any size and any fragments', async () => {
    const bytes = pinnedBytes('identity', 5 * MiB);
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.nat(3000), fc.nat(300 * KiB), fc.nat(bytes.length)),
        fc.array(fc.integer({ min: 500, max: 400 * KiB }), { minLength: 1, maxLength: 5 }),
        async (size, fragments) => {
          const batch = new MemoryBatch();
          const input = bytes.subarray(0, size);
          const stored = await storeContent(batch, inPieces(input, fragments), { digests: ['sha256', 'sha512'] });
          const sha512 = createHash('sha512').update(input).digest();
          expect(stored).toMatchObject({ size, digests: { sha256: sha256(input), sha512 } });
          const parts: Uint8Array[] = [];
          for await (const { id } of chunksFrom(stored.contentId, size, batch.getBlock)) {
            parts.push(batch.blocks.get(id)!);
          }
          expect(parts).toHaveLength(stored.chunkCount);
          expect(Buffer.compare(Buffer.concat(parts), input)).toBe(0);
          expect(await summarise(stored.contentId, size, batch.getBlock)).toMatchObject({
            chunkCount: stored.chunkCount,
          });
          // The whole, and nothing that no reader would find.
          const blocks = new Set([...batch.asked, ...parts.map((part) => cidOf(part))]);
          for (const id of batch.blocks.keys()) expect(blocks.has(id)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('cuts a content that comes in parts as one that comes at once', async () => {
    const bytes = pinnedBytes('in parts', 9 * MiB);
    const partsFrom = (min: number): fc.Arbitrary<number[]> =>
      fc.array(fc.integer({ min, max: 3 * MiB }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.tuple(fc.nat(300 * KiB), partsFrom(1000)),
          // Each part reads again what the last one left over: of a large content not too many.
          fc.tuple(fc.nat(bytes.length), partsFrom(100 * KiB)),
        ),
        async ([size, parts]) => {
          const input = bytes.subarray(0, size);
          const [batch, whole] = [new MemoryBatch(), new MemoryBatch()];
          const chunks: PartChunk[] = [];
          let rest: Uint8Array = new Uint8Array(0);
          for (let at = 0, turn = 0; at < size; turn++) {
            const piece = input.subarray(at, at + parts[turn % parts.length]!);
            const part = await storePart(batch, inPieces(Buffer.concat([rest, piece]), [64 * KiB]));
            chunks.push(...part.chunks);
            rest = part.rest;
            at += piece.length;
          }
          if (rest.length > 0) chunks.push(await storeRest(batch, rest));
          const stored = await storeManifest(batch, chunks);
          expect(stored).toEqual(await storeContent(whole, inPieces(input, [100 * KiB])));
          expect(new Set(batch.blocks.keys())).toEqual(new Set(whole.blocks.keys()));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('gives no block for an empty file, and one for a small one', async () => {
    const batch = new MemoryBatch();
    expect(await storeContent(batch, inPieces(new Uint8Array(0), [1]))).toEqual({
      contentId: EMPTY_CONTENT,
      size: 0,
      chunkCount: 0,
    });
    expect(batch.blocks.size).toBe(0);
    const small = pinnedBytes('small', 4 * KiB);
    const { contentId } = await storeContent(batch, inPieces(small, [1000]));
    expect(contentId).toBe(cidOf(small));
    expect([...batch.blocks.keys()]).toEqual([contentId]);
  });

  it('gives a content of one chunk the same id without a stream', async () => {
    const bytes = pinnedBytes('one chunk', CHUNK_MIN_BYTES);
    for (const size of [0, 1, 5000, CHUNK_MIN_BYTES - 1, CHUNK_MIN_BYTES]) {
      const [streamed, whole] = [new MemoryBatch(), new MemoryBatch()];
      const input = bytes.subarray(0, size);
      expect(await storeChunk(whole, input)).toEqual(await storeContent(streamed, inPieces(input, [1000])));
      expect(whole.blocks).toEqual(streamed.blocks);
    }
    await expect(storeChunk(new MemoryBatch(), Buffer.alloc(CHUNK_MIN_BYTES + 1))).rejects.toThrow(RangeError);
  });

  it('stores and reads back real files, and adds nothing for equal ones', async () => {
    await using fixture = await StoreFixture.open();
    const put = async (path: string): Promise<{ contentId: Cid; size: number }> => {
      const batch = fixture.store.batch('local');
      const stored = await storeContent(batch, createReadStream(path));
      await batch.flush();
      await fixture.commit(batch);
      return stored;
    };
    const [large] = await realFiles({ max: 24 * MiB, count: 1 });
    const [small] = await realFiles({ max: 5 * MiB, count: 1 });
    for (const { path, size } of [large!, small!]) {
      const stored = await put(path);
      expect(stored.size).toBe(size);
      const hash = createHash('sha256');
      const ids: Cid[] = [];
      for await (const { id } of chunksFrom(stored.contentId, size, (id) => fixture.store.get(id))) ids.push(id);
      for await (const { bytes } of fixture.store.getMany(ids)) hash.update(bytes);
      expect({ path, sha256: hash.digest('hex') }).toEqual({ path, sha256: await sha256Hex(path) });
      const { chunks, bytes } = fixture.store.usage();
      expect((await put(path)).contentId).toBe(stored.contentId);
      expect(fixture.store.usage()).toMatchObject({ chunks, bytes });
    }
  });

  it('holds little of a source that is faster than the batch, and lets the event loop turn', async () => {
    const bytes = pinnedBytes('pressure', 1 * MiB);
    let given = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (; given < 72 * MiB; given += 64 * KiB) yield bytes.subarray(0, 64 * KiB);
    }
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let added = 0;
    const batch = new MemoryBatch();
    const slow = Object.assign(Object.create(batch) as MemoryBatch, {
      add: async () => {
        added++;
        await held;
      },
    });
    const stored = storeContent(slow, endless());
    let before = -1;
    while (before !== given || added === 0) {
      before = given;
      for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    }
    expect(given).toBeLessThan(24 * MiB);
    release();
    expect((await stored).size).toBe(72 * MiB);
  });

  it('takes bytes that are pushed to it as those that it asks for, and lets their source wait', async () => {
    const bytes = pinnedBytes('pushed', 40 * MiB);
    const asked = new MemoryBatch();
    const expected = await storeContent(asked, inPieces(bytes, [100_003]), { digests: ['sha256'] });
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const batch = new MemoryBatch();
    const slow = Object.assign(Object.create(batch) as MemoryBatch, {
      add: (...block: Parameters<MemoryBatch['add']>) => held.then(() => batch.add(...block)),
    });
    const source = new Pushed(bytes, [100_003]);
    const stored = storeContent(slow, source, { digests: ['sha256'] });
    await source.waits;
    expect(source.given).toBeLessThan(24 * MiB);
    release();
    expect(await stored).toEqual(expected);
    expect(new Set(batch.blocks.keys())).toEqual(new Set(asked.blocks.keys()));
    for (const [id, block] of batch.blocks) expect(Buffer.compare(block, asked.blocks.get(id)!)).toBe(0);
  });

  it('gives back its memory once the batch has written what is in it', async () => {
    const [take, give] = [jest.spyOn(slabs, 'take'), jest.spyOn(slabs, 'give')];
    try {
      await using fixture = await StoreFixture.open();
      for (const size of [1, 200 * KiB, 600 * KiB, 30 * MiB]) {
        const batch = fixture.store.batch('local');
        await storeContent(batch, inPieces(pinnedBytes(`slabs ${size}`, size), [64 * KiB]));
        await batch.flush();
        await fixture.commit(batch);
      }
      const taken = take.mock.results.map(({ value }) => (value as Uint8Array).buffer);
      expect(taken.length).toBeGreaterThan(4);
      expect(new Set(give.mock.calls.map(([bytes]) => bytes.buffer))).toEqual(new Set(taken));
      expect(give).toHaveBeenCalledTimes(taken.length);
    } finally {
      take.mockRestore();
      give.mockRestore();
    }
  });

  it('adds nothing to the batch any more once it has failed', async () => {
    const bytes = pinnedBytes('pushed and broken', 12 * MiB);
    for (const [what, fault] of [
      ['the connection was lost', new Error('the connection was lost')],
      ['cancelled', 'abort'],
    ] as const) {
      const abort = new AbortController();
      const batch = new MemoryBatch();
      const source = new Pushed(bytes, [64 * KiB], () => {
        if (fault instanceof Error) throw fault;
        abort.abort();
      });
      await expect(storeContent(batch, source, { signal: abort.signal })).rejects.toThrow(what);
      const { size } = batch.blocks;
      for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
      expect(batch.blocks.size).toBe(size);
    }
  });

  it('does not starve others while it runs', async () => {
    const bytes = pinnedBytes('starve', 64 * KiB);
    async function* source(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 2000; i++) yield bytes;
    }
    let turns = 0;
    let running = true;
    const turning = (async () => {
      for (; running; turns++) await new Promise(setImmediate);
    })();
    await storeContent(new MemoryBatch(), source());
    running = false;
    await turning;
    expect(turns).toBeGreaterThan(10);
  });

  it('ends with the signal, wherever it is', async () => {
    const bytes = pinnedBytes('abort', 8 * MiB);
    await using fixture = await StoreFixture.open();
    for (const after of [0, 3, 100]) {
      const abort = new AbortController();
      let pieces = 0;
      let closed = false;
      async function* source(): AsyncGenerator<Uint8Array> {
        try {
          for await (const piece of inPieces(bytes, [64 * KiB])) {
            if (pieces++ === after) abort.abort();
            yield piece;
          }
        } finally {
          closed = true;
        }
      }
      const batch = fixture.store.batch('local');
      await expect(storeContent(batch, source(), { signal: abort.signal })).rejects.toMatchObject({ code: 'aborted' });
      await batch.abort();
      await new Promise(setImmediate);
      expect(closed).toBe(true);
    }
    expect([...(await fixture.packs()), ...(await fixture.temporary())]).toEqual([]);
  });

  it('fails with the source’s error, and with the batch’s', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield pinnedBytes('broken', 3 * MiB);
      throw new Error('the connection was lost');
    }
    await expect(storeContent(new MemoryBatch(), broken())).rejects.toThrow('the connection was lost');
    await using fixture = await StoreFixture.open({ quotaBytes: 2 * MiB });
    const batch = fixture.store.batch('local');
    const content = inPieces(pinnedBytes('over', 40 * MiB), [64 * KiB]);
    await expect(storeContent(batch, content)).rejects.toMatchObject({ code: 'quota-exceeded' });
    await batch.abort();
    expect([...(await fixture.packs()), ...(await fixture.temporary())]).toEqual([]);
  });

  it('tells of its progress', async () => {
    const told: number[] = [];
    const bytes = pinnedBytes('progress', 6 * MiB);
    await storeContent(new MemoryBatch(), inPieces(bytes, [100_000]), { onProgress: (done) => told.push(done) });
    expect(told.length).toBeGreaterThan(2);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(told.at(-1)).toBe(bytes.length);
  });

  it('stores many contents in one batch, and many batches at once', async () => {
    await using fixture = await StoreFixture.open();
    const inputs = Array.from({ length: 60 }, (_, n) =>
      pinnedBytes(`many ${n}`, n % 7 === 0 ? 2 * MiB + n : 4 * KiB + n),
    );
    const batch = fixture.store.batch('local');
    const together: { contentId: Cid; size: number }[] = [];
    for (const input of inputs.slice(0, 30)) together.push(await storeContent(batch, inPieces(input, [64 * KiB])));
    await batch.flush();
    await fixture.commit(batch);
    const apart = await Promise.all(
      inputs.slice(30).map(async (input) => {
        const own = fixture.store.batch('local');
        const stored = await storeContent(own, inPieces(input, [64 * KiB]));
        await own.flush();
        await fixture.commit(own);
        return stored;
      }),
    );
    for (const [index, { contentId, size }] of [...together, ...apart].entries()) {
      expect(isManifestCid(contentId)).toBe(size >= 2 * MiB);
      const parts: Uint8Array[] = [];
      const ids: Cid[] = [];
      for await (const { id } of chunksFrom(contentId, size, (id) => fixture.store.get(id))) ids.push(id);
      for await (const { bytes } of fixture.store.getMany(ids)) parts.push(bytes);
      expect(Buffer.compare(Buffer.concat(parts), inputs[index]!)).toBe(0);
    }
  });
});

/** Bytes that come by themselves, in pieces of the sizes given. */
class Pushed implements PushedBytes {
  given = 0;
  /** Resolves when it is first made to wait. */
  readonly waits: Promise<undefined>;
  readonly #waited = Promise.withResolvers<undefined>();

  /** @param beforeLast called before the last piece is given */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly sizes: readonly number[],
    private readonly beforeLast: () => void = () => {},
  ) {
    this.waits = this.#waited.promise;
  }

  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    return inPieces(this.bytes, this.sizes);
  }

  async pushTo(take: TakePiece, signal?: AbortSignal): Promise<void> {
    for await (const piece of this) {
      this.given += piece.length;
      if (this.given === this.bytes.length) this.beforeLast();
      if (signal?.aborted) throw abortError(signal);
      const taking = take(piece);
      if (!taking) continue;
      this.#waited.resolve(undefined);
      await taking;
    }
  }
}
