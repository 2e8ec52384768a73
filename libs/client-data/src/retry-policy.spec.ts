import { concat, defer, of, throwError } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { ApiProblem } from './problem.js';
import { RETRY, retryPolicy, retryTransient } from './retry-policy.js';

const unreachable = new ApiProblem({ code: 'unreachable' });
const busy = (retryAfterMs: number) => new ApiProblem({ code: 'too-many-requests', status: 429, retryAfterMs });
const never = () => 0;
const almostOne = () => 0.999999;

function inVirtualTime(
  run: (scheduler: TestScheduler, helpers: Parameters<Parameters<TestScheduler['run']>[0]>[0]) => void,
) {
  const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
  scheduler.run((helpers) => run(scheduler, helpers));
}

describe('retryPolicy', () => {
  it('doubles the wait up to the ceiling, and the second half of it is random', () => {
    const least = Array.from({ length: 9 }, (_, i) => retryPolicy(i + 1, unreachable, { attempts: 9, random: never }));
    const most = Array.from({ length: 9 }, (_, i) =>
      retryPolicy(i + 1, unreachable, { attempts: 9, random: almostOne }),
    );
    expect(least).toEqual([150, 300, 600, 1200, 2400, 4800, 7500, 7500, 7500]);
    expect(most).toEqual([300, 600, 1200, 2400, 4800, 9600, 15000, 15000, 15000]);
  });

  it('gives up after the last attempt, and never for a connection', () => {
    expect(retryPolicy(RETRY.callAttempts, unreachable)).not.toBeNull();
    expect(retryPolicy(RETRY.callAttempts + 1, unreachable)).toBeNull();
    expect(retryPolicy(10_000, unreachable, { attempts: Infinity, random: never })).toBe(7500);
  });

  it('takes Retry-After as the least it waits, and tells a person when that is too long', () => {
    expect(retryPolicy(1, busy(4000), { random: never })).toBe(4000);
    expect(retryPolicy(1, busy(10), { random: never })).toBe(150);
    expect(retryPolicy(1, busy(RETRY.maxRetryAfterMs + 1))).toBeNull();
  });

  it('does not repeat what cannot succeed, nor what it does not know', () => {
    expect(retryPolicy(1, new ApiProblem({ code: 'invalid-path', status: 400 }))).toBeNull();
    expect(retryPolicy(1, new ApiProblem({ code: 'quota-exceeded', status: 507 }))).toBeNull();
    expect(retryPolicy(1, new Error('a bug'))).toBeNull();
  });
});

describe('retryTransient', () => {
  it('tries again in time and hands on the answer', () => {
    inVirtualTime((scheduler, { expectObservable }) => {
      let calls = 0;
      const call = defer(() => (++calls < 3 ? throwError(() => unreachable) : of('answer')));
      const expected = '450ms (a|)';
      expectObservable(call.pipe(retryTransient({ random: never }))).toBe(expected, { a: 'answer' });
      scheduler.flush();
      expect(calls).toBe(3);
    });
  });

  it('fails with the last error when it gives up', () => {
    inVirtualTime((_, { expectObservable }) => {
      const call = throwError(() => unreachable);
      expectObservable(call.pipe(retryTransient({ attempts: 2, random: never }))).toBe('450ms #', {}, unreachable);
    });
  });

  it('waits as long as the node asks', () => {
    inVirtualTime((_, { expectObservable }) => {
      let calls = 0;
      const call = defer(() => (++calls === 1 ? throwError(() => busy(5000)) : of('answer')));
      expectObservable(call.pipe(retryTransient({ random: never }))).toBe('5s (a|)', { a: 'answer' });
    });
  });

  it('fails at once for what will not pass', () => {
    const refused = new ApiProblem({ code: 'path-exists', status: 409 });
    inVirtualTime((_, { expectObservable }) => {
      const call = concat(
        of('progress'),
        throwError(() => refused),
      );
      expectObservable(call.pipe(retryTransient())).toBe('(a#)', { a: 'progress' }, refused);
    });
  });
});
