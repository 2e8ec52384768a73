import { cidOf, silentLog } from '@dfs/protocol';
import { Gatherings } from './gatherings.js';
import { ReplicationJob } from './replication-job.js';
import { RequestSlots } from './request-slots.js';
import { World } from './world.suite.js';

describe('a replication', () => {
  it('ends when it cannot be found out who else has what is wanted', async () => {
    await using world = await World.of(1);
    const { db, chunks, transport, peerId: self } = world.nodes[0]!;
    const log = silentLog;
    const parts = { db, chunks, transport, log, self, slots: new RequestSlots(), gatherings: new Gatherings() };
    const want = { content: cidOf(Buffer.from('wanted')), size: 6, extent: 0, holders: [], copies: 0 };
    const control = new AbortController();
    const job = new ReplicationJob({ ...parts, others: () => [], pin: () => Promise.resolve() }, [want], {
      signal: control.signal,
      onReceived: () => undefined,
      onLied: () => undefined,
      findMore: () => Promise.reject(new Error('the disk cannot be read')),
    });
    expect(await job.run()).toMatchObject({ pinned: [], failed: [want] });
  });
});
