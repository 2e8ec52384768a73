import type { WorkStatus } from '@dfs/runtime';
import { workReport } from './work-report.js';

const work = (name: string, also: Partial<WorkStatus> = {}): WorkStatus => ({
  name,
  state: 'waiting',
  runs: 1,
  errors: 0,
  lastError: null,
  tookMs: 3,
  ...also,
});

describe('what a node does in the background', () => {
  it('is nothing while all wait', () => {
    expect(workReport([work('a'), work('b')])).toBe('Nothing is under way. Waiting for their time: 2.');
  });

  it('names what is under way and what has failed, and not why', () => {
    const all = [
      work('a', { state: 'running' }),
      work('b', { state: 'stopped' }),
      work('c', { state: 'running', lastError: '/secret/path' }),
      work('d', { lastError: 'no' }),
    ];
    expect(workReport(all)).toBe('Under way: a, c. Waiting for their time: 1. Failed last, and is tried again: c, d.');
  });
});
