import { DfsError, MiB, silentLog } from '@dfs/runtime';
import { fakeClock } from '@dfs/testing';
import { DownloadTransfer } from './download-transfer.js';
import { NotableTransfer } from './notable-transfer.js';
import { Transfers } from './transfers.js';

const fresh = (): Transfers =>
  new Transfers({ events: { tell: () => {}, recordNow: async () => {} }, clock: fakeClock(), log: silentLog });

describe('a transfer that may be too small for a person to care', () => {
  it('is listed from the start where enough is announced, and can be cancelled', async () => {
    const transfers = fresh();
    const one = new NotableTransfer(transfers, { kind: 'upload', bytes: 8 * MiB });
    await transfers.cancel(transfers.list()[0]!.id);
    expect(one.signal.reason).toMatchObject({ code: 'aborted', message: 'The upload was cancelled.' });
    one.fail(new DfsError('aborted', 'gone'));
    expect(transfers.list()).toMatchObject([{ state: 'cancelled' }]);
  });

  it('is listed once enough has come, with what came before', () => {
    const transfers = fresh();
    const one = new NotableTransfer(transfers, { kind: 'upload' });
    one.describe({ path: 'a' });
    one.progress(7 * MiB);
    expect(transfers.list()).toEqual([]);
    one.progress(2 * MiB);
    one.finish();
    expect(transfers.list()).toMatchObject([{ state: 'finished', verifiedBytes: 9 * MiB, path: null }]);
  });

  it('is listed once something comes from a peer; what is delivered after that is no more than that', () => {
    const transfers = fresh();
    const one = new DownloadTransfer(transfers, { contentId: 'content', bytes: 1000, path: 'a' });
    one.delivered(100);
    expect(transfers.list()).toEqual([]);
    one.received(300, 'peer');
    one.delivered(300);
    expect(transfers.list()).toMatchObject([
      { verifiedBytes: 400, sources: [{ peerId: 'peer', bytes: 300 }], path: 'a' },
    ]);
  });
});
