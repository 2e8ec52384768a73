import { GiB, MiB } from '@dfs/runtime';
import { storageReport } from './storage-report.js';

describe('what is said of storage', () => {
  const usage = { bytes: 1 * GiB, quotaBytes: 100 * GiB, freeBytes: 20 * GiB };

  it('is what an upload would find: room up to the quota, or to the reserve of the disk', () => {
    expect(storageReport(usage, 19 * GiB)).toEqual({ ok: true, detail: '19456 MiB can still be stored.' });
    expect(storageReport({ ...usage, quotaBytes: 2 * GiB }, 19 * GiB).detail).toBe('1024 MiB can still be stored.');
  });

  it('is a warning where uploads are refused, though the reserve is free', () => {
    const { ok, detail } = storageReport({ ...usage, freeBytes: 513 * MiB }, 1 * MiB);
    expect({ ok, detail }).toEqual({
      ok: false,
      detail: 'Space is low: 1 MiB can still be stored. Make room, or raise the quota.',
    });
    expect(storageReport({ ...usage, bytes: 99 * GiB }, 19 * GiB).ok).toBe(false);
    expect(storageReport({ ...usage, freeBytes: 100 * MiB }, 90 * MiB).ok).toBe(false);
  });
});
