import fc from 'fast-check';
import { cidOf, cidToBytes } from '@dfs/protocol';
import { CidFilter } from './cid-filter.js';

const ids = (name: string, count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, index) => cidToBytes(cidOf(Buffer.from(`${name} ${index}`))));

describe('CidFilter', () => {
  it('has whatever was added, however many were expected', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 8 })), fc.nat(1000), (inputs, expected) => {
        const set = new CidFilter(expected);
        const cids = inputs.map((bytes) => cidToBytes(cidOf(bytes)));
        for (const cid of cids) set.add(cid);
        expect(cids.every((cid) => set.has(cid))).toBe(true);
      }),
    );
  });

  it('has little else', () => {
    const set = new CidFilter(20_000);
    for (const cid of ids('added', 20_000)) set.add(cid);
    const others = ids('other', 20_000).filter((cid) => set.has(cid)).length;
    // One in 2,000 is what the arithmetic says.
    expect(others).toBeLessThan(100);
  });

  it('mistakes others for members in another set than before', () => {
    const [members, others] = [ids('added', 3000), ids('other', 20_000)];
    // Far too many for its size, so that there are mistakes.
    const mistakes = Array.from({ length: 2 }, () => {
      const set = new CidFilter(0);
      for (const member of members.concat(ids('more', 9000))) set.add(member);
      return new Set(others.filter((cid) => set.has(cid)));
    });
    const [first, second] = mistakes as [Set<Uint8Array>, Set<Uint8Array>];
    expect(first.size).toBeGreaterThan(20);
    expect([...first].some((cid) => !second.has(cid))).toBe(true);
  });

  it('is empty at first', () => {
    const set = new CidFilter(10);
    expect(ids('any', 1000).some((cid) => set.has(cid))).toBe(false);
  });
});
