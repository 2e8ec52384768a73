import { Slots } from './slots.js';

describe('Slots', () => {
  it('lets so many in at once, for each key, and the others in order', async () => {
    const slots = new Slots(2);
    const log: string[] = [];
    const leave = await slots.take('a');
    await slots.take('a');
    await slots.take('b');
    const third = slots.take('a').then((give) => (log.push('third'), give));
    const fourth = slots.take('a').then((give) => (log.push('fourth'), give));
    await Promise.resolve();
    expect(log).toEqual([]);
    leave();
    leave(); // Given back once only.
    const leaveThird = await third;
    expect(log).toEqual(['third']);
    leaveThird();
    await fourth;
    expect(log).toEqual(['third', 'fourth']);
  });

  it('lets those who give up out of the queue', async () => {
    const slots = new Slots(1);
    const leave = await slots.take('a');
    const controller = new AbortController();
    const impatient = slots.take('a', { signal: controller.signal });
    const patient = slots.take('a');
    controller.abort();
    await expect(impatient).rejects.toMatchObject({ code: 'aborted' });
    await expect(slots.take('a', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
    leave();
    (await patient)();
    expect(await slots.take('a')).toBeInstanceOf(Function);
  });

  it('hold a rule over all keys, lets the lowest rank go first, and a key that may not holds up no other', async () => {
    // Three in all, two of a key, of those one at rank 1.
    const slots = new Slots({
      admits: ({ all, ofKey, ofRank }, rank) => all < 3 && ofKey < 2 && (rank === 0 || ofRank < 1),
    });
    const log: string[] = [];
    const enter = (key: string, rank: number): Promise<() => void> =>
      slots.take(key, { rank }).then((give) => (log.push(`${key}${rank}`), give));
    const [a, b] = [await enter('a', 1), await enter('b', 0)];
    void enter('a', 1);
    void enter('b', 1);
    await settled();
    expect(log).toEqual(['a1', 'b0', 'b1']);
    void enter('c', 1);
    void enter('d', 0);
    a();
    await settled();
    expect(log.slice(3)).toEqual(['d0']);
    b();
    await settled();
    // Its first of rank 1 has gone: it came before c.
    expect(log.slice(4)).toEqual(['a1']);
  });

  it('refuse those beyond the places in the queue, and count those only that wait', async () => {
    const slots = new Slots({
      admits: ({ ofKey }) => ofKey < 1,
      waiting: { most: 1, refusal: () => new Error('too many') },
    });
    const leave = await slots.take('a');
    const control = new AbortController();
    const gone = slots.take('a', { signal: control.signal });
    await expect(slots.take('a')).rejects.toThrow('too many');
    control.abort();
    await expect(gone).rejects.toMatchObject({ code: 'aborted' });
    const next = slots.take('a');
    leave();
    await next;
  });
});

/** All that may enter have done so. */
const settled = () => new Promise((resolve) => setImmediate(resolve));
