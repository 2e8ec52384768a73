import { randomBytes } from 'node:crypto';
import { get, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { io } from 'socket.io-client';
import { eventually } from '@dfs/testing';
import { startTestNode, type TestNode } from '../testing/running-node.suite.js';

const MiB = 1024 * 1024;

describe('a node that is told to stop', () => {
  let test: TestNode;
  beforeEach(async () => (test = await startTestNode({ DFS_DRAIN: '60s' })));
  afterEach(() => test.remove());

  const begin = (path: string, size: number): { request: ClientRequest; status: Promise<number> } => {
    const request = httpRequest({
      ...{
        host: '127.0.0.1',
        port: test.port,
        method: 'PUT',
        path: `/api/v1/files/content?path=${path}`,
        agent: false,
      },
      headers: { authorization: `Bearer ${test.node.token}`, 'content-length': size },
    });
    const status = new Promise<number>((resolve, reject) => {
      request.on('response', (answer) => resolve(answer.resume().statusCode ?? 0)).on('error', reject);
    });
    status.catch(() => undefined);
    return { request, status };
  };
  const isUnderWay = async (path: string): Promise<boolean> =>
    (await test.api('/transfers'))
      .json<{ items: { path: string; state: string }[] }>()
      .items.some((item) => item.path === path && item.state === 'running');
  const isOpen = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(test.port, '127.0.0.1', () => resolve(true));
      socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
    });

  it('is not ready from then on, lets work under way end, and closes its port after that', async () => {
    const { request, status } = begin('late.bin', 10 * MiB);
    request.write(randomBytes(9 * MiB));
    await eventually(() => isUnderWay('late.bin'), { deadline: 60_000 });
    expect((await test.call('/health/ready')).status).toBe(200);
    let hasStopped = false;
    const stopped = test.node.stop().then(() => (hasStopped = true));
    const ready = await test.call('/health/ready');
    expect([ready.status, ready.problem.code]).toEqual([503, 'not-ready']);
    expect((await test.call('/health/live')).status).toBe(200);
    expect(hasStopped).toBe(false);
    request.end(randomBytes(MiB));
    expect(await status).toBe(201);
    await stopped;
    expect(await isOpen()).toBe(false);
  });

  it('does not wait for those who only listen', async () => {
    const socket = io(`http://127.0.0.1:${test.port}/events`, {
      auth: { token: test.node.token },
      transports: ['websocket'],
      reconnection: false,
    });
    await new Promise((resolve, reject) => socket.once('ready', resolve).once('connect_error', reject));
    const headers = { authorization: `Bearer ${test.node.token}` };
    const stream = await new Promise<IncomingMessage>((resolve, reject) => {
      const path = '/api/v1/events/stream';
      get({ host: '127.0.0.1', port: test.port, path, headers, agent: false }, resolve).on('error', reject);
    });
    const ended = new Promise((resolve) => stream.resume().on('close', resolve));
    const gone = new Promise((resolve) => socket.once('disconnect', resolve));
    await test.node.stop();
    await Promise.all([ended, gone]);
    expect(await isOpen()).toBe(false);
  });
});
