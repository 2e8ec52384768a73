import { readFile } from 'node:fs/promises';
import { cidDigest, cidOf, EMPTY_CONTENT, sha256, type Cid } from '@dfs/protocol';
import { MiB, silentLog } from '@dfs/runtime';
import { eventually, seededRandom } from '@dfs/testing';
import type { Replicator } from '../replicate/replicator.js';
import { COMMIT_BYTES } from '../rotating-batch.js';
import { World, type WorldNode } from '../testing/world.js';
import { Arrivals, type ArrivalsComponents } from '../ahead/arrivals.js';
import { ContentsHere, type BlockHere } from './contents-here.js';

const random = seededRandom(57);
const never = new AbortController().signal;

async function two() {
  const world = await World.of(2, { replicas: 2 });
  const [a, b] = world.nodes as [WorldNode, WorldNode];
  await eventually(async () => a.transport.connections().length > 0);
  return { world, a, b };
}

function bound<T extends object>(target: T, name: keyof T): unknown {
  const value = target[name];
  return typeof value === 'function' ? (value.bind(target) as unknown) : value;
}

/** All that is told, one after another. */
async function told(groups: AsyncIterable<readonly BlockHere[]>): Promise<BlockHere[]> {
  const all: BlockHere[] = [];
  for await (const group of groups) all.push(...group);
  return all;
}

const some = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ path: `f${n}`, bytes: Buffer.from(random.bytes(2000)) }));

describe('many small contents', () => {
  it('that are on their way here are waited for, and come once', async () => {
    const { world, a, b } = await two();
    await using _ = world;
    const files = some(300);
    const stored = await a.putMany(files);
    const ids = stored.map(({ contentId }) => contentId);
    const found = await b.placement.here.small([...ids, EMPTY_CONTENT], never);
    expect([...found.keys()].sort()).toEqual([...ids, EMPTY_CONTENT].sort());
    for (const [at, id] of ids.entries()) expect(Buffer.compare(found.get(id)!, files[at]!.bytes)).toBe(0);
    expect(a.placement.status().sentBytes).toBeLessThan(300 * 2000 * 1.5);
  });

  it('that nobody brings are left out at once', async () => {
    const { world, a, b } = await two();
    await using _ = world;
    const here = await b.putMany(some(10));
    await a.stop();
    const ids = here.map(({ contentId }) => contentId);
    const elsewhere = some(20).map(({ bytes }) => cidOf(bytes));
    const found = await b.placement.here.small([...ids, ...elsewhere], never);
    expect([...found.keys()].sort()).toEqual([...ids, EMPTY_CONTENT].sort());
  });

  it('a large one that is on its way here is waited for, and fetched before others', async () => {
    const { world, a, b } = await two();
    await using _ = world;
    const bytes = Buffer.from(random.bytes(20 * MiB));
    const { contentId, size } = await a.put('large', bytes);
    const blocks = await told(b.placement.here.blocks(contentId, size, never));
    expect(blocks.reduce((sum, block) => sum + block.size, 0)).toBe(size);
    await eventually(async () => (await b.pinned(contentId)) === 1);
  });

  it('large ones are told by where their blocks lie, and those that nobody brings are refused', async () => {
    const { world, a, b } = await two();
    await using _ = world;
    const bytes = Buffer.from(random.bytes(6 * MiB));
    const { contentId, size } = await a.put('large', bytes);
    const blocks = await told(a.placement.here.blocks(contentId, size, never));
    const pieces = await Promise.all(
      blocks.map(async ({ file, ...block }) => {
        const piece = (await readFile(file)).subarray(block.offset, block.offset + block.size);
        expect(Buffer.compare(sha256(piece), block.digest)).toBe(0);
        return piece;
      }),
    );
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
    const other = await a.putMany([{ path: 'other', bytes: random.bytes(2 * MiB) }], { publish: false });
    const elsewhere = told(b.placement.here.blocks(other[0]!.contentId, 2 * MiB, never));
    await expect(elsewhere).rejects.toMatchObject({ code: 'content-unavailable' });
    const gone = told(a.placement.here.blocks(contentId, size, AbortSignal.abort()));
    await expect(gone).rejects.toMatchObject({ code: 'aborted' });
  });

  it('one that is here is not waited for, though a member says that it sends it; one that is not here is', async () => {
    const { world, a } = await two();
    await using _ = world;
    const stored = await a.put('large', Buffer.from(random.bytes(6 * MiB)));
    const settled: Cid[] = [];
    class Coming extends Arrivals {
      override has(): boolean {
        return true;
      }
      override settle(content: Cid): Promise<void> {
        settled.push(content);
        return Promise.resolve();
      }
    }
    const arrivals = new Coming({ chunks: a.chunks, log: silentLog } as unknown as ArrivalsComponents);
    const replicator = { untilHere: () => Promise.resolve(), more: () => Promise.resolve(false) };
    const here = new ContentsHere({ chunks: a.chunks, replicator, arrivals, signal: never });
    expect((await told(here.blocks(stored.contentId, stored.size, never))).length).toBeGreaterThan(0);
    expect(settled).toEqual([]);
    const other = cidOf(random.bytes(1000));
    await expect(told(here.blocks(other, 1000, never))).rejects.toMatchObject({ code: 'content-unavailable' });
    expect(settled).toEqual([other]);
  });

  it('one that comes is told block by block, as far as it is in the store', async () => {
    const { world, a } = await two();
    await using _ = world;
    const bytes = Buffer.from(random.bytes(12 * MiB));
    const { contentId, size } = await a.put('large', bytes);
    const whole = await told(a.placement.here.blocks(contentId, size, never));
    // In the store of this node the first blocks alone are found, and of the others more whenever something has come.
    let [found, asked] = [0, 0];
    const here = new ContentsHere({
      chunks: {
        has: (ids) => a.chunks.has(ids),
        get: (id, options) => a.chunks.get(id, options),
        getMany: (ids, options) => a.chunks.getMany(ids, options),
        places: async (ids) => {
          const places = await a.chunks.places(ids);
          const known = new Set(whole.slice(0, found).map(({ digest }) => Buffer.from(digest).toString('hex')));
          return new Map([...places].filter(([id]) => known.has(Buffer.from(cidDigest(id)).toString('hex'))));
        },
      },
      replicator: {
        untilHere: () => Promise.resolve(),
        more: () => {
          asked += 1;
          found = Math.min(whole.length, 2 * asked - 1);
          return Promise.resolve(true);
        },
      },
      arrivals: { settleUnlessHere: () => Promise.resolve() },
      signal: never,
    });
    const groups: number[] = [];
    const all: BlockHere[] = [];
    for await (const group of here.blocks(contentId, size, never)) {
      groups.push(group.length);
      all.push(...group);
    }
    expect(all).toEqual(whole);
    expect(groups.slice(0, 3)).toEqual([1, 2, 2]);
  });

  it('a disk that takes long to make it durable is waited for, though nothing comes meanwhile', async () => {
    const { world, a, b } = await two();
    await using _ = world;
    const [flushing, go] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    const batch = b.chunks.batch.bind(b.chunks);
    b.chunks.batch = (purpose) => {
      const made = batch(purpose);
      const flush: typeof made.flush = async () => {
        flushing.resolve(undefined);
        await go.promise;
        return made.flush();
      };
      return new Proxy(made, {
        get: (_target, name: keyof typeof made) => (name === 'flush' ? flush : bound(made, name)),
      });
    };
    const { contentId, size } = await a.put('large', Buffer.from(random.bytes(2 * MiB)));
    await flushing.promise;
    const { replicator } = (b.placement as unknown as { parts: { replicator: Replicator } }).parts;
    const isWaitedFor = await replicator.more(new Set([contentId]), never);
    go.resolve(undefined);
    expect(isWaitedFor).toBe(true);
    expect((await told(b.placement.here.blocks(contentId, size, never))).length).toBeGreaterThan(0);
  });

  it('those that were committed are told while the rest still comes', async () => {
    const { world, a, b } = await two();
    await using _ = world;
    // The parts behind the first wait until that is told.
    const told = Promise.withResolvers<undefined>();
    const batch = b.chunks.batch.bind(b.chunks);
    let parts = 0;
    b.chunks.batch = (purpose) => {
      const made = batch(purpose);
      if (++parts === 1) return made;
      const add: typeof made.add = async (...args) => {
        await told.promise;
        return made.add(...args);
      };
      return new Proxy(made, { get: (_target, name: keyof typeof made) => (name === 'add' ? add : bound(made, name)) });
    };
    const { contentId, size } = await a.put('large', Buffer.from(random.bytes(COMMIT_BYTES + 8 * MiB)));
    let bytes = 0;
    for await (const group of b.placement.here.blocks(contentId, size, never)) {
      told.resolve(undefined);
      bytes += group.reduce((sum, block) => sum + block.size, 0);
    }
    expect(bytes).toBe(size);
    await eventually(async () => (await b.pinned(contentId)) === 1);
  });
});
