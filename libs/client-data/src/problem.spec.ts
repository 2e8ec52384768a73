import { HttpErrorResponse, HttpHeaders } from '@angular/common/http';
import { ERROR_STATUS, RETRYABLE_CODES, type ErrorCode, type Problem } from '@dfs/contracts';
import { PROBLEM_MESSAGES } from './problem-messages.js';
import { ApiProblem, parseRetryAfter, toApiProblem } from './problem.js';

const codes = Object.keys(ERROR_STATUS) as ErrorCode[];

function answer(code: ErrorCode, more: Partial<Problem> = {}, headers: Record<string, string> = {}): HttpErrorResponse {
  const status = ERROR_STATUS[code];
  const error: Problem = {
    type: `/api/problems/${code}`,
    title: code,
    status,
    code,
    detail: `Something is the matter with ${code}.`,
    requestId: 'r-1',
    retryable: RETRYABLE_CODES.has(code),
    ...more,
  };
  return new HttpErrorResponse({ status, error, headers: new HttpHeaders(headers) });
}

describe('ApiProblem', () => {
  it.each(codes)('reads %s and says it plainly', (code) => {
    const problem = toApiProblem(answer(code));
    expect(problem).toMatchObject({ code, status: ERROR_STATUS[code], requestId: 'r-1' });
    expect(problem.retryable).toBe(RETRYABLE_CODES.has(code));
    expect(problem.detail).toBe(`Something is the matter with ${code}.`);
    expect(problem.title.length).toBeGreaterThan(5);
    expect(problem.title).not.toMatch(/\.$|undefined|null|exception|HTTP/i);
    expect(problem.next).toMatch(/\.$/);
  });

  it('has a message for every code and no message for none', () => {
    expect(Object.keys(PROBLEM_MESSAGES).sort()).toEqual(
      [...codes, 'unreachable', 'connection-cut', 'file-unreadable', 'unexpected-answer', 'unknown-problem'].sort(),
    );
  });

  it('keeps fields, and the facts that belong to the code', () => {
    const problem = toApiProblem(
      answer('last-copy', { errors: [{ field: 'peerId', detail: 'no' }], files: 3, count: 7 }),
    );
    expect(problem.fields).toEqual([{ field: 'peerId', detail: 'no' }]);
    expect(problem.extensions).toEqual({ files: 3, count: 7 });
  });

  it('reads a problem that arrived as text', () => {
    const raw = new HttpErrorResponse({ status: 409, error: JSON.stringify(answer('path-exists').error) });
    expect(toApiProblem(raw).code).toBe('path-exists');
  });

  it('calls an answer from nobody unreachable, and it may be tried again', () => {
    expect(toApiProblem(new HttpErrorResponse({ status: 0 }))).toMatchObject({ code: 'unreachable', retryable: true });
  });

  it.each([
    [502, '<html>Bad gateway</html>', 'unexpected-answer'],
    [401, null, 'unauthorized'],
    [503, 'busy', 'not-ready'],
    [418, { code: 'teapot' }, 'unexpected-answer'],
    [500, { code: 'constructor' }, 'unexpected-answer'],
  ] as const)('makes the best of a %i with a foreign body', (status, error, code) => {
    expect(toApiProblem(new HttpErrorResponse({ status, error })).code).toBe(code);
  });

  it('of a newer node, with a code that is not known here, has the words of the node and says to reload', () => {
    const error = { ...(answer('conflict').error as Problem), code: 'too-new', type: '/below/api/problems/too-new' };
    const problem = toApiProblem(new HttpErrorResponse({ status: 409, error: { ...error, detail: 'In its words.' } }));
    expect(problem).toMatchObject({ code: 'unknown-problem', status: 409, detail: 'In its words.', requestId: 'r-1' });
    expect(problem.next).toMatch(/^Reload this page/);
  });

  it('is harmless where nothing is wrong', () => {
    const harmless = codes.filter((code) => toApiProblem(answer(code)).harmless);
    expect(harmless.sort()).toEqual(['aborted', 'already-member', 'placed-here']);
  });

  it('is made only once', () => {
    const problem = new ApiProblem({ code: 'conflict' });
    expect(toApiProblem(problem)).toBe(problem);
    expect(toApiProblem(new TypeError('a bug')).code).toBe('unexpected-answer');
  });

  it('reads Retry-After as seconds and as a date', () => {
    expect(parseRetryAfter('3', 0)).toBe(3000);
    expect(parseRetryAfter('-3', 0)).toBe(0);
    expect(parseRetryAfter('Thu, 01 Jan 1970 00:01:00 GMT', 20_000)).toBe(40_000);
    expect(parseRetryAfter('soon', 0)).toBeNull();
    expect(parseRetryAfter(null, 0)).toBeNull();
    expect(toApiProblem(answer('not-ready', {}, { 'retry-after': '2' })).retryAfterMs).toBe(2000);
  });
});
