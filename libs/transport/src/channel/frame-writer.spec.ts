import { framesOf, FrameWriter, type FrameBounds } from './frame-writer.js';

const bounds: FrameBounds<number> = { sizeOf: (item) => item, most: 10 };

async function written(items: readonly number[], within: FrameBounds<number>): Promise<number[][]> {
  const frames: number[][] = [];
  const writer = new FrameWriter(within, async (frame) => void frames.push(frame));
  for (const item of items) await writer.add(item);
  await writer.end();
  await writer.end();
  return frames;
}

describe('small things in frames', () => {
  it.each<[string, number[], FrameBounds<number>, number[][]]>([
    ['none for nothing', [], bounds, []],
    ['as many as fit', [4, 6, 1, 9, 5, 6], bounds, [[4, 6], [1, 9], [5], [6]]],
    ['one that is too large by itself', [3, 20, 3], bounds, [[3], [20], [3]]],
    ['those without a size beside others', [0, 0, 10, 0, 1], bounds, [[0, 0, 10, 0], [1]]],
    ['no more items than allowed', [0, 0, 0, 1, 1], { ...bounds, mostItems: 2 }, [[0, 0], [0, 1], [1]]],
  ])('%s', async (_what, items, within, frames) => {
    expect(await written(items, within)).toEqual(frames);
    expect([...framesOf(items, within)]).toEqual(frames);
  });

  it('sends one that is alone at once, with what has no size before it', async () => {
    const isAlone = (item: number): boolean => item >= 5;
    expect(await written([1, 0, 5, 0, 6, 2, 0], { ...bounds, isAlone })).toEqual([[1, 0], [5], [0, 6], [2, 0]]);
  });

  it('gives a frame before it asks for more than one item beyond it', () => {
    const asked: number[] = [];
    const items = (function* () {
      for (let item = 1; ; item++) {
        asked.push(item);
        yield 6;
      }
    })();
    expect(framesOf(items, bounds).next().value).toEqual([6]);
    expect(asked).toEqual([1, 2]);
  });
});
