import { DfsError } from '@dfs/runtime';
import { REQUESTS_PER_PEER } from '../limits.js';
import { RequestSlots, BULK_REQUESTS_PER_PEER } from './request-slots.js';

const forever = new AbortController().signal;
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('request slots', () => {
  it('keep some free for readers, and let them pass', async () => {
    const slots = new RequestSlots();
    const bulk = await Promise.all(
      Array.from({ length: BULK_REQUESTS_PER_PEER }, () => slots.acquire('p', 'bulk', forever)),
    );
    const order: string[] = [];
    void slots.acquire('p', 'bulk', forever).then(() => order.push('bulk'));
    await slots.acquire('p', 'reader', forever);
    await slots.acquire('q', 'bulk', forever);
    const readers = REQUESTS_PER_PEER - BULK_REQUESTS_PER_PEER - 1;
    for (let n = 0; n < readers; n++) await slots.acquire('p', 'reader', forever);
    void slots.acquire('p', 'reader', forever).then(() => order.push('reader'));
    await turn();
    expect(order).toEqual([]);
    bulk[0]!();
    bulk[0]!();
    await turn();
    expect(order).toEqual(['reader']);
    bulk[1]!();
    await turn();
    expect(order).toEqual(['reader', 'bulk']);
  });

  it('let go of a waiter that is aborted', async () => {
    const slots = new RequestSlots();
    const held = [];
    for (let n = 0; n < REQUESTS_PER_PEER; n++) held.push(await slots.acquire('p', 'reader', forever));
    const control = new AbortController();
    const waiting = slots.acquire('p', 'reader', control.signal);
    control.abort(new DfsError('aborted', 'enough'));
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
    held[0]!();
    await expect(slots.acquire('p', 'reader', forever)).resolves.toBeDefined();
  });
});
