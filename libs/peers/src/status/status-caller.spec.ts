import { randomBytes } from 'node:crypto';
import { jest } from '@jest/globals';
import { signerFromRaw, STATUS_PROTOCOL, StatusLine, statusMessage, type StatusMessage } from '@dfs/protocol';
import { eventually } from '@dfs/testing';
import { MemoryNetwork, type Channel } from '@dfs/transport';
import { TestNetwork, type TestNode } from '../../testing/network.js';
import { StatusCaller } from './status-caller.js';

const statusOf = (beat: number): StatusMessage =>
  statusMessage.parse(
    { method: 'status', boot: 1, uptime: beat, revision: 1, beat, membership: new Uint8Array(32), synced: true },
    'status',
  );

describe('statuses over one stream', () => {
  it('keep to it while the connection lasts', async () => {
    await using network = new TestNetwork();
    const [a, b] = (await network.joined('a', 'b')) as [TestNode, TestNode];
    const open = jest.spyOn(a.transport, 'open');
    const name = (): string | undefined => b.peers.list().find(({ peerId }) => peerId === a.peerId)?.name;
    // The first of these may still open it, where only the other side has asked until now.
    for (const each of ['one', 'two', 'three', 'four']) {
      a.peers.rename(each);
      await eventually(() => name() === each);
    }
    const streams = open.mock.calls.filter(([, protocol]) => protocol === STATUS_PROTOCOL);
    expect(streams.length).toBeLessThanOrEqual(1);
  });

  describe('to a member that ends the stream after some', () => {
    /** How a stream is ended, once it has served twice. */
    async function exchangesWith(end: (channel: Channel) => void | Promise<void>): Promise<[number[], number]> {
      const net = new MemoryNetwork();
      const [caller, answerer] = [net.node(signerFromRaw(randomBytes(32))), net.node(signerFromRaw(randomBytes(32)))];
      for (const node of [caller, answerer]) {
        node.setGate({ isMember: () => true, acceptsStrangers: () => false });
        await node.start();
      }
      let streams = 0;
      answerer.handle(STATUS_PROTOCOL, async (channel) => {
        streams++;
        const [told, heard] = [new StatusLine(), new StatusLine()];
        let answers = 0;
        for await (const { header } of channel.frames()) {
          if (answers++ === 2) return end(channel);
          await channel.send(told.tell(statusOf(heard.hear(header).beat + 100)));
        }
      });
      await caller.dialPeer(answerer.peerId, answerer.addresses());
      const statuses = new StatusCaller(caller, answerer.peerId, new AbortController().signal);
      const beats: number[] = [];
      for (let beat = 1; beat <= 5; beat++) beats.push((await statuses.exchange(statusOf(beat))).beat);
      await Promise.all([caller.stop(), answerer.stop()]);
      return [beats, streams];
    }

    it.each([
      ['in order', () => {}],
      ['at once', (channel: Channel) => channel.abort(new Error('lost'))],
    ])('%s: the next goes over another, whole', async (_how, end) => {
      expect(await exchangesWith(end)).toEqual([[101, 102, 103, 104, 105], 3]);
    });

    it('with an error: tells so', async () => {
      const refuse = () => Promise.reject(new Error('no'));
      await expect(exchangesWith(refuse)).rejects.toMatchObject({ code: 'internal-error' });
    });
  });
});
