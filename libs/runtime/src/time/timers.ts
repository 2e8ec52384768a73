import type { Unsubscribe } from '../ambient.js';

/**
 * Where waits come from: a clock that nobody sets and that never goes back. A test gives one of its own, on which time
 * passes when the test says so. No wait keeps the process alive.
 */
export interface Timers {
  /** Milliseconds since some moment. */
  ticks(): number;
  /** Calls back once, so many milliseconds from now. @returns calls it off */
  after(milliseconds: number, callback: () => void): Unsubscribe;
  /** Calls back again and again. @returns ends it */
  every(milliseconds: number, callback: () => void): Unsubscribe;
  /** Resolves after so many milliseconds, or as soon as the signal aborts. Never rejects. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** Longer waits than setTimeout has come early; a wait this long is as good as none. */
const LONGEST = 2 ** 31 - 1;

/** The timers of the process. */
export const systemTimers: Timers = {
  ticks: () => performance.now(),
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, Math.min(milliseconds, LONGEST)).unref();
    return () => clearTimeout(timer);
  },
  every: (milliseconds, callback) => {
    const timer = setInterval(callback, Math.min(milliseconds, LONGEST)).unref();
    return () => clearInterval(timer);
  },
  sleep: (milliseconds, signal) => sleepOn(systemTimers, milliseconds, signal),
};

/** `sleep` of timers that have `after`. */
export function sleepOn(timers: Pick<Timers, 'after'>, milliseconds: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      callOff();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const callOff = timers.after(milliseconds, end);
    signal?.addEventListener('abort', end, { once: true });
  });
}
