import { Places } from './slots.js';

describe('Places', () => {
  it('lets so many in at once, for each key, and the others in order', async () => {
    const places = new Places(2);
    const log: string[] = [];
    const leave = await places.take('a');
    await places.take('a');
    await places.take('b');
    const third = places.take('a').then((give) => (log.push('third'), give));
    const fourth = places.take('a').then((give) => (log.push('fourth'), give));
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
    const places = new Places(1);
    const leave = await places.take('a');
    const controller = new AbortController();
    const impatient = places.take('a', controller.signal);
    const patient = places.take('a');
    controller.abort();
    await expect(impatient).rejects.toMatchObject({ code: 'aborted' });
    await expect(places.take('a', AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' });
    leave();
    (await patient)();
    expect(await places.take('a')).toBeInstanceOf(Function);
  });
});
