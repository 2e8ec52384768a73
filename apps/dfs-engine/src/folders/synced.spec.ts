import { hour, minute, second, SleepWatch, VirtualTime } from '@dfs/runtime';
import { Synced } from './synced.js';

/** A machine that can sleep, and members that compare their records with this node. */
function machine(): {
  synced: Synced;
  pass(milliseconds: number): void;
  sleep(milliseconds: number): void;
  compare(): void;
  /** As in another network. */
  forget(): void;
} {
  const time = new VirtualTime();
  let slept = 0;
  let comparedAt = -Infinity;
  const clock = { now: () => time.now() + slept };
  const listeners = new Set<() => void>();
  const sync = {
    comparedSince: (at: number) => comparedAt >= at,
    onCompared: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const watch = new SleepWatch({ clock, timers: time, running: () => time.now() });
  const synced = new Synced({ sync, sleep: watch, running: () => time.now() });
  watch.start();
  return {
    synced,
    pass: (milliseconds) => time.advance(milliseconds),
    sleep: (milliseconds) => (slept += milliseconds),
    compare: () => {
      comparedAt = time.now();
      for (const listener of listeners) listener();
    },
    forget: () => void (comparedAt = -Infinity),
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

  it('tells that it has become so, and not with each comparison that follows', () => {
    const { synced, pass, sleep, compare, forget } = machine();
    let told = 0;
    const unsubscribe = synced.onSynced(() => told++);
    for (let beat = 0; beat < 10; beat++) {
      compare();
      pass(10 * second);
    }
    expect(told).toBe(1);
    sleep(8 * hour);
    pass(minute);
    expect(told).toBe(1);
    for (let beat = 0; beat < 10; beat++) compare();
    expect(told).toBe(2);
    // A part that asked meanwhile, and was told that it is not so, waits to hear that it is.
    forget();
    expect(synced.isSynced()).toBe(false);
    for (let beat = 0; beat < 10; beat++) compare();
    expect(told).toBe(3);
    unsubscribe();
    forget();
    expect(synced.isSynced()).toBe(false);
    compare();
    expect(told).toBe(3);
  });
});
