import { setTimeout as delay } from 'node:timers/promises';
import { RunningTime, type Clock, type VirtualTime } from '@dfs/runtime';

const POLL = 15;
const DEADLINE = 60_000;

/**
 * Waits until `check` returns something other than undefined or false, and returns it. An error of it counts as
 * "not yet".
 * @param deadline milliseconds; past it the last failure is thrown. They are counted by the looks that the test could
 * take, each for little more than the pause before it: on a machine that is busy with other things, where a process gets a
 * tenth of the time, what is waited for gets ten times as long
 */
export async function eventually<T>(
  check: () => T | undefined | false | Promise<T | undefined | false>,
  options: { deadline?: number; what?: string; poll?: number; passing?: Passing } = {},
): Promise<T> {
  const { deadline = DEADLINE, poll = POLL } = options;
  const time = new RunningTime(Math.max(poll, POLL));
  let waited = 0;
  let last: unknown;
  for (;;) {
    try {
      const value = await check();
      if (value !== undefined && value !== false) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (waited > deadline) {
      throw new Error(`never happened: ${options.what ?? check.toString().slice(0, 200)}`, { cause: last });
    }
    options.passing?.time.advance(options.passing.step);
    await delay(poll);
    time.tick();
    waited = time.now();
  }
}

/** Time that passes while a test waits: so many of its milliseconds with every look. */
export interface Passing {
  readonly time: Pick<VirtualTime, 'advance'>;
  readonly step: number;
}

/** A clock that stands still until it is told otherwise. */
export interface FakeClock extends Clock {
  set(time: number): void;
  advance(milliseconds: number): void;
}

/** Stands still until it is moved. Milliseconds since 1970. */
export function fakeClock(start: number = Date.UTC(2026, 0, 1)): FakeClock {
  let time = start;
  return {
    now: () => time,
    set: (to) => (time = to),
    advance: (by) => (time += by),
  };
}
