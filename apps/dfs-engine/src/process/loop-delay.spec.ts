import { setImmediate } from 'node:timers/promises';
import { VirtualTime, type Timers } from '@dfs/runtime';
import { Registry, collectDefaultMetrics } from 'prom-client';
import { LoopDelay, loopDelayMetrics } from './loop-delay.js';

/** A loop that is as busy as the test says, and its timers, which come late where the test lets them. */
function loop() {
  const time = new VirtualTime();
  let [late, share] = [0, 0];
  const timers: Timers = {
    ticks: () => time.ticks() + late,
    after: (milliseconds, callback) => time.after(milliseconds, callback),
    every: (milliseconds, callback) => time.every(milliseconds, callback),
    sleep: (milliseconds, signal) => time.sleep(milliseconds, signal),
  };
  const delay = new LoopDelay({ busy: () => share, timers });
  delay.start();
  /** So many looks, in each of which the loop is busy for this share. */
  const looks = async (count: number, busy = 0): Promise<void> => {
    share = busy;
    for (let left = count; left > 0; left--) {
      const { runs } = delay.work();
      // Its timers, one after another.
      while (delay.work().runs === runs) {
        time.advance(1);
        await setImmediate();
      }
    }
  };
  return { time, delay, looks, holdUp: (milliseconds: number) => (late += milliseconds) };
}

describe('the delay of the event loop', () => {
  it('is measured by a timer each ten milliseconds while there is something to do', async () => {
    const { delay, looks, holdUp, time } = loop();
    await looks(1, 0.5);
    delay.read();
    time.advance(10);
    holdUp(80);
    time.advance(10);
    await looks(1, 0.5);
    const { min, p50, p99, max } = delay.read();
    expect([min, p50].map((seconds) => Math.round(seconds * 1000))).toEqual([10, 10]);
    expect(Math.round(max * 1000)).toBe(90);
    expect(p99).toBeLessThanOrEqual(max);
    await delay.stop();
    expect(time.waiting).toBe(0);
  });

  it('takes no timer at rest but those of the looks, which tell of a delay', async () => {
    const { delay, looks, holdUp, time } = loop();
    await looks(3);
    expect(time.waiting).toBe(1);
    delay.read();
    await looks(2);
    delay.read();
    // The read has begun it anew, until it is at rest again.
    await looks(2);
    expect(time.waiting).toBe(1);
    expect(delay.read().max).toBeCloseTo(0.01, 3);
    await looks(2);
    delay.read();
    await looks(2);
    await looks(1);
    expect(time.waiting).toBe(1);
    holdUp(300);
    await looks(1);
    expect(delay.read().max).toBeCloseTo(0.31, 2);
    await delay.stop();
  });

  it('is measured again from the first look that finds something to do', async () => {
    const { delay, looks, time } = loop();
    await looks(3);
    expect(time.waiting).toBe(1);
    await looks(1, 0.1);
    expect(time.waiting).toBe(2);
    await delay.stop();
  });

  it('has its own names among the metrics, and is read once for all of them', async () => {
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    const names = (text: string) => [...text.matchAll(/^# TYPE (nodejs_eventloop_lag\S*)/gm)].map(([, name]) => name);
    const before = names(await registry.metrics());
    let reads = 0;
    const figures = { min: 1, max: 7, mean: 2, stddev: 3, p50: 4, p90: 5, p99: 6 };
    loopDelayMetrics(registry, { read: () => (reads++, figures) });
    const text = await registry.metrics();
    expect(names(text).sort()).toEqual(before.sort());
    for (const [name, value] of Object.entries(figures))
      expect(text).toContain(`\nnodejs_eventloop_lag_${name}_seconds ${value}\n`);
    expect(reads).toBe(1);
  });
});
