import { scrubReport } from './scrub-report.js';

const pass = { startedAt: Date.UTC(2026, 0, 2), finishedAt: null, chunks: 40, bytes: 4000, damaged: 1 };
const verified = { chunks: 0, bytes: 0, damaged: 0 };

describe('what health says of the scrub', () => {
  it('tells of the last pass and of the one under way', () => {
    const last = { ...pass, finishedAt: Date.UTC(2026, 0, 3), damaged: 0 };
    const underWay = { ...pass, share: 0.259 };
    expect(scrubReport({ verified, last, underWay, overdue: false })).toEqual({
      ok: true,
      detail:
        'All 40 chunks were read and hashed by 2026-01-03T00:00:00.000Z; 0 were damaged. ' +
        'A pass since 2026-01-02T00:00:00.000Z is at 25 %, with 1 damaged.',
    });
  });

  it('is not content with one that is overdue, and says what to do', () => {
    const report = scrubReport({ verified, last: null, underWay: null, overdue: true });
    expect(report.ok).toBe(false);
    expect(report.detail).toMatch(/^Not all chunks .* It is overdue: leave the node running/);
  });
});
