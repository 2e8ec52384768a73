import type { EventMap } from '@dfs/contracts';
import { DfsError, MiB, silentLog } from '@dfs/runtime';
import { eventually, fakeClock } from '@dfs/testing';
import { Transfers } from './transfers.js';

function fresh() {
  const told: EventMap['transfer.progress'][] = [];
  const recorded: string[] = [];
  const clock = fakeClock();
  const transfers = new Transfers({
    events: {
      tell: (_, data) => void told.push(data as EventMap['transfer.progress']),
      recordNow: async (type) => void recorded.push(type),
    },
    clock,
    log: silentLog,
  });
  return { transfers, told, recorded, clock };
}

describe('transfers', () => {
  it('are listed while they run and for a while after, with their sources and rate', () => {
    const { transfers, clock } = fresh();
    const one = transfers.track({ kind: 'upload', path: 'a', bytes: 10 * MiB });
    one.describe({ contentId: 'bafkrei' });
    one.progress(4 * MiB, 'peer');
    one.progress(6 * MiB, 'peer');
    expect(transfers.list()).toMatchObject([{ state: 'running', verifiedBytes: 10 * MiB, finishedAt: null }]);
    clock.advance(2000);
    one.finish();
    one.fail(new Error('too late'));
    expect(transfers.list()).toMatchObject([
      { state: 'finished', rate: 5 * MiB, sources: [{ peerId: 'peer', bytes: 10 * MiB }], contentId: 'bafkrei' },
    ]);
    for (let n = 0; n < 150; n++) transfers.track({ kind: 'upload' }).finish();
    expect(transfers.list()).toHaveLength(100);
  });

  it('have no more bytes than there are, though more came', () => {
    const { transfers } = fresh();
    const one = transfers.track({ kind: 'download', bytes: 1000 });
    one.progress(900, 'peer');
    one.progress(260, 'peer');
    expect(transfers.list()).toMatchObject([{ bytes: 1000, verifiedBytes: 1000, sources: [{ bytes: 1160 }] }]);
  });

  it('are told of at most ten times a second', async () => {
    const { transfers, told } = fresh();
    const many = Array.from({ length: 50 }, () => transfers.track({ kind: 'download', bytes: 100 }));
    for (let n = 0; n < 100; n++) for (const one of many) one.progress(1);
    await eventually(() => told.length > 0);
    expect(told).toHaveLength(1);
    expect(told[0]!.transfers).toHaveLength(50);
  });

  it('are recorded only when a person would care', () => {
    const { transfers, recorded } = fresh();
    const small = transfers.track({ kind: 'download' });
    small.progress(1000);
    small.finish();
    const gone = transfers.track({ kind: 'download' });
    gone.fail(new DfsError('aborted', 'gone'));
    expect(recorded).toEqual([]);
    const large = transfers.track({ kind: 'download' });
    large.progress(9 * MiB);
    large.finish();
    transfers.track({ kind: 'upload' }).fail(new DfsError('no-space', 'full'));
    expect(recorded).toEqual(['transfer.finished', 'transfer.failed']);
    expect(transfers.list()[0]).toMatchObject({ state: 'failed', error: { code: 'no-space', detail: 'full' } });
  });

  it('are cancelled by their signal', async () => {
    const { transfers } = fresh();
    const one = transfers.track({ kind: 'upload' });
    await transfers.cancel(one.id);
    expect(one.signal.reason).toMatchObject({ code: 'aborted' });
    one.fail(one.signal.reason);
    expect(transfers.list()).toMatchObject([{ state: 'cancelled' }]);
    await expect(transfers.cancel(one.id)).rejects.toMatchObject({ code: 'transfer-not-found' });
  });

  it('are cancelled for good before they hear of it, or not at all', async () => {
    const { transfers } = fresh();
    let fails = true;
    const onCancel = async (): Promise<void> => {
      if (fails) throw new DfsError('no-space', 'full');
    };
    const one = transfers.track({ kind: 'act', onCancel });
    await expect(transfers.cancel(one.id)).rejects.toMatchObject({ code: 'no-space' });
    expect(one.signal.aborted).toBe(false);
    fails = false;
    await transfers.cancel(one.id);
    expect(one.signal.aborted).toBe(true);
  });

  it('are shown to the key that has begun them, and cancelled by it', async () => {
    const { transfers } = fresh();
    const [own, other] = [transfers.track({ kind: 'act', key: 'k' }), transfers.track({ kind: 'act' })];
    expect([transfers.list('k'), transfers.list()].map((list) => list.map(({ id }) => id))).toEqual([
      [own.id],
      [other.id, own.id],
    ]);
    await expect(transfers.cancel(other.id, 'k')).rejects.toMatchObject({ code: 'transfer-not-found' });
    await transfers.cancel(own.id, 'k');
    own.fail(own.signal.reason);
    expect(transfers.list('k')).toMatchObject([{ id: own.id, state: 'cancelled' }]);
    expect(transfers.get(own.id)).toMatchObject({ state: 'cancelled' });
  });

  it('tell why they wait, for as long as they do', () => {
    const { transfers } = fresh();
    const one = transfers.track({ kind: 'act' });
    one.describe({ error: new DfsError('not-ready', 'wait') });
    expect(transfers.get(one.id)).toMatchObject({ state: 'running', error: { code: 'not-ready', detail: 'wait' } });
    one.describe({ error: undefined });
    one.finish();
    expect(transfers.get(one.id)).not.toHaveProperty('error');
  });
});
