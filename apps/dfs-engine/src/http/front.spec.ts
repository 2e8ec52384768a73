import 'reflect-metadata';
import { mkdir, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { Writable } from 'node:stream';
import { Body, Controller, Get, Module, Post, Query, Req, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { IsInt, IsOptional, IsString, MaxLength, Min } from 'class-validator';
import type { Request, Response } from 'express';
import { pino } from 'pino';
import type { Problem } from '@dfs/contracts';
import { DecimalQuery, NoQuery, StreamedBody, requestBody } from '@dfs/files';
import { DfsError, systemClock } from '@dfs/runtime';
import { tempDir, type TempDir } from '@dfs/testing';
import { Access } from '../access/access.js';
import { AllowedHosts } from '../access/allowed-hosts.js';
import { SessionController } from '../api/session.controller.js';
import { installFront } from './front.js';
import { HttpServerAdapter } from './http-server.adapter.js';

const TOKEN = 'the-token-of-this-very-node-0123';
const PEER = '12D3KooWJSxkreASQ2rU1oeoxuYeaGYhcSEcmEJBnu3wDhiZXJcC';
const WHEEL = 'X-Dfs-Request';

class ThingBody {
  @IsString()
  @MaxLength(10)
  name!: string;

  @IsOptional()
  @IsString()
  note?: string;
}
class ThingQuery {
  @DecimalQuery()
  @IsInt()
  @Min(0)
  n: number = 1;
}

@Controller('api/v1/things')
class ThingsController {
  @Get()
  list(@Query() { n }: ThingQuery): object {
    return { n };
  }
  @Post()
  make(@Query() _query: NoQuery, @Body() body: ThingBody): object {
    return { ...body };
  }
  @Post('raw')
  @StreamedBody()
  async raw(@Req() request: Request): Promise<object> {
    let size = 0;
    for await (const part of requestBody(request, { windowMs: 400, bytes: 1000 })) size += part.length;
    return { size };
  }
  @Get('broken')
  broken(): never {
    throw new TypeError('SELECT secret FROM /var/lib/dfs');
  }
  @Get('ours')
  ours(): never {
    throw new DfsError('last-copy', 'Three files would be lost.', { facts: { count: 3 }, cause: new Error('hidden') });
  }
  @Get('busy')
  busy(): never {
    throw new DfsError('too-many-requests', 'Wait a little.', { retryAfter: 7 });
  }
  @Get('half')
  half(@Res() response: Response): void {
    response.writeHead(200, { 'content-length': 100 });
    response.write('only the first');
    throw new Error('in the middle');
  }
}
@Module({
  controllers: [ThingsController, SessionController],
})
class TestModule {}

const nested = (open: string, close: string, depth: number): string => `${open.repeat(depth)}1${close.repeat(depth)}`;

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
  problem: Problem;
}

describe('the front of the HTTP server', () => {
  let app: NestExpressApplication;
  let port: number;
  let dir: TempDir;
  let log = '';
  /** Milliseconds that answers to wrong tokens have waited. */
  const pauses: number[] = [];

  beforeAll(async () => {
    dir = await tempDir();
    await mkdir(dir.file('assets'));
    await writeFile(dir.file('index.html'), '<!doctype html><title>console</title>');
    await writeFile(dir.file('main-ABCD1234.js'), 'console.log(1)');
    await writeFile(dir.file('assets/plain.js'), 'console.log(2)');
    const hosts = new AllowedHosts('127.0.0.1', ['files.example', 'proxy.example:8443']);
    const sink = new Writable({
      write: (line: Buffer, _encoding, done) => {
        log += line.toString();
        done();
      },
    });
    const logger = pino({ level: 'debug' }, sink);
    const pause = (ms: number): Promise<number> => Promise.resolve(pauses.push(ms));
    const access = new Access({ token: TOKEN, peerId: PEER, hosts, clock: systemClock, log: logger, pause });
    const providers = [{ provide: Access, useValue: access }];
    app = await NestFactory.create<NestExpressApplication>({ module: TestModule, providers }, new HttpServerAdapter(), {
      logger: false,
      bodyParser: false,
    });
    installFront(app, { access, logger, consoleDir: dir.path });
    await app.listen(0, '127.0.0.1');
    port = (app.getHttpServer().address() as { port: number }).port;
    hosts.listeningAt(port);
  });
  afterAll(async () => {
    await app.close();
    await dir.remove();
  });

  const bearer = { authorization: `Bearer ${TOKEN}` };
  const call = (path: string, options: { method?: string; headers?: object; body?: string } = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const headers = { ...bearer, ...options.headers };
      const request = httpRequest(
        { host: '127.0.0.1', port, path, method: options.method ?? 'GET', headers },
        (answer) => {
          let body = '';
          answer.on('data', (part: Buffer) => (body += part.toString()));
          answer.on('error', reject);
          answer.on('end', () => {
            const isProblem = String(answer.headers['content-type']).startsWith('application/problem+json');
            const problem = (isProblem && body ? JSON.parse(body) : {}) as Problem;
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body, problem });
          });
        },
      );
      request.on('error', reject);
      request.end(options.body);
    });
  const json = (body: unknown, headers: object = {}) => ({
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const raw = (text: string, more: (socket: ReturnType<typeof connect>) => void = () => undefined): Promise<string> =>
    new Promise((resolve) => {
      let answer = '';
      const socket = connect(port, '127.0.0.1', () => {
        socket.write(text);
        more(socket);
      });
      socket.on('data', (data) => (answer += data.toString()));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(answer));
    });

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
      expect(answer.problem).toMatchObject({ status, code, title: expect.any(String), type: `/api/docs#${code}` });
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
    const head = `Host: 127.0.0.1:${port}\r\nAuthorization: Bearer ${TOKEN}\r\nExpect: the-best\r\nConnection: close`;
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
        `POST /api/v1/things/raw HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\n` +
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
        `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${TOKEN}\r\n${more}`;
      const two = await raw(
        head('/api/v1/nothing', `Content-Length: ${big.length}\r\n\r\n${big}`) +
          head('/api/v1/things/raw', 'Connection: close\r\nContent-Length: 2\r\n\r\nok'),
      );
      expect(two.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 404', 'HTTP/1.1 201']);
    });

    it('that are cut are errors, and so are those that drip', async () => {
      const head = `POST /api/v1/things/raw HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Length: 100000\r\n\r\n`;
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

  describe('access', () => {
    const signIn = async (token: string, headers: object = {}): Promise<Answer> =>
      call('/api/v1/session', json({ token }, { authorization: '', ...headers }));
    const cookieOf = (answer: Answer): string => (answer.headers['set-cookie']?.[0] ?? '').split(';')[0] ?? '';

    it('trades the token for a cookie that says nothing of it', async () => {
      const answer = await signIn(TOKEN);
      expect(answer.status).toBe(204);
      const [cookie] = answer.headers['set-cookie'] ?? [];
      expect(cookie).toMatch(/^dfs_[\w]{16}=[\w.-]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/);
      expect(cookie).not.toContain(TOKEN);
    });

    it('lets the cookie read, and write only from our own page with the header', async () => {
      const cookie = cookieOf(await signIn(TOKEN));
      const own = `http://127.0.0.1:${port}`;
      const read = await call('/api/v1/things', { headers: { authorization: '', cookie } });
      expect(read.status).toBe(200);
      const write = async (headers: object) =>
        (await call('/api/v1/things', json({ name: 'a' }, { authorization: '', cookie, ...headers }))).status;
      expect(await write({ origin: own, [WHEEL]: '1' })).toBe(201);
      expect(await write({ origin: own })).toBe(403);
      expect(await write({ [WHEEL]: '1' })).toBe(403);
      expect(await write({ origin: 'http://127.0.0.1:1', [WHEEL]: '1' })).toBe(403);
      expect(await write({ origin: 'http://evil.example', [WHEEL]: '1' })).toBe(403);
      expect(await write({ origin: 'null', [WHEEL]: '1' })).toBe(403);
      expect(await write({ origin: own, [WHEEL]: '1', authorization: 'Bearer wrong' })).toBe(401);
    });

    it('ends with signing out, and is not to be forged', async () => {
      const cookie = cookieOf(await signIn(TOKEN));
      const other = cookieOf(await signIn(TOKEN));
      const headers = { authorization: '', cookie, origin: `http://127.0.0.1:${port}`, [WHEEL]: '1' };
      const out = await call('/api/v1/session', { method: 'DELETE', headers });
      expect(out.status).toBe(204);
      expect(out.headers['set-cookie']?.[0]).toContain('Max-Age=0');
      expect((await call('/api/v1/things', { headers })).status).toBe(401);
      expect((await call('/api/v1/things', { headers: { authorization: '', cookie: other } })).status).toBe(200);
      const forged = other.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
      expect((await call('/api/v1/things', { headers: { authorization: '', cookie: forged } })).status).toBe(401);
      const elsewhere = other.replace(/^dfs_\w+/, 'dfs_anothernode00000');
      expect((await call('/api/v1/things', { headers: { authorization: '', cookie: elsewhere } })).status).toBe(401);
    });

    it('answers to the names it was given', async () => {
      for (const host of [
        'files.example',
        `files.example:${port}`,
        'proxy.example:8443',
        `LOCALHOST:${port}`,
        `[::1]:${port}`,
      ]) {
        expect(`${host} ${(await call('/api/v1/things', { headers: { host } })).status}`).toBe(`${host} 200`);
      }
      for (const host of ['files.example:1', 'proxy.example', `files.example.evil.example:${port}`]) {
        expect(`${host} ${(await call('/api/v1/things', { headers: { host } })).status}`).toBe(`${host} 403`);
      }
    });

    it('delays those who guess at any entrance, writes one line of them, and lets the right token in at once', async () => {
      const guess = (at: number): Promise<Answer> =>
        at % 2 === 0
          ? signIn(`guess ${at}`)
          : call('/api/v1/things', { headers: { authorization: `Bearer guess-${at}` } });
      const warnings = (): number => log.split('a wrong token').length - 1;
      const known = warnings();
      for (let at = 0; at < 20; at++) expect((await guess(at)).problem.code).toBe('unauthorized');
      expect(warnings()).toBe(Math.max(1, known));
      const delayed = pauses.length;
      expect(delayed).toBeGreaterThanOrEqual(15);
      expect((await signIn(TOKEN)).status).toBe(204);
      expect((await call('/api/v1/things')).status).toBe(200);
      expect(pauses).toHaveLength(delayed);
      expect(log.split('\n').filter((line) => line.includes('"status":401') && !line.includes('"level":20'))).toEqual(
        [],
      );
    });
  });

  it('writes no secret to the log', () => {
    expect(log.length).toBeGreaterThan(1000);
    expect(log).not.toContain(TOKEN);
    expect(log).not.toMatch(/dfs_\w{16}=/);
    expect(log).toContain('"path":"/api/v1/things/broken"');
  });
});
