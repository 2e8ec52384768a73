import { jest } from '@jest/globals';
import { KiB, MiB } from '@dfs/runtime';
import { eventually } from '@dfs/testing';
import { slabs } from '../../slabs.js';
import { StoreFixture, blockOf, idsOf } from '../../testing/fixture.js';
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
});
