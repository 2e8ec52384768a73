import { REQUESTS_PER_PEER } from '../limits.js';
import { WAITING_PER_ASKER } from './serving-queue.js';
import { SERVED_BESIDE } from './serving-queue.js';
import { SERVED_AT_ONCE } from './serving-queue.js';
import { ServingQueue } from './serving-queue.js';

/** Enters once for each asker, and counts who has had a turn. */
function entering() {
  const queue = new ServingQueue();
  const served = new Map<string, (() => void)[]>();
  const enter = async (asker: string): Promise<void> => {
    const leave = await queue.enter(asker);
    served.set(asker, [...(served.get(asker) ?? []), leave]);
  };
  const turns = (asker: string): number => served.get(asker)?.length ?? 0;
  return { enter, served, turns };
}

/** All that may start have done so. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('the queue of requests for blocks', () => {
  it('serves so many of one asker at a time, the next as one is done, and refuses too many', async () => {
    const { enter, served, turns } = entering();
    for (let n = 0; n < REQUESTS_PER_PEER; n++) await enter('a');
    for (let n = 0; n < WAITING_PER_ASKER; n++) void enter('a');
    await expect(enter('a')).rejects.toMatchObject({ code: 'too-many-requests' });
    await settled();
    expect(turns('a')).toBe(REQUESTS_PER_PEER);
    served.get('a')![0]!();
    await settled();
    expect(turns('a')).toBe(REQUESTS_PER_PEER + 1);
  });

  it('serves others at once, however many requests a few keep open', async () => {
    const { enter, turns } = entering();
    const slow = Array.from({ length: SERVED_AT_ONCE / REQUESTS_PER_PEER }, (_, n) => `slow ${n}`);
    for (const asker of slow) for (let n = 0; n < 2 * REQUESTS_PER_PEER; n++) void enter(asker);
    void enter('other');
    void enter('other');
    await settled();
    for (const asker of slow) expect(turns(asker)).toBe(REQUESTS_PER_PEER);
    expect(turns('other')).toBe(1);
  });

  it('is bounded over all', async () => {
    const { enter, served } = entering();
    for (let n = 0; n < 2 * (SERVED_AT_ONCE + SERVED_BESIDE); n++) void enter(`asker ${n}`);
    await settled();
    expect(served.size).toBe(SERVED_AT_ONCE + SERVED_BESIDE);
  });
});

describe('the serving queue', () => {
  it('answers so many of one asker at a time, keeps some waiting, refuses more', async () => {
    const queue = new ServingQueue();
    const leave = await Promise.all(Array.from({ length: REQUESTS_PER_PEER }, () => queue.enter('greedy')));
    let entered = 0;
    for (let n = 0; n < WAITING_PER_ASKER; n++) void queue.enter('greedy').then(() => entered++);
    await expect(queue.enter('greedy')).rejects.toMatchObject({ code: 'too-many-requests' });
    await expect(queue.enter('other')).resolves.toBeDefined();
    expect(entered).toBe(0);
    leave[0]!();
    leave[0]!();
    leave[1]!();
    await new Promise((resolve) => setImmediate(resolve));
    expect(entered).toBe(2);
  });
});
