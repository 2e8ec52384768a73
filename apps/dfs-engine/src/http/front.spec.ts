import 'reflect-metadata';

import { frontUnderTest, TOKEN } from '../testing/front.suite.js';

const nested = (open: string, close: string, depth: number): string => `${open.repeat(depth)}1${close.repeat(depth)}`;

describe('the front of the HTTP server', () => {
  const front = frontUnderTest();
  const { call, json, raw } = front;

  describe('problems', () => {
    const cases: [string, string, object, number, string][] = [
      ['an unknown route', '/api/v1/nothing', {}, 404, 'not-found'],
      ['an unknown route outside the API', '/x.png', {}, 404, 'not-found'],
      ['a wrong method', '/api/v1/things', { method: 'DELETE' }, 405, 'method-not-allowed'],
      ['an unknown query parameter', '/api/v1/things?colour=red', {}, 400, 'validation-failed'],
      ['a number that is none', '/api/v1/things?n=0x10', {}, 400, 'validation-failed'],
      ['a parameter twice', '/api/v1/things?n=1&n=2', {}, 400, 'validation-failed'],
      ['an object for a parameter', '/api/v1/things?n[a]=1', {}, 400, 'validation-failed'],
      ['a prototype for a parameter', '/api/v1/things?__proto__=1', {}, 400, 'validation-failed'],
      ['a constructor for a parameter', '/api/v1/things?constructor=1', {}, 400, 'validation-failed'],
      ['too many parameters', `/api/v1/things?${'n=1&'.repeat(40)}`, {}, 400, 'bad-request'],
      ['broken percent-encoding in the query', '/api/v1/things?n=%E0%A4%A', {}, 400, 'bad-request'],
      ['broken percent-encoding in the path', '/api/v1/%ff', {}, 404, 'not-found'],
      ['an unknown field', '/api/v1/things', json({ name: 'a', colour: 1 }), 400, 'validation-failed'],
      ['a field of the wrong type', '/api/v1/things', json({ name: {} }), 400, 'validation-failed'],
      ['a field that is too long', '/api/v1/things', json({ name: 'x'.repeat(11) }), 400, 'validation-failed'],
      ['null for a field', '/api/v1/things', json({ name: 'a', note: null }), 400, 'validation-failed'],
      ['a missing body', '/api/v1/things', { method: 'POST' }, 400, 'validation-failed'],
      ['a prototype in the body', '/api/v1/things', json('{"name":"a","__proto__":{"x":1}}'), 400, 'bad-request'],
      [
        'a prototype deeper in the body',
        '/api/v1/things',
        json('{"name":"a","note":{"__proto__":{"x":1}}}'),
        400,
        'bad-request',
      ],
      [
        'fields of every object',
        '/api/v1/things',
        json({ name: 'a', toString: 1, valueOf: [] }),
        400,
        'validation-failed',
      ],
      ['a constructor', '/api/v1/things', json({ name: 'a', constructor: { a: 1 } }), 400, 'validation-failed'],
      ['an object nested deeply', '/api/v1/things', json(nested('{"a":', '}', 1500)), 400, 'bad-request'],
      ['a list nested deeply', '/api/v1/things', json(`{"name":${nested('[', ']', 25_000)}}`), 400, 'bad-request'],
      ['an unknown field nested deeply', '/api/v1/things', json(`{"x":${nested('[', ']', 1500)}}`), 400, 'bad-request'],
      ['deep JSON that signs in', '/api/v1/session', json(nested('{"token":', '}', 1500)), 400, 'bad-request'],
      ['a deep object for a parameter', `/api/v1/things?n${'[a]'.repeat(3000)}=1`, {}, 400, 'validation-failed'],
      ['broken JSON', '/api/v1/things', json('{"name":'), 400, 'bad-request'],
      ['a list for a body', '/api/v1/things', json([1]), 400, 'bad-request'],
      [
        'bytes that are no UTF-8',
        '/api/v1/things',
        json('"\u00e9"', { 'content-type': 'application/json; charset=latin1' }),
        415,
        'unsupported-media-type',
      ],
      [
        'a form for JSON',
        '/api/v1/things',
        json('name=a', { 'content-type': 'application/x-www-form-urlencoded' }),
        415,
        'unsupported-media-type',
      ],
      ['compressed JSON', '/api/v1/things', json('{}', { 'content-encoding': 'gzip' }), 415, 'unsupported-media-type'],
      ['a body that is too large', '/api/v1/things', json({ name: 'x'.repeat(70_000) }), 413, 'payload-too-large'],
      ['a query on what takes none', '/api/v1/things?x=1', json({ name: 'a' }), 400, 'validation-failed'],
      ['an error of ours', '/api/v1/things/ours', {}, 409, 'last-copy'],
      ['an unexpected error', '/api/v1/things/broken', {}, 500, 'internal-error'],
      ['a limit', '/api/v1/things/busy', {}, 429, 'too-many-requests'],
      ['no token', '/api/v1/things', { headers: { authorization: '' } }, 401, 'unauthorized'],
      ['a wrong token', '/api/v1/things', { headers: { authorization: 'Bearer nope' } }, 401, 'unauthorized'],
      [
        'a route in capitals, without a token',
        '/API/v1/things',
        { headers: { authorization: '' } },
        401,
        'unauthorized',
      ],
      ['metrics without a token', '/Metrics', { headers: { authorization: '' } }, 401, 'unauthorized'],
      ['a foreign host', '/api/v1/things', { headers: { host: 'evil.example' } }, 403, 'host-refused'],
      ['our name at another port', '/', { headers: { host: '127.0.0.1:1' } }, 403, 'host-refused'],
      ['our name without a port', '/', { headers: { host: 'localhost' } }, 403, 'host-refused'],
      ['an address of another site', 'http://evil.example/api/v1/things', {}, 403, 'host-refused'],
    ];
    it.each(cases)('%s', async (_what, path, options, status, code) => {
      const answer = await call(path, options);
      expect(answer.problem).toMatchObject({ status, code, title: expect.any(String), type: `/api/problems/${code}` });
      expect(answer.status).toBe(status);
      expect(answer.problem.detail.length).toBeGreaterThan(10);
      expect(answer.problem.requestId).toBe(answer.headers['x-request-id']);
      expect(answer.headers['x-content-type-options']).toBe('nosniff');
      expect(answer.headers['cache-control']).toBe('no-store');
      expect(answer.body).not.toMatch(/SELECT|\/var\/lib|node_modules|hidden|\.ts:/);
    });

    it('name the fields, the methods, the facts and the time to wait', async () => {
      const fields = await call('/api/v1/things', json({ colour: 1 }));
      expect(fields.problem.errors?.map((error) => error.field).sort()).toEqual(['colour', 'name']);
      expect((await call('/api/v1/things', { method: 'PUT' })).headers.allow).toBe('GET, HEAD, POST');
      expect((await call('/api/v1/things/ours')).problem).toMatchObject({ count: 3, instance: '/api/v1/things/ours' });
      expect((await call('/api/v1/things/busy')).headers['retry-after']).toBe('7');
      expect((await call('/api/v1/things', { headers: { authorization: '' } })).headers['www-authenticate']).toBe(
        'Bearer',
      );
    });

    it('say of a field what is wrong in kind rather than in size', async () => {
      const errors = async (path: string, options: object) => (await call(path, options)).problem.errors;
      expect(await errors('/api/v1/things?n=abc', {})).toEqual([{ field: 'n', detail: 'must be a whole number' }]);
      expect(await errors('/api/v1/things', json({}))).toEqual([{ field: 'name', detail: 'must be text' }]);
      expect(await errors('/api/v1/things', json({ name: 'a', note: null }))).toEqual([
        { field: 'note', detail: 'must not be null: leave it out' },
      ]);
    });

    it('cut an answer that breaks in the middle, rather than to end it well', async () => {
      await expect(call('/api/v1/things/half')).rejects.toThrow();
    });

    it('take a sane request id and no other', async () => {
      expect((await call('/api/v1/nothing', { headers: { 'x-request-id': 'my-id.7' } })).problem.requestId).toBe(
        'my-id.7',
      );
      const odd = await call('/api/v1/nothing', { headers: { 'x-request-id': 'a b"<' } });
      expect(odd.problem.requestId).toMatch(/^[0-9a-f-]{36}$/);
    });

    it.each([
      ['garbage', '\0\0\0\r\n\r\n', 400, 'bad-request'],
      [
        'headers that are too large',
        `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`,
        431,
        'header-too-large',
      ],
      ['an address that is too long', `GET /${'y'.repeat(100_000)} HTTP/1.1\r\n\r\n`, 431, 'header-too-large'],
      ['no host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'bad-request'],
      ['a host that is empty', 'GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n', 403, 'host-refused'],
      [
        'two lengths',
        'POST /api/v1/things HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx',
        400,
        'bad-request',
      ],
    ])('answer what is hardly HTTP: %s', async (_what, text, status, code) => {
      const answer = await raw(text);
      expect(answer.startsWith(`HTTP/1.1 ${status} `)).toBe(true);
      expect(answer).toContain('application/problem+json');
      expect(answer).toContain(`"code":"${code}"`);
    });
  });

  it('answers a client that expects more than there is', async () => {
    const head = `Host: 127.0.0.1:${front.port}\r\nAuthorization: Bearer ${TOKEN}\r\nExpect: the-best\r\nConnection: close`;
    const answer = await raw(`GET /api/v1/things HTTP/1.1\r\n${head}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain('{"n":1}');
  });

  it('answers in full what has no tag, whatever conditions come', async () => {
    const head = `Host: 127.0.0.1:${front.port}\r\nAuthorization: Bearer ${TOKEN}\r\nIf-None-Match: *\r\nConnection: close`;
    const answer = await raw(`GET /api/v1/things HTTP/1.1\r\n${head}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain('{"n":1}');
  });

  describe('bodies', () => {
    it('are streamed whole where they are asked for, whatever their type', async () => {
      const answer = await call('/api/v1/things/raw', json('{"not": read}'));
      expect(JSON.parse(answer.body)).toEqual({ size: 13 });
    });

    it('come after 100-continue only when the request has passed', async () => {
      const head = (token: string) =>
        `POST /api/v1/things/raw HTTP/1.1\r\nHost: 127.0.0.1:${front.port}\r\nAuthorization: Bearer ${token}\r\n` +
        'Expect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\n';
      const good = await raw(head(TOKEN), (socket) => {
        socket.once('data', () => socket.write('hello'));
      });
      expect(good).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 201 /);
      expect(good).toContain('{"size":5}');
      expect(await raw(head('wrong'))).toMatch(/^HTTP\/1\.1 401 /);
    });

    it('that nobody reads do not keep the answer from being read, nor the connection from the next request', async () => {
      const big = 'x'.repeat(3_000_000);
      const refused = await call('/api/v1/nothing', { method: 'POST', body: big });
      expect(refused.problem.code).toBe('not-found');
      const head = (path: string, more: string) =>
        `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${front.port}\r\nAuthorization: Bearer ${TOKEN}\r\n${more}`;
      const two = await raw(
        head('/api/v1/nothing', `Content-Length: ${big.length}\r\n\r\n${big}`) +
          head('/api/v1/things/raw', 'Connection: close\r\nContent-Length: 2\r\n\r\nok'),
      );
      expect(two.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 404', 'HTTP/1.1 201']);
    });

    it('that are cut are errors, and so are those that drip', async () => {
      const head = `POST /api/v1/things/raw HTTP/1.1\r\nHost: 127.0.0.1:${front.port}\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Length: 100000\r\n\r\n`;
      expect(await raw(head, (socket) => setTimeout(() => socket.end('half'), 50))).not.toContain('HTTP/1.1 201');
      const dripped = await raw(head, (socket) => {
        const timer = setInterval(() => socket.write('x'), 20);
        socket.on('close', () => clearInterval(timer));
        socket.once('data', () => socket.destroySoon());
      });
      expect(dripped).toMatch(/^HTTP\/1\.1 408 /);
      expect(dripped).toContain('"code":"request-timeout"');
      // One that stops altogether reads the same, and the connection ends.
      const stopped = await raw(head, (socket) => socket.write('half'));
      expect(stopped).toMatch(/^HTTP\/1\.1 408 [^]*Connection: close/);
      expect(stopped).toContain('"code":"request-timeout"');
    });
  });

  describe('the console', () => {
    it('is served without a token, its hashed files for good, its pages by the index', async () => {
      const open = { headers: { authorization: '' } };
      const index = await call('/', open);
      expect(index.status).toBe(200);
      expect(index.headers['cache-control']).toBe('no-cache');
      expect(index.headers['content-security-policy']).toContain("script-src 'self'");
      expect((await call('/main-ABCD1234.js', open)).headers['cache-control']).toContain('immutable');
      expect((await call('/assets/plain.js', open)).headers['cache-control']).toBe('no-cache');
      expect((await call('/peers/somewhere', open)).body).toBe(index.body);
      expect((await call('/files?folder=a.b', open)).body).toBe(index.body);
      expect((await call('/activity', { method: 'HEAD', ...open })).headers['content-type']).toContain('text/html');
      expect((await call('/missing.js', open)).problem.code).toBe('not-found');
      expect((await call('/..%2f..%2fetc/passwd', open)).body).not.toContain('root:');
    });
  });

  it.each([
    '//api/v1/things',
    '///api/v1/things',
    '/%61pi/v1/things',
    '/api%2Fv1%2Fthings',
    '/%2Fapi/v1/things',
    '/./api/v1/things',
    '/x/../api/v1/things',
    '/api/v1/../v1/things',
    '/api;/v1/things',
    '/apis',
    '/nothing',
    '//',
    '//peers',
    '/%70eers',
    '/Peers',
    '/socket.io',
  ])('answers %s, which is neither a route nor a page, by a problem', async (path) => {
    const accept = 'text/html,application/xhtml+xml,*/*;q=0.8';
    for (const headers of [{}, { authorization: '', accept }]) {
      const answer = await call(path, { headers });
      expect([401, 404]).toContain(answer.status);
      expect(answer.problem.status).toBe(answer.status);
    }
  });

  it('sends the page to those alone who take HTML', async () => {
    for (const path of ['/', '/files', '/peers/somewhere']) {
      const status = async (accept: string): Promise<number> => (await call(path, { headers: { accept } })).status;
      expect([await status('text/html'), await status('*/*'), await status('application/json')]).toEqual([
        200, 200, 404,
      ]);
    }
  });

  it('writes no secret to the log, nor names of files', async () => {
    await call('/dav/folder/name-of-a-file.txt', { method: 'PROPFIND' });
    await call('/dav/name-of-a-file.txt', { method: 'PROPFIND', headers: { authorization: '' } });
    expect(front.log).not.toContain('name-of-a-file');
    expect(front.log).toContain('"path":"/dav/…"');
    expect(front.log.length).toBeGreaterThan(1000);
    expect(front.log).not.toContain(TOKEN);
    expect(front.log).not.toMatch(/dfs_\w{16}=/);
    expect(front.log).toContain('"path":"/api/v1/things/broken"');
  });
});
