import { once } from 'node:events';
import { createServer } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { MiB, second } from '@dfs/runtime';
import { MAX_PAYLOAD_BYTES } from '@dfs/protocol';
import { eventually } from '@dfs/testing';
import { encodeFrame } from '../channel/frame.js';
import { BULK_STALL, BULK_TICK, BULK_WINDOW, HANDLER_IDLE_TIMEOUT, MAX_BULK_ANSWERS } from '../constants.js';
import { makeCertificate } from '../libp2p/certificate.js';
import { bulkPair, BulkNode, closed, framesOf, GET, keyOf, rogue } from '../testing/bulk-world.js';
import { code } from '../testing/suite-context.js';
import { BULK_KIND, encodeAnswer, encodeAsk, encodeLost, encodeSign } from './bulk-message.js';
import { answerTls } from './bulk-tls.js';
import { splitByFirstByte } from './first-byte.js';

describe('bulk connections with hostile members', () => {
  const pair = bulkPair();

  describe('a hostile asker', () => {
    it.each([
      ['an unknown kind', Buffer.from('09' + '00000001'.repeat(3), 'hex')],
      ['a header of 4 GiB', Buffer.from('0100000001ffffffff00000000', 'hex')],
      ['a header that asks for 4 GiB of elements', Buffer.from('01000000010000000500400000ddffffffff', 'hex')],
      ['a request that is none', Buffer.from('01000000010000000100400000c0', 'hex')],
      ['a number twice', Buffer.concat([encodeAsk(5, GET, 0, 9), encodeAsk(5, GET, 0, 9)])],
      ['an answer', encodeSign(BULK_KIND.end, 1)],
      [
        'more requests than may be made at once',
        Buffer.concat(Array.from({ length: MAX_BULK_ANSWERS + 1 }, (_, i) => encodeAsk(i + 1, GET, 0, 0))),
      ],
    ])('is cut when it sends %s', async (_, bytes) => {
      pair.serve((channel) => channel.send('one', Buffer.alloc(100)));
      const identity = pair.member();
      const socket = await rogue(pair.b.target, identity);
      socket.write(bytes);
      await closed(socket);
      expect(pair.b.offences).toEqual([identity.peerId]);
      expect(await framesOf(await pair.ask())).toHaveLength(1);
    });

    it('is told that a protocol is not for bulk connections', async () => {
      pair.b.handlers.add('/dfs/other/1', (channel) => channel.send('secret'));
      const channel = await pair.a.open(pair.b.peerId, '/dfs/other/1');
      await channel.send('go');
      await code(framesOf(channel), 'not-found');
    });

    it('is cut when it begins a message and does not go on', async () => {
      const socket = await rogue(pair.b.target, pair.member());
      await eventually(() => pair.b.plane.counts().in === 1);
      socket.write(encodeAsk(1, GET, 'go', BULK_WINDOW).subarray(0, 20));
      await eventually(() => pair.b.context.receiveBudget.total > 0);
      pair.time.advance(BULK_STALL + BULK_TICK);
      await closed(socket);
      expect(pair.b.plane.counts().in).toBe(0);
    });

    it('makes the node hold little when it asks for much and reads nothing, and is cut', async () => {
      let sent = 0;
      pair.serve(async (channel) => {
        for (let i = 0; i < 50; i++) {
          await channel.send(i, Buffer.alloc(1 * MiB));
          sent++;
        }
      });
      const socket = await rogue(pair.b.target, pair.member());
      socket.pause();
      for (let i = 1; i <= 20; i++) socket.write(encodeAsk(i, GET, 'go', 0xffff_ffff));
      let last = -1;
      let steady = 0;
      await eventually(() => (sent === last ? ++steady > 10 : ((last = sent), (steady = 0), false)), { poll: 50 });
      // 1,000 MiB were asked for: what the kernel takes has gone, and each request holds one frame.
      expect(sent).toBeLessThan(40);
      expect(pair.b.context.sendBudget.total).toBeLessThanOrEqual(21 * MiB);
      const friend = await pair.ask();
      await expect(friend.frames()[Symbol.asyncIterator]().next()).resolves.toMatchObject({ value: { header: 0 } });
      friend.abort(new Error('enough'));
      pair.time.advance(HANDLER_IDLE_TIMEOUT);
      await eventually(() => pair.b.plane.counts().in === 0);
      socket.destroy();
    });

    it('gets nothing beyond what it allows, and its request ends when it allows nothing for long', async () => {
      let sent = 0;
      const over = Promise.withResolvers<undefined>();
      pair.serve(async (channel) => {
        channel.signal.addEventListener('abort', () => over.resolve(undefined));
        for (; sent < 9; sent++) await channel.send(sent, Buffer.alloc(1000));
      });
      const socket = await rogue(pair.b.target, pair.member());
      let heard = 0;
      socket.on('data', (bytes: Buffer) => (heard += bytes.length));
      socket.write(encodeAsk(1, GET, 'go', 1500));
      await eventually(() => heard >= 2 * 1000);
      expect(sent).toBe(2);
      pair.time.advance(HANDLER_IDLE_TIMEOUT);
      await over.promise;
      socket.destroy();
    });
  });

  describe('a hostile answerer', () => {
    const big = (request: number, size: number): Buffer =>
      Buffer.concat(encodeAnswer(request, encodeFrame(0, Buffer.alloc(size))));

    /** Answers every connection by what `say` makes of the first bytes that come. */
    async function liar(say: (socket: TLSSocket) => void): Promise<BulkNode> {
      const identity = pair.member();
      const made = new BulkNode(pair.gate, pair.time, identity);
      const certificate = await makeCertificate(keyOf(identity));
      const server = createServer();
      splitByFirstByte(server, (socket) => {
        const secured = answerTls(socket, certificate);
        secured.on('error', () => {});
        secured.once('data', () => say(secured));
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      servers.push(server);
      const { port } = server.address() as { port: number };
      pair.a.targets.set(made.peerId, { host: '127.0.0.1', port });
      return made;
    }
    const servers: { close(): unknown }[] = [];
    afterEach(() => servers.splice(0).forEach((server) => server.close()));

    it.each([
      ['answers what was not asked', big(9, 10)],
      ['sends what is no message', Buffer.from('ff'.repeat(20), 'hex')],
      ['declares a payload of 4 GiB', Buffer.from('040000000100000001ffffffffc0', 'hex')],
      ['sends a header that is a bomb', Buffer.from('04000000010000000500000000ddffffffff', 'hex')],
      ['sends more than it was allowed', Buffer.concat([big(1, MAX_PAYLOAD_BYTES), big(1, 9), big(1, 9)])],
      ['sends an error as a frame', Buffer.concat([Buffer.of(4, 0, 0, 0, 1), encodeLost(1, new Error()).subarray(5)])],
    ])('is cut when it %s', async (_, bytes) => {
      const c = await liar((socket) => socket.write(bytes));
      const channel = await pair.a.open(c.peerId, GET);
      await channel.send('go');
      await eventually(() => pair.a.offences.length > 0);
      expect(pair.a.offences).toEqual([c.peerId]);
      expect(pair.a.plane.counts().out).toBe(0);
      channel.abort(new Error('enough'));
    });

    it('is cut when it begins a frame and does not go on, and the frame is held no longer', async () => {
      const c = await liar((socket) => socket.write(big(1, 4 * MiB).subarray(0, 1 * MiB)));
      const channel = await pair.a.open(c.peerId, GET);
      await channel.send('go');
      const answer = framesOf(channel);
      answer.catch(() => {});
      await eventually(() => pair.a.context.traffic.totals.received >= 1 * MiB);
      expect(pair.a.context.receiveBudget.total).toBeGreaterThan(0);
      pair.time.advance(BULK_STALL + BULK_TICK);
      await code(answer, 'peer-unreachable');
      expect(pair.a.context.receiveBudget.total).toBe(0);
    });

    it('is cut when it does not end an answer that was given up', async () => {
      const c = await liar(() => {});
      const channel = await pair.a.open(c.peerId, GET);
      await channel.send('go');
      channel.abort(new Error('enough'));
      pair.time.advance(BULK_STALL - second);
      expect(pair.a.plane.counts().out).toBe(1);
      pair.time.advance(BULK_TICK + second);
      expect(pair.a.plane.counts().out).toBe(0);
    });
  });
});
