import 'reflect-metadata';
import { createHash } from 'node:crypto';
import type {
  ArchiveInfo,
  BatchResults,
  EventPage,
  FileInfo,
  FileList,
  FolderAct,
  UploadResults,
} from '@dfs/contracts';
import { startTestNode, type Answer, type TestNode } from '../testing/running-node.suite.js';

const UNKNOWN = 'a'.repeat(26);

describe('many files over HTTP', () => {
  let test: TestNode;
  beforeAll(async () => (test = await startTestNode()));
  afterAll(() => test.remove());
  const put = (path: string, body: string): Promise<Answer> =>
    test.api(`/files/content?path=${encodeURIComponent(path)}`, { method: 'PUT', body });
  const list = async (query: string): Promise<FileList> => (await test.api(`/files${query}`)).json<FileList>();

  it('are moved, copied, deleted and brought back with their folder', async () => {
    const act = (verb: string, json: unknown) => test.api(`/folders/${verb}`, { method: 'POST', json });
    const made = await test.api('/folders?path=act/empty/', { method: 'PUT' });
    expect([made.status, made.json()]).toMatchObject([201, { path: 'act/empty/', files: 0 }]);
    expect((await test.api('/folders?path=act/empty', { method: 'PUT' })).status).toBe(200);
    await put('act/a', '1');
    const moved = await act('move', { path: 'act', to: 'acted/on' });
    expect([moved.status, moved.json()]).toMatchObject([200, { files: 1, bytes: 1, folders: 1, skipped: [] }]);
    await put('act/a', '2');
    expect((await act('copy', { path: 'act', to: 'acted/on' })).problem).toMatchObject({
      ...{ status: 409, code: 'path-exists', count: 1, paths: ['acted/on/a'] },
    });
    const removed = await test.api('/folders?path=acted', { method: 'DELETE' });
    const { act: id } = removed.json<FolderAct>();
    expect([removed.status, removed.json()]).toMatchObject([200, { files: 1, folders: 1 }]);
    expect((await test.api('/folders?path=acted', { method: 'DELETE' })).problem.code).toBe('not-found');
    const undo = { path: 'acted', act: id };
    expect((await act('restore', { ...undo, preview: true })).json()).toMatchObject({ act: null, files: 1 });
    expect((await act('restore', undo)).json()).toMatchObject({ files: 1, folders: 1, deleted: 0 });
    expect((await list('?prefix=acted/')).items.map(({ path }) => path)).toEqual(['acted/on/a']);
    const { items } = (await test.api('/events')).json<EventPage>();
    expect(items).toContainEqual(
      expect.objectContaining({ type: 'file.deleted', data: expect.objectContaining({ act: id }) as unknown }),
    );
    for (const body of [undo.path, { path: 'acted' }, { ...undo, at: '2026-01-01T00:00:00Z' }, { ...undo, act: 'x' }]) {
      expect((await act('restore', typeof body === 'string' ? { path: 7 } : body)).problem.status).toBe(400);
    }
    expect((await act('move', { path: '', to: 'x' })).status).toBe(400);
  });

  it('are changed together: named, or by what they have in common', async () => {
    const batch = (json: unknown) => test.api('/files/batch', { method: 'POST', json });
    const [a, b] = [(await put('batch/a', '1')).json<FileInfo>(), (await put('batch/b', '2')).json<FileInfo>()];
    const items = [
      { id: a.id, path: 'batched/a' },
      { id: b.id, path: 'batch/a/b' },
      { id: UNKNOWN, path: 'x' },
    ];
    const copied = await batch({ op: 'copy', items });
    expect(copied.status).toBe(207);
    const { results } = copied.json<BatchResults>();
    expect(results.map(({ status, problem, file }) => [status, problem?.code ?? file?.path])).toEqual([
      [201, 'batched/a'],
      [409, 'path-taken'],
      [404, 'file-not-found'],
    ]);
    const gone = (await batch({ op: 'delete', filter: { prefix: 'batch/' } })).json<BatchResults>();
    expect(gone.results.map(({ status, path }) => [status, path])).toEqual([
      [204, 'batch/a'],
      [204, 'batch/b'],
    ]);
    const back = await batch({ op: 'restore', filter: { prefix: 'batch/', state: 'deleted' } });
    expect(back.json<BatchResults>().results.map(({ status }) => status)).toEqual([200, 200]);
    const refused = [
      { op: 'delete' },
      { op: 'delete', items: [{ id: a.id }], filter: {} },
      { op: 'move', filter: { prefix: 'batch/' } },
      { op: 'none', items: [{ id: a.id }] },
      { op: 'delete', filter: { limit: 5 } },
    ];
    for (const body of refused) expect((await batch(body)).problem.code).toBe('validation-failed');
  });

  it('come by a form whose manifest says what they are, and under which conditions', async () => {
    const sha256 = (text: string) => `sha-256=:${createHash('sha256').update(text).digest('base64')}:`;
    const [there, seen] = [
      (await put('form/there', 'x')).json<FileInfo>(),
      (await put('form/seen', 'x')).json<FileInfo>(),
    ];
    const manifest = {
      a: { path: 'form/a', mtime: 5, executable: true, meta: { k: 'v' }, digest: sha256('one') },
      b: { path: 'form/b', digest: sha256('something else') },
      c: { path: there.path, ifNoneMatch: '*' },
      d: { path: seen.path, ifMatch: `"v:${seen.version}"` },
    };
    const part = (name: string, text: string, fileName?: string) =>
      `--x\r\nContent-Disposition: form-data; name="${name}"${fileName ? `; filename="${fileName}"` : ''}\r\n\r\n${text}\r\n`;
    const files = Object.keys(manifest).map((name) => part('file', 'one', name));
    const answer = await test.api('/files', {
      method: 'POST',
      body: `${part('manifest', JSON.stringify(manifest))}${files.join('')}${part('file', 'two', 'form/in a folder')}--x--\r\n`,
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
    });
    const { results } = answer.json<UploadResults>();
    expect(results.map((one) => [one.status, 'problem' in one ? one.problem?.code : one.path])).toEqual([
      [201, 'form/a'],
      [400, 'digest-mismatch'],
      [412, 'precondition-failed'],
      [200, 'form/seen'],
      [201, 'form/in a folder'],
    ]);
    const said = { executable: true, meta: { k: 'v' }, mtime: '1970-01-01T00:00:00.005Z' };
    expect((await list('?path=form/a')).items).toMatchObject([said]);
  });

  it('tell the digest of what is read, where that is known', async () => {
    const large = Buffer.alloc(6 * 1024 * 1024, 'a large content of many chunks ');
    const digest = (bytes: Uint8Array | string) => `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`;
    const store = async (path: string, body: Uint8Array | string, headers = {}) =>
      (await test.api(`/files/content?path=${path}`, { method: 'PUT', body, headers })).json<FileInfo>();
    const small = await store('digest/small', 'small');
    const announced = await store('digest/announced', large, { 'repr-digest': digest(large) });
    const unknown = await store('digest/unknown', Buffer.concat([large, large]));
    const told = async ({ id }: FileInfo, headers: Record<string, string> = {}, query = '') =>
      (await test.api(`/files/${id}/content${query}`, { headers })).headers['repr-digest'];
    expect(await told(small, { range: 'bytes=0-1' })).toBe(digest('small'));
    expect(await told(announced, { range: 'bytes=0-1', 'want-repr-digest': 'sha-512=3, sha-256=10' })).toBe(
      digest(large),
    );
    expect(await told(unknown, { range: 'bytes=0-1' })).toBeUndefined();
    expect(await told(small, { 'want-repr-digest': 'sha-256=0' })).toBeUndefined();
    await store('digest/announced', 'newer');
    expect(await told(announced, { range: 'bytes=0-1' }, `?version=${announced.version}`)).toBe(digest(large));
  });

  it('are fetched as one zip, by an address for one use', async () => {
    const { id } = (await put('zip/a', 'one')).json<FileInfo>();
    await put('zip/in/b', 'two');
    const made = await test.api('/files/archive', { method: 'POST', json: { prefix: 'zip/' } });
    const { url, bytes, files } = made.json<ArchiveInfo>();
    expect([made.status, files, made.headers.location]).toEqual([201, 2, url]);
    const other = await test.call('/api/v1/session', { method: 'POST', json: { token: test.node.token } });
    const cookie = String(other.headers['set-cookie']).split(';')[0] ?? '';
    // Another session's is nobody else's.
    expect((await test.call(url, { headers: { cookie } })).status).toBe(404);
    const authorization = `Bearer ${test.node.token}`;
    const head = await test.call(url, { method: 'HEAD', headers: { authorization } });
    expect(head.headers['content-length']).toBe(String(bytes));
    const zip = await test.call(url, { headers: { authorization } });
    expect([zip.status, zip.bytes.length]).toEqual([200, bytes]);
    expect(zip.headers).toMatchObject({
      ...{ 'content-type': 'application/zip', 'accept-ranges': 'none' },
      'content-disposition': 'attachment; filename=zip.zip',
    });
    expect(zip.bytes.subarray(0, 4).toString('latin1')).toBe('PK\u0003\u0004');
    expect((await test.call(url, { headers: { authorization } })).status).toBe(404);
    const origin = `http://127.0.0.1:${test.port}`;
    const own = await test.call('/api/v1/files/archive', {
      method: 'POST',
      json: { fileIds: [id] },
      headers: { cookie, origin, 'x-dfs-request': '1' },
    });
    expect((await test.call(own.json<ArchiveInfo>().url, { headers: { cookie } })).status).toBe(200);
    for (const json of [{}, { fileIds: [id], prefix: '' }, { fileIds: ['x'] }, { fileIds: [] }]) {
      expect((await test.api('/files/archive', { method: 'POST', json })).problem.code).toBe('validation-failed');
    }
  });

  it('are listed from any row on', async () => {
    for (let n = 0; n < 5; n++) await put(`rows/${n % 2 ? 'in/' : ''}${n}`, String(n));
    const flat = await list('?prefix=rows/&offset=3&limit=10');
    expect([flat.items.map(({ path }) => path), flat.total]).toEqual([['rows/in/1', 'rows/in/3'], 5]);
    const level = await list('?prefix=rows/&delimiter=/&offset=2&limit=1');
    expect([level.items.map(({ path }) => path), level.nextCursor === null]).toEqual([['rows/2'], false]);
    for (const query of ['offset=-1', 'offset=1000001', 'offset=x', `offset=1&cursor=${level.nextCursor}`]) {
      expect((await test.api(`/files?prefix=rows/&${query}`)).problem.code).toBe('validation-failed');
    }
  });
});
