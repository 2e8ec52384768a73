import { jest } from '@jest/globals';
import type { MessageStream, StreamMuxer } from '@libp2p/interface';
import { systemTimers } from '@dfs/runtime';
import { KEEPALIVE_AFTER, KEEPALIVE_REST, KEEPALIVE_TICK, KEEPALIVE_TIMEOUT } from '../constants.js';
import { KeepAlive } from './keep-alive.js';

/** A connection to a peer that says nothing by itself, on a clock of its own. */
class Line extends EventTarget {
  asked = 0;
  isCut = false;
  readonly pulse: KeepAlive;
  private now = 1;

  constructor() {
    super();
    const muxer = { ping: () => (this.asked++, new Promise<number>(() => {})) };
    this.pulse = KeepAlive.watch(muxer as unknown as StreamMuxer, this as unknown as MessageStream, {
      ticks: () => this.now,
      every: systemTimers.every,
    });
  }

  abort(): void {
    this.isCut = true;
    this.dispatchEvent(new Event('close'));
  }

  hears(): void {
    this.dispatchEvent(new Event('message'));
  }

  pass(milliseconds: number): void {
    for (const end = this.now + milliseconds; this.now < end;) this.wakeAfter(KEEPALIVE_TICK);
  }

  /** The loop of events turns once, after so long. */
  wakeAfter(milliseconds: number): void {
    this.now += milliseconds;
    jest.advanceTimersByTime(KEEPALIVE_TICK);
  }
}

describe('a watched connection', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('is asked for a sign of life when it is silent, and cut when none comes', () => {
    const line = new Line();
    line.pass(KEEPALIVE_AFTER);
    expect(line).toMatchObject({ asked: 1, isCut: false });
    line.hears();
    line.pass(KEEPALIVE_AFTER);
    expect(line).toMatchObject({ asked: 2, isCut: false });
    line.pass(KEEPALIVE_TIMEOUT);
    expect(line).toMatchObject({ asked: 2, isCut: true });
  });

  it('that is left to others is asked seldom, or when it is doubted', () => {
    const line = new Line();
    line.pulse.watchClosely(false);
    line.pass(KEEPALIVE_REST - KEEPALIVE_TICK);
    expect(line.asked).toBe(0);
    line.pulse.probe();
    line.pass(KEEPALIVE_TIMEOUT);
    expect(line).toMatchObject({ asked: 1, isCut: true });
  });

  it('is not cut for an answer that this process, busy or asleep, had no time to read', () => {
    const line = new Line();
    line.pass(KEEPALIVE_AFTER);
    line.wakeAfter(KEEPALIVE_TIMEOUT + KEEPALIVE_TICK);
    expect(line).toMatchObject({ asked: 2, isCut: false });
    line.hears();
    line.pass(KEEPALIVE_TIMEOUT);
    expect(line.isCut).toBe(false);
    line.pass(KEEPALIVE_AFTER + KEEPALIVE_TIMEOUT);
    expect(line.isCut).toBe(true);
  });
});
