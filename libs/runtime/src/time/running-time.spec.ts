import fc from 'fast-check';
import { RunningTime } from './running-time.js';

const EVERY = 500;

/** Passes the waits between ticks. @returns what the time says after each */
function after(waits: readonly number[]): number[] {
  let clock = 1_000_000;
  const time = new RunningTime(EVERY, () => clock);
  return waits.map((wait) => {
    clock += wait;
    const now = time.now();
    time.tick();
    expect(time.now()).toBe(now);
    return now;
  });
}

describe('running time', () => {
  it('is that of the clock while ticks come in time', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 * EVERY })), (waits) => {
        const sums = waits.map((_, at) => waits.slice(0, at + 1).reduce((sum, wait) => sum + wait, 0));
        expect(after(waits)).toEqual(sums);
      }),
    );
  });

  it('leaves out what a machine slept, and never goes back', () => {
    expect(after([EVERY, 3_600_000, EVERY])).toEqual([EVERY, 3 * EVERY, 4 * EVERY]);
    fc.assert(
      fc.property(fc.array(fc.nat(10_000_000)), (waits) => {
        const seen = after(waits);
        expect(seen).toEqual([...seen].sort((a, b) => a - b));
        expect(seen.at(-1) ?? 0).toBeLessThanOrEqual(2 * EVERY * waits.length);
      }),
    );
  });
});
