import { cidOf } from '@dfs/protocol';
import { DfsError, GiB, silentLog } from '@dfs/runtime';
import type { Channel } from '@dfs/transport';
import { eventually } from '@dfs/testing';
import { Fetchers, type Opener } from '@dfs/transfer';
import { ReadSharing } from './read-sharing.js';
import { World, type WorldNode } from '../testing/world.js';

const content = cidOf(Buffer.from('large'));

it('asks about the extents that a reader is at, and no more about those it has passed', async () => {
  await using world = await World.of(3);
  const [reader, holder, other] = world.nodes as [WorldNode, WorldNode, WorldNode];
  const asked: Channel[] = [];
  const transport: Opener = {
    open: async (...to) => {
      const channel = await reader.transport.open(...to);
      asked.push(channel);
      return channel;
    },
  };
  const { chunks, db, peerId: self } = reader;
  const meeting = { gatherings: new Fetchers(), others: () => [holder.peerId, other.peerId], self };
  const shared = new ReadSharing(
    { chunks, db, transport, log: silentLog, ...meeting },
    { content, size: 5 * GiB, signal: new AbortController().signal },
  );
  const swarm = { meet: () => {}, gained: () => {}, part: () => {} };
  const get = () => Promise.reject(new DfsError('content-unavailable', 'nobody has it'));
  for (const extent of [0, 1, 2, 3]) {
    shared.open(extent, String(extent), swarm, get);
    shared.askAt(extent, [holder.peerId]);
    await eventually(() => asked.length === extent + 1);
  }
  await eventually(() => asked.map(({ signal }) => signal.aborted).join() === 'true,true,false,false');
  await shared.close();
  await eventually(() => asked.every(({ signal }) => signal.aborted));
  // Its holders were still being looked up when the reader went away: nobody would ever end what it begins.
  shared.open(4, '4', swarm, get);
  shared.askAt(4, [holder.peerId]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(asked).toHaveLength(4);
  expect(meeting.gatherings.own(content, 4)).toEqual([]);
});
