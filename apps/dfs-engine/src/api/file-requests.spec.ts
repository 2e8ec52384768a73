import 'reflect-metadata';
import type { Socket } from 'node:net';
import type { FileInfo, FileList, UploadResults } from '@dfs/contracts';
import { startTestNode, type Answer, type TestNode } from '../testing/running-node.suite.js';

const MiB = 1024 * 1024;
const QUOTA = 64 * MiB;

/** Requests of clients, down to the bytes on the socket: libraries would not let some of it through. */
describe('requests for files', () => {
  let test: TestNode;
  let kept: FileInfo;
  beforeAll(async () => {
    test = await startTestNode({ DFS_QUOTA: String(QUOTA) });
    const stored = await test.api('/files/content?path=kept', { method: 'PUT', body: 'kept as it is' });
    kept = stored.json<FileInfo>();
  });
  afterAll(() => test.remove());

  const host = (): string => `127.0.0.1:${test.port}`;
  const head = (line: string, headers: readonly string[] = [], hosts = [host()]): string =>
    [
      `${line} HTTP/1.1`,
      ...hosts.map((name) => `Host: ${name}`),
      `Authorization: Bearer ${test.node.token}`,
      ...headers,
      '\r\n',
    ].join('\r\n');
  const put = (path: string, headers: readonly string[]): string =>
    head(`PUT /api/v1/files/content?path=${path}`, headers);
  /** Sends a head, and nothing more unless asked to go on; answers what came up to the end of the first final answer. */
  const ask = (text: string, body: string | Buffer = ''): Promise<string> =>
    test.raw(text, (socket: Socket) => {
      let seen = '';
      let hasSent = false;
      socket.on('data', (data) => {
        seen += data.toString();
        if (!hasSent && seen.startsWith('HTTP/1.1 100')) {
          hasSent = true;
          socket.write(body);
        }
        const [, length, rest] =
          /HTTP\/1\.1 [2-5]\d\d [^]*?Content-Length: (\d+)[^]*?\r\n\r\n([^]*)$/i.exec(seen) ?? [];
        if (Buffer.byteLength(rest ?? '') >= Number(length)) socket.destroy();
      });
    });
  const statuses = (answer: string): string[] => [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status!);
  const unchanged = async (): Promise<void> => {
    const { items, total } = (await test.api('/files?limit=10')).json<FileList>();
    expect([total, items[0]?.version]).toEqual([1, kept.version]);
  };

  const LENGTH = 'Content-Length: 13';
  const refusals: [string, string, string[], number, string][] = [
    ['a path that climbs', '../x', [LENGTH], 400, 'invalid-path'],
    ['no path', '', [LENGTH], 400, 'validation-failed'],
    // Of the size of what is there it might be a repetition of that, which its bytes alone tell.
    ['a file that is there already', 'kept', ['Content-Length: 14', 'If-None-Match: *'], 412, 'precondition-failed'],
    ['a version that is not', 'kept', [LENGTH, 'If-Match: "other"'], 412, 'precondition-failed'],
    ['more than the quota', 'large', [`Content-Length: ${QUOTA + 1}`], 507, 'quota-exceeded'],
    ['a coding that is not undone', 'gz', [LENGTH, 'Content-Encoding: gzip'], 415, 'unsupported-media-type'],
    ['a digest that is none', 'digest', [LENGTH, 'Repr-Digest: sha-256=:short:'], 400, 'validation-failed'],
    ['no length at all', 'kept', [], 411, 'length-required'],
    ['a transfer coding that is not undone', 'kept', ['Transfer-Encoding: gzip, chunked'], 501, 'not-implemented'],
  ];

  it.each(refusals)('are refused for %s before the body is sent', async (_what, path, headers, status, code) => {
    // With `Expect` the client is not told to go on; without, the answer is there though no byte of the body ever comes.
    for (const expect100 of [['Expect: 100-continue'], []]) {
      const answer = await ask(put(path, [...headers, ...expect100]));
      expect(statuses(answer)).toEqual([String(status)]);
      expect(answer).toContain(`"code":"${code}"`);
    }
    await unchanged();
  });

  it('go on when nothing stands against them, and not before', async () => {
    const text = put('kept', [LENGTH, 'If-None-Match: "x"', 'Expect: 100-continue']);
    expect(statuses(await ask(text))).toEqual(['400']);
    const same = put('kept', [LENGTH, `If-Match: "${kept.contentId}"`, 'Expect: 100-continue']);
    expect(statuses(await ask(same, 'kept as it is'))).toEqual(['100', '200']);
    await unchanged();
  });

  it('that replace a file need room for what they add alone', async () => {
    const half = Buffer.alloc(40 * MiB, 'half of it and more');
    const large = await test.api('/files/content?path=half', { method: 'PUT', body: half });
    expect(large.status).toBe(201);
    const again = put('half', [`Content-Length: ${half.length}`, 'Expect: 100-continue']);
    expect(statuses(await ask(again, half))).toEqual(['100', '200']);
    await test.api(`/files/${large.json<FileInfo>().id}`, { method: 'DELETE' });
  });

  it('need one Host, and the right one', async () => {
    const get = 'GET /api/v1/node';
    expect(statuses(await ask(head(get)))).toEqual(['200']);
    for (const hosts of [
      [host(), host()],
      [host(), 'evil.example'],
      ['evil.example', host()],
    ]) {
      const answer = await ask(head(get, [], hosts));
      expect([statuses(answer), answer.includes('"code":"bad-request"')]).toEqual([['400'], true]);
    }
    const upgrade = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAA',
    ];
    const socket = head('GET /socket.io/?EIO=4&transport=websocket', upgrade, [host(), 'evil.example']);
    expect(statuses(await ask(socket))).toEqual(['400']);
  });

  it('may name the host in their target, and then that one counts', async () => {
    const to = (authority: string) => `GET http://${authority}/api/v1/files?prefix=kept`;
    for (const named of [host(), 'evil.example']) {
      const answer = await ask(head(to(host()), [], [named]));
      expect([statuses(answer), answer.includes(kept.version)]).toEqual([['200'], true]);
    }
    for (const authority of ['evil.example', `user@${host()}`, '']) {
      expect(statuses(await ask(head(to(authority))))).toEqual(['403']);
    }
    expect(statuses(await ask(head(`GET HTTP://${host()}/api/openapi.json`)))).toEqual(['200']);
    expect(statuses(await ask(head('GET ftp://x/api/v1/node')))).toEqual(['400']);
  });

  it('carry conditions of every change of a file, and are told the version to name', async () => {
    const put = (path: string, body: string, headers = {}): Promise<Answer> =>
      test.api(`/files/content?path=${path}`, { method: 'PUT', body, headers });
    const first = await put('changed', 'one');
    const { id, version } = first.json<FileInfo>();
    expect(first.headers['x-dfs-version']).toBe(version);
    expect((await test.api(`/files/${id}/content`, { method: 'HEAD' })).headers['x-dfs-version']).toBe(version);
    const tag = (of: string) => ({ 'if-match': `"v:${of}"` });
    const second = await put('changed', 'two', tag(version));
    const now = second.json<FileInfo>().version;
    const changes: [string, object, string][] = [
      [`/files/${id}/move`, { path: 'moved' }, 'POST'],
      [`/files/${id}/restore`, { version }, 'POST'],
      [`/files/${id}/choose`, { version }, 'POST'],
      [`/files/${id}`, {}, 'DELETE'],
    ];
    for (const [path, json, method] of changes) {
      const body = method === 'POST' ? { json } : {};
      for (const headers of [tag(version), { 'if-unmodified-since': 'Sun, 06 Nov 1994 08:49:37 GMT' }]) {
        expect((await test.api(path, { method, headers, ...body })).problem.code).toBe('precondition-failed');
      }
      const lax = { 'if-unmodified-since': '2030-01-01' };
      expect((await test.api(path, { method, headers: lax, ...body })).problem.code).toBe('validation-failed');
    }
    // An answer was lost, and the write comes again.
    expect((await put('changed', 'two', tag(version))).json<FileInfo>().version).toBe(now);
    const restored = await test.api(`/files/${id}/restore`, { json: { version }, headers: tag(now) });
    expect(restored.status).toBe(200);
    const at = restored.json<FileInfo>().version;
    expect(restored.headers['x-dfs-version']).toBe(at);
    const moved = await test.api(`/files/${id}/move`, { json: { path: 'moved' }, headers: tag(at) });
    expect(moved.status).toBe(201);
    const { id: movedId, version: last } = moved.json<FileInfo>();
    expect((await test.api(`/files/${movedId}`, { method: 'DELETE', headers: tag(last) })).status).toBe(204);
  });

  it('reach a file by its path as by its id', async () => {
    const at = (path: string) => `/files/content?path=${encodeURIComponent(path)}`;
    const stored = await test.api(at('by/gr\u00fcn.txt'), { method: 'PUT', body: 'by path' });
    const { id, version } = stored.json<FileInfo>();
    await test.api(at('by/gr\u00fcn.txt'), { method: 'PUT', body: 'anew' });
    // In whatever form of Unicode.
    const read = await test.api(at('by/gru\u0308n.txt'), { headers: { range: 'bytes=1-2' } });
    expect([read.status, read.text]).toEqual([206, 'ne']);
    const old = await test.api(`${at('by/gr\u00fcn.txt')}&version=${version}`);
    expect(old.text).toBe('by path');
    const headed = await test.api(at('by/gr\u00fcn.txt'), { method: 'HEAD' });
    const byId = await test.api(`/files/${id}/content`, { method: 'HEAD' });
    for (const name of ['etag', 'content-length', 'content-disposition', 'x-dfs-version', 'content-security-policy']) {
      expect(headed.headers[name]).toBe(byId.headers[name]);
    }
    const listed = (await test.api(`/files?path=${encodeURIComponent('by/gru\u0308n.txt')}`)).json<FileList>();
    expect([listed.total, listed.items.map((item) => item.id)]).toEqual([1, [id]]);
    expect((await test.api('/files?path=by')).json<FileList>().total).toBe(0);
    const stale = { 'if-match': `"v:${version}"` };
    const refused = await test.api(at('by/gr\u00fcn.txt'), { method: 'DELETE', headers: stale });
    expect(refused.problem.code).toBe('precondition-failed');
    expect((await test.api(at('by/gr\u00fcn.txt'), { method: 'DELETE' })).status).toBe(204);
    expect((await test.api(at('by/gr\u00fcn.txt'))).problem.code).toBe('file-not-found');
    expect((await test.api(`${at('by/gr\u00fcn.txt')}&version=${version}`)).text).toBe('by path');
    expect((await test.api(at('by/never'), { method: 'DELETE' })).problem.code).toBe('file-not-found');
    expect((await test.api(at('../x'))).problem.code).toBe('invalid-path');
    expect((await test.api('/files/content')).problem.code).toBe('validation-failed');
    const other = await test.api(at('by/never'), { method: 'PATCH', json: {} });
    expect([other.status, other.headers.allow]).toEqual([405, 'DELETE, GET, HEAD, PUT']);
  });

  it('get no stored script, style or page as such', async () => {
    for (const [name, type] of [
      ['a.js', 'text/javascript'],
      ['b.css', 'text/css'],
      ['c.html', 'text/html'],
      ['d.svg', 'image/svg+xml'],
    ]) {
      const stored = await test.api(`/files/content?path=active/${name}`, { method: 'PUT', body: 'x' });
      const { id, mediaType } = stored.json<FileInfo>();
      expect(mediaType).toBe(type);
      const content = await test.api(`/files/${id}/content`);
      expect(content.headers['content-type']).toBe('application/octet-stream');
      expect(content.headers['x-content-type-options']).toBe('nosniff');
      const script = await test.api(`/files/${id}/content`, { headers: { 'sec-fetch-dest': 'script' } });
      expect([script.status, script.problem.code]).toEqual([403, 'forbidden']);
      await test.api(`/files/${id}`, { method: 'DELETE' });
    }
  });

  describe('with a form', () => {
    const BOUNDARY = 'b0undary';
    const type = `Content-Type: multipart/form-data; boundary=${BOUNDARY}`;
    const part = (name: string, text: string, more = ''): string =>
      `--${BOUNDARY}\r\nContent-Disposition: form-data; ${name}\r\n${more}\r\n${text}\r\n`;
    const file = (path: string, text = path, more = ''): string => part(`name="file"; filename="${path}"`, text, more);
    const end = `--${BOUNDARY}--\r\n`;
    const post = async (body: string): Promise<string> => {
      const length = `Content-Length: ${Buffer.byteLength(body)}`;
      return ask(head('POST /api/v1/files', [type, length, 'Expect: 100-continue']), body);
    };
    const json = <T>(answer: string): T => JSON.parse(answer.slice(answer.indexOf('{'))) as T;

    it('are refused for its type before it is sent', async () => {
      const wrong = ['Content-Type: application/json', LENGTH, 'Expect: 100-continue'];
      expect(statuses(await ask(head('POST /api/v1/files', wrong)))).toEqual(['415']);
    });

    it('refuse the part whose bytes are coded, and store the others', async () => {
      const coded = file('form/b', 'eA==', 'Content-Transfer-Encoding: base64\r\n');
      const answer = await post(file('form/a') + coded + file('form/c') + end);
      expect(statuses(answer)).toEqual(['100', '207']);
      const { results } = json<UploadResults>(answer);
      expect(results.map(({ status }) => status)).toEqual([201, 415, 201]);
    });

    it('store nothing of a form at fault before its first group, and tell of all of it after', async () => {
      const early = await post(file('early/a') + part('name="colour"', 'red') + end);
      expect(statuses(early)).toEqual(['100', '400']);
      expect((await test.api('/files?prefix=early/')).json<FileList>().total).toBe(0);
      const many = Array.from({ length: 1002 }, (_, i) => file(`late/${i}`, 'x')).join('');
      const late = await test.api('/files', {
        method: 'POST',
        body: many + part('name="colour"', 'red') + end,
        headers: { 'content-type': type.slice('Content-Type: '.length) },
      });
      expect(late.status).toBe(207);
      const { results } = late.json<UploadResults>();
      expect(results).toHaveLength(1003);
      expect(results.slice(0, -1).every(({ status }) => status === 201)).toBe(true);
      expect(results.at(-1)).toEqual({
        path: null,
        status: 400,
        code: 'validation-failed',
        detail: expect.stringContaining('colour'),
      });
      expect((await test.api('/files?prefix=late/')).json<FileList>().total).toBe(1002);
    });
  });
});
