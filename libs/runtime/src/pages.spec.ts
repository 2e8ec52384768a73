import fc from 'fast-check';
import { firstOf, Oldest, pages } from './pages.js';

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

describe('the oldest of a map', () => {
  it('is its first key, whatever was added, renewed, deleted or cleared since', () => {
    const step = fc.oneof(
      fc.record({ does: fc.constantFrom('add' as const, 'renew' as const, 'delete' as const), key: fc.nat(40) }),
      fc.record({ does: fc.constantFrom('drop' as const, 'drop' as const, 'clear' as const), key: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const all = new Map<number, string>();
        const oldest = new Oldest(all);
        for (const { does, key } of steps) {
          if (does === 'clear') all.clear();
          else if (does !== 'drop') {
            if (does !== 'add') all.delete(key);
            if (does !== 'delete') all.set(key, does);
          } else {
            const [first] = all.keys();
            const next = oldest.next();
            expect(next).toBe(first);
            if (next !== undefined) all.delete(next);
          }
        }
      }),
    );
  });
});
