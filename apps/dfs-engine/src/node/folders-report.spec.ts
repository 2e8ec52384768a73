import type { LiveFolderInfo } from '@dfs/contracts';
import { foldersReport } from './folders-report.js';

type Told = Parameters<typeof foldersReport>[0][number];
const folder = (also: Partial<LiveFolderInfo> = {}): Told => ({
  ...{ name: 'photos', state: 'up-to-date', reason: null, detail: null, held: 0 },
  ...also,
});

describe('live folders in health', () => {
  it('are well while they work, wait for others, or were paused by a person', () => {
    expect(foldersReport([])).toEqual({ ok: true, detail: 'This node has no live folders.' });
    const well = [
      folder({ state: 'syncing' }),
      folder({ state: 'paused', reason: 'asked' }),
      folder({ state: 'paused', reason: 'not-synced' }),
    ];
    expect(foldersReport(well)).toEqual({ ok: true, detail: 'All live folders are well: 3.' });
  });

  it('are not where one is held, paused by trouble or in error, and say why', () => {
    const report = foldersReport([
      folder(),
      folder({ name: 'a', state: 'held', held: 12 }),
      folder({ name: 'b', state: 'paused', reason: 'marker-missing', detail: 'The marker is gone.' }),
      folder({ name: 'c', state: 'error', reason: 'disk-hung', detail: 'The disk does not answer.', held: 3 }),
    ]);
    expect(report).toEqual({
      ok: false,
      detail:
        '"a" (held): 12 deletions wait for an answer. "b" (paused): The marker is gone. "c" (error): The disk does not answer.',
    });
  });

  it('names a few of many', () => {
    const many = Array.from({ length: 8 }, (_, n) => folder({ name: `f${n}`, state: 'held', held: 1 }));
    expect(foldersReport(many).detail).toMatch(/"f4".* And 3 more\.$/);
  });
});
