import { jest } from '@jest/globals';
import { LEAVE_AFTER, STALL_CHECK, TRICKLE } from '../limits.js';
import { LEAVE_TRICKLE_AFTER } from './stall.js';
import { Silence } from './stall.js';

describe('the silence of a peer', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());
  /** Milliseconds until it is too long, with a block every so often for some time. */
  function endsAfter(rate: number, blocks = { every: Infinity, until: 0 }): number {
    let now = 0;
    const silence = new Silence(
      () => rate,
      () => now,
    );
    let heard = 0;
    while (!silence.signal.aborted && now < 1e6) {
      now += STALL_CHECK;
      if (now <= blocks.until && now - heard >= blocks.every) silence.heard();
      if (now <= blocks.until && now - heard >= blocks.every) heard = now;
      jest.advanceTimersByTime(STALL_CHECK);
    }
    silence.end();
    return now - heard;
  }

  it('is bounded, longer where bytes come, and however long it takes while blocks do', () => {
    expect(endsAfter(0)).toBe(LEAVE_AFTER + STALL_CHECK);
    expect(endsAfter(TRICKLE - 1)).toBe(LEAVE_AFTER + STALL_CHECK);
    expect(endsAfter(TRICKLE)).toBe(LEAVE_TRICKLE_AFTER + STALL_CHECK);
    expect(endsAfter(0, { every: LEAVE_AFTER - STALL_CHECK, until: 20 * LEAVE_AFTER })).toBe(LEAVE_AFTER + STALL_CHECK);
  });
});
