import fc from 'fast-check';
import { EMPTY_SET, HolderSets } from './holder-sets.js';
import { localOf, stateOf } from './replication-state.js';

const MEMBERS = ['a', 'b', 'c', 'd', 'e'];

/** a is this node. */
function liveness(live = 'abcde', reachable = live) {
  return { self: 'a', target: 3, live: new Set(live), willing: new Set(live), reachable: new Set(reachable) };
}

describe('holder sets', () => {
  it('are kept once, whatever the order of holders and extents, and however many extents have the same', () => {
    const sets = new HolderSets();
    const numberOf = (...extents: string[]) =>
      sets.numberOf({ extents: extents.map((list) => [...list]), more: false, news: false });
    const one = numberOf('abc');
    expect([numberOf('cab'), numberOf('bca', 'abc')]).toEqual([one, one]);
    const two = numberOf('abc', 'ab');
    expect(numberOf('ba', 'abc', 'cba', 'ab')).toBe(two);
    const others = [numberOf('ab'), numberOf(''), numberOf('abc', '')];
    others.push(sets.numberOf({ extents: [['a', 'b', 'c']], more: true, news: false }));
    others.push(sets.numberOf({ extents: [[]], more: false, news: true }));
    expect(new Set([one, two, EMPTY_SET, 0, ...others]).size).toBe(4 + others.length);
  });

  it('mean what their contents would, each worked out once until members come or go', () => {
    const members = fc.subarray(MEMBERS);
    fc.assert(
      fc.property(
        fc.array(fc.array(members, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 6 }),
        members,
        members,
        fc.boolean(),
        (contents, live, answering, more) => {
          const sets = new HolderSets();
          const now = liveness(`a${live.join('')}`, `a${answering.join('')}`);
          const numbers = contents.map((extents) => sets.numberOf({ extents, more, news: false }));
          sets.look(now);
          contents.forEach((extents, index) => {
            const standing = { ...now, extents, more, news: false };
            expect(sets.standing(numbers[index]!)).toEqual({
              replication: stateOf(standing),
              local: localOf(standing),
            });
          });
        },
      ),
    );
    const sets = new HolderSets();
    const number = sets.numberOf({ extents: [['a', 'b', 'c']], more: false, news: false });
    sets.look(liveness());
    const [standing, version] = [sets.standing(number), sets.version];
    sets.look(liveness());
    expect(sets.standing(number)).toBe(standing);
    expect(sets.version).toBe(version);
    sets.look(liveness('abcde', 'ade'));
    expect(sets.version).toBeGreaterThan(version);
    expect(sets.standing(number).replication).toMatchObject({ state: 'safe', copies: 3, reachable: 1 });
    expect(sets.standing(EMPTY_SET)).toMatchObject({ replication: { state: 'safe', reachable: 3 }, local: 'whole' });
  });
});
