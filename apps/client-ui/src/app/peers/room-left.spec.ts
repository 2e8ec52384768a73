import { freeOf, roomLeft } from './room-left.js';

describe('the room that is left', () => {
  it.each([
    ['alone', [10], 3, 10],
    ['as many nodes as copies: each takes all', [10, 4, 7], 3, 4],
    ['more nodes than copies: they share', [10, 10, 10, 10], 2, 20],
    ['one large node cannot hold two copies of a file', [100, 5, 5], 2, 10],
    ['full nodes take nothing', [0, 0, 8], 2, 0],
    ['one copy each', [3, 4, 5], 1, 12],
    ['no node at all', [], 3, 0],
  ])('%s', (_name, free, copies, left) => expect(roomLeft(free, copies)).toBe(left));

  it('of a node is what quota and disk both have', () => {
    expect(freeOf({ chunks: 1, bytes: 3, quotaBytes: 10, freeBytes: 100 })).toBe(7);
    expect(freeOf({ chunks: 1, bytes: 3, quotaBytes: 10, freeBytes: 2 })).toBe(2);
    expect(freeOf({ chunks: 1, bytes: 30, quotaBytes: 10, freeBytes: 2 })).toBe(0);
  });
});
