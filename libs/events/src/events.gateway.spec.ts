import 'reflect-metadata';
import { request, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { io, type Socket } from 'socket.io-client';
import type { AnyEvent, Problem } from '@dfs/contracts';
import { DfsError, silentLog } from '@dfs/runtime';
import { eventually, tempDatabase, type TempDatabase } from '@dfs/testing';
import { EventLog } from './event-log.js';
import type { EventsAccess } from './events-access.js';
import { EventsModule } from './events.module.js';
import { EventsSocketAdapter } from './events-socket.adapter.js';
import { eventsEntities, eventsMigrations } from './schema.js';

const TOKEN = 'a-token-of-this-node';
/** Called to end the passes of those who came with that token. */
const ends = new Map<string, () => void>();
const access: EventsAccess = {
  checkRequest: ({ headers }) => {
    if (headers.host?.startsWith('evil')) throw new DfsError('host-refused', 'Not our name.');
  },
  checkClient: async (_headers, token, address) => {
    await Promise.resolve();
    if (!token?.startsWith(TOKEN) || address !== '127.0.0.1') throw new DfsError('unauthorized', 'Sign in first.');
    return {
      onEnd: (listener) => {
        ends.set(token, listener);
        if (token.endsWith('ended')) listener();
        return () => void ends.delete(token);
      },
    };
  },
};
const quiet = { reconnection: false, forceNew: true };
const warning = (detail: string) => ({ code: 'low-space' as const, detail, active: true });

describe('the events gateway', () => {
  let temp: TempDatabase;
  let log: EventLog;
  let app: NestExpressApplication;
  let sockets: ReturnType<EventsSocketAdapter['createIOServer']>;
  let port: number;
  const clients: Socket[] = [];

  beforeAll(async () => {
    temp = await tempDatabase(eventsMigrations, eventsEntities);
    log = await EventLog.open(temp.db, { keep: 2000 });
    const events = EventsModule.forRoot({
      events: { useFactory: () => log },
      access: { useFactory: () => access },
      log: silentLog,
    });
    @Module({ imports: [events] })
    class TestModule {}
    app = await NestFactory.create<NestExpressApplication>(TestModule, { logger: false });
    class Adapter extends EventsSocketAdapter {
      override createIOServer(...args: Parameters<EventsSocketAdapter['createIOServer']>) {
        return (sockets = super.createIOServer(...args));
      }
    }
    app.useWebSocketAdapter(new Adapter(app, access));
    await app.listen(0, '127.0.0.1');
    port = (app.getHttpServer().address() as { port: number }).port;
  });
  afterEach(() => clients.splice(0).forEach((client) => client.disconnect()));
  afterAll(async () => {
    await app.close();
    await temp.remove();
  });

  interface Listener {
    socket: Socket;
    seen: AnyEvent[];
    told: { ready: unknown[]; resync: unknown[]; error: (Error & { data?: Problem })[]; gone: string[] };
  }
  const listen = (auth: object, options: object = {}): Listener => {
    const socket = io(`http://127.0.0.1:${port}/events`, {
      auth,
      reconnection: false,
      forceNew: true,
      transports: ['websocket'],
      ...options,
    });
    clients.push(socket);
    const seen: AnyEvent[] = [];
    const told: Listener['told'] = { ready: [], resync: [], error: [], gone: [] };
    socket.on('event', (event: AnyEvent) => seen.push(event));
    socket.on('ready', (position) => told.ready.push(position));
    socket.on('resync', (position) => told.resync.push(position));
    socket.on('connect_error', (error) => told.error.push(error as Error & { data?: Problem }));
    socket.on('disconnect', (reason) => told.gone.push(reason));
    return { socket, seen, told };
  };
  const ready = (listener: Listener) => eventually(() => listener.told.ready.length > 0);
  const lastSeq = async () => (await log.since(0, 1)).lastSeq;

  it.each(['websocket', 'polling'])(
    'tells what happens from now on, and volatile events too (%s)',
    async (transport) => {
      await log.recordNow('node.warning', warning('before'));
      const listener = listen({ token: TOKEN }, { transports: [transport] });
      await ready(listener);
      expect(listener.told.ready).toEqual([{ stream: log.stream, seq: await lastSeq() }]);
      await log.recordNow('node.warning', warning('after'));
      log.tell('transfer.progress', { transfers: [] });
      await eventually(() => listener.seen.length === 2);
      expect(listener.seen).toMatchObject([{ data: { detail: 'after' } }, { seq: null, type: 'transfer.progress' }]);
    },
  );

  it('catches up without gap or repetition while events go on', async () => {
    const start = await lastSeq();
    for (let i = 0; i < 700; i++) await log.recordNow('node.warning', warning(`past ${i}`));
    const listener = listen({ token: TOKEN, stream: log.stream, after: start });
    for (let i = 0; i < 300; i++) await log.recordNow('node.warning', warning(`now ${i}`));
    await eventually(() => listener.seen.length >= 1000);
    expect(listener.seen.map((event) => event.seq)).toEqual(Array.from({ length: 1000 }, (_, i) => start + 1 + i));
    expect(listener.told.ready).toHaveLength(1);
  });

  it('says resync to a client of another stream, and to one whose past is gone', async () => {
    for (let i = 0; i < 600; i++) await log.recordNow('node.warning', warning('x'));
    for (const from of [
      { stream: 'another', after: 1 },
      { stream: log.stream, after: 999_999 },
    ]) {
      const listener = listen({ token: TOKEN, ...from });
      await eventually(() => listener.told.resync.length > 0);
      expect(listener.told.resync).toEqual([{ stream: log.stream, seq: await lastSeq() }]);
      expect(listener.seen).toEqual([]);
      await log.recordNow('node.warning', warning('next'));
      await eventually(() => listener.seen.length === 1);
    }
  });

  it.each([
    ['no token', {}, 'unauthorized'],
    ['a wrong token', { token: 'wrong' }, 'unauthorized'],
    ['a token of another type', { token: 7 }, 'validation-failed'],
    ['a negative position', { token: TOKEN, after: -1 }, 'validation-failed'],
    ['a position that is text', { token: TOKEN, after: '5' }, 'validation-failed'],
    ['a stream that is too long', { token: TOKEN, stream: 'x'.repeat(100) }, 'validation-failed'],
    [
      'a token nested deeply',
      { token: JSON.parse(`${'['.repeat(3000)}${']'.repeat(3000)}`) as object },
      'validation-failed',
    ],
    ['an unknown field', { token: TOKEN, colour: 'red' }, 'validation-failed'],
  ])('refuses %s', async (_what, auth, code) => {
    const listener = listen(auth);
    await eventually(() => listener.told.error.length > 0);
    expect(listener.told.error[0]?.message).toBe(code);
    expect(listener.told.error[0]?.data).toMatchObject({ code, status: code === 'unauthorized' ? 401 : 400 });
    await log.recordNow('node.warning', warning('not for you'));
    expect(listener.seen).toEqual([]);
  });

  it('ends the connection of a client whose pass ends, and of no other', async () => {
    const one = listen({ token: `${TOKEN} of one` });
    const other = listen({ token: `${TOKEN} of another` });
    await ready(one);
    await ready(other);
    ends.get(`${TOKEN} of one`)?.();
    await eventually(() => one.told.gone.length > 0);
    await log.recordNow('node.warning', warning('for the other'));
    await eventually(() => other.seen.length === 1);
    expect(one.seen).toEqual([]);
    await eventually(() => !ends.has(`${TOKEN} of one`));
  });

  it('ends a connection at once whose pass has ended while it opened', async () => {
    const late = listen({ token: `${TOKEN} that has ended` });
    await eventually(() => late.told.gone.length > 0);
    expect(late.told.ready).toEqual([]);
  });

  it.each(['/', '/nothing', '/events/more', '/Events'])('lets nobody into the namespace %s', async (namespace) => {
    const open = () => io(`http://127.0.0.1:${port}${namespace}`, { auth: { token: TOKEN }, ...quiet });
    for (let i = 0; i < 3; i++) {
      const socket = open();
      clients.push(socket);
      const refused = await new Promise<Error & { data?: Problem }>((resolve) => socket.on('connect_error', resolve));
      expect(refused.message).toBe('not-found');
      expect(refused.data).toMatchObject({
        code: 'not-found',
        status: 404,
        detail: expect.stringContaining('/events'),
      });
    }
    // Names that nobody serves leave nothing behind.
    await eventually(() => [...sockets._nsps.keys()].sort().join() === '/,/events');
  });

  it('ends the connection of a client that talks, and of one that sends too much', async () => {
    const talker = listen({ token: TOKEN });
    await ready(talker);
    talker.socket.emit('hello');
    await eventually(() => talker.told.gone.length > 0);
    const flooder = listen({ token: TOKEN });
    await ready(flooder);
    flooder.socket.emit('x'.repeat(20_000));
    await eventually(() => flooder.told.gone.length > 0);
    await ready(listen({ token: TOKEN }));
  });

  describe('answers by a problem', () => {
    const polled = (query: string, options: { method?: string; host?: string; body?: string } = {}) =>
      new Promise<{ status: number | undefined; headers: IncomingHttpHeaders; body: string }>((resolve, reject) => {
        const { method = 'GET', host, body } = options;
        const headers = host === undefined ? {} : { host };
        request({ host: '127.0.0.1', port, method, path: `/socket.io/?${query}`, headers, agent: false }, (answer) => {
          let text = '';
          answer.on('data', (part: Buffer) => (text += part.toString()));
          answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body: text }));
        })
          .on('error', reject)
          .end(body);
      });
    const upgraded = (query: string, host = `127.0.0.1:${port}`) =>
      new Promise<string>((resolve) => {
        let text = '';
        const socket = connect(port, '127.0.0.1');
        socket.write(
          `GET /socket.io/?${query} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\n` +
            'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
        );
        socket.on('data', (data) => (text += data.toString()));
        socket.on('error', () => undefined);
        socket.on('close', () => resolve(text));
      });
    const session = async (): Promise<string> => {
      const { body } = await polled('EIO=4&transport=polling');
      return `EIO=4&transport=polling&sid=${(JSON.parse(body.slice(1)) as { sid: string }).sid}`;
    };

    it.each([
      ['a foreign host', 'EIO=4&transport=polling', { host: 'evil.example' }, 403, 'host-refused'],
      ['another transport', 'EIO=4&transport=pigeon', {}, 400, 'bad-request'],
      ['no query', '', {}, 400, 'bad-request'],
      ['an old version', 'EIO=3&transport=polling', {}, 400, 'bad-request'],
      ['a session nobody knows', 'EIO=4&transport=polling&sid=nope', {}, 400, 'bad-request'],
      ['a session of the prototype', 'EIO=4&transport=polling&sid=constructor', {}, 400, 'bad-request'],
      ['a handshake by POST', 'EIO=4&transport=polling', { method: 'POST', body: 'x' }, 405, 'method-not-allowed'],
      ['a WebSocket that is none', 'EIO=4&transport=websocket', {}, 400, 'bad-request'],
    ])('%s, polled', async (_what, query, options, status, code) => {
      const answer = await polled(query, options);
      expect(answer.status).toBe(status);
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(JSON.parse(answer.body)).toMatchObject({ status, code, requestId: answer.headers['x-request-id'] });
      if (status === 405) expect(answer.headers.allow).toBe('GET');
    });

    it.each([
      ['a foreign host', 'EIO=4&transport=websocket', 'evil.example', 403, 'host-refused'],
      ['another transport', 'EIO=4&transport=pigeon', undefined, 400, 'bad-request'],
      ['an old version', 'EIO=3&transport=websocket', undefined, 400, 'bad-request'],
      ['a session nobody knows', 'EIO=4&transport=websocket&sid=nope', undefined, 400, 'bad-request'],
    ])('%s, upgraded', async (_what, query, host, status, code) => {
      const answer = await upgraded(query, host);
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(answer).toContain('application/problem+json');
      expect(answer).toContain(`"code":"${code}"`);
    });

    it('what a session does not take', async () => {
      const tooMuch = await polled(await session(), { method: 'POST', body: 'x'.repeat(20_000) });
      expect([tooMuch.status, JSON.parse(tooMuch.body)]).toMatchObject([413, { code: 'payload-too-large' }]);
      const odd = await polled(await session(), { method: 'PUT', body: 'x' });
      expect([odd.status, JSON.parse(odd.body)]).toMatchObject([400, { code: 'bad-request' }]);
    });
  });
});
