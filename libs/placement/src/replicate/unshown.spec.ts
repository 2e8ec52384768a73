import { cidOf, type Cid } from '@dfs/protocol';
import { MAX_WANTS } from '../limits.js';
import type { ContentRef } from '../ports.js';
import { Unshown } from './unshown.js';

const contentOf = (n: number): Cid => cidOf(Buffer.from(`unshown ${n}`));
const refs = (from: number, to: number): ContentRef[] =>
  Array.from({ length: to - from }, (_, n) => ({ contentId: contentOf(from + n), size: from + n, author: 'x' }));

describe('contents that no path shows', () => {
  it('are looked over when they are named, and when a holder is heard of', () => {
    const unshown = new Unshown();
    expect(unshown.isDue).toBe(false);
    expect(unshown.named(refs(0, 3))).toBe(true);
    expect(unshown.take(2)).toEqual(refs(0, 2));
    expect(unshown.take(2)).toEqual(refs(2, 3));
    expect(unshown.isDue).toBe(false);
    expect(unshown.held([contentOf(7)])).toBe(false);
    expect(unshown.held([contentOf(7), contentOf(1)])).toBe(true);
    expect(unshown.take(2)).toEqual(refs(1, 2));
  });

  it('are no more than so many: of those that were dropped unseen it is told', () => {
    const unshown = new Unshown();
    expect(unshown.named(refs(0, MAX_WANTS))).toBe(true);
    unshown.take(1);
    expect(unshown.named(refs(MAX_WANTS, MAX_WANTS + 1))).toBe(true);
    expect(unshown.named(refs(MAX_WANTS + 1, MAX_WANTS + 2))).toBe(false);
    expect(unshown.take(MAX_WANTS + 9)).toEqual(refs(2, MAX_WANTS + 2));
    expect(unshown.held([contentOf(0), contentOf(1)])).toBe(false);
  });
});
