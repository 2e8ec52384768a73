import { hour, minute, second, SleepWatch, VirtualTime } from '@dfs/runtime';
import { Synced } from './synced.js';

/** A machine that can sleep, and members that compare their records with this node. */
function machine(): {
  synced: Synced;
  pass(milliseconds: number): void;
  sleep(milliseconds: number): void;
  compare(): void;
} {
  const time = new VirtualTime();
  let slept = 0;
  let comparedAt = -Infinity;
  const clock = { now: () => time.now() + slept };
  const sync = { comparedSince: (at: number) => comparedAt >= at, onCompared: () => () => undefined };
  const watch = new SleepWatch({ clock, timers: time, running: () => time.now() });
  const synced = new Synced({ sync, sleep: watch, running: () => time.now() });
  watch.start();
  return {
    synced,
    pass: (milliseconds) => time.advance(milliseconds),
    sleep: (milliseconds) => (slept += milliseconds),
    compare: () => (comparedAt = time.now()),
  };
}

describe('a node that must know what the others know', () => {
  it('does so once it has compared its records with a member', () => {
    const { synced, pass, compare } = machine();
    expect(synced.isSynced()).toBe(false);
    pass(second);
    compare();
    expect(synced.isSynced()).toBe(true);
    pass(24 * hour);
    expect(synced.isSynced()).toBe(true);
  });

  it('does so no more when its machine has slept, until it has compared them again', () => {
    const { synced, pass, sleep, compare } = machine();
    compare();
    pass(minute);
    expect(synced.isSynced()).toBe(true);
    sleep(8 * hour);
    pass(second);
    expect(synced.isSynced()).toBe(false);
    pass(minute);
    expect(synced.isSynced()).toBe(false);
    compare();
    expect(synced.isSynced()).toBe(true);
  });

  it('is not put off by a clock that is set by seconds', () => {
    const { synced, sleep, compare } = machine();
    compare();
    sleep(15 * second);
    expect(synced.isSynced()).toBe(true);
  });
});
