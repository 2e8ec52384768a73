import { cidOf, MANIFEST_CODEC, type Cid } from '@dfs/protocol';
import { MiB } from '@dfs/runtime';
import { WantQueue, type WantedExtent } from './want-queue.js';

const contentOf = (name: string): Cid => cidOf(Buffer.from(name), MANIFEST_CODEC);
const want = (content: Cid, extent: number, more: Partial<WantedExtent> = {}): WantedExtent => ({
  ...{ content, size: 2 ** 30, extent, holders: ['a'], copies: 1 },
  ...more,
});

describe('what waits to be fetched', () => {
  const [one, other] = [contentOf('one'), contentOf('other')];

  it('is dropped as far as nobody but those who do not have it may', () => {
    const queue = new WantQueue();
    const kept = [want(one, 2, { holders: ['a', 'b'] }), want(one, 3, { holders: ['b'] }), want(other, 0)];
    const dropped = [want(one, 0), want(one, 1, { copies: 2, canWait: true }), want(one, 4, { holders: [] })];
    for (const each of [...dropped, ...kept]) queue.add(each);
    queue.drop(one, ['a']);
    expect(queue.size).toBe(kept.length);
    const left = kept.map(() => queue.takeGroup()[0]);
    expect(left).toEqual(kept);
  });

  it('is dropped though somebody reads it', () => {
    const queue = new WantQueue();
    queue.add(want(one, 0));
    expect(queue.hurry(new Set([one]))).toBe(true);
    queue.drop(one, ['a']);
    expect(queue.size).toBe(0);
  });

  it('comes with the fewest copies first, what can wait last', () => {
    const queue = new WantQueue();
    const first = want(one, 0, { copies: 0 });
    const second = want(one, 1, { copies: 2 });
    const third = want(one, 2, { copies: 1, canWait: true });
    for (const each of [third, second, first]) queue.add(each);
    expect([queue.takeGroup(), queue.takeGroup(), queue.takeGroup(false), queue.takeGroup()]).toEqual([
      [first],
      [second],
      [],
      [third],
    ]);
  });
});

const sized = (n: number, size: number, copies = 0): WantedExtent => ({
  content: cidOf(Buffer.from(`want ${n}`)),
  size,
  extent: 0,
  holders: [],
  copies,
});

describe('the queue of wants', () => {
  it('takes the fewest copies first, many small ones or one large one together', () => {
    const queue = new WantQueue();
    queue.add(sized(1, 1000, 2));
    queue.add(sized(2, 100 * MiB, 1));
    queue.add(sized(3, 1000, 0));
    queue.add(sized(3, 1000, 0));
    queue.add(sized(4, 1000, 0));
    expect(queue.size).toBe(4);
    expect(queue.takeGroup().map(({ copies }) => copies)).toEqual([0, 0, 2]);
    expect(queue.takeGroup().map(({ size }) => size)).toEqual([100 * MiB]);
    expect(queue.takeGroup()).toEqual([]);
  });
});
