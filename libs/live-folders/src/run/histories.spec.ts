import fc from 'fast-check';
import { isLong } from '@dfs/testing';
import { History, type Act } from '../testing/history.js';

/** `DFS_LONG=1` takes the long form. */
const RUNS = isLong ? 2000 : 100;

const at = fc.nat(2);
const path = fc.nat(6);
const nth = fc.integer({ min: 1, max: 120 });
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom('write', 'save', 'remove', 'append'), at, path }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('rename' as const), at, path, to: path }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('directory', 'touch', 'touch-bit', 'delete-elsewhere'), at, path }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('settle', 'pass', 'pass', 'restart', 'clock', 'offline', 'online'),
      at,
      path,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('crash', 'unmount', 'break', 'full', 'meddle'), at, path, nth }),
  },
  { weight: 2, arbitrary: fc.constant<Act>({ do: 'meet' }) },
);

describe('histories of folders, with crashes, lost and full disks, and clocks that step', () => {
  it(
    'lose no bytes, sign no deletion that nobody made, and end equal on all disks',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(act, { minLength: 3, maxLength: 16 }),
          fc.integer({ min: 2, max: 3 }),
          async (acts, count) => {
            await using history = new History();
            await history.begin(count);
            for (const each of acts) await history.take(each);
            await history.finish();
          },
        ),
        { numRuns: RUNS, endOnFailure: true },
      );
    },
    RUNS * 20_000,
  );
});
