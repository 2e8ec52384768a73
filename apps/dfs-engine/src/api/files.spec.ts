import 'reflect-metadata';
import { createHash } from 'node:crypto';
import type { FileInfo, FileList, NodeInfo, UploadResult } from '@dfs/contracts';
import { eventually, seededRandom } from '@dfs/testing';
import { startTestNode, type Answer, type CallOptions, type TestNode } from '../testing/running-node.suite.js';

const MiB = 1024 * 1024;

describe('files over the API', () => {
  let test: TestNode;
  beforeAll(async () => (test = await startTestNode()));
  afterAll(() => test.remove());
  const put = (path: string, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Answer> =>
    test.api(`/files/content?path=${encodeURIComponent(path)}`, { method: 'PUT', body, headers });
  const list = async (query = ''): Promise<FileList> => (await test.api(`/files${query}`)).json<FileList>();

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

  it('have no small picture where nothing makes one; what was asked wrongly is refused', async () => {
    const file = (await put('a/text.png', 'not what its name says')).json<FileInfo>();
    const answer = await test.api(`/files/${file.id}/thumbnail?version=${file.version}&size=1024&remote=1`);
    expect([answer.status, answer.text, answer.headers['cache-control']]).toEqual([204, '', 'no-store']);
    const tag = `"${file.contentId}-256"`;
    const known = await test.api(`/files/${file.id}/thumbnail`, { headers: { 'if-none-match': `"x", ${tag}` } });
    expect([known.status, known.headers.etag]).toEqual([304, tag]);
    expect((await test.api(`/files/${file.id}/thumbnail`, { method: 'HEAD' })).status).toBe(204);
    expect((await test.api(`/files/${file.id}/thumbnail?size=300`)).problem.code).toBe('validation-failed');
    expect((await test.api(`/files/${'a'.repeat(26)}/thumbnail`)).problem.code).toBe('file-not-found');
    const asStyle = await test.api(`/files/${file.id}/thumbnail`, { headers: { 'sec-fetch-dest': 'style' } });
    expect(asStyle.problem.code).toBe('forbidden');
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
