import { jest } from '@jest/globals';
import { hashesTo, type Cid } from '@dfs/protocol';
import { KiB, MiB } from '@dfs/runtime';
import { corrupt, eventually } from '@dfs/testing';
import type { Block } from '../../manifest/builder.js';
import { slabs } from '../../slabs.js';
import { StoreFixture, blockOf, idsOf, readAll } from '../../testing/fixture.js';
import { pinnedBytes } from '../../testing/inputs.js';

describe('blocks read into memory that is used again', () => {
  afterEach(() => jest.restoreAllMocks());

  it('are right whatever memory they come in, and all of it comes back: also what was read ahead for a reader that leaves', async () => {
    await using fixture = await StoreFixture.open();
    const sizes = [1 * MiB, 300 * KiB, 4 * MiB, 20 * KiB, 128 * KiB, 2 * MiB, 900 * KiB, 700 * KiB];
    const blocks = sizes.map((size, index) => blockOf(pinnedBytes(`reuse ${index}`, size)));
    await fixture.put(blocks);
    const ids = [...idsOf(blocks), ...idsOf(blocks)];
    const [take, give] = [jest.spyOn(slabs, 'take'), jest.spyOn(slabs, 'give')];
    const inSlabs = (): number => take.mock.results.filter(({ value }) => value).length;
    for (let leaveAfter = 1; leaveAfter <= ids.length; leaveAfter++) {
      let read = 0;
      for await (const { id, bytes, release } of fixture.store.getMany(ids, { reuse: true })) {
        expect(id).toBe(ids[read]);
        expect(Buffer.compare(bytes, blocks[read % blocks.length]!.bytes)).toBe(0);
        release?.();
        if (++read === leaveAfter) break;
      }
      // `give` is called for blocks in ordinary memory as well.
      const large = (): number => give.mock.calls.filter(([{ length }]) => length >= 128 * KiB).length;
      await eventually(() => large() === inSlabs());
    }
    expect(inSlabs()).toBeGreaterThan(ids.length);
  });

  it('are not hashed where whoever gets them does so, until one has turned out damaged', async () => {
    await using fixture = await StoreFixture.open();
    const [rotten, other, good, small] = [1 * MiB, 300 * KiB, 2 * MiB, 20 * KiB].map((size, index) =>
      blockOf(pinnedBytes(`unhashed ${index}`, size)),
    ) as [Block, Block, Block, Block];
    await fixture.put([rotten, other, good, small]);
    for (const { bytes } of [rotten, other]) await corrupt(fixture.dir, bytes);
    const read = async (unhashed: boolean, ...blocks: Block[]): Promise<Block[]> =>
      readAll(fixture.store.getMany(idsOf(blocks), { reuse: true, unhashed }));
    const isRight = ({ id, bytes }: Block): boolean => hashesTo(bytes, id);

    expect((await read(true, rotten, good)).map(isRight)).toEqual([false, true]);
    expect(fixture.store.damaged()).toEqual([]);
    await expect(read(false, rotten)).rejects.toMatchObject({ code: 'chunk-damaged' });
    expect(fixture.store.damaged()).toEqual([rotten.id]);
    await expect(read(true, other)).rejects.toMatchObject({ code: 'chunk-damaged' });
    expect(fixture.store.damaged()).toEqual([rotten.id, other.id]);
    expect((await read(true, good, small)).map(isRight)).toEqual([true, true]);
  });

  it('are hashed in any case where they are small, or do not come in such memory', async () => {
    await using fixture = await StoreFixture.open();
    const [large, small] = [1 * MiB, 20 * KiB].map((size) => blockOf(pinnedBytes(`hashed ${size}`, size))) as [
      Block,
      Block,
    ];
    await fixture.put([large, small]);
    for (const { bytes } of [large, small]) await corrupt(fixture.dir, bytes);
    const read = (id: Cid, reuse: boolean) => readAll(fixture.store.getMany([id], { reuse, unhashed: true }));
    await expect(read(small.id, true)).rejects.toMatchObject({ code: 'chunk-damaged' });
    await expect(read(large.id, false)).rejects.toMatchObject({ code: 'chunk-damaged' });
  });
});
