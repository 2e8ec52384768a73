import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { DfsError, KiB, MiB, second } from '@dfs/runtime';
import { MAX_PAYLOAD_BYTES } from '@dfs/protocol';
import { eventually } from '@dfs/testing';
import {
  BULK_IDLE,
  BULK_IDLE_ANSWERER,
  BULK_PATIENCE,
  BULK_RETRY,
  BULK_TICK,
  BULK_WINDOW,
  MAX_BULK_CONNECTIONS,
} from '../constants.js';
import { bulkPair, closed, framesOf, GET, rogue } from '../testing/bulk-world.js';
import { code, testIdentity } from '../testing/suite-context.js';
import type { Channel, Frame } from '../transport.js';
import { encodeAsk } from './bulk-message.js';

describe('bulk connections between members', () => {
  const pair = bulkPair();

  describe('an answer', () => {
    it('comes with its frames in order and its error after them', async () => {
      pair.serve(async (channel, header) => {
        for (const n of [1, 2, 3]) await channel.send(n, Buffer.alloc(n * 100 * KiB, n));
        if (header === 'fail') throw new DfsError('no-space', 'The disk is full.');
      });
      const frames = await framesOf(await pair.ask());
      expect(frames.map(({ header, payload }) => [header, payload.length, payload.at(-1)])).toEqual(
        [1, 2, 3].map((n) => [n, n * 100 * KiB, n]),
      );
      const failing = await pair.ask('fail');
      const seen: unknown[] = [];
      await expect(
        (async () => {
          for await (const { header } of failing.frames()) seen.push(header);
        })(),
      ).rejects.toMatchObject({ code: 'no-space', message: 'The disk is full.' });
      expect(seen).toEqual([1, 2, 3]);
      expect(pair.a.plane.counts()).toEqual({ in: 0, out: 1 });
      expect(pair.b.plane.counts()).toEqual({ in: 1, out: 0 });
    });

    it('is put together in the memory it is given, and sent from shared memory that may be used again', async () => {
      const memory = new Uint8Array(new SharedArrayBuffer(2 * MiB));
      pair.serve(async (channel) => {
        for (let i = 1; i <= 20; i++) await channel.send(i, memory.fill(i));
      });
      const given: Uint8Array[] = [];
      const allocate = (size: number): Uint8Array => {
        given.push(new Uint8Array(new SharedArrayBuffer(size)));
        return given.at(-1)!;
      };
      const channel = await pair.a.plane.open(pair.b.peerId, GET, { bulk: { bytes: 9e9 }, allocate }, () =>
        Promise.reject(new Error()),
      );
      await channel!.send('go');
      let frames = 0;
      for await (const { header, payload } of channel!.frames()) {
        expect(payload.every((byte) => byte === header)).toBe(true);
        expect(given).toContain(payload);
        frames++;
      }
      expect(frames).toBe(20);
    });

    it('comes as it was sent, of whatever parts that is', async () => {
      const sizes = [5, 70 * KiB, ...Array<number>(300).fill(4 * KiB), 600 * KiB, 1, 64 * KiB, 300 * KiB];
      const parts = sizes.map((size, n) => Buffer.alloc(size, n));
      pair.serve((channel) => channel.send(null, parts));
      const [frame] = await framesOf(await pair.ask());
      expect(Buffer.compare(frame!.payload, Buffer.concat(parts))).toBe(0);
    });

    it('waits for one who reads nothing of it, and holds up no other', async () => {
      let sent = 0;
      pair.serve(async (channel, header) => {
        if (header !== 'slow') return channel.send('quick', Buffer.alloc(100 * KiB));
        for (; sent < 100; sent++) await channel.send(sent, Buffer.alloc(512 * KiB, sent));
      });
      const slow = await pair.ask('slow');
      for (let i = 0; i < 20; i++) expect(await framesOf(await pair.ask(i))).toHaveLength(1);
      await eventually(() => sent * 512 * KiB >= BULK_WINDOW);
      expect(sent * 512 * KiB).toBeLessThanOrEqual(BULK_WINDOW + 512 * KiB);
      const frames = await framesOf(slow);
      expect(frames.map(({ header, payload }) => payload.at(-1) === header)).toEqual(Array(100).fill(true));
      expect(sent).toBe(100);
    });

    it('is given up by its asker, also in the middle of a frame', async () => {
      const lost = Promise.withResolvers<undefined>();
      pair.serve(async (channel, header) => {
        if (header !== 'endless') return channel.send('next');
        channel.signal.addEventListener('abort', () => lost.resolve(undefined));
        for (let i = 0; ; i++) await channel.send(i, Buffer.alloc(MAX_PAYLOAD_BYTES));
      });
      const channel = await pair.ask('endless');
      for await (const { header } of channel.frames()) if (header === 2) break;
      channel.abort(new Error('enough'));
      await lost.promise;
      await code(framesOf(channel), 'aborted');
      expect((await framesOf(await pair.ask()))[0]?.header).toBe('next');
      expect(pair.a.plane.counts().out).toBe(1);
    });

    it('is given up by its answerer', async () => {
      pair.serve(async (channel) => {
        await channel.send('one');
        channel.abort(new Error('no'));
      });
      const channel = await pair.ask();
      await code(framesOf(channel), 'peer-unreachable');
    });

    it('keeps to the limits of both sides', async () => {
      pair.serve((channel) => channel.send('much', Buffer.alloc(2 * MiB)));
      await framesOf(await pair.ask());
      for (const [each, limits] of [
        [pair.a, { receive: 4 * MiB }],
        [pair.b, { send: 4 * MiB }],
      ] as const) {
        each.context.paces.limits = limits;
        const began = performance.now();
        for (let n = 0; n < 2; n++) expect(await framesOf(await pair.ask())).toHaveLength(1);
        // A quarter of a second's worth may go at once, and what is under way when it is used up.
        const most = 4 * MiB * ((performance.now() - began) / second + 0.25) + 256 * KiB;
        expect(4 * MiB).toBeLessThanOrEqual(most);
        each.context.paces.limits = {};
      }
    });

    it('is asked for another way where the connection was lost before anything of it came', async () => {
      const arrived = Promise.withResolvers<undefined>();
      pair.serve(async (channel, header) => {
        if (header === 'first') return channel.send('first');
        arrived.resolve(undefined);
        await once(channel.signal, 'abort');
      });
      await framesOf(await pair.ask('first'));
      const said: unknown[] = [];
      const send = async (header: unknown): Promise<void> => void said.push(header);
      const other = { send, end: async () => {}, signal: new AbortController().signal };
      const frames = async function* (): AsyncIterable<Frame> {
        yield { header: 'by stream', payload: new Uint8Array(0) };
      };
      const channel = await pair.ask('second', async () => ({ ...other, frames }) as unknown as Channel);
      const answer = framesOf(channel);
      await arrived.promise;
      pair.b.plane.cut(pair.a.peerId, 'for a test');
      expect((await answer).map(({ header }) => header)).toEqual(['by stream']);
      expect(said).toEqual(['second']);
    });

    it('fails where the connection was lost in its middle', async () => {
      pair.serve(async (channel) => {
        await channel.send('one');
        await once(channel.signal, 'abort');
      });
      const channel = await pair.ask();
      const seen: unknown[] = [];
      await expect(
        (async () => {
          for await (const { header } of channel.frames()) {
            seen.push(header);
            pair.b.plane.cut(pair.a.peerId, 'for a test');
          }
        })(),
      ).rejects.toMatchObject({ code: 'peer-unreachable' });
      expect(seen).toEqual(['one']);
      expect(channel.signal.aborted).toBe(true);
    });
  });

  describe('a connection', () => {
    it('is closed when nothing is asked over it, by either end', async () => {
      pair.serve((channel) => channel.send('ok'));
      await framesOf(await pair.ask());
      const idle = await rogue(pair.b.target, pair.member());
      await eventually(() => pair.b.plane.counts().in === 2);
      pair.time.advance(BULK_IDLE + BULK_TICK);
      expect(pair.a.plane.counts().out).toBe(0);
      await eventually(() => pair.b.plane.counts().in === 1);
      pair.time.advance(BULK_IDLE_ANSWERER - BULK_IDLE);
      expect(pair.b.plane.counts().in).toBe(0);
      await closed(idle);
      expect(await framesOf(await pair.ask())).toHaveLength(1);
    });

    it('is cut as soon as its peer is a member no more, on both sides', async () => {
      pair.serve(async (channel) => {
        await channel.send('one');
        await once(channel.signal, 'abort');
      });
      const channel = await pair.ask();
      const answer = framesOf(channel);
      await eventually(() => pair.b.plane.counts().in === 1);
      pair.gate.members.delete(pair.a.peerId);
      pair.b.keeper.sweep();
      expect(pair.b.plane.counts().in).toBe(0);
      await code(answer, 'peer-unreachable');
      pair.gate.members.add(pair.a.peerId);
      await pair.ask();
      pair.gate.members.delete(pair.b.peerId);
      pair.a.keeper.sweep();
      expect(pair.a.plane.counts().out).toBe(0);
      await code(pair.a.open(pair.b.peerId, GET), 'peer-unreachable');
    });

    it('is dialled again only after a while where the peer cannot be reached, or does not let this node in', async () => {
      pair.serve((channel) => channel.send('ok'));
      const target = pair.b.target;
      pair.a.targets.set(pair.b.peerId, { ...target, port: await freePort() });
      await code(pair.a.open(pair.b.peerId, GET), 'peer-unreachable');
      pair.a.targets.set(pair.b.peerId, target);
      await code(pair.a.open(pair.b.peerId, GET), 'peer-unreachable');
      pair.time.advance(BULK_RETRY);
      expect(await framesOf(await pair.ask())).toHaveLength(1);
    });

    it('is not waited for long: the request has a stream then, and those after it at once', async () => {
      const silent = createServer((socket) => sockets.push(socket.on('error', () => {})));
      const sockets: Socket[] = [];
      silent.listen(0, '127.0.0.1');
      await once(silent, 'listening');
      pair.a.targets.set(pair.b.peerId, { host: '127.0.0.1', port: (silent.address() as AddressInfo).port });
      let streams = 0;
      const instead = async (): Promise<Channel> => {
        streams++;
        throw new DfsError('peer-unreachable', 'There are no streams here.');
      };
      const first = code(pair.a.open(pair.b.peerId, GET, instead), 'peer-unreachable');
      await eventually(() => sockets.length === 1);
      expect(streams).toBe(0);
      pair.time.advance(BULK_PATIENCE);
      await first;
      await code(pair.a.open(pair.b.peerId, GET, instead), 'peer-unreachable');
      expect(streams).toBe(2);
      expect(sockets).toHaveLength(1);
      for (const socket of sockets) socket.destroy();
      silent.close();
    });

    it('is not made with another node at the address', async () => {
      const c = await pair.node();
      pair.a.targets.set(pair.b.peerId, c.target);
      await code(pair.a.open(pair.b.peerId, GET), 'peer-unreachable');
      expect(pair.a.plane.counts().out).toBe(0);
    });

    it('is one of a few: the one that was idle for longest makes room, and none that is in use', async () => {
      const go = Promise.withResolvers<undefined>();
      pair.serve(async (channel) => {
        await channel.send('one');
        await go.promise;
      });
      const busy = await pair.ask();
      await eventually(() => pair.b.plane.counts().in === 1);
      const sockets: TLSSocket[] = [];
      for (let i = 0; i < MAX_BULK_CONNECTIONS; i++) {
        const socket = await rogue(pair.b.target, pair.member());
        sockets.push(socket);
        await eventually(() => pair.b.plane.counts().in === Math.min(i + 2, MAX_BULK_CONNECTIONS));
        pair.time.advance(1);
      }
      await closed(sockets[0]!);
      expect(pair.b.plane.counts().in).toBe(MAX_BULK_CONNECTIONS);
      go.resolve(undefined);
      expect(await framesOf(busy)).toHaveLength(1);
      for (const socket of sockets) socket.destroy();
    });

    it('is replaced by a newer one of the same peer', async () => {
      const identity = pair.member();
      const first = await rogue(pair.b.target, identity);
      await eventually(() => pair.b.plane.counts().in === 1);
      const second = await rogue(pair.b.target, identity);
      await closed(first);
      expect(pair.b.plane.counts().in).toBe(1);
      second.destroy();
      await eventually(() => pair.b.plane.counts().in === 0);
    });
  });

  describe('the port', () => {
    it('leaves to libp2p what does not begin with TLS, byte for byte', async () => {
      const socket = createConnection(pair.b.target.port, '127.0.0.1');
      socket.write('\x13/multi');
      socket.write('stream/1.0.0\n');
      let heard = '';
      for await (const bytes of socket) if ((heard += String(bytes)).endsWith('\n')) break;
      expect(heard).toBe('\x13/multistream/1.0.0\n');
      expect(pair.b.plain).toBe(1);
    });

    it.each([
      ['a stranger', async () => rogue(pair.b.target, testIdentity())],
      ['somebody without a certificate', async () => rogue(pair.b.target)],
      ['a member that speaks something else', async () => rogue(pair.b.target, pair.member(), 'libp2p')],
      ['a member that names nothing', async () => rogue(pair.b.target, pair.member(), null)],
      ['TLS that is none', async () => garbage(Buffer.concat([Buffer.of(0x16, 3, 1, 0, 200), Buffer.alloc(900, 7)]))],
    ])('refuses %s', async (_, connect) => {
      const socket = await connect();
      socket.write(encodeAsk(1, GET, 'go', BULK_WINDOW));
      let heard = 0;
      socket.on('data', (bytes: Buffer) => (heard += bytes.length));
      await closed(socket);
      expect(heard === 0 || _ === 'TLS that is none').toBe(true);
      expect(pair.b.plane.counts().in).toBe(0);
      pair.serve((channel) => channel.send('ok'));
      expect(await framesOf(await pair.ask())).toHaveLength(1);
    });
  });

  async function garbage(bytes: Uint8Array): Promise<Socket> {
    const socket = createConnection(pair.b.target.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(bytes);
    return socket;
  }
  async function freePort(): Promise<number> {
    const other = await pair.node();
    const { port } = other.target;
    await other.stop();
    return port;
  }
});
