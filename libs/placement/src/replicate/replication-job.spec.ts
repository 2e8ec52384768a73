import { cidOf } from '@dfs/protocol';
import { DfsError, silentLog } from '@dfs/runtime';
import { Fetchers, RequestSlots } from '@dfs/transfer';
import { ReplicationJob, type ReplicationJobOptions } from './replication-job.js';
import { World, type WorldNode } from '../testing/world.js';

const want = { content: cidOf(Buffer.from('wanted')), size: 6, extent: 0, holders: [], copies: 0 };

/** A replication of what nobody has. */
function jobOf(node: WorldNode, options: Partial<ReplicationJobOptions>): ReplicationJob {
  const { db, chunks, transport, peerId: self } = node;
  const parts = { db, chunks, transport, self, slots: new RequestSlots(), gatherings: new Fetchers() };
  return new ReplicationJob({ ...parts, log: silentLog, others: () => [], pin: () => Promise.resolve() }, [want], {
    signal: new AbortController().signal,
    onReceived: () => undefined,
    onLied: () => undefined,
    ...options,
  });
}

describe('a replication', () => {
  it('ends when it cannot be found out who else has what is wanted', async () => {
    await using world = await World.of(1);
    const job = jobOf(world.nodes[0]!, { findMore: () => Promise.reject(new Error('the disk cannot be read')) });
    expect(await job.run()).toMatchObject({ pinned: [], failed: [want] });
  });

  it('that was cut short keeps no reader waiting, one that comes after its end either', async () => {
    await using world = await World.of(1);
    const control = new AbortController();
    const searching = Promise.withResolvers<undefined>();
    const findMore = async (): Promise<string[]> => {
      searching.resolve(undefined);
      return new Promise(() => undefined);
    };
    const job = jobOf(world.nodes[0]!, { signal: control.signal, findMore });
    const run = job.run();
    await searching.promise;
    const early = job.take(want.content);
    control.abort(new DfsError('aborted', 'The transfer was cancelled.'));
    await expect(run).rejects.toMatchObject({ code: 'aborted' });
    expect(await early).toBeUndefined();
    expect(await job.take(want.content)).toBeUndefined();
  });
});
