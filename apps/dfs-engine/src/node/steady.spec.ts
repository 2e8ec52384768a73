import fc from 'fast-check';
import { SteadyFigure } from './steady.js';

describe('a figure that is told to others', () => {
  it('is never off by more than its share, and rests while the value wavers within it', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000_000), { minLength: 1 }), (values) => {
        const figure = new SteadyFigure(1 / 64);
        let before: number | undefined;
        for (const value of values) {
          const told = figure.of(value);
          expect(Math.abs(value - told)).toBeLessThanOrEqual(told / 64);
          const rests = before !== undefined && Math.abs(value - before) <= before / 64;
          expect(told).toBe(rests ? before : value);
          before = told;
        }
      }),
    );
  });
});
