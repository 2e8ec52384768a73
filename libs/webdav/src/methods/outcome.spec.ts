import type { FolderAct, TransferInfo } from '@dfs/contracts';
import { minute, VirtualTime } from '@dfs/runtime';
import { ended } from './outcome.js';

const time = new VirtualTime();
const answer = { transfer: { id: 'job' } } as FolderAct;
const job = (how: Partial<TransferInfo>): Promise<boolean> =>
  ended({ answer }, { acts: { ended: () => Promise.resolve(how as TransferInfo) } }, time);
const left = (skippedTotal: number): Partial<TransferInfo> => ({
  items: { done: 10_001, total: 10_001, skipped: [], skippedTotal },
});

describe('an act that goes on behind its answer', () => {
  it('is not waited for where it is done', async () => {
    const none = { acts: undefined } as unknown as Parameters<typeof ended>[1];
    expect(await ended({ answer: {} as FolderAct }, none, time)).toBe(true);
  });

  it('is done when it has ended well', async () => {
    expect(await job({ state: 'finished', ...left(0) })).toBe(true);
  });

  it('is never told as done where it failed, was cancelled, or left something as it was', async () => {
    const error = { code: 'read-only-member', detail: 'Not here.' } as const;
    await expect(job({ state: 'failed', error })).rejects.toMatchObject({ code: 'read-only-member' });
    await expect(job({ state: 'cancelled' })).rejects.toMatchObject({ code: 'conflict' });
    await expect(job({ state: 'finished', ...left(1) })).rejects.toMatchObject({ code: 'conflict' });
  });

  it('goes on where the node stops first, or where it takes long', async () => {
    expect(await job({ state: 'running' })).toBe(false);
    const waiting = ended({ answer }, { acts: { ended: () => new Promise(() => undefined) } }, time);
    time.advance(minute);
    expect(await waiting).toBe(false);
  });
});
