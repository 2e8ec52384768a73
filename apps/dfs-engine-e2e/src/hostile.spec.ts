import { request } from 'node:http';
import { connect } from 'node:net';
import type { FileInfo, FileList, NodeInfo, PeerList, Problem, TransferList } from '@dfs/contracts';
import { eventually, startEngine, type Engine } from '@dfs/testing';

const LONG = 'x'.repeat(5000);

interface Case {
  method?: string;
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
  status: number;
}

/** JSON of 3 KB that is nested deeper than a call stack is, at every address that takes JSON. */
function deepCases(): Record<string, () => Case> {
  const [method, id] = ['POST', 'a'.repeat(26)];
  const body = `{"a":${'['.repeat(1500)}${']'.repeat(1500)}}`;
  const headers = { 'content-type': 'application/json' };
  const paths = ['/session', '/peers', '/network/join', '/network/invites', '/network/owners'];
  const ofFile = ['move', 'restore', 'choose'].map((act) => `/files/${id}/${act}`);
  const cases: Case[] = [...paths, ...ofFile].map((path) => ({ method, path, headers, body, status: 400 }));
  cases.push({ method: 'PATCH', path: '/settings', headers, body, status: 400 });
  return Object.fromEntries(cases.map((item) => [`JSON nested deeply at ${item.path}`, () => item]));
}

describe('bad input', () => {
  let node: Engine;
  let file: FileInfo;
  let before: { files: FileList; node: NodeInfo; peers: PeerList };

  const state = async () => ({
    files: await node.json<FileList>('/files'),
    node: await node.node(),
    peers: await node.peers(),
  });
  beforeAll(async () => {
    node = await startEngine({ name: 'hostile' });
    file = await node.put('good.txt', 'good');
    before = await state();
  });
  afterAll(() => node.remove());

  const put = (path: string): Case => ({ method: 'PUT', path: `/files/content?path=${path}`, body: 'x', status: 400 });
  const cases: Record<string, () => Case> = {
    'an unknown route': () => ({ path: '/nothing', status: 404 }),
    'an unknown method': () => ({ method: 'PATCH', path: '/node', status: 405 }),
    'a path that climbs': () => put('..%2Fx'),
    'a path that climbs further down': () => put('a%2F..%2F..%2Fetc%2Fpasswd'),
    'a NUL in a path': () => put('a%00b'),
    'a control character in a path': () => put('a%0Ab'),
    'an absolute path': () => put('%2Fetc%2Fpasswd'),
    'a backslash': () => put('..%5Cx'),
    'an empty path': () => put(''),
    'a path of 5,000 characters': () => put(LONG),
    'broken percent-encoding': () => put('%E0%A4%A'),
    'no path': () => ({ method: 'PUT', path: '/files/content', body: 'x', status: 400 }),
    'two paths': () => put('a&path=b'),
    'a path as an object': () => ({ method: 'PUT', path: '/files/content?path[a]=b', body: 'x', status: 400 }),
    'an unknown query parameter': () => ({ path: '/files?colour=red', status: 400 }),
    'a limit too large': () => ({ path: '/files?limit=1001', status: 400 }),
    'a limit of zero': () => ({ path: '/files?limit=0', status: 400 }),
    'a limit that is no number': () => ({ path: '/files?limit=ten', status: 400 }),
    'a cursor that is none': () => ({ path: '/files?cursor=abc', status: 400 }),
    'a state that is none': () => ({ path: '/files?state=lost', status: 400 }),
    'a sort that is none': () => ({ path: '/files?sort=colour', status: 400 }),
    'a search that is too long': () => ({ path: `/files?q=${LONG}`, status: 400 }),
    'a file id that is none': () => ({ path: '/files/nope', status: 400 }),
    'a file id that climbs': () => ({ path: '/files/..%2F..%2Fetc', status: 400 }),
    'a file id nobody knows': () => ({ path: `/files/${'a'.repeat(26)}`, status: 404 }),
    'content of a file nobody knows': () => ({ path: `/files/${'a'.repeat(26)}/content`, status: 404 }),
    'chunks of a file nobody knows': () => ({ path: `/files/${'a'.repeat(26)}/chunks`, status: 404 }),
    'deleting a file nobody knows': () => ({ method: 'DELETE', path: `/files/${'a'.repeat(26)}`, status: 404 }),
    'a range beyond the end': () => ({
      path: `/files/${file.id}/content`,
      headers: { range: 'bytes=10-20' },
      status: 416,
    }),
    'a precondition that fails': () => ({
      method: 'PUT',
      path: '/files/content?path=good.txt',
      headers: { 'if-match': '"bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"' },
      body: 'other',
      status: 412,
    }),
    'a digest that is wrong': () => ({
      method: 'PUT',
      path: '/files/content?path=digest.txt',
      headers: { 'repr-digest': 'sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:' },
      body: 'not empty',
      status: 400,
    }),
    'a form without a file': () => ({
      method: 'POST',
      path: '/files',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
      body: '--x--\r\n',
      status: 400,
    }),
    'a form without a boundary': () => ({
      method: 'POST',
      path: '/files',
      headers: { 'content-type': 'multipart/form-data' },
      body: 'x',
      status: 415,
    }),
    'JSON where a form is due': () => ({ method: 'POST', path: '/files', body: { a: 1 }, status: 415 }),
    'JSON that is broken': () => ({
      method: 'POST',
      path: '/peers',
      headers: { 'content-type': 'application/json' },
      body: '{"address":',
      status: 400,
    }),
    ...deepCases(),
    'an address that is none': () => ({ method: 'POST', path: '/peers', body: { address: 'home' }, status: 400 }),
    'an address of the wrong type': () => ({ method: 'POST', path: '/peers', body: { address: 7 }, status: 400 }),
    'an address that is too long': () => ({ method: 'POST', path: '/peers', body: { address: LONG }, status: 400 }),
    'an unknown field': () => ({
      method: 'POST',
      path: '/peers',
      body: { address: '/ip4/127.0.0.1/tcp/9', colour: 'red' },
      status: 400,
    }),
    'an address where nobody is': () => ({
      method: 'POST',
      path: '/peers',
      body: { address: '/ip4/127.0.0.1/tcp/9' },
      status: 504,
    }),
    'a peer id that is none': () => ({ method: 'DELETE', path: '/peers/nobody', status: 400 }),
    'a peer nobody knows': () => ({
      method: 'DELETE',
      path: '/peers/12D3KooWJSxkreASQ2rU1oeoxuYeaGYhcSEcmEJBnu3wDhiZXJcC',
      status: 404,
    }),
    'a ticket that is none': () => ({ method: 'POST', path: '/network/join', body: { ticket: 'x' }, status: 400 }),
    'a ticket of the wrong type': () => ({ method: 'POST', path: '/network/join', body: { ticket: [] }, status: 400 }),
    'a ticket that is missing': () => ({ method: 'POST', path: '/network/join', body: {}, status: 400 }),
    'an invite that never ends': () => ({
      method: 'POST',
      path: '/network/invites',
      body: { expiresInSeconds: 1e12 },
      status: 400,
    }),
    'an invite for an emperor': () => ({
      method: 'POST',
      path: '/network/invites',
      body: { role: 'emperor' },
      status: 400,
    }),
    'providers of nonsense': () => ({ path: '/dht/providers/nonsense', status: 400 }),
    'a transfer nobody knows': () => ({ method: 'DELETE', path: '/transfers/nope', status: 404 }),
    'events after nonsense': () => ({ path: '/events?after=x', status: 400 }),
    'events after a negative number': () => ({ path: '/events?after=-1', status: 400 }),
    'a setting nobody knows': () => ({ method: 'PATCH', path: '/settings', body: { colour: 'red' }, status: 400 }),
    'a setting out of range': () => ({ method: 'PATCH', path: '/settings', body: { replicas: -3 }, status: 400 }),
    'a JSON body that is a list': () => ({ method: 'PATCH', path: '/settings', body: [1], status: 400 }),
    'a JSON body that is too large': () => ({
      method: 'POST',
      path: '/network/join',
      body: { ticket: 'x'.repeat(2_000_000) },
      status: 413,
    }),
    'a token that is wrong': () => ({ path: '/node', headers: { authorization: 'Bearer wrong' }, status: 401 }),
    'no token': () => ({ path: '/files', headers: { authorization: '' }, status: 401 }),
  };

  it.each(Object.keys(cases))('%s gets a problem that says what to do', async (name) => {
    const { method = 'GET', path, body, headers = {}, status } = (cases[name] as () => Case)();
    const json = body !== undefined && typeof body !== 'string';
    const answer = await node.fetch(path, {
      method,
      headers: { ...(json ? { 'content-type': 'application/json' } : {}), ...headers },
      ...(body === undefined ? {} : { body: json ? JSON.stringify(body) : body }),
    });
    const text = await answer.text();
    expect({ status: answer.status, text }).toMatchObject({ status });
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const problem = JSON.parse(text) as Problem;
    expect(problem.status).toBe(answer.status);
    expect(problem.code).toMatch(/^[a-z-]+$/);
    expect(problem.detail.length).toBeGreaterThan(15);
    expect(problem.requestId).toBe(answer.headers.get('x-request-id'));
    expect(text).not.toMatch(/\bat .*\.(ts|js):\d+|SELECT |INSERT |node_modules|\/tmp\//);
  });

  it('speaks plain HTTP/1.1 to those who do not', async () => {
    const { hostname, port } = new URL(node.url);
    for (const bytes of [
      '\0\0\0garbage\r\n\r\n',
      `GET /${LONG.repeat(20)} HTTP/1.1\r\n\r\n`,
      // No host. The node would keep the connection for the next request.
      'GET / HTTP/1.1\r\nConnection: close\r\n\r\n',
    ]) {
      const answer = await new Promise<string>((done) => {
        let text = '';
        const socket = connect(Number(port), hostname, () => socket.write(bytes));
        socket.on('data', (data) => (text += data.toString()));
        socket.on('close', () => done(text));
        socket.on('error', () => done(text));
      });
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    }
  });

  it('refuses a host that is not its own, on every entrance', async () => {
    const { hostname, port } = new URL(node.url);
    for (const path of ['/', '/api/v1/node', '/api/docs', '/health/live', '/socket.io/?EIO=4&transport=polling']) {
      const status = await new Promise<number | undefined>((done, fail) => {
        const headers = { host: 'evil.example', authorization: `Bearer ${node.token}` };
        request({ hostname, port, path, headers }, (answer) => done(answer.resume().statusCode))
          .on('error', fail)
          .end();
      });
      expect(`${path} ${status}`).toBe(`${path} 403`);
    }
  });

  it('keeps nothing of an upload that is cut', async () => {
    const { hostname, port } = new URL(node.url);
    const uploads = async (state: string): Promise<number> =>
      (await node.json<TransferList>('/transfers')).items.filter(
        (item) => item.path === 'cut.bin' && item.state === state,
      ).length;
    const path = '/api/v1/files/content?path=cut.bin';
    const headers = { authorization: `Bearer ${node.token}`, 'content-length': 100_000_000 };
    const upload = request({ hostname, port, path, method: 'PUT', headers });
    upload.on('error', () => undefined);
    upload.write(Buffer.alloc(1_000_000, 'x'));
    await eventually(async () => (await uploads('running')) === 1);
    upload.destroy();
    await eventually(async () => (await uploads('running')) === 0);
    expect((await node.json<FileList>('/files?prefix=cut')).total).toBe(0);
    const bytes = async (): Promise<number> => (await node.node()).storage.bytes;
    await eventually(async () => (await bytes()) === before.node.storage.bytes, { what: 'no byte of it is left' });
  });

  it('keeps nothing of an upload that ends before the length it has announced', async () => {
    const { hostname, port } = new URL(node.url);
    await new Promise<void>((done) => {
      const head = `PUT /api/v1/files/content?path=cut.txt HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${node.token}\r\n`;
      const socket = connect(Number(port), hostname, () => socket.end(`${head}Content-Length: 100\r\n\r\nfifty`));
      socket.on('error', () => undefined).on('close', () => done());
      socket.resume();
    });
    expect((await node.json<FileList>('/files?prefix=cut')).total).toBe(0);
  });

  it('changed nothing by all that', async () => {
    const after = await state();
    expect(after.files).toEqual(before.files);
    expect(after.node.storage.bytes).toBe(before.node.storage.bytes);
    expect(after.node.network).toEqual(before.node.network);
    expect(after.peers.items.map((peer) => peer.peerId)).toEqual(before.peers.items.map((peer) => peer.peerId));
    expect(await (await node.fetch(`/files/${file.id}/content`)).text()).toBe('good');
    expect(node.running).toBe(true);
    expect(node.log()).not.toContain(node.token);
  });
});
