import fc from 'fast-check';
import { HoldersFound } from './extent-holders.js';

describe('HoldersFound', () => {
  it('has what was added, in that order, place by place', () => {
    const row = fc.record({
      at: fc.nat({ max: 4 }),
      extent: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat({ max: 3 })),
      peerId: fc.constantFrom('a', 'b', 'c', 'd'),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 30 }), (rows) => {
        const found = new HoldersFound(5);
        const expected = Array.from({ length: 5 }, () => new Map<number, string[]>());
        for (const { at, extent, peerId } of rows) {
          found.add(at, extent, peerId);
          expected[at]!.set(extent, [...(expected[at]!.get(extent) ?? []), peerId]);
        }
        expect(expected.map((_, at) => new Map(found.of(at)))).toEqual(expected);
      }),
    );
  });

  it('is one and the same for contents of one extent that the same members hold', () => {
    const found = new HoldersFound(4);
    for (const at of [0, 2]) for (const peerId of ['a', 'b']) found.add(at, 0, peerId);
    found.add(3, 0, 'a');
    expect(found.of(0)).toBe(found.of(2));
    expect(found.of(3)).not.toBe(found.of(0));
    expect(found.of(1)).toEqual(new Map());
  });
});
