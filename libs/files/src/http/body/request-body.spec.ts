import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import type { PushedBytes } from '@dfs/chunks';
import { DfsError, isDfsError, MiB, minute } from '@dfs/runtime';
import { eventually } from '@dfs/testing';
import { goneSignal, requestBody } from './request-body.js';

type Read = (body: PushedBytes) => Promise<number>;

/** The ways to read a body. */
const ways: [string, Read][] = [
  [
    'asked for',
    async (body) => {
      let size = 0;
      for await (const part of body) size += part.length;
      return size;
    },
  ],
  [
    'taken as it comes',
    async (body) => {
      let size = 0;
      await body.pushTo((part) => {
        size += part.length;
        return size % 2 === 0 ? undefined : Promise.resolve();
      });
      return size;
    },
  ],
];

describe('a request body', () => {
  it.each(ways)('%s is an error when it is cut, when it drips, and when its client is gone', async (_, read) => {
    const outcomes: unknown[] = [];
    const gone: AbortSignal[] = [];
    const server = createServer((request, response) => {
      gone.push(goneSignal(response));
      (async () => {
        const windowMs = request.url === '/slow' ? 300 : minute;
        const size = await read(requestBody(request, { windowMs, bytes: 1000 }));
        outcomes.push(size);
        response.end(String(size));
      })().catch((error: unknown) => {
        outcomes.push(error);
        response.statusCode = 400;
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const send = (path: string, then: (socket: ReturnType<typeof connect>) => void): void => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n`);
        then(socket);
      });
      socket.on('error', () => undefined);
    };
    try {
      send('/', (socket) => void setTimeout(() => socket.destroy(), 50));
      await eventually(() => outcomes.length === 1);
      expect(outcomes[0]).toMatchObject({ code: 'incomplete-body' });
      await eventually(() => gone[0]?.aborted);
      send('/slow', (socket) => {
        const timer = setInterval(() => socket.write('x'), 20);
        socket.on('close', () => clearInterval(timer));
      });
      await eventually(() => outcomes.length === 2);
      expect(outcomes[1]).toMatchObject({ code: 'request-timeout', message: expect.stringContaining('slowly') });
      // Silence is met by the timer: nothing ever arrives that could be counted.
      send('/slow', () => undefined);
      await eventually(() => outcomes.length === 3);
      expect(outcomes[2]).toMatchObject({ code: 'request-timeout' });
      send('/', (socket) => socket.write('y'.repeat(1000)));
      await eventually(() => outcomes.length === 4);
      expect(outcomes[3]).toBe(1000);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('that is taken as it comes waits for the one that takes it, and leaves the answer to a client it is refused to', async () => {
    const all = randomBytes(3 * MiB);
    const taken: Uint8Array[] = [];
    let given = 0;
    let go: () => void = () => {};
    const held = new Promise<void>((resolve) => (go = resolve));
    const server = createServer((request, response) => {
      const isRefused = request.url === '/refused';
      requestBody(request)
        .pushTo((part) => {
          if (isRefused) throw new DfsError('no-space', 'The disk is full.');
          given++;
          taken.push(Uint8Array.from(part));
          return given === 1 ? held : undefined;
        })
        .then(
          () => response.end('whole'),
          (error: unknown) => response.end(isDfsError(error) ? error.code : 'broken'),
        );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const put = (path: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const call = request({ port, path, method: 'PUT', host: '127.0.0.1' }, (response) => {
          response.toArray().then((parts) => resolve(Buffer.concat(parts as Buffer[]).toString()), reject);
        });
        call.on('error', reject);
        call.end(all);
      });
    try {
      const answer = put('/');
      await eventually(() => given === 1);
      for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
      expect(given).toBe(1);
      go();
      expect(await answer).toBe('whole');
      expect(Buffer.concat(taken).equals(all)).toBe(true);
      expect(await put('/refused')).toBe('no-space');
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('that is taken as it comes ends with the signal', async () => {
    const abort = new AbortController();
    const outcomes: unknown[] = [];
    const server = createServer((request) => {
      requestBody(request)
        .pushTo(() => undefined, abort.signal)
        .catch((error: unknown) => outcomes.push(error));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const socket = connect(port, '127.0.0.1', () => {
      socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n');
    });
    try {
      await once(server, 'request');
      abort.abort();
      await eventually(() => outcomes.length === 1);
      expect(outcomes[0]).toMatchObject({ code: 'aborted' });
    } finally {
      socket.destroy();
      server.closeAllConnections();
      server.close();
    }
  });
});
