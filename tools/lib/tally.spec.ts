import { byProject, closingLine, FAILED_STEP, NOTHING, sum, tally } from './tally.mjs';

const results = {
  numPassedTests: 5,
  numFailedTests: 0,
  numPendingTests: 1,
  numRuntimeErrorTestSuites: 0,
  success: true,
  testResults: [
    {
      name: '/repo/libs/chunks/src/a.spec.ts',
      startTime: 1000,
      endTime: 3000,
      assertionResults: [{ status: 'passed' }, { status: 'pending' }],
    },
    { name: '/repo/libs/chunks/src/b.spec.ts', startTime: 0, endTime: 500, assertionResults: [{ status: 'passed' }] },
    {
      name: '/repo/tools/c.spec.ts',
      startTime: 0,
      endTime: 1000,
      assertionResults: [{ status: 'passed' }, { status: 'failed' }],
    },
    { name: '/repo/apps/client-ui/src/d.spec.ts', startTime: 0, endTime: 0, assertionResults: [] },
  ],
};

describe('tally', () => {
  it('counts tests', () => {
    expect(tally(results, 0)).toEqual({ passed: 5, failed: 0, skipped: 1 });
    expect(tally({ ...results, numFailedTests: 2, success: false }, 1).failed).toBe(2);
  });

  it('counts a file that could not be loaded', () => {
    expect(tally({ ...results, numRuntimeErrorTestSuites: 1, success: false }, 1).failed).toBe(1);
  });

  it('counts a run that ended badly without a failed test', () => {
    expect(tally(results, 1).failed).toBe(1);
    expect(tally(results, null).failed).toBe(1);
    expect(tally({ ...results, success: false }, 0).failed).toBe(1);
  });

  it('counts a run that left no results', () => {
    expect(tally(undefined, 0)).toEqual(FAILED_STEP);
  });

  it('sums', () => {
    expect(sum([])).toEqual(NOTHING);
    expect(sum([tally(results, 0), FAILED_STEP])).toEqual({ passed: 5, failed: 1, skipped: 1 });
  });

  it('closes with one line, which names what was skipped', () => {
    expect(closingLine(tally(results, 0))).toBe('5 passed, 0 failed, 1 skipped');
    expect(closingLine(FAILED_STEP)).toBe('0 passed, 1 failed');
  });

  it('splits by project', () => {
    expect(byProject(results, '/repo')).toEqual([
      { project: 'chunks', passed: 2, failed: 0, skipped: 1, seconds: 2.5 },
      { project: 'client-ui', passed: 0, failed: 1, skipped: 0, seconds: 0 },
      { project: 'tools', passed: 1, failed: 1, skipped: 0, seconds: 1 },
    ]);
  });
});
