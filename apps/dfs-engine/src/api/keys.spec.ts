import { randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { io, type Socket } from 'socket.io-client';
import type {
  AnyEvent,
  ArchiveInfo,
  EventPage,
  FileInfo,
  FileList,
  FolderAct,
  KeyList,
  KeyRequest,
  MadeKey,
  TransferList,
  VersionList,
} from '@dfs/contracts';
import { Placement } from '@dfs/placement';
import { hour } from '@dfs/runtime';
import { eventually, fakeClock } from '@dfs/testing';
import {
  silent,
  quietEnv,
  startTestNode,
  type Answer,
  type CallOptions,
  type TestNode,
} from '../testing/running-node.suite.js';
import { parseConfig } from '../config.js';
import { startNode } from '../start/start.js';

const MiB = 1024 * 1024;
const TUS = { 'tus-resumable': '1.0.0' };
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('keys', () => {
  const clock = fakeClock(Date.now());
  let test: TestNode;
  beforeAll(async () => (test = await startTestNode({}, { clock })));
  afterAll(() => test.remove());

  const make = async (key: KeyRequest): Promise<MadeKey> => {
    const answer = await test.api('/keys', { json: key });
    expect(answer.status).toBe(201);
    return answer.json<MadeKey>();
  };
  const as = (key: { token: string }, path: string, options: CallOptions = {}): Promise<Answer> =>
    test.call(`/api/v1${path}`, { ...options, headers: { authorization: `Bearer ${key.token}`, ...options.headers } });
  const put = async (path: string, body: string | Uint8Array = path): Promise<FileInfo> =>
    (await test.api(`/files/content?path=${encodeURIComponent(path)}`, { method: 'PUT', body })).json<FileInfo>();
  const listen = (token: string, heard: AnyEvent[]): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = io(`http://127.0.0.1:${test.port}/events`, { auth: { token }, reconnection: false });
      socket.on('event', (event: AnyEvent) => heard.push(event));
      socket.once('ready', () => resolve(socket)).once('connect_error', reject);
    });

  it('do what their scope says, and no more', async () => {
    const file = await put('scoped/a.txt');
    const other = await put('scoped/b.txt');
    const [read, write, admin] = [
      await make({ name: 'reader', scope: 'read' }),
      await make({ name: 'writer', scope: 'write' }),
      await make({ name: 'all', scope: 'admin' }),
    ];
    const may = async (key: MadeKey, path: string, options: CallOptions = {}): Promise<boolean> => {
      const { status, problem } = await as(key, path, options);
      if (status === 403) expect(problem.code).toBe('forbidden');
      return status !== 403;
    };
    const asked: [path: string, options: CallOptions, who: boolean[]][] = [
      ['/files', {}, [true, true, true]],
      [`/files/${file.id}/content`, {}, [true, true, true]],
      ['/files/lookup', { json: { paths: ['scoped/a.txt'] } }, [true, true, true]],
      ['/settings', {}, [true, true, true]],
      ['/files/content?path=scoped/new', { method: 'PUT', body: 'x' }, [false, true, true]],
      [`/files/${other.id}/move`, { json: { path: 'scoped/c.txt' } }, [false, true, true]],
      ['/uploads', { method: 'POST', headers: TUS }, [false, true, true]],
      [`/files/${other.id}/verify`, { method: 'POST' }, [false, true, true]],
      [`/files/${other.id}/repair`, { method: 'POST' }, [false, true, true]],
      [`/files/${other.id}/keep`, { method: 'POST' }, [false, true, true]],
      [`/files/${other.id}/free`, { method: 'POST' }, [false, true, true]],
      [`/files/${file.id}?purge=true`, { method: 'DELETE' }, [false, false, true]],
      [`/files/content?path=${file.path}&purge=true`, { method: 'DELETE' }, [false, false, true]],
      [`/files/${file.id}/versions`, { method: 'DELETE' }, [false, false, true]],
      [`/files/${file.id}/versions/`, { method: 'DELETE' }, [false, false, true]],
      ['/files/batch', { json: { op: 'purge', items: [{ id: file.id }] } }, [false, false, true]],
      ['/folders?path=scoped/empty', { method: 'PUT' }, [false, true, true]],
      ['/settings', { method: 'PATCH', json: {} }, [false, false, true]],
      ['/network/invites', { json: {} }, [false, false, true]],
      ['/keys', {}, [false, false, true]],
      ['/sessions', {}, [false, false, true]],
    ];
    for (const [path, options, who] of asked) {
      const found = [await may(read, path, options), await may(write, path, options), await may(admin, path, options)];
      expect([path, ...found]).toEqual([path, ...who]);
    }
    const byPath = await as(admin, `/files/content?path=${file.path}&purge=true`, { method: 'DELETE' });
    expect(byPath.status).toBe(204);
    expect((await test.call('/metrics', { headers: { authorization: `Bearer ${read.token}` } })).status).toBe(200);
    expect((await as(write, '/KEYS')).status).toBe(403);
    const foreign = await as(admin, '/files', { headers: { origin: 'http://evil.example' } });
    expect([foreign.status, foreign.problem.code]).toEqual([403, 'origin-refused']);
    // They open no session.
    expect((await test.call('/api/v1/session', { json: { token: admin.token } })).status).toBe(401);
  });

  it('have names that can be seen', async () => {
    for (const name of ['', '   ', 'a\0b', 'a\nb', '\u202eabc', 'a'.repeat(65)]) {
      const { status, problem } = await test.api('/keys', { json: { name, scope: 'read' } });
      expect([name, status, problem.errors?.map(({ field }) => field)]).toEqual([name, 400, ['name']]);
    }
  });

  it('are listed without their secrets, with their last use, and hold over a restart', async () => {
    const key = await make({ name: 'kept', scope: 'read', prefix: 'kept' });
    expect(key).toMatchObject({ prefix: 'kept/', state: 'active', lastUsedAt: null, expiresAt: null });
    await as(key, '/files');
    const listed = (await test.api('/keys')).json<KeyList>().items.find(({ id }) => id === key.id);
    expect(listed).toMatchObject({ name: 'kept', scope: 'read', prefix: 'kept/', state: 'active' });
    expect(listed?.lastUsedAt).toBe(new Date(clock.now()).toISOString());
    expect((await test.api('/keys')).text).not.toContain(key.secret);
    await test.node.stop();
    const again = await startNode(parseConfig(quietEnv(test.dir)), { logger: silent, clock });
    try {
      const headers = { authorization: `Bearer ${key.token}` };
      const answer = await fetch(new URL('/api/v1/files', again.url), { headers });
      expect([answer.status, ((await answer.json()) as FileList).total]).toEqual([200, 0]);
    } finally {
      await again.stop();
      await test.remove();
      test = await startTestNode({}, { clock });
    }
  });

  it('are refused when they are wrong, over, revoked, or of another node', async () => {
    const key = await make({ name: 'short', scope: 'read', expiresAt: new Date(clock.now() + hour).toISOString() });
    const status = async (token: string): Promise<number> => (await as({ token }, '/files')).status;
    expect(await status(key.token)).toBe(200);
    expect(await status(key.token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')))).toBe(401);
    expect(await status(key.token.slice(0, -1))).toBe(401);
    clock.advance(hour);
    expect(await status(key.token)).toBe(401);
    expect((await test.api('/keys')).json<KeyList>().items[0]).toMatchObject({ id: key.id, state: 'expired' });
    const revoked = await make({ name: 'revoked', scope: 'read' });
    expect((await test.api(`/keys/${revoked.id}`, { method: 'DELETE' })).status).toBe(204);
    expect(await status(revoked.token)).toBe(401);
    expect((await test.api(`/keys/${'a'.repeat(16)}`, { method: 'DELETE' })).problem.code).toBe('key-not-found');
    const soon = new Date(clock.now() - 1).toISOString();
    expect((await test.api('/keys', { json: { name: 'x', scope: 'read', expiresAt: soon } })).status).toBe(400);
    const [one, two] = [await make({ name: 'one', scope: 'read' }), await make({ name: 'two', scope: 'admin' })];
    // The answer comes, though the key that asks is among those that end.
    const rotated = await as(two, '/keys/rotate', { method: 'POST' });
    expect([rotated.status, rotated.json()]).toEqual([200, { ended: 2 }]);
    for (const { token } of [one, two]) expect(await status(token)).toBe(401);
    expect(await status((await make({ name: 'after', scope: 'read' })).token)).toBe(200);
  });

  it('end with their sockets and transfers', async () => {
    const key = await make({ name: 'going', scope: 'write' });
    const heard: AnyEvent[] = [];
    const socket = await listen(key.token, heard);
    const gone = new Promise<string>((resolve) => socket.once('disconnect', resolve));
    const upload = new Promise<string>((resolve) => {
      const request = httpRequest({
        ...{ host: '127.0.0.1', port: test.port, method: 'PUT', path: '/api/v1/files/content?path=going.bin' },
        headers: { authorization: `Bearer ${key.token}`, 'content-length': 10 * MiB },
      });
      request.on('error', () => resolve('cut')).on('response', ({ statusCode }) => resolve(`answered ${statusCode}`));
      request.write(randomBytes(5 * MiB));
    });
    const isUnderWay = async () =>
      (await test.api('/transfers'))
        .json<{ items: { path: string; state: string }[] }>()
        .items.some(({ path, state }) => path === 'going.bin' && state === 'running');
    await eventually(isUnderWay, { deadline: 60_000 });
    await test.api(`/keys/${key.id}`, { method: 'DELETE' });
    expect(await upload).toBe('cut');
    await gone;
    expect((await test.api('/files/content?path=going.bin')).status).toBe(404);
  });

  it('with a prefix see a network that ends there', async () => {
    const inside = await put('photos/a.jpg');
    const outside = await put('private/b.txt');
    await put('photos-of-others/c.jpg');
    const key = await make({ name: 'photos', scope: 'write', prefix: 'photos' });
    const list = async (query = ''): Promise<FileList> => (await as(key, `/files${query}`)).json<FileList>();
    const paths = ({ items }: FileList): string[] => items.map(({ path }) => path);
    expect([paths(await list()), (await list()).total]).toEqual([['photos/a.jpg'], 1]);
    expect(paths(await list('?prefix=p'))).toEqual(['photos/a.jpg']);
    expect(paths(await list('?q=b.txt'))).toEqual([]);
    expect((await list('?delimiter=/')).folders).toEqual([]);
    expect(paths(await list('?delimiter=/'))).toEqual(['photos/a.jpg']);

    const moved = (await test.api(`/files/${outside.id}/move`, { json: { path: 'photos/from.txt' } })).json<FileInfo>();
    const versions = (await as(key, `/files/${moved.id}/versions`)).json<VersionList>();
    expect(versions.items.map(({ from }) => from)).toEqual([null]);
    expect((await test.api(`/files/${moved.id}/versions`)).json<VersionList>().items[0]?.from).toBe('private/b.txt');

    const hidden = await put('private/d.txt');
    const refused: [path: string, options?: CallOptions][] = [
      [`/files/${hidden.id}`],
      [`/files/${hidden.id}/content`],
      [`/files/${hidden.id}/versions`],
      [`/files/${hidden.id}`, { method: 'DELETE' }],
      ['/files/content?path=private/d.txt'],
      ['/files/content?path=photos/../private/d.txt'],
      ['/files/content?path=private/new', { method: 'PUT', body: 'x' }],
      ['/files/content?path=photos-of-others/c.jpg'],
      ['/files?prefix=private/'],
      ['/files?path=private/d.txt'],
      [`/files/${inside.id}/move`, { json: { path: 'private/a.jpg' } }],
      [`/files/${inside.id}/copy`, { json: { path: 'private/a.jpg' } }],
      [`/files/${hidden.id}/copy`, { json: { path: 'photos/d.txt' } }],
      ['/files/lookup', { json: { paths: ['private/d.txt'] } }],
      ['/files/batch', { json: { op: 'delete', items: [{ id: hidden.id }] } }],
      [`/files/${inside.id}/holders`],
      ['/files/archive', { json: { prefix: 'private/' } }],
      ['/files/archive', { json: { fileIds: [inside.id, hidden.id] } }],
      ['/files/batch', { json: { op: 'delete', filter: { prefix: 'private/' } } }],
      ['/files/batch', { json: { op: 'delete', filter: { path: 'private/d.txt' } } }],
      ['/folders?path=private', { method: 'PUT' }],
      ['/folders?path=photos-of-others', { method: 'DELETE' }],
      ['/folders/move', { json: { path: 'photos', to: 'private' } }],
      ['/folders/copy', { json: { path: 'private', to: 'photos/copy' } }],
      [
        '/uploads',
        { method: 'POST', headers: { ...TUS, 'upload-length': '1', 'upload-metadata': `path ${base64('x')}` } },
      ],
      ...['/peers', '/settings', '/node', '/dht', '/void-versions', '/found-contents'].map((path): [string] => [path]),
    ];
    for (const [path, options] of refused) {
      const { status } = await as(key, path, options);
      const expected = path.includes('..') ? 400 : 404;
      expect(`${options?.method ?? 'GET'} ${path} ${status}`).toBe(`${options?.method ?? 'GET'} ${path} ${expected}`);
    }
    expect((await test.api(`/files/${hidden.id}`)).status).toBe(200);

    const boundary = 'xxBOUNDARYxx';
    const part = (path: string): string =>
      `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nx\r\n`.replace(
        /^/,
        `--${boundary}\r\nContent-Disposition: form-data; name="path"\r\n\r\n${path}\r\n`,
      );
    const form = await as(key, '/files', {
      method: 'POST',
      body: `${part('photos/form.txt')}${part('private/form.txt')}--${boundary}--\r\n`,
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    });
    expect(form.json<{ results: { status: number }[] }>().results.map(({ status }) => status)).toEqual([201, 404]);

    expect((await as(key, '/files/content?path=photos/new', { method: 'PUT', body: 'x' })).status).toBe(201);
    const copied = await as(key, `/files/${inside.id}/copy`, { json: { path: 'photos/b.jpg' } });
    expect(copied.status).toBe(201);
    expect((await as(key, `/files/${inside.id}`, { method: 'DELETE' })).status).toBe(204);
  });

  it('with a prefix change nothing beyond it, however the others are named', async () => {
    const key = await make({ name: 'ends', scope: 'write', prefix: 'ends' });
    const kept = await put('beyond/kept.txt');
    await put('ends/a.txt');
    const asked: (object | null)[] = [[], [{}], null, { prefix: null }, { path: null, prefix: null }];
    for (const filter of asked) {
      const { status } = await as(key, '/files/batch', { json: { op: 'delete', filter, confirm: true } });
      expect([filter, status]).toEqual([filter, 400]);
    }
    expect((await test.api(`/files/${kept.id}`)).json<FileInfo>().deleted).toBe(false);

    // A file that an act moved in from elsewhere is not brought back there.
    await put('beyond/folder/in.txt');
    const { act } = (
      await test.api('/folders/move', { json: { path: 'beyond/folder', to: 'ends/folder' } })
    ).json<FolderAct>();
    const preview = await as(key, '/folders/restore', { json: { path: 'ends', act, preview: true } });
    expect(preview.text).not.toContain('beyond');
    expect((await as(key, '/folders/restore', { json: { path: 'ends', act } })).text).not.toContain('beyond');
    const state = async (path: string): Promise<number> => (await test.api(`/files/content?path=${path}`)).status;
    expect([await state('beyond/folder/in.txt'), await state('ends/folder/in.txt')]).toEqual([404, 200]);

    // Nor is told whether there is a file.
    const begin = (path: string): Promise<Answer> =>
      as(key, '/uploads', {
        method: 'POST',
        headers: { ...TUS, 'if-none-match': '*', 'upload-length': '1', 'upload-metadata': `path ${base64(path)}` },
      });
    expect((await begin('beyond/kept.txt')).status).toBe(404);
    expect((await begin('beyond/kept.txt/below')).status).toBe(404);
    expect((await begin('beyond/none.txt')).status).toBe(404);
    expect((await begin('ends/a.txt')).status).toBe(412);
  });

  it('with a prefix archive what is below it, each for itself alone', async () => {
    const inside = await put('zipped/in/a.txt');
    const outside = await put('zipped-not/b.txt');
    const [key, same, whole] = [
      await make({ name: 'zip', scope: 'read', prefix: 'zipped' }),
      await make({ name: 'zip too', scope: 'read', prefix: 'zipped' }),
      await make({ name: 'zip all', scope: 'read' }),
    ];
    const archive = (by: { token: string }, json: unknown): Promise<Answer> => as(by, '/files/archive', { json });
    const at = (answer: Answer): string => answer.json<ArchiveInfo>().url.replace('/api/v1', '');
    for (const of of [
      { prefix: 'zipped-not/' },
      { prefix: 'zipped/../zipped-not/' },
      { fileIds: [outside.id] },
      { fileIds: [inside.id, outside.id] },
    ]) {
      const { status, text } = await archive(key, of);
      expect([of, status, text.includes('zipped-not/b')]).toEqual([of, 404, false]);
    }
    // A prefix that reaches further ends where the key does, and one of everything too.
    for (const prefix of ['zip', '']) {
      const made = await archive(key, { prefix });
      expect([made.status, made.json<ArchiveInfo>().files]).toEqual([201, 1]);
      const zip = await as(key, at(made));
      expect([zip.status, zip.text.includes('a.txt'), zip.text.includes('b.txt')]).toEqual([200, true, false]);
    }
    const [ofWhole, ofKey] = [
      await archive(whole, { fileIds: [inside.id] }),
      await archive(key, { fileIds: [inside.id] }),
    ];
    for (const [by, answer] of [
      [key, ofWhole],
      [same, ofKey],
      [whole, ofKey],
    ] as const) {
      for (const method of ['HEAD', 'GET']) expect((await as(by, at(answer), { method })).status).toBe(404);
    }
    // Asking in vain has not used the addresses up.
    for (const [by, answer] of [
      [whole, ofWhole],
      [key, ofKey],
    ] as const) {
      expect((await as(by, at(answer))).bytes).toHaveLength(answer.json<ArchiveInfo>().bytes);
    }
  });

  it('with a prefix hear of the files below it, and of nothing else', async () => {
    const key = await make({ name: 'ear', scope: 'read', prefix: 'heard' });
    const heard: AnyEvent[] = [];
    const socket = await listen(key.token, heard);
    const before = (await test.api('/events')).json<EventPage>().lastSeq;
    await put('unheard/a.txt');
    await test.api('/files/batch', { json: { op: 'delete', items: [{ id: (await put('unheard/b.txt')).id }] } });
    await put('heard/a.txt');
    await eventually(() => heard.length > 0, { deadline: 60_000 });
    expect(heard.map(({ type, data }) => [type, 'files' in data && data.files.map(({ path }) => path)])).toEqual([
      ['file.uploaded', ['heard/a.txt']],
    ]);
    socket.disconnect();
    const page = (await as(key, `/events?after=${before}`)).json<EventPage>();
    expect(page.items.map(({ type }) => type)).toEqual(['file.uploaded']);
    expect(page.lastSeq).toBeGreaterThan(before + 2);
  });

  it('with a prefix follow and cancel the acts that they have begun, and hear of no other transfers', async () => {
    const [one, two] = [
      await make({ name: 'one', scope: 'write', prefix: 'long' }),
      await make({ name: 'two', scope: 'write', prefix: 'long' }),
    ];
    const { transfers } = test.node.app.get(Placement);
    // As an act of more than 10,000 records, which is answered by 202.
    const own = transfers.track({ kind: 'act', path: 'long', key: one.id });
    const other = transfers.track({ kind: 'upload', path: 'elsewhere' });
    const seen = async (key: { token: string }): Promise<string[]> =>
      (await as(key, '/transfers')).json<TransferList>().items.map(({ id }) => id);
    expect([await seen(one), await seen(two)]).toEqual([[own.id], []]);
    const cancel = async (call: Promise<Answer>): Promise<number> => (await call).status;
    const how = { method: 'DELETE' };
    expect(await cancel(as(two, `/transfers/${own.id}`, how))).toBe(404);
    expect(await cancel(as(one, `/transfers/${other.id}`, how))).toBe(404);
    expect(await cancel(as(await make({ name: 'w', scope: 'write' }), `/transfers/${other.id}`, how))).toBe(404);
    expect(await cancel(as(await make({ name: 'r', scope: 'read' }), `/transfers/${own.id}`, how))).toBe(403);
    expect(await cancel(as(one, `/transfers/${own.id}`, how))).toBe(204);
    expect([own.signal.aborted, other.signal.aborted]).toEqual([true, false]);
    expect(await cancel(test.api(`/transfers/${other.id}`, how))).toBe(204);
    own.finish();
    other.finish();
  });

  it('see their own uploads alone', async () => {
    const [one, two] = [await make({ name: 'one', scope: 'write' }), await make({ name: 'two', scope: 'admin' })];
    const begun = await as(one, '/uploads', {
      method: 'POST',
      headers: { ...TUS, 'upload-length': '10', 'upload-metadata': `path ${base64('own.bin')}` },
    });
    const at = String(begun.headers.location).replace('/api/v1', '');
    const status = async (call: Promise<Answer>): Promise<number> => (await call).status;
    expect(await status(as(one, at, { method: 'HEAD', headers: TUS }))).toBe(200);
    expect(await status(as(two, at, { method: 'HEAD', headers: TUS }))).toBe(404);
    expect(await status(test.api(at, { method: 'HEAD', headers: TUS }))).toBe(404);
    expect(await status(as(one, at, { method: 'DELETE', headers: TUS }))).toBe(204);
  });
});
