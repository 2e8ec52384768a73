import { retry, throwError, timer, type MonoTypeOperatorFunction } from 'rxjs';
import { ApiProblem } from './problem.js';

/** Milliseconds. */
const second = 1000;

/** Bounds of the policy; every number has its reason. */
export const RETRY = {
  /** The first wait: long enough for a restarting socket, short enough not to be noticed. */
  firstDelayMs: 0.3 * second,
  /** Waits double up to here, so that a node that comes back is found again soon. */
  maxDelayMs: 15 * second,
  /** A node that asks for a longer pause than this is not waited for: a person is told instead. */
  maxRetryAfterMs: 60 * second,
  /** Tries after the first one of a call a person waits for: about 5 s in all. */
  callAttempts: 4,
} as const;

/** Settings that differ from one use of the policy to another. */
export interface RetryOptions {
  /** Retries after the first try; `Infinity` for a connection that is never given up. */
  attempts?: number;
  /** In [0, 1); a seam for tests. */
  random?: () => number;
}

/**
 * The one retry policy: how many milliseconds to wait before retry number `attempt` (1 is the first), or `null` to give
 * up. Exponential backoff whose second half is random, so that a hundred consoles do not come back in step. The node's
 * own `Retry-After` is a lower bound.
 * Only errors that may pass by themselves are retried. Whether the call may be sent twice is the caller's to know.
 */
export function retryPolicy(attempt: number, error: unknown, options: RetryOptions = {}): number | null {
  const { attempts = RETRY.callAttempts, random = Math.random } = options;
  if (attempt > attempts || !(error instanceof ApiProblem) || !error.retryable) return null;
  const ceiling = Math.min(RETRY.maxDelayMs, RETRY.firstDelayMs * 2 ** Math.min(attempt - 1, 30));
  const delay = Math.round(ceiling * (0.5 + random() / 2));
  const asked = error.retryAfterMs ?? 0;
  if (asked > RETRY.maxRetryAfterMs) return null;
  return Math.max(delay, asked);
}

/** Subscribes again after a failure for as long as `retryPolicy` says so. For calls that may be sent twice only. */
export function retryTransient<T>(options?: RetryOptions): MonoTypeOperatorFunction<T> {
  return retry<T>({
    delay: (error: unknown, attempt) => {
      const delay = retryPolicy(attempt, error, options);
      return delay === null ? throwError(() => error) : timer(delay);
    },
  });
}
