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
    const impatient = slots.take('a', controller.signal);
    const patient = slots.take('a');
    controller.abort();
    await expect(impatient).rejects.toMatchObject({ code: 'aborted' });
    await expect(slots.take('a', AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' });
    leave();
    (await patient)();
    expect(await slots.take('a')).toBeInstanceOf(Function);
  });
});
