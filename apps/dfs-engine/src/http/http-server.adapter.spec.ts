import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import type { Request, Response } from 'express';
import { MiB } from '@dfs/runtime';
import { HttpServerAdapter } from './http-server.adapter.js';

describe('the HTTP server', () => {
  let adapter: HttpServerAdapter;
  let port: number;
  const start = async (times: ConstructorParameters<typeof HttpServerAdapter>[0]): Promise<void> => {
    adapter = new HttpServerAdapter(times);
    adapter.initHttpServer();
    await new Promise<void>((resolve) => adapter.getHttpServer().listen(0, '127.0.0.1', resolve));
    port = (adapter.getHttpServer().address() as AddressInfo).port;
  };
  afterEach(async () => {
    adapter.getHttpServer().closeAllConnections();
    await adapter.close();
  });
  const route = (handler: (request: Request, response: Response) => unknown): void => {
    adapter.use((request: Request, response: Response) => void handler(request, response));
  };

  it('lets the node work for as long as it takes, before the answer and in the middle of it', async () => {
    await start({ idle: 50 });
    let quiet = 0;
    route(async ({ socket }, response) => {
      // Twice the connection has been quiet for as long as a client may be.
      await once(socket, 'timeout');
      quiet += 1;
      response.writeHead(200, { 'content-type': 'text/plain' });
      await new Promise((resolve) => response.write('begun, ', resolve));
      await once(socket, 'timeout');
      quiet += 1;
      response.end('done');
    });
    const [answer] = (await once(get({ port, host: '127.0.0.1' }), 'response')) as [IncomingMessage];
    let text = '';
    for await (const part of answer) text += String(part);
    expect([text, quiet]).toEqual(['begun, done', 2]);
  });

  it('cuts a client that does not take its answer', async () => {
    await start({ idle: 50 });
    const cut = new Promise<boolean>((resolve) =>
      route((_request, response) => {
        response.on('close', () => resolve(!response.writableFinished));
        // More than the buffers of the system take.
        response.end(Buffer.alloc(64 * MiB));
      }),
    );
    const client = connect(port, '127.0.0.1', () => client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
    client.on('error', () => undefined).pause();
    expect(await cut).toBe(true);
    client.destroy();
  });

  it('keeps a connection open for longer than a proxy does, and closes it by itself in the end', async () => {
    await start({});
    expect(adapter.getHttpServer().keepAliveTimeout).toBeGreaterThan(60_000);
    await adapter.close();
    await start({ keepAlive: 50 });
    route((_request, response) => void response.end('ok'));
    const agent = new Agent({ keepAlive: true });
    const [answer] = (await once(get({ port, host: '127.0.0.1', agent }), 'response')) as [IncomingMessage];
    const { socket } = answer;
    await once(answer.resume(), 'end');
    if (!socket.closed) await once(socket, 'close');
    agent.destroy();
  });
});
