import { jest } from '@jest/globals';
import { seededRandom } from '@dfs/testing';
import fc from 'fast-check';
import { COPY_SLICE_BYTES, PACE_BURST } from '../constants.js';
import { Pace } from './rate-limit.js';

const KiB = 1024;
const never = new AbortController().signal;

describe('a bound on bytes a second', () => {
  let now = 0;
  beforeEach(() => {
    now = 0;
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
  });
  afterEach(() => void jest.useRealTimers());

  /** Lets so many milliseconds pass, by and by. */
  async function pass(milliseconds: number): Promise<void> {
    for (let step = 0; step < milliseconds; step += 10) {
      now += 10;
      await jest.advanceTimersByTimeAsync(10);
    }
  }

  it('is kept whatever comes when, in the order in which it came', async () => {
    const seed = seededRandom().seed;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 64 * KiB, max: 4096 * KiB }),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 256 * KiB }), fc.constantFrom(0, 0, 10, 300, 2000)), {
          minLength: 1,
          maxLength: 30,
        }),
        async (rate, moves) => {
          now = 0;
          const pace = new Pace(() => now);
          pace.limit(rate);
          const moved: { at: number; bytes: number; index: number }[] = [];
          const all = [];
          for (const [index, [bytes, rest]] of moves.entries()) {
            const note = (): void => void moved.push({ at: now, bytes, index });
            const turn = pace.take(bytes, never);
            if (turn) all.push(turn.then(note));
            else note();
            await pass(rest);
          }
          await pass((1000 * moves.reduce((sum, [bytes]) => sum + bytes, 0)) / rate + 100);
          await Promise.all(all);
          expect(moved.map(({ index }) => index)).toEqual(moves.map((_, index) => index));
          const burst = Math.max(COPY_SLICE_BYTES, (rate * PACE_BURST) / 1000);
          for (const [first, { at: from }] of moved.entries()) {
            let bytes = 0;
            for (const { at, bytes: more } of moved.slice(first)) {
              // Before the last of them went nothing was owed.
              expect(bytes).toBeLessThanOrEqual(burst + (rate * (at - from)) / 1000 + 1);
              bytes += more;
            }
          }
        },
      ),
      { seed, numRuns: 60 },
    );
  });

  it('is used as far as it goes', async () => {
    const pace = new Pace(() => now);
    pace.limit(1024 * KiB);
    let moved = 0;
    const go = async (): Promise<void> => {
      while (moved < 100_000 * KiB) {
        await pace.take(64 * KiB, never);
        moved += 64 * KiB;
      }
    };
    const all = [go(), go(), go()];
    await pass(10_000);
    expect(moved).toBeGreaterThanOrEqual(10_000 * KiB);
    expect(moved).toBeLessThan(11_000 * KiB);
    pace.limit(undefined);
    await Promise.all(all);
    expect([pace.rate, pace.isFull]).toEqual([undefined, false]);
  });

  it('holds nobody who gave up, and none of those behind', async () => {
    const pace = new Pace(() => now);
    pace.limit(64 * KiB);
    pace.count(256 * KiB);
    const control = new AbortController();
    const given = pace.take(10 * 1024 * KiB, control.signal);
    const other = pace.take(1, never);
    expect(pace.isFull).toBe(true);
    control.abort(new Error('given up'));
    await expect(given).rejects.toThrow('given up');
    await pass(4000);
    await other;
    expect(pace.take(1, never)).toBeUndefined();
  });

  it('that is raised holds at once for those who wait', async () => {
    const pace = new Pace(() => now);
    pace.limit(64 * KiB);
    pace.count(64 * 1024 * KiB);
    const turn = pace.take(1, never);
    await pass(100);
    pace.limit(1024 * KiB);
    await turn;
  });

  it('is none unless it is set', () => {
    const pace = new Pace();
    pace.count(1024 ** 4);
    expect(pace.take(1024 ** 4, never)).toBeUndefined();
  });
});
