import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '@dfs/protocol';

const POLL = 15;

/**
 * Waits until `check` returns something other than undefined or false, and returns it. What it throws counts as
 * "not yet".
 * @param deadline milliseconds; past it the last failure is thrown
 */
export async function eventually<T>(
  check: () => T | undefined | false | Promise<T | undefined | false>,
  options: { deadline?: number; what?: string; poll?: number } = {},
): Promise<T> {
  const end = Date.now() + (options.deadline ?? 10_000);
  let last: unknown;
  for (;;) {
    try {
      const value = await check();
      if (value !== undefined && value !== false) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) {
      throw new Error(`never happened: ${options.what ?? check.toString().slice(0, 200)}`, { cause: last });
    }
    await delay(options.poll ?? POLL);
  }
}

/** A clock that stands still until it is told otherwise. */
export interface FakeClock extends Clock {
  set(time: number): void;
  advance(milliseconds: number): void;
}

export function fakeClock(start: number = Date.UTC(2026, 0, 1)): FakeClock {
  let time = start;
  return {
    now: () => time,
    set: (to) => (time = to),
    advance: (by) => (time += by),
  };
}
