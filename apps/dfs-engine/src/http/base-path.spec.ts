import { io } from 'socket.io-client';
import type { BatchResults, LookupResults, Problem, UploadResults } from '@dfs/contracts';
import { davClient, hrefsIn } from '../testing/dav.suite.js';
import { startTestNode, type TestNode } from '../testing/running-node.suite.js';

describe('a node at a path of its own', () => {
  let test: TestNode;
  beforeAll(async () => {
    test = await startTestNode({ DFS_BASE_PATH: '/dfs' });
  });
  afterAll(() => test.remove());

  /** Each leads to a page of this node. */
  const expectAtBase = async (problem: Problem | undefined, path: string): Promise<void> => {
    expect(problem).toMatchObject({ type: `/dfs/api/problems/${problem?.code}`, instance: `/dfs${path}` });
    expect((await test.call(problem?.type ?? '')).status).toBe(200);
  };

  it('tells the problems of whole answers, and of single files within one, by addresses there', async () => {
    const missing = await test.api('/files/content?path=nothing');
    await expectAtBase(missing.problem, '/api/v1/files/content');
    // As a proxy asks that has taken the path off, and as one that leaves it.
    for (const at of ['', '/dfs']) {
      const call = (path: string, options: Parameters<TestNode['call']>[1]) =>
        test.call(`${at}/api/v1${path}`, {
          ...options,
          headers: { authorization: `Bearer ${test.node.token}`, ...options?.headers },
        });
      const batch = await call('/files/batch', { json: { op: 'delete', items: [{ id: 'a'.repeat(26) }] } });
      await expectAtBase(batch.json<BatchResults>().results[0]?.problem, '/api/v1/files/batch');
      const looked = await call('/files/lookup', { json: { paths: ['a//b'] } });
      const [found] = looked.json<LookupResults>().results;
      await expectAtBase(found && 'problem' in found ? found.problem : undefined, '/api/v1/files/lookup');
      const part = (name: string, text: string) =>
        `--b\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n\r\n${text}\r\n`;
      const stored = await call('/files', {
        method: 'POST',
        headers: { 'content-type': 'multipart/form-data; boundary=b' },
        body: `${part('form/a', 'a')}${part('form//b', 'b')}--b--\r\n`,
      });
      const failed = stored.json<UploadResults>().results[1];
      await expectAtBase(failed && 'problem' in failed ? failed.problem : undefined, '/api/v1/files');
    }
  });

  it('tells why a socket is refused by addresses there', async () => {
    const url = `http://127.0.0.1:${test.port}`;
    const refusal = (namespace: string, token: string) =>
      new Promise<Problem>((resolve, reject) => {
        const socket = io(url + namespace, {
          ...{
            path: '/dfs/socket.io/',
            auth: { token },
            transports: ['websocket'],
            reconnection: false,
            forceNew: true,
          },
        });
        socket.once('connect', () => reject(new Error('was let in')));
        socket.once('connect_error', (error: Error & { data?: Problem }) => {
          socket.disconnect();
          if (error.data) resolve(error.data);
          else reject(error);
        });
      });
    await expectAtBase(await refusal('/events', 'wrong'), '/events');
    await expectAtBase(await refusal('/nothing', test.node.token), '/events');
    const old = await test.call('/dfs/socket.io/?EIO=3&transport=polling');
    await expectAtBase(old.json<Problem>(), '/socket.io/');
    const upgrade = await test.raw(
      'GET /dfs/socket.io/?EIO=3&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n' +
        'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await expectAtBase(JSON.parse(upgrade.split('\r\n\r\n')[1] ?? '') as Problem, '/socket.io/');
  });

  it('tells what is no HTTP by an address there, and where its sockets are', async () => {
    const answer = await test.raw('NO HTTP\r\n\r\n');
    expect(answer).toContain('"type":"/dfs/api/problems/bad-request"');
    const document = await test.call('/dfs/api/asyncapi.json');
    expect(document.json()).toMatchObject({ servers: { node: { pathname: '/dfs/socket.io/' } } });
  });

  it('names files of WebDAV by addresses there, and takes those as destinations', async () => {
    const dav = davClient(test, test.node.token);
    expect((await dav('PUT', '/a.txt', { body: 'a' })).status).toBe(201);
    expect(hrefsIn(await dav('PROPFIND', '/a.txt', { headers: { depth: '0' } }))).toEqual(['/dfs/dav/a.txt']);
    const destination = `http://127.0.0.1:${test.port}/dfs/dav/b.txt`;
    expect((await dav('MOVE', '/a.txt', { headers: { destination } })).status).toBe(201);
    expect((await dav('GET', '/b.txt')).text).toBe('a');
  });
});
