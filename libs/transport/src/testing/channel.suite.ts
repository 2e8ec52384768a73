import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { DfsError, KiB, MiB } from '@dfs/runtime';
import { eventually } from '@dfs/testing';
import { ask, firstFrame, request } from '../request.js';
import type { Frame } from '../transport.js';

/** A new identity for a node of a spec. */
import { code, ECHO, echo, type SuiteContext } from './suite-context.js';

/** Frames, both ends of a channel, errors, and giving up. */
export function channelSuite(context: SuiteContext): void {
  const { pair, connectedTo } = context;

  describe('exchanging frames', () => {
    it('answers a request with one frame', async () => {
      const [a, b] = await pair();
      const answer = await ask(a, b.peerId, ECHO, { hello: 'world', n: 2 ** 40 }, { payload: randomBytes(10) });
      expect(answer.header).toEqual({ hello: 'world', n: 2 ** 40 });
      expect(answer.payload).toHaveLength(10);
    });

    it('knows who is asking, at both ends', async () => {
      const [a, b] = await pair();
      b.handle('/dfs/test-who/1', async (channel) => channel.send(channel.peerId));
      expect((await ask(a, b.peerId, '/dfs/test-who/1', null)).header).toBe(a.peerId);
    });

    it('asks back over the connection that the other side has opened', async () => {
      const [a, b] = await pair();
      a.handle('/dfs/test-back/1', echo);
      await eventually(() => connectedTo(b).includes(a.peerId));
      expect((await ask(b, a.peerId, '/dfs/test-back/1', 'back')).header).toBe('back');
    });

    it('keeps many frames in order, small and large, with and without payload', async () => {
      const [a, b] = await pair();
      const payloads = Array.from({ length: 300 }, (_, i) => randomBytes([0, 1, 9000, 70_000][i % 4] ?? 0));
      const channel = await a.open(b.peerId, ECHO);
      const sending = (async () => {
        for (const [i, payload] of payloads.entries()) await channel.send({ i }, payload);
        await channel.end();
      })();
      let next = 0;
      for await (const { header, payload } of channel.frames()) {
        expect(header).toEqual({ i: next });
        expect(Buffer.compare(payload, payloads[next] ?? Buffer.alloc(0))).toBe(0);
        next++;
      }
      await sending;
      expect(next).toBe(payloads.length);
    });

    it('sends a payload in parts as one', async () => {
      const [a, b] = await pair();
      const parts = [randomBytes(100 * KiB), randomBytes(0), randomBytes(5), randomBytes(900 * KiB)];
      const { payload } = await ask(a, b.peerId, ECHO, 'parts', { payload: parts });
      expect(Buffer.compare(payload, Buffer.concat(parts))).toBe(0);
    });

    it('puts a payload together in the memory it is given, and lets shared memory be used again once it is sent', async () => {
      const [a, b] = await pair();
      const memory = new Uint8Array(new SharedArrayBuffer(1 * MiB));
      b.handle('/dfs/test-reuse/1', async (channel) => {
        for (let i = 1; i <= 12; i++) await channel.send(i, memory.fill(i));
      });
      const given: Uint8Array[] = [];
      const allocate = (size: number): Uint8Array => {
        given.push(new Uint8Array(size));
        return given.at(-1) as Uint8Array;
      };
      let frames = 0;
      for await (const { header, payload } of request(a, b.peerId, '/dfs/test-reuse/1', 0, { allocate })) {
        expect(payload.every((byte) => byte === header)).toBe(true);
        expect(given.at(-1)).toBe(payload);
        frames++;
      }
      expect(frames).toBe(12);
      expect(given).toHaveLength(12);
    });

    it('carries many MiB unharmed', async () => {
      const [a, b] = await pair();
      const sent = createHash('sha256');
      const received = createHash('sha256');
      b.handle('/dfs/test-bulk/1', async (channel) => {
        const { header } = await firstFrame(channel);
        for (let i = 0; i < (header as number); i++) {
          const payload = randomBytes(4 * MiB - i);
          sent.update(payload);
          await channel.send(i, payload);
        }
      });
      let bytes = 0;
      for await (const { payload } of request(a, b.peerId, '/dfs/test-bulk/1', 12)) {
        received.update(payload);
        bytes += payload.length;
      }
      expect(bytes).toBeGreaterThan(47 * MiB);
      expect(received.digest('hex')).toBe(sent.digest('hex'));
      expect(a.rates(b.peerId).receive).toBeGreaterThan(0);
      expect(b.rates(a.peerId).send).toBeGreaterThan(0);
    });

    it('serves many streams at once', async () => {
      const [a, b] = await pair();
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, i) => ask(a, b.peerId, ECHO, i, { payload: Buffer.alloc(2000, i) })),
      );
      expect(answers.map(({ header }) => header)).toEqual(answers.map((_, i) => i));
      expect(answers.every(({ payload }, i) => payload.length === 2000 && payload[7] === i % 256)).toBe(true);
    });

    it('keeps frames of concurrent sends whole', async () => {
      const [a, b] = await pair();
      const channel = await a.open(b.peerId, ECHO);
      const sends = Array.from({ length: 20 }, (_, i) => channel.send(i, Buffer.alloc(300 * KiB, i)));
      const seen: unknown[] = [];
      void Promise.all(sends).then(() => channel.end());
      for await (const { header, payload } of channel.frames()) {
        expect(payload.every((byte) => byte === header)).toBe(true);
        seen.push(header);
      }
      expect(seen).toEqual(sends.map((_, i) => i));
    });
  });

  describe('half close', () => {
    it('lets the handler answer after the asking side has ended', async () => {
      const [a, b] = await pair();
      b.handle('/dfs/test-count/1', async (channel) => {
        let frames = 0;
        for await (const frame of channel.frames()) frames += frame.payload.length;
        await channel.send(frames);
      });
      const channel = await a.open(b.peerId, '/dfs/test-count/1');
      for (let i = 0; i < 5; i++) await channel.send(i, Buffer.alloc(10));
      await channel.end();
      const answers: Frame[] = [];
      for await (const frame of channel.frames()) answers.push(frame);
      expect(answers.map(({ header }) => header)).toEqual([50]);
      expect(channel.signal.aborted).toBe(false);
    });

    it('lets the handler end first', async () => {
      const [a, b] = await pair();
      let heard = 0;
      b.handle('/dfs/test-first/1', async (channel) => {
        await channel.send('that is all');
        await channel.end();
        for await (const frame of channel.frames()) heard += frame.payload.length;
      });
      const channel = await a.open(b.peerId, '/dfs/test-first/1');
      for await (const { header } of channel.frames()) expect(header).toBe('that is all');
      await channel.send(null, Buffer.alloc(1000));
      await channel.end();
      await eventually(() => heard === 1000);
    });

    it('goes on where a loop over the frames was left', async () => {
      const [a, b] = await pair();
      b.handle('/dfs/test-rest/1', async (channel) => {
        const first = await firstFrame(channel);
        const rest: unknown[] = [];
        for await (const { header } of channel.frames()) rest.push(header);
        await channel.send([first.header, ...(rest as number[])]);
      });
      const channel = await a.open(b.peerId, '/dfs/test-rest/1');
      for (let i = 0; i < 4; i++) await channel.send(i);
      await channel.end();
      expect((await firstFrame(channel)).header).toEqual([0, 1, 2, 3]);
    });
  });

  describe('errors', () => {
    it('carries the code and the detail of a DfsError to the other side, after the frames before it', async () => {
      const [a, b] = await pair();
      b.handle('/dfs/test-fail/1', async (channel) => {
        await channel.send('one');
        throw new DfsError('no-space', 'The disk is full.');
      });
      const seen: unknown[] = [];
      const failing = (async () => {
        for await (const { header } of request(a, b.peerId, '/dfs/test-fail/1', null)) seen.push(header);
      })();
      await expect(failing).rejects.toMatchObject({ code: 'no-space', message: 'The disk is full.' });
      expect(seen).toEqual(['one']);
    });

    it('tells nothing of an error that is not meant for others', async () => {
      const [a, b] = await pair();
      b.handle('/dfs/test-bug/1', async () => {
        throw new Error('secret path /home/x');
      });
      const error = await code(ask(a, b.peerId, '/dfs/test-bug/1', null), 'internal-error');
      expect(error.message).not.toContain('secret');
    });

    it('refuses a sender in the middle of many MiB', async () => {
      const [a, b] = await pair();
      b.handle('/dfs/test-refuse/1', async (channel) => {
        await firstFrame(channel);
        throw new DfsError('quota-exceeded', 'Full.');
      });
      const channel = await a.open(b.peerId, '/dfs/test-refuse/1');
      const sending = (async () => {
        for (let i = 0; i < 8; i++) await channel.send(i, Buffer.alloc(4 * MiB));
      })();
      sending.catch(() => {});
      await code(firstFrame(channel), 'quota-exceeded');
      // Bytes sent after it are thrown away for some seconds, and then the stream is reset: it ends, in any case.
      await sending.catch(() => {});
      expect((await ask(a, b.peerId, ECHO, 'still here')).header).toBe('still here');
    });

    it('says so when the peer does not speak the protocol', async () => {
      const [a, b] = await pair();
      await code(ask(a, b.peerId, '/dfs/test-unknown/9', null), 'peer-misbehaved');
    });

    it('refuses the reserved header, and sending after the end', async () => {
      const [a, b] = await pair();
      const channel = await a.open(b.peerId, ECHO);
      await expect(channel.send({ '!': 1 })).rejects.toThrow(TypeError);
      await channel.end();
      await channel.end();
      await expect(channel.send(1)).rejects.toThrow(TypeError);
    });
  });

  describe('giving up', () => {
    it('tells the handler when the asking side aborts', async () => {
      const [a, b] = await pair();
      const lost = Promise.withResolvers<undefined>();
      b.handle('/dfs/test-wait/1', async (channel) => {
        channel.signal.addEventListener('abort', () => lost.resolve(undefined));
        await channel.send('ready');
        await lost.promise;
      });
      const channel = await a.open(b.peerId, '/dfs/test-wait/1');
      await firstFrame(channel);
      channel.abort(new Error('enough'));
      channel.abort(new Error('twice does no harm'));
      await lost.promise;
      await code(firstFrame(channel), 'aborted');
      await code(channel.send(1), 'aborted');
      expect(channel.signal.aborted).toBe(true);
    });

    it('tells the asking side when the handler aborts', async () => {
      const [a, b] = await pair();
      b.handle('/dfs/test-cut/1', async (channel) => {
        await channel.send('one');
        await firstFrame(channel);
        channel.abort(new Error('no'));
      });
      const channel = await a.open(b.peerId, '/dfs/test-cut/1');
      await firstFrame(channel);
      await channel.send('go on');
      await code(firstFrame(channel), 'peer-unreachable');
      expect(channel.signal.aborted).toBe(true);
    });

    it('stops at a signal: before, while opening, and while waiting', async () => {
      const [a, b] = await pair();
      await code(ask(a, b.peerId, ECHO, 1, { signal: AbortSignal.abort() }), 'aborted');
      b.handle('/dfs/test-silent/1', (channel) =>
        firstFrame(channel).then(() => delay(60_000, undefined, { ref: false })),
      );
      const controller = new AbortController();
      const waiting = ask(a, b.peerId, '/dfs/test-silent/1', 1, { signal: controller.signal });
      setTimeout(() => controller.abort(), 50);
      await code(waiting, 'aborted');
    });

    it('ends with a timeout when the peer says nothing', async () => {
      const [a, b] = await pair();
      b.handle('/dfs/test-mute/1', (channel) =>
        firstFrame(channel).then(() => delay(60_000, undefined, { ref: false })),
      );
      await code(ask(a, b.peerId, '/dfs/test-mute/1', 1, { timeoutMs: 100 }), 'timeout');
      const frames = request(a, b.peerId, '/dfs/test-mute/1', 1, { timeoutMs: 100 });
      await code(frames.next(), 'timeout');
    });

    it('tells the handler when a loop over the answer is left', async () => {
      const [a, b] = await pair();
      const lost = Promise.withResolvers<undefined>();
      b.handle('/dfs/test-endless/1', async (channel) => {
        channel.signal.addEventListener('abort', () => lost.resolve(undefined));
        for (let i = 0; ; i++) await channel.send(i, Buffer.alloc(64 * KiB));
      });
      for await (const { header } of request(a, b.peerId, '/dfs/test-endless/1', 1)) if (header === 10) break;
      await lost.promise;
    });
  });

  describe('back-pressure', () => {
    it('makes a sender wait for a reader that takes nothing', async () => {
      const [a, b] = await pair();
      const go = Promise.withResolvers<undefined>();
      let sent = 0;
      const payload = randomBytes(256 * KiB);
      b.handle('/dfs/test-flood/1', async (channel) => {
        await firstFrame(channel);
        for (; sent < 400; sent++) await channel.send(sent, payload);
      });
      const channel = await a.open(b.peerId, '/dfs/test-flood/1');
      await channel.send('go');
      await channel.end();
      // Steady for half a second: nothing moves any more.
      let last = -1;
      let steady = 0;
      await eventually(() => (sent === last ? ++steady >= 10 : ((last = sent), (steady = 0), false)), { poll: 50 });
      // 100 MiB wait to be sent; what is under way is a few windows and buffers of it.
      expect(sent * payload.length).toBeLessThan(24 * MiB);
      go.resolve(undefined);
      let got = 0;
      for await (const frame of channel.frames()) {
        expect(frame.header).toBe(got++);
        expect(frame.payload).toHaveLength(payload.length);
      }
      expect(got).toBe(400);
    });
  });
}
