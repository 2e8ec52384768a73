import { eventually } from '@dfs/testing';
import { DiskCalls, NoAnswer } from './disk-calls.js';

describe('calls that a disk may never answer', () => {
  it('end for those who wait, and keep their place until they come back', async () => {
    const calls = new DiskCalls({ most: 2, timeMs: 50 });
    const [one, two] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
    await expect(calls.run('a', () => one.promise)).rejects.toBeInstanceOf(NoAnswer);
    expect(calls.late).toBe(1);
    // Nobody waits for the same pack; another may be well.
    await expect(calls.run('a', () => Promise.reject(new Error('was called')))).rejects.toBeInstanceOf(NoAnswer);
    expect(await calls.run('b', async () => 'well')).toBe('well');
    await expect(calls.run('b', () => two.promise)).rejects.toBeInstanceOf(NoAnswer);
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
