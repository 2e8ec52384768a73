import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { io, type Socket } from 'socket.io-client';
import {
  type AnyEvent,
  type EventPage,
  type FileInfo,
  type FileList,
  type Health,
  type NodeInfo,
  type UploadResult,
  DURABLE_EVENTS,
  VOLATILE_EVENTS,
} from '@dfs/contracts';
import { eventually, seededRandom } from '@dfs/testing';
import { openApi } from '../docs/open-api.js';
import { startTestNode, type Answer, type CallOptions, type TestNode } from '../testing/running-node.suite.js';

const MiB = 1024 * 1024;
const UNKNOWN = 'a'.repeat(26);
const DOCUMENT = fileURLToPath(new URL('../../openapi.json', import.meta.url));

describe('the API of a node', () => {
  let test: TestNode;
  beforeAll(async () => (test = await startTestNode()));
  afterAll(() => test.remove());
  const put = (path: string, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Answer> =>
    test.api(`/files/content?path=${encodeURIComponent(path)}`, { method: 'PUT', body, headers });
  const list = async (query = ''): Promise<FileList> => (await test.api(`/files${query}`)).json<FileList>();

  describe('files', () => {
    it('go in, are listed, come out, and are deleted', async () => {
      const bytes = seededRandom(1).bytes(5 * MiB);
      const created = await put('api/Grüße 👋.bin', bytes);
      expect(created.status).toBe(201);
      const file = created.json<FileInfo>();
      expect(created.headers.location).toBe(`/api/v1/files/${file.id}`);
      expect(created.headers.etag).toBe(`"${file.contentId}"`);
      expect((await put('api/Grüße 👋.bin', bytes)).status).toBe(200);
      expect((await list('?prefix=api/')).items).toEqual([file]);
      expect((await test.api(`/files/${file.id}`)).json()).toEqual(file);
      const content = await test.api(`/files/${file.id}/content`);
      expect(Buffer.compare(content.bytes, bytes)).toBe(0);
      const part = await test.api(`/files/${file.id}/content`, { headers: { range: 'bytes=1000000-1000009' } });
      expect(part.status).toBe(206);
      expect(Buffer.compare(part.bytes, bytes.subarray(1_000_000, 1_000_010))).toBe(0);
      const chunks = (await test.api(`/files/${file.id}/chunks?limit=2`)).json<{
        items: unknown[];
        nextCursor: string;
        total: number;
      }>();
      expect(chunks.items).toHaveLength(2);
      const rest = (await test.api(`/files/${file.id}/chunks?cursor=${chunks.nextCursor}`)).json<{
        items: unknown[];
      }>();
      expect(rest.items).toHaveLength(chunks.total - 2);
      expect((await test.api(`/files/${file.id}/holders`)).json()).toMatchObject({
        extents: [{ holders: [{ self: true }] }],
      });
      expect((await test.api(`/files/${file.id}/versions`)).json()).toMatchObject({
        items: [{ version: file.version, shown: true }],
      });
      const removed = await test.api(`/files/${file.id}`, {
        method: 'DELETE',
        headers: { 'if-match': `"${file.contentId}"` },
      });
      expect([removed.status, removed.text]).toEqual([204, '']);
      expect((await test.api(`/files/${file.id}/content`)).status).toBe(404);
      expect((await test.api(`/files/${file.id}/content?version=${file.version}`)).bytes).toHaveLength(bytes.length);
      expect((await list('?state=deleted&prefix=api/')).items).toMatchObject([{ deleted: true }]);
    });

    it('come by a form: one, and many with a result each', async () => {
      const form = (files: [string, string][], paths = true): CallOptions => {
        const boundary = 'xxBOUNDARYxx';
        const body = files
          .map(
            ([path, text]) =>
              (paths ? `--${boundary}\r\nContent-Disposition: form-data; name="path"\r\n\r\n${path}\r\n` : '') +
              `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${path}"\r\nContent-Type: text/plain\r\n\r\n${text}\r\n`,
          )
          .join('');
        return {
          method: 'POST',
          body: `${body}--${boundary}--\r\n`,
          headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
        };
      };
      const one = await test.api('/files', form([['form/ü.txt', 'eins']], false));
      expect([one.status, one.json<FileInfo>().path]).toEqual([201, 'form/ü.txt']);
      expect((await test.api('/files', form([['form/ü.txt', 'eins']]))).status).toBe(200);
      expect((await test.api('/files', form([['../x', 'zwei']]))).problem.code).toBe('invalid-path');
      const many = await test.api(
        '/files',
        form([
          ['form/a', '1'],
          ['form//b', '2'],
          ['form/c', '3'],
          ['form/ü.txt', 'eins'],
        ]),
      );
      expect(many.status).toBe(207);
      const { results } = many.json<{ results: UploadResult[] }>();
      expect(results.map((result) => [result.path, result.status, result.problem?.code ?? result.file?.path])).toEqual([
        ['form/a', 201, 'form/a'],
        ['form//b', 400, 'invalid-path'],
        ['form/c', 201, 'form/c'],
        ['form/ü.txt', 200, 'form/ü.txt'],
      ]);
      expect(results[1]?.problem?.requestId).toBe(many.headers['x-request-id']);
    });

    it('keep what was said of them: time, whether they are programs, pairs of a client’s own', async () => {
      const said = { 'x-dfs-mtime': '2001-02-03T04:05:06Z', 'x-dfs-executable': 'true', 'x-dfs-meta-a': 'gr%C3%BCn' };
      const told = { mtime: '2001-02-03T04:05:06.000Z', executable: true, meta: { a: 'grün' } };
      const digest = createHash('sha256').update('said').digest('base64');
      const { status, json } = await put('said/one', 'said', { ...said, 'repr-digest': `sha-256=:${digest}:` });
      const file = json<FileInfo>();
      expect([status, file]).toMatchObject([201, told]);
      expect((await list('?prefix=said/')).items).toMatchObject([told]);
      expect((await put('said/one', 'said', { 'x-dfs-mtime': '5' })).json()).toMatchObject({ version: file.version });
      expect((await put('said/one', 'said', { 'x-dfs-executable': 'no' })).problem).toMatchObject({
        code: 'validation-failed',
        errors: [{ field: 'X-DFS-Executable' }],
      });
      // Those that read the content are told when it was written, which is now.
      const { headers } = await test.api(`/files/${file.id}/content`);
      expect(Date.parse(String(headers['last-modified']))).toBeGreaterThan(Date.now() - 3_600_000);
      const moved = await test.api(`/files/${file.id}/move`, {
        method: 'POST',
        body: JSON.stringify({ path: 'said/two' }),
        headers: { 'content-type': 'application/json' },
      });
      expect(moved.json()).toMatchObject({ ...told, modifiedAt: file.modifiedAt });
      const part = (name: string, value: string) =>
        `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
      const posted = await test.api('/files', {
        method: 'POST',
        body: `${part('mtime', '981173106000')}${part('executable', 'true')}${part('meta', '{"a":"grün"}')}${part('path', 'said/form')}--x\r\nContent-Disposition: form-data; name="file"\r\nContent-Type: text/plain\r\n\r\nsaid\r\n--x--\r\n`,
        headers: { 'content-type': 'multipart/form-data; boundary=x' },
      });
      expect([posted.status, posted.json()]).toMatchObject([201, told]);
    });

    it('are in no folder that is a file, and have no name that is a folder', async () => {
      expect((await put('either/x', 'file')).status).toBe(201);
      expect((await put('either/x/inside', 'no')).problem).toMatchObject({ status: 409, code: 'path-taken' });
      expect((await put('either', 'no')).problem.code).toBe('path-taken');
      expect((await list('?prefix=either')).items.map(({ path }) => path)).toEqual(['either/x']);
    });

    it('are paged without gap or repetition', async () => {
      for (let i = 0; i < 12; i++) await put(`paged/${String(i).padStart(2, '0')}`, String(i));
      const seen: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const page = await list(`?prefix=paged/&limit=5${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
        seen.push(...page.items.map((file) => file.path));
        expect(page.total).toBe(12);
        cursor = page.nextCursor;
      }
      expect(seen).toEqual(Array.from({ length: 12 }, (_, i) => `paged/${String(i).padStart(2, '0')}`));
    });

    it('are checked against the digest and the conditions that come with them', async () => {
      const digest = (text: string) => `sha-256=:${createHash('sha256').update(text).digest('base64')}:`;
      expect((await put('checked', 'text', { 'repr-digest': digest('text') })).status).toBe(201);
      expect((await put('checked', 'other', { 'repr-digest': digest('text') })).problem.code).toBe('digest-mismatch');
      expect((await put('checked', 'other', { 'if-none-match': '*' })).problem.code).toBe('precondition-failed');
      expect((await put('checked', 'other', { 'if-match': '"bafkqaaa"' })).problem.code).toBe('precondition-failed');
      expect((await put('checked', 'x', { 'content-encoding': 'gzip' })).problem.code).toBe('unsupported-media-type');
      expect((await put('checked', 'x', { 'content-range': 'bytes 0-0/1' })).problem.code).toBe('bad-request');
      const { items } = await list('?prefix=checked');
      expect((await test.api(`/files/${items[0]!.id}/content`)).text).toBe('text');
    });

    it('that are cut leave nothing, and the next request on another connection is served', async () => {
      const { storage } = (await test.api('/node')).json<NodeInfo>();
      const head = (length: number) =>
        `PUT /api/v1/files/content?path=cut HTTP/1.1\r\nHost: 127.0.0.1:${test.port}\r\n` +
        `Authorization: Bearer ${test.node.token}\r\nContent-Length: ${length}\r\n\r\n`;
      const big = Buffer.from(seededRandom(2).bytes(3 * MiB));
      await test.raw(Buffer.concat([Buffer.from(head(9 * MiB)), big]), (socket) =>
        setTimeout(() => socket.destroy(), 300),
      );
      await test.raw(
        `PUT /api/v1/files/content?path=cut HTTP/1.1\r\nHost: 127.0.0.1:${test.port}\r\nAuthorization: Bearer ${test.node.token}\r\n` +
          'Transfer-Encoding: chunked\r\n\r\nfff\r\nonly this',
        (socket) => setTimeout(() => socket.end(), 100),
      );
      await eventually(async () => (await test.api('/node')).json<NodeInfo>().storage.bytes === storage.bytes);
      expect((await list('?prefix=cut')).total).toBe(0);
      // Keep-alive: an upload, a refusal whose body nobody reads, and a read share one connection.
      const auth = `Host: 127.0.0.1:${test.port}\r\nAuthorization: Bearer ${test.node.token}\r\n`;
      const three = await test.raw(
        `PUT /api/v1/files/content?path=kept HTTP/1.1\r\n${auth}Content-Length: 5\r\n\r\nhello` +
          `PUT /api/v1/files/content?path=../x HTTP/1.1\r\n${auth}Content-Length: 100000\r\n\r\n${'x'.repeat(100_000)}` +
          `GET /api/v1/files?prefix=kept HTTP/1.1\r\n${auth}Connection: close\r\n\r\n`,
      );
      expect(three.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 201', 'HTTP/1.1 400', 'HTTP/1.1 200']);
    });

    it('do not cut each other short: many at once', async () => {
      const random = seededRandom(3);
      const files = Array.from({ length: 30 }, (_, i) => ({
        path: `many/${i}`,
        bytes: random.bytes(random.int(1, 400_000)),
      }));
      const stored = await Promise.all(files.map(({ path, bytes }) => put(path, bytes)));
      expect(new Set(stored.map((answer) => answer.status))).toEqual(new Set([201]));
      await Promise.all(
        stored.map(async (answer, index) => {
          const content = await test.api(`/files/${answer.json<FileInfo>().id}/content`);
          expect(Buffer.compare(content.bytes, files[index]!.bytes)).toBe(0);
        }),
      );
    });
  });

  it('tells of itself', async () => {
    expect((await test.call('/health/live')).json<Health>().status).toBe('ok');
    const ready = (await test.call('/health/ready')).json<Health>();
    expect(ready.checks.map((check) => check.name)).toEqual([
      'process',
      'database',
      'generation',
      'storage',
      'chunks',
      'snapshot',
      'disk',
      'scrub',
      'clock',
      'chains',
      'runs',
      'network',
      'holders',
    ]);
    expect((await test.api('/dht')).json()).toMatchObject({ enabled: true, mode: 'server' });
    expect((await test.api('/transfers')).json()).toMatchObject({ items: expect.any(Array) });
    expect((await test.api('/peers')).json()).toMatchObject({ items: [{ state: 'self', name: 'test node' }] });
    const headers = { authorization: `Bearer ${test.node.token}` };
    const metrics = await test.call('/metrics', { headers });
    expect(metrics.text).toMatch(/^dfs_files \d+$/m);
    expect(metrics.text).toMatch(/^dfs_scrub_chunks_total \d+$/m);
    expect(metrics.text).toMatch(/^dfs_scrub_last_pass_timestamp_seconds \d+$/m);
    expect(metrics.text).toMatch(/^dfs_reclaim_bytes_total \d+$/m);
    expect(metrics.text).toMatch(/^dfs_blocks_sent_bytes_total \d+$/m);
    expect(metrics.text).toMatch(/^process_cpu_seconds_total /m);
    expect(metrics.text).toMatch(/^dfs_http_requests_total\{method="PUT",status="201"\} \d+$/m);
  });

  it('has events for what happened, and tells them live to a page of its own', async () => {
    const page = (await test.api('/events')).json<EventPage>();
    expect(page.items.some((event) => event.type === 'file.uploaded')).toBe(true);
    const signedIn = await test.call('/api/v1/session', { json: { token: test.node.token } });
    const cookie = (signedIn.headers['set-cookie']?.[0] ?? '').split(';')[0] ?? '';
    const listen = (origin: string | undefined) => {
      const socket = io(`http://127.0.0.1:${test.port}/events`, {
        auth: { stream: page.stream, after: page.lastSeq },
        extraHeaders: { cookie, ...(origin === undefined ? {} : { origin }) },
        transports: ['websocket'],
        reconnection: false,
        forceNew: true,
      });
      const seen: AnyEvent[] = [];
      const problems: string[] = [];
      socket.on('event', (event: AnyEvent) => seen.push(event));
      socket.on('connect_error', (error) => problems.push(error.message));
      return { socket, seen, problems };
    };
    const own = listen(`http://127.0.0.1:${test.port}`);
    const foreign = listen('http://evil.example');
    const none = listen(undefined);
    const others: Socket[] = [];
    try {
      await put('evented', 'x');
      await eventually(() =>
        own.seen.some((event) => event.type === 'file.uploaded' && event.data.files[0]?.path === 'evented'),
      );
      await eventually(() => foreign.problems.length + none.problems.length === 2);
      expect([...foreign.problems, ...none.problems]).toEqual(['origin-refused', 'origin-refused']);
      expect([...foreign.seen, ...none.seen]).toEqual([]);
      // Signing out ends the sockets of that session, and no other's.
      const bearer = io(`http://127.0.0.1:${test.port}/events`, {
        auth: { token: test.node.token },
        transports: ['websocket'],
        forceNew: true,
      });
      others.push(bearer);
      await eventually(() => bearer.connected);
      const origin = `http://127.0.0.1:${test.port}`;
      const out = { cookie, origin, 'x-dfs-request': '1' };
      expect((await test.call('/api/v1/session', { method: 'DELETE', headers: out })).status).toBe(204);
      await eventually(() => own.socket.disconnected);
      expect(bearer.connected).toBe(true);
    } finally {
      for (const socket of [own.socket, foreign.socket, none.socket, ...others]) socket.disconnect();
    }
  });

  describe('its documents', () => {
    it('are open, and name every event', async () => {
      expect((await test.call('/api/docs')).text).toContain('swagger');
      const asyncApi = (await test.call('/api/asyncapi.json')).json<{ components: { messages: object } }>();
      expect(Object.keys(asyncApi.components.messages).sort()).toEqual([...DURABLE_EVENTS, ...VOLATILE_EVENTS].sort());
      expect((await test.call('/api/openapi.json')).json()).toMatchObject({ info: { title: 'DFS' } });
    });
  });

  describe('every operation', () => {
    const operations = (): [string, string][] =>
      Object.entries(openApi(test.node.app).paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method): [string, string] => [method.toUpperCase(), path]),
      );
    const fill = (path: string): string =>
      path
        .replace('{fileId}', UNKNOWN)
        .replace('{version}', '0'.repeat(64))
        .replace(/\{\w+\}/, '12D3KooWJSxkreASQ2rU1oeoxuYeaGYhcSEcmEJBnu3wDhiZXJcC');
    const open = /^\/health\/|^\/api\/v1\/session$/;

    it('is known by name', () => {
      const ids = Object.values(openApi(test.node.app).paths).flatMap((path) =>
        Object.values(path as Record<string, { operationId?: string }>).map((operation) => operation.operationId),
      );
      expect(ids.every((id) => id !== undefined && /^[a-z]+[A-Za-z]*$/.test(id))).toBe(true);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.length).toBeGreaterThanOrEqual(25);
    });

    it('needs the token, but for the few that are open', async () => {
      for (const [method, path] of operations()) {
        const { status } = await test.call(fill(path), { method });
        if (open.test(path) && method !== 'DELETE') expect(`${method} ${path} ${status}`).not.toContain(' 401');
        else expect(`${method} ${path} ${status}`).toBe(`${method} ${path} 401`);
      }
    });

    it('refuses a foreign host, a query it does not know, and hostile parameters, and nothing changes', async () => {
      const headers = { authorization: `Bearer ${test.node.token}` };
      const state = async () => [
        await list('?limit=1000'),
        (await test.api('/settings')).json(),
        (await test.api('/node')).json<NodeInfo>().network,
        (await test.api('/node')).json<NodeInfo>().storage.chunks,
      ];
      const before = await state();
      const hostile = ['..%2f..%2fetc%2fpasswd', '%00', 'x'.repeat(5000), '%e0%a4%a', '__proto__', '%F0%9F%91%8B'];
      for (const [method, path] of operations()) {
        const url = fill(path);
        const foreign = await test.call(url, { method, headers: { ...headers, host: 'evil.example' } });
        expect(`${method} ${path} ${foreign.status}`).toBe(`${method} ${path} 403`);
        const asked = await test.call(`${url}?zz_unknown=1`, { method, headers });
        expect(`${method} ${path} ${Math.floor(asked.status / 100)}`).toBe(`${method} ${path} 4`);
        const hasBody = method !== 'HEAD';
        if (hasBody) expect(asked.problem.requestId).toBe(asked.headers['x-request-id']);
        for (const value of hostile) {
          if (!path.includes('{')) continue;
          const answer = await test.call(path.replace(/\{\w+\}/, value), { method, headers });
          expect(`${method} ${path} ${value.slice(0, 20)} ${Math.floor(answer.status / 100)}`).toBe(
            `${method} ${path} ${value.slice(0, 20)} 4`,
          );
          if (hasBody) expect(answer.problem.detail).toBeTruthy();
        }
      }
      expect(await state()).toEqual(before);
    });

    it('that takes JSON refuses what is not of its shape', async () => {
      const routes: [string, string][] = [
        ['POST', '/peers'],
        ['POST', '/network/join'],
        ['POST', '/network/owners'],
        ['POST', '/session'],
        ['PATCH', '/settings'],
        ['POST', '/network/invites'],
        ['POST', `/files/${UNKNOWN}/move`],
        ['POST', `/files/${UNKNOWN}/choose`],
      ];
      const bodies = [
        '',
        '[]',
        '7',
        'null',
        '{"zz":1}',
        '{"address":{"a":1},"ticket":7,"token":[],"name":{},"role":3}',
        '{',
        '"x"',
      ];
      for (const [method, path] of routes) {
        for (const body of bodies) {
          // An invite may come without any body: it has defaults for everything.
          if (body === '' && /invites|settings/.test(path)) continue;
          const answer = await test.api(path, { method, body, headers: { 'content-type': 'application/json' } });
          expect(`${path} ${body} ${answer.status}`).toBe(`${path} ${body} 400`);
        }
        const large = await test.api(path, { method, json: { x: 'y'.repeat(100_000) } });
        expect(`${path} ${large.status}`).toBe(`${path} 413`);
      }
    });

    it('answers in HTTP/1.1 a client that offers HTTP/2, as curl and Java do', async () => {
      const offer = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__';
      const answer = await test.raw(
        `GET /health/live HTTP/1.1\r\nHost: 127.0.0.1:${test.port}\r\n${offer}\r\n\r\n`,
        (socket) => socket.once('data', () => socket.end()),
      );
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    });

    it('answers a WebSocket that is opened where there is none', async () => {
      const offer =
        'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
      const answer = await test.raw(
        `GET /events HTTP/1.1\r\nHost: 127.0.0.1:${test.port}\r\n${offer}\r\n\r\n`,
        (socket) => socket.once('data', () => socket.end()),
      );
      expect(answer).toMatch(/^HTTP\/1\.1 404 /);
      expect(answer).toContain('"code":"not-found"');
    });

    it('is described with the bounds it has', async () => {
      const { minimum } = JSON.parse(await readFile(DOCUMENT, 'utf8')).components.schemas.InviteRequest.properties
        .expiresInSeconds as { minimum: number };
      const invite = (expiresInSeconds: number) =>
        test.api('/network/invites', { method: 'POST', json: { expiresInSeconds } });
      expect((await invite(minimum)).status).toBe(201);
      expect((await invite(minimum - 1)).problem.errors).toEqual([
        { field: 'expiresInSeconds', detail: `must be at least ${minimum}` },
      ]);
    });

    it('takes no null for a field that may be left out', async () => {
      const before = await test.api('/settings');
      for (const field of Object.keys(before.json())) {
        const { problem } = await test.api('/settings', { method: 'PATCH', json: { [field]: null } });
        expect(problem).toMatchObject({ code: 'validation-failed', errors: [{ field }] });
      }
      expect((await test.api('/settings')).json()).toEqual(before.json());
    });
  });
});
