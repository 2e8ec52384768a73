import fc from 'fast-check';
import { neighboursOf } from './ring-neighbours.js';

const ids = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 12 });

describe('neighbours on the ring of members', () => {
  it('are watched by those they watch, and everybody is watched by two, or by all there are', () => {
    fc.assert(
      fc.property(ids, (members) => {
        const watches = (id: string): Set<string> =>
          neighboursOf(
            id,
            members.filter((other) => other !== id),
          );
        for (const id of members) {
          const watchers = members.filter((other) => watches(other).has(id));
          expect(new Set(watchers)).toEqual(watches(id));
          expect(watchers).toHaveLength(Math.min(2, members.length - 1));
        }
      }),
    );
  });

  it('are none while nobody is connected', () => {
    expect(neighboursOf('a', [])).toEqual(new Set());
  });
});
