import fc from 'fast-check';
import { localOf, stateOf, type Standing } from './replication-state.js';

/** a is this node; of a to e, those in `live` are within grace, and all live ones answer unless said otherwise. */
function standing(
  holders: string[],
  options: Partial<Record<'live' | 'reachable' | 'willing', string>> = {},
): Standing {
  const live = new Set(options.live ?? 'abc');
  return {
    target: 3,
    self: 'a',
    live,
    reachable: new Set(options.reachable ?? live),
    willing: new Set(options.willing ?? live),
    extents: holders.map((list) => [...list]),
    more: false,
    news: false,
  };
}
const told = (of: Standing) => {
  const { state, copies, reason } = stateOf(of);
  return `${state} ${copies} ${reason ?? ''}`.trim();
};

describe('the state of a content', () => {
  it.each<[string, Standing, string]>([
    ['enough copies', standing(['abc']), 'safe 3'],
    ['more than enough', standing(['abcd'], { live: 'abcd' }), 'safe 4'],
    ['here only, others will take it', standing(['a']), 'pending 1'],
    ['some have it', standing(['ab']), 'replicating 2'],
    ['the lowest of its extents counts', standing(['abc', 'ab']), 'replicating 2'],
    ['one extent is here only, another is not', standing(['a', 'ab']), 'replicating 1'],
    ['alone in the network', standing(['a'], { live: 'a' }), 'limited 1 few-members'],
    ['two members hold it, three are wanted', standing(['ab'], { live: 'ab' }), 'limited 2 few-members'],
    ['the third is full', standing(['ab'], { willing: 'ab' }), 'limited 2 no-space'],
    ['a holder is full itself', standing(['ab'], { live: 'ab', willing: 'b' }), 'limited 2 few-members'],
    ['a holder is gone', standing(['abd']), 'at-risk 2 holder-gone'],
    ['a holder is gone, but there are enough', standing(['abcd']), 'safe 3'],
    ['nobody who has it answers', standing(['bc'], { reachable: 'a' }), 'unavailable 2 no-holder'],
    ['nobody has it', standing(['']), 'unavailable 0 no-holder'],
    ['nobody is known to have it yet', { ...standing(['']), news: true }, 'replicating 0'],
    ['its known holder is gone, however new it is', { ...standing(['d']), news: true }, 'unavailable 0 no-holder'],
    ['there may be more of it than is heard of', { ...standing(['abc']), more: true }, 'replicating 2'],
    ['elsewhere only', standing(['b']), 'replicating 1'],
  ])('%s', (_, of, expected) => {
    expect(told(of)).toBe(expected);
  });

  it('tells how many copies can be had now, and how much is here', () => {
    const reachable = (of: Standing) => stateOf(of).reachable;
    expect(reachable(standing(['abc'], { reachable: 'ab' }))).toBe(2);
    expect(reachable(standing(['abc', 'bc'], { reachable: 'ab' }))).toBe(1);
    expect(reachable(standing(['bc'], { reachable: 'a' }))).toBe(0);
    expect(reachable({ ...standing(['abcd'], { live: 'abcd' }), more: true })).toBe(2);
    const local = (...holders: string[]) => localOf(standing(holders));
    expect([local('ab', 'abc'), local('b', 'ab'), local('bc'), local('')]).toEqual(['whole', 'part', 'none', 'none']);
    expect(localOf({ ...standing(['a']), more: true })).toBe('part');
  });

  it('is safe just when enough live members hold every extent and one of them answers', () => {
    const members = fc.subarray(['a', 'b', 'c', 'd', 'e']);
    fc.assert(
      fc.property(
        fc.array(members, { minLength: 1, maxLength: 4 }),
        members,
        members,
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        (extents, live, answering, target, more) => {
          const all = new Set(['a', ...live]);
          const reachable = new Set(['a', ...answering]);
          const { state, copies } = stateOf({
            target,
            self: 'a',
            extents,
            live: all,
            reachable,
            willing: all,
            more,
            news: false,
          });
          const lowest = Math.min(...extents.map((list) => list.filter((peer) => all.has(peer)).length));
          const readable = extents.every((list) => list.some((peer) => reachable.has(peer)));
          expect(copies).toBe(more ? Math.min(lowest, target - 1) : lowest);
          expect(state === 'safe').toBe(lowest >= target && readable && !more);
          expect(state === 'unavailable').toBe(!readable);
        },
      ),
    );
  });
});
