import { hour, minute, second } from '../units.js';
import { LOOK_EVERY, SleepWatch, WAKE_JUMP } from './sleep-watch.js';
import { VirtualTime } from './virtual-time.js';

/** A machine that sleeps, and whose clock is set, when the test says so. */
function machine() {
  const time = new VirtualTime();
  let ahead = 0;
  const jumps: number[] = [];
  const watch = new SleepWatch({
    clock: { now: () => time.now() + ahead },
    timers: time,
    running: () => time.ticks(),
  });
  watch.onJump((by) => jumps.push(by));
  watch.start();
  return { time, watch, jumps, set: (by: number) => (ahead += by) };
}

describe('a node that watches whether its machine slept', () => {
  it('finds nothing while it runs, nor where the clock is set a little', () => {
    const { time, watch, jumps, set } = machine();
    time.advance(hour);
    set(WAKE_JUMP);
    watch.look();
    time.advance(minute);
    set(-WAKE_JUMP);
    watch.look();
    expect(jumps).toEqual([]);
  });

  it('tells of a sleep once: by itself, or at once when it is asked', () => {
    const { time, watch, jumps, set } = machine();
    set(8 * hour);
    time.advance(LOOK_EVERY - 1);
    expect(jumps).toEqual([]);
    time.advance(1);
    expect(jumps).toEqual([8 * hour]);
    time.advance(minute);
    set(minute);
    watch.look();
    watch.look();
    time.advance(minute);
    expect(jumps).toEqual([8 * hour, minute]);
  });

  it('tells of a clock that is set back', () => {
    const { time, jumps, set } = machine();
    set(-hour);
    time.advance(LOOK_EVERY);
    expect(jumps).toEqual([-hour]);
  });

  it('tells of a time in which the process had no turn, though the running time went on', () => {
    let ticks = 0;
    const jumps: number[] = [];
    const watch = new SleepWatch({ clock: { now: () => ticks }, running: () => ticks });
    watch.onJump((by) => jumps.push(by));
    ticks += 2 * LOOK_EVERY + WAKE_JUMP;
    watch.look();
    expect(jumps).toEqual([]);
    ticks += 10 * minute;
    watch.look();
    expect(jumps).toEqual([10 * minute - 2 * LOOK_EVERY]);
  });

  it('looks no more once it is stopped', () => {
    const { time, watch, jumps, set } = machine();
    watch.stop();
    set(hour);
    time.advance(10 * second);
    expect([time.waiting, jumps]).toEqual([0, []]);
  });
});
