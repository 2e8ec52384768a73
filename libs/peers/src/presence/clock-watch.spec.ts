import { hour, minute, SleepWatch, VirtualTime, type Clock } from '@dfs/runtime';
import { ClockWatch } from './clock-watch.js';

const NOW = Date.UTC(2026, 0, 10);

interface Watched {
  watch: ClockWatch;
  clock: Clock;
  /** Somebody sets the clock. */
  set: (by: number) => void;
  members: Set<string>;
  moved: () => number;
  pass: (ms: number) => void;
  hears: (...hoursAhead: number[]) => void;
}

function watched(): Watched {
  const time = new VirtualTime(NOW);
  let ahead = 0;
  const clock = { now: () => time.now() + ahead };
  const sleep = new SleepWatch({ clock, timers: time, running: () => time.ticks() });
  sleep.start();
  const members = new Set(['m0', 'm1', 'm2', 'm3']);
  let moves = 0;
  const watch = new ClockWatch({
    clock,
    sleep,
    isMember: (peerId) => members.has(peerId),
    moved: () => void moves++,
    monotonic: () => time.ticks(),
  });
  return {
    ...{ watch, clock, members, moved: () => moves },
    set: (by) => void (ahead += by),
    pass: (ms) => time.advance(ms),
    /** Each member in turn, with a clock that far ahead of the true time. */
    hears: (...hoursAhead) => hoursAhead.forEach((ahead, index) => watch.heard(`m${index}`, time.now() + ahead * hour)),
  };
}

describe('the own clock', () => {
  it('is not doubted by a node that hears of no other', () => {
    const { watch, set } = watched();
    set(1000 * hour);
    expect(watch.skew()).toBeUndefined();
    watch.heard('m0', null);
    expect(watch.problem()).toBeUndefined();
  });

  it.each([
    ['one member is 72 h away', [-72], undefined],
    ['one member is further away, and may be wrong itself', [-72.1], undefined],
    ['both others are further away', [-72.1, -80], { far: 2, heard: 2 }],
    ['both others are ahead', [73, 74], { far: 2, heard: 2 }],
    ['one of two is', [-100, 0], undefined],
    ['two of three are: it and the third may be right', [-100, -90, 0], undefined],
    ['three of three are', [-100, -90, -80], { far: 3, heard: 3 }],
    ['three of four are', [-100, -90, -80, 0], { far: 3, heard: 4 }],
    ['two of four are', [-100, -90, 0, 1], undefined],
  ])('is judged by more than half of all, itself included: %s', (_name, hoursAhead, expected) => {
    const { watch, hears } = watched();
    hears(...hoursAhead);
    if (expected) expect(watch.skew()).toMatchObject(expected);
    else expect(watch.skew()).toBeUndefined();
  });

  it('is told of in words that say which way it is off, how far, and what to do', () => {
    const { watch, hears } = watched();
    hears(-100, -100);
    expect(watch.problem()).toContain(
      'shows 2026-01-10T00:00:00.000Z, 100 hours ahead of 2 of the 2 members heard from lately. Set the clock right',
    );
    hears(24 * 365, 24 * 365, 24 * 365);
    expect(watch.problem()).toContain('365 days behind 3 of the 3 members');
  });

  it('is told to differ where nobody can say which is right, and is not refused for that', () => {
    const { watch, hears, set } = watched();
    expect(watch.difference()).toBeUndefined();
    hears(-100);
    expect([watch.problem(), watch.difference()]).toEqual([
      undefined,
      expect.stringContaining('100 hours ahead of 1 of the 1 members heard from lately. Either may be wrong') as string,
    ]);
    hears(-100, 0);
    expect(watch.difference()).toBeUndefined();
    hears(-100, -100);
    expect(watch.difference()).toBeUndefined();
    hears(-100, -100, 0);
    expect(watch.difference()).toContain('100 hours ahead of 2 of the 3');
    watch.trust();
    expect(watch.difference()).toBeUndefined();
    set(hour);
    expect(watch.difference()).toBeDefined();
  });

  it('is right when a person says so, until it is set again', () => {
    const { watch, hears, pass, set } = watched();
    hears(-100, -100);
    expect(watch.problem()).toBeDefined();
    watch.trust();
    expect([watch.problem(), watch.isConfirmed]).toEqual([undefined, false]);
    pass(24 * hour);
    hears(-100, -100);
    expect(watch.problem()).toBeUndefined();
    set(hour);
    expect(watch.problem()).toBeDefined();
  });

  it('is right again as soon as members say so, and when none is heard any more', () => {
    const { watch, set, hears, pass } = watched();
    set(80 * hour);
    hears(0, 0);
    expect(watch.skew()).toMatchObject({ ahead: 80 * hour });
    set(-80 * hour);
    hears(0, 0);
    expect(watch.skew()).toBeUndefined();
    hears(90, 90);
    pass(2 * minute);
    expect(watch.skew()).toBeDefined();
    pass(2 * minute);
    expect(watch.skew()).toBeUndefined();
  });

  it('is not judged by those who were removed', () => {
    const { watch, members, hears } = watched();
    hears(90, 90, 0);
    members.delete('m0');
    expect(watch.skew()).toBeUndefined();
  });

  it('is compared anew at once when it was set', () => {
    const { watch, set, moved, pass, hears } = watched();
    hears(0, 0);
    pass(minute);
    expect(moved()).toBe(0);
    set(-hour);
    pass(minute);
    expect(moved()).toBe(1);
    // Set right between two looks: what was heard meanwhile is outdated too.
    hears(0, 0);
    set(hour);
    expect(watch.skew()).toBeUndefined();
    expect(moved()).toBe(2);
  });

  it('is confirmed by more than half, and only as it was when they told the time', () => {
    const { watch, set, hears, pass } = watched();
    expect(watch.isConfirmed).toBe(false);
    hears(-100, 0);
    expect(watch.isConfirmed).toBe(false);
    hears(0, 0, 100);
    expect(watch.isConfirmed).toBe(true);
    // Set back by a hand: nobody has said anything of that yet, nor after it was noticed.
    set(-100 * hour);
    expect([watch.isConfirmed, watch.problem()]).toEqual([false, undefined]);
    pass(minute);
    expect(watch.isConfirmed).toBe(false);
    set(100 * hour);
    expect(watch.isConfirmed).toBe(true);
    pass(24 * hour);
    expect(watch.isConfirmed).toBe(false);
  });
});
