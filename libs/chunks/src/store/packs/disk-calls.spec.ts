import { VirtualTime } from '@dfs/runtime';
import { eventually } from '@dfs/testing';
import { DiskCalls, NoAnswer } from './disk-calls.js';

describe('calls that a disk may never answer', () => {
  it('end for those who wait, and keep their place until they come back', async () => {
    const timers = new VirtualTime();
    const calls = new DiskCalls({ most: 2, timeMs: 50, timers });
    const [one, two] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
    const inVain = async (name: string, answer: Promise<string>): Promise<void> => {
      const call = calls.run(name, () => answer);
      timers.advance(50);
      await expect(call).rejects.toBeInstanceOf(NoAnswer);
    };
    await inVain('a', one.promise);
    expect(calls.late).toBe(1);
    // Nobody waits for the same pack; another may be well.
    await expect(calls.run('a', () => Promise.reject(new Error('was called')))).rejects.toBeInstanceOf(NoAnswer);
    expect(await calls.run('b', async () => 'well')).toBe('well');
    await inVain('b', two.promise);
    await expect(calls.run('c', () => Promise.reject(new Error('was called')))).rejects.toBeInstanceOf(NoAnswer);

    one.resolve('at last');
    two.resolve('at last');
    await eventually(() => calls.late === 0);
    expect(await calls.run('a', async () => 'again')).toBe('again');
  });

  it('are so many at once, in their order', async () => {
    const calls = new DiskCalls({ most: 2 });
    const order: number[] = [];
    let [now, most] = [0, 0];
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        calls.run(String(index), async () => {
          order.push(index);
          most = Math.max(most, ++now);
          await new Promise(setImmediate);
          now--;
        }),
      ),
    );
    expect(most).toBe(2);
    expect(order).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  it('wait for a place for as long as others are answered, where they are patient, and no more once nobody is', async () => {
    const timers = new VirtualTime();
    const calls = new DiskCalls({ most: 1, timeMs: 50, isPatient: true, timers });
    const [first, hung] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
    const running = calls.run('a', () => first.promise);
    let isBegun = false;
    const waiting = calls.run('b', () => {
      isBegun = true;
      return hung.promise;
    });
    const behind = calls.run('c', () => Promise.reject(new Error('was called')));
    timers.advance(40);
    first.resolve('done');
    expect(await running).toBe('done');
    await eventually(() => isBegun);
    timers.advance(40);
    expect(calls.late).toBe(0);
    timers.advance(10);
    await expect(waiting).rejects.toBeInstanceOf(NoAnswer);
    await expect(behind).rejects.toBeInstanceOf(NoAnswer);
    hung.resolve('at last');
    await eventually(() => calls.late === 0);
    expect(await calls.run('b', async () => 'again')).toBe('again');
  });

  it('that nobody waits for are made once the disk answers again', async () => {
    const timers = new VirtualTime();
    const calls = new DiskCalls({ most: 1, timeMs: 50, timers });
    const hung = Promise.withResolvers<string>();
    const waiting = calls.run('a', () => hung.promise);
    timers.advance(50);
    await expect(waiting).rejects.toBeInstanceOf(NoAnswer);
    const made: string[] = [];
    for (const name of ['a', 'b']) await calls.later(name, async () => void made.push(name));
    expect(made).toEqual([]);
    hung.resolve('at last');
    await eventually(() => made.length === 2);
    await expect(calls.later('a', () => Promise.reject(new Error('EIO')))).rejects.toThrow('EIO');
  });

  it('give their place back where they throw at once', async () => {
    const calls = new DiskCalls({ most: 1, timeMs: 10_000 });
    const thrown = (): Promise<never> => {
      throw new Error('at once');
    };
    await expect(calls.run('a', thrown)).rejects.toThrow('at once');
    expect(await calls.run('a', async () => 'next')).toBe('next');
  });

  it('pass on what fails', async () => {
    const calls = new DiskCalls({ most: 1 });
    await expect(calls.run('a', () => Promise.reject(new Error('EIO')))).rejects.toThrow('EIO');
    expect(await calls.run('a', async () => 1)).toBe(1);
  });
});
