import fc from 'fast-check';
import { storeContent } from '@dfs/chunks';
import { DfsError, MiB } from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import { seededRandom } from '@dfs/testing';
import { ContentReader } from './content-reader.js';
import type { Block } from '../ports.js';
import type { BlockReader } from '@dfs/transfer';

const random = seededRandom(3);
const bytes = random.bytes(9 * MiB);

/** Blocks of `bytes`, by id. */
async function blocksOf(): Promise<{ contentId: Cid; blocks: Map<Cid, Uint8Array> }> {
  const blocks = new Map<Cid, Uint8Array>();
  const batch = {
    add: async ({ id, bytes: of }: Block, released?: () => void) => {
      blocks.set(id, Buffer.from(of));
      released?.();
    },
    get: async (id: Cid) => blocks.get(id),
    flush: async () => undefined,
    commit: async () => undefined,
    abort: async () => undefined,
  };
  const source = async function* () {
    yield bytes;
  };
  const { contentId } = await storeContent(batch, source());
  return { contentId, blocks };
}

/** A store or peers that answer each call after its own time. */
function slowly<T>(value: T, delays: () => number): Promise<T> {
  const turns = delays();
  return turns === 0 ? Promise.resolve(value) : new Promise((resolve) => setTimeout(() => resolve(value), turns));
}

describe('the reader of a content', () => {
  it('gives just the bytes asked for, whatever is here, damaged or late', async () => {
    const { contentId, blocks } = await blocksOf();
    const fates = fc.constantFrom('here', 'elsewhere', 'damaged', 'gone');
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length),
        fc.nat(bytes.length),
        fc.array(fates, { minLength: 1, maxLength: 30 }),
        fc.array(fc.nat(3), { minLength: 1, maxLength: 30 }),
        async (offset, length, fateOf, delayOf) => {
          let turn = 0;
          const delays = (): number => delayOf[turn++ % delayOf.length]!;
          const order = [...blocks.keys()];
          const fate = (id: Cid): string => fateOf[order.indexOf(id) % fateOf.length]!;
          const get = async (id: Cid): Promise<Uint8Array> => {
            if (fate(id) === 'damaged') throw new DfsError('chunk-damaged', 'damaged');
            if (fate(id) === 'gone') throw new DfsError('chunk-not-found', 'gone');
            return slowly(blocks.get(id)!, delays);
          };
          const chunks: BlockReader = {
            has: async (ids) => slowly(new Set(ids.filter((id) => fate(id) !== 'elsewhere')), delays),
            get,
            getMany: async function* (ids) {
              for (const id of ids) yield { id, bytes: await get(id) };
            },
          };
          const remote = { get: (id: Cid) => slowly(blocks.get(id)!, delays) };
          const range = { offset, length: Math.min(length, bytes.length - offset) };
          const reader = new ContentReader(
            { chunks, remote },
            contentId,
            bytes.length,
            range,
            new AbortController().signal,
          );
          const parts: Uint8Array[] = [];
          for await (const part of reader.read()) parts.push(part);
          expect(Buffer.compare(Buffer.concat(parts), bytes.subarray(offset, offset + range.length))).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('gives what came before a failure, then the failure: never an end', async () => {
    const { contentId, blocks } = await blocksOf();
    const [, second] = [...blocks.keys()];
    const chunks: BlockReader = {
      has: async (ids) => new Set(ids.filter((id) => id !== second)),
      get: async (id) => {
        if (id === second) throw new DfsError('chunk-not-found', 'gone');
        return blocks.get(id)!;
      },
      getMany: async function* (ids) {
        for (const id of ids) yield { id, bytes: blocks.get(id)! };
      },
    };
    const remote = { get: async () => Promise.reject(new DfsError('content-unavailable', 'nobody')) };
    const range = { offset: 0, length: bytes.length };
    const read = new ContentReader({ chunks, remote }, contentId, bytes.length, range, new AbortController().signal);
    const parts: Uint8Array[] = [];
    const reading = (async () => {
      for await (const part of read.read()) parts.push(part);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'content-unavailable' });
    expect(parts).toHaveLength(1);
  });

  it('tries once more what is damaged here and nowhere else, and says where to look', async () => {
    const { contentId, blocks } = await blocksOf();
    const [, second] = [...blocks.keys()];
    let tried = 0;
    const chunks: BlockReader = {
      has: async (ids) => new Set(ids.filter((id) => id !== second)),
      get: async (id) => {
        if (id === second && ++tried === 1) throw new DfsError('chunk-damaged', 'damaged');
        return blocks.get(id)!;
      },
      getMany: async function* (ids) {
        for (const id of ids) yield { id, bytes: blocks.get(id)! };
      },
    };
    const remote = { get: async () => Promise.reject(new DfsError('content-unavailable', 'nobody')) };
    const read = async (): Promise<number> => {
      const range = { offset: 0, length: bytes.length };
      const signal = new AbortController().signal;
      let count = 0;
      for await (const part of new ContentReader({ chunks, remote }, contentId, bytes.length, range, signal).read())
        count += part.length;
      return count;
    };
    await expect(read()).rejects.toMatchObject({
      code: 'content-unavailable',
      message: expect.stringMatching(/^Part of this content is damaged on this node, .* Check the disk of this node/),
    });
    expect(await read()).toBe(bytes.length);
  });
});
