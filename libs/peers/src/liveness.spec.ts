import { minute, second } from '@dfs/protocol';
import { fakeClock } from '@dfs/testing';
import { Liveness } from './liveness.js';

function liveness() {
  const clock = fakeClock();
  const live = new Liveness({
    clock,
    self: 'me',
    graceMs: () => 10 * minute,
    periodMs: () => minute,
    lastSeenBefore: (peerId) => (peerId === 'old' ? 1 : undefined),
  });
  live.start(3);
  /** Time passes as on a machine that is awake. */
  const pass = (minutes: number): void => {
    for (let i = 0; i < minutes; i++) {
      clock.advance(minute);
      live.tick();
    }
  };
  return { clock, live, pass };
}

describe('liveness', () => {
  it('counts a member until no heartbeat has come for the grace, and again when one comes', () => {
    const { live, pass } = liveness();
    live.spoke('ann', 5);
    pass(10);
    expect(live.inGrace('ann')).toBe(true);
    pass(1);
    expect(live.inGrace('ann')).toBe(false);
    live.spoke('ann', 6);
    expect(live.inGrace('ann')).toBe(true);
  });

  it('counts everyone for a grace from its own start', () => {
    const { live, pass } = liveness();
    pass(9);
    expect(live.inGrace('never heard of')).toBe(true);
    pass(2);
    expect(live.inGrace('never heard of')).toBe(false);
  });

  it('takes a relayed heartbeat for one, and the same one again for none', () => {
    const { live, pass } = liveness();
    expect(live.relayed('ann', 5)).toBe(true);
    pass(6);
    expect(live.relayed('ann', 5)).toBe(false);
    expect(live.relayed('ann', 4)).toBe(false);
    pass(5);
    expect(live.inGrace('ann')).toBe(false);
    expect(live.relayed('ann', 6)).toBe(true);
    expect(live.inGrace('ann')).toBe(true);
  });

  it('blames nobody for the time it slept, even when asked before the next heartbeat', () => {
    const { clock, live, pass } = liveness();
    live.spoke('ann', 5);
    pass(5);
    clock.advance(8 * 60 * minute);
    expect(live.inGrace('ann')).toBe(true);
    pass(10);
    expect(live.inGrace('ann')).toBe(true);
    pass(1);
    expect(live.inGrace('ann')).toBe(false);
  });

  it('is not misled by a clock that is set back', () => {
    const { clock, live, pass } = liveness();
    live.spoke('ann', 5);
    clock.advance(-60 * minute);
    pass(10);
    expect(live.inGrace('ann')).toBe(true);
    pass(2);
    expect(live.inGrace('ann')).toBe(false);
  });

  it('always counts itself', () => {
    const { clock, live, pass } = liveness();
    pass(100);
    expect(live.inGrace('me')).toBe(true);
    expect(live.lastSeen('me')).toBe(clock.now());
  });

  it('goes on above what others know of it', () => {
    const { live, pass } = liveness();
    const before = live.current;
    pass(2);
    expect(live.current).toBe(before + 2);
    expect(live.raise(live.current)).toBeUndefined();
    const heard = live.current + 12_345_678;
    const epoch = live.raise(heard) ?? 0;
    expect(live.current).toBeGreaterThan(heard);
    live.start(epoch + 1);
    expect(live.current).toBeGreaterThan(heard);
  });

  it('remembers from earlier runs when a member was last seen', () => {
    const { clock, live } = liveness();
    expect(live.lastSeen('old')).toBe(1);
    clock.advance(5 * second);
    live.spoke('old', 1);
    expect(live.lastSeen('old')).toBe(clock.now());
    expect(live.lastSeen('new')).toBeUndefined();
  });
});
