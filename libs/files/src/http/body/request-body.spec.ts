import { createServer } from 'node:http';
import { connect } from 'node:net';
import { eventually } from '@dfs/testing';
import { goneSignal, requestBody } from './request-body.js';

describe('a request body', () => {
  it('is an error when it is cut, when it drips, and when its client is gone', async () => {
    const outcomes: unknown[] = [];
    const gone: AbortSignal[] = [];
    const server = createServer((request, response) => {
      gone.push(goneSignal(response));
      (async () => {
        let size = 0;
        for await (const part of requestBody(request, { windowMs: 300, bytes: 1000 })) size += part.length;
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
    const send = (then: (socket: ReturnType<typeof connect>) => void): void => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n');
        then(socket);
      });
      socket.on('error', () => undefined);
    };
    try {
      send((socket) => void setTimeout(() => socket.destroy(), 50));
      await eventually(() => outcomes.length === 1);
      expect(outcomes[0]).toMatchObject({ code: 'incomplete-body' });
      await eventually(() => gone[0]?.aborted);
      send((socket) => {
        const timer = setInterval(() => socket.write('x'), 20);
        socket.on('close', () => clearInterval(timer));
      });
      await eventually(() => outcomes.length === 2);
      expect(outcomes[1]).toMatchObject({ code: 'request-timeout', message: expect.stringContaining('slowly') });
      // Silence is met by the timer: nothing ever arrives that could be counted.
      send(() => undefined);
      await eventually(() => outcomes.length === 3);
      expect(outcomes[2]).toMatchObject({ code: 'request-timeout' });
      send((socket) => socket.write('y'.repeat(1000)));
      await eventually(() => outcomes.length === 4);
      expect(outcomes[3]).toBe(1000);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
