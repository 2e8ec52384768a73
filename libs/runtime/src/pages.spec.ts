import { firstOf, pages } from './pages.js';

describe('pages', () => {
  const reading = async (count: number) => {
    const asked: (number | null)[] = [];
    const read = async (after: number | null) => {
      asked.push(after);
      return Array.from({ length: count }, (_, at) => ({ at }))
        .filter(({ at }) => at > (after ?? -1))
        .slice(0, 3);
    };
    const got: number[][] = [];
    for await (const page of pages(3, read, ({ at }) => at)) got.push(page.map(({ at }) => at));
    return { asked, got };
  };

  it.each([
    [0, [null], []],
    [2, [null], [[0, 1]]],
    [3, [null, 2], [[0, 1, 2]]],
    [
      5,
      [null, 2],
      [
        [0, 1, 2],
        [3, 4],
      ],
    ],
  ])('of %i items end with the first that is not full', async (count, asked, got) => {
    expect(await reading(count)).toEqual({ asked, got });
  });
});

describe('the first of many', () => {
  it('are found without a look at the others', () => {
    let looked = 0;
    const numbers = function* (): Generator<number> {
      for (; looked < 100; looked++) yield looked;
    };
    expect(firstOf(numbers(), 3)).toEqual([0, 1, 2]);
    expect(looked).toBe(3);
    expect(firstOf(new Set(['a', 'b']), 3)).toEqual(['a', 'b']);
    expect(firstOf(new Map([['a', 1]]).values(), 0)).toEqual([]);
  });
});
