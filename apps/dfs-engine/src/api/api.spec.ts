import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { io, type Socket } from 'socket.io-client';
import {
  type AnyEvent,
  type EventPage,
  type FileList,
  type Health,
  type NodeInfo,
  DURABLE_EVENTS,
  VOLATILE_EVENTS,
} from '@dfs/contracts';
import { eventually } from '@dfs/testing';
import { openApi } from '../docs/open-api.js';
import { startTestNode, type Answer, type TestNode } from '../testing/running-node.suite.js';
const UNKNOWN = 'a'.repeat(26);
const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': Buffer.alloc(16).toString('base64'),
};
const DOCUMENT = fileURLToPath(new URL('../../openapi.json', import.meta.url));

describe('the API of a node', () => {
  let test: TestNode;
  beforeAll(async () => {
    test = await startTestNode();
    await put('first', 'a file to tell of');
  });
  afterAll(() => test.remove());
  const put = (path: string, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Answer> =>
    test.api(`/files/content?path=${encodeURIComponent(path)}`, { method: 'PUT', body, headers });
  const list = async (query = ''): Promise<FileList> => (await test.api(`/files${query}`)).json<FileList>();

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
      'folders',
      'work',
    ]);
    expect((await test.api('/dht')).json()).toMatchObject({ enabled: true, mode: 'server' });
    expect((await test.api('/transfers')).json()).toMatchObject({ items: expect.any(Array) });
    expect((await test.api('/peers')).json()).toMatchObject({ items: [{ state: 'self', name: 'test node' }] });
    const headers = { authorization: `Bearer ${test.node.token}` };
    const metrics = await test.call('/metrics', { headers });
    expect(metrics.text).toMatch(/^dfs_files \d+$/m);
    expect(metrics.text).toMatch(/^dfs_work_running\{work="read and hash what is stored"\} [01]$/m);
    expect(metrics.text).toMatch(/^dfs_work_runs_total\{work="judge records that wait"\} [1-9]\d*$/m);
    expect(metrics.text).toMatch(/^dfs_work_errors_total\{work="save the database"\} 0$/m);
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
      expect(none.problems).toEqual(['origin-refused']);
      // Other web pages are refused before they have a connection to name themselves by.
      for (const [transport, more] of Object.entries({ polling: {}, websocket: UPGRADE })) {
        const headers = { origin: 'http://evil.example', ...more };
        const answer = await test.call(`/socket.io/?EIO=4&transport=${transport}`, { headers });
        expect([transport, answer.status, answer.problem.code]).toEqual([transport, 403, 'origin-refused']);
      }
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
      expect(Object.keys(asyncApi.components.messages).sort()).toEqual(
        [...DURABLE_EVENTS, ...VOLATILE_EVENTS, 'position', 'ready', 'resync'].sort(),
      );
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
