import type { FileInfo, FileList, MadeKey, Summary } from '@dfs/contracts';
import { eventually } from '@dfs/testing';
import { parseConfig } from '../config.js';
import { startNode } from '../start/start.js';
import { quietEnv, silent, startTestNode, type TestNode } from '../testing/running-node.suite.js';

describe('the summary', () => {
  let test: TestNode;
  beforeAll(async () => {
    test = await startTestNode();
    for (const [path, body] of Object.entries(FILES)) await put(path, body);
  });
  afterAll(() => test.remove());

  const FILES = {
    'photos/a.jpg': 'aaaa',
    'photos/2026/b.jpg': 'bbbbbb',
    'c.txt': 'cc',
    'copy of c.txt': 'cc',
    empty: '',
  };
  const put = async (path: string, body: string): Promise<FileInfo> =>
    (await test.api(`/files/content?path=${encodeURIComponent(path)}`, { method: 'PUT', body })).json<FileInfo>();
  const summary = async (): Promise<Summary> => (await test.api('/summary')).json<Summary>();
  const withFiles = async (files: number): Promise<Summary> => {
    await eventually(async () => (await summary()).files.files === files);
    return summary();
  };

  it('adds up files by what is promised, can be had, and is here, and says what to do', async () => {
    const told = await withFiles(5);
    expect(told).toMatchObject({
      target: 3,
      files: { files: 5, bytes: 14 },
      promised: { limited: { files: 4, bytes: 14 }, safe: { files: 1, bytes: 0 }, unavailable: { files: 0 } },
      reachable: { fewer: { files: 4, bytes: 14 }, enough: { files: 1 }, none: { files: 0 } },
      local: { whole: { files: 5, bytes: 14 }, part: { files: 0 }, none: { files: 0 } },
      conflicts: 0,
      // The same bytes twice are kept once.
      storage: { ownBytes: 12, othersBytes: 0, pastBytes: 0 },
    });
    expect(told.storage!.usedBytes).toBeGreaterThanOrEqual(12);
    expect(Date.parse(told.asOf)).toBeLessThanOrEqual(Date.now());
    const problem = told.problems.find(({ code }) => code === 'few-members')!;
    expect(problem).toMatchObject({ severity: 'warn', files: { files: 4, bytes: 14 } });
    expect(problem.action).toContain('Add a node');
    expect((await test.api('/summary?prefix=photos')).status).toBe(400);
  });

  it('ends where a key does, which is told nothing of the node', async () => {
    await withFiles(5);
    const { token } = (
      await test.api('/keys', { json: { name: 'p', scope: 'read', prefix: 'photos' } })
    ).json<MadeKey>();
    const as = { headers: { authorization: `Bearer ${token}` } };
    const told = (await test.call('/api/v1/summary', as)).json<Summary>();
    expect(told).toMatchObject({
      files: { files: 2, bytes: 10 },
      promised: { limited: { files: 2 }, safe: { files: 0 } },
    });
    expect(told.storage).toBeUndefined();
    expect(told.problems.map(({ code }) => code)).toEqual(['few-members']);
    const list = async (query: string): Promise<FileList> =>
      (await test.call(`/api/v1/files?${query}`, as)).json<FileList>();
    expect(await list('replication=limited')).toMatchObject({ total: 2 });
    expect(await list('replication=safe')).toMatchObject({ total: 0 });
    const level = await list('delimiter=/&replication=limited&local=whole');
    expect(level).toMatchObject({
      total: 1,
      totalFolders: 1,
      folders: [{ path: 'photos/2026/', worst: { state: 'limited' } }],
    });
  });

  it('tells of files that are verified and repaired one by one', async () => {
    const { items } = (await test.api('/files?path=photos/a.jpg')).json<FileList>();
    const verified = await test.api(`/files/${items[0]!.id}/verify`, { method: 'POST' });
    expect([verified.status, verified.json()]).toEqual([200, { chunks: 1, here: 1, bytes: 4, damaged: 0 }]);
    const repaired = await test.api(`/files/${items[0]!.id}/repair`, { method: 'POST' });
    expect([repaired.status, repaired.json<FileInfo>().id]).toEqual([202, items[0]!.id]);
    const gone = await test.api(`/files/${'a'.repeat(26)}/repair`, { method: 'POST' });
    expect([gone.status, gone.problem.code]).toEqual([404, 'file-not-found']);
  });

  it('tells of files that a person wants here, and of those that stay for the network', async () => {
    const one = async (): Promise<FileInfo> =>
      (await test.api('/files?path=photos/a.jpg')).json<FileList>().items[0] as FileInfo;
    const { id } = await one();
    expect((await one()).kept).toBeUndefined();
    const kept = await test.api(`/files/${id}/keep`, { method: 'POST' });
    expect([kept.status, kept.json<FileInfo>().kept, kept.json<FileInfo>().local]).toEqual([202, true, 'whole']);
    expect((await one()).kept).toBe(true);
    // Of a node that is alone all is kept for the network.
    const freed = await test.api(`/files/${id}/free`, { method: 'POST' });
    expect([freed.status, freed.problem.code]).toEqual([409, 'placed-here']);
    expect(await one()).toMatchObject({ local: 'whole' });
    expect((await one()).kept).toBeUndefined();
    const gone = await test.api(`/files/${'a'.repeat(26)}/keep`, { method: 'POST' });
    expect([gone.status, gone.problem.code]).toEqual([404, 'file-not-found']);
  });

  it('is known again after a start, and changes of files are followed', async () => {
    await withFiles(5);
    await test.node.stop();
    const again = await startNode(parseConfig(quietEnv(test.dir)), { logger: silent });
    try {
      const headers = { authorization: `Bearer ${again.token}` };
      const ask = async <T>(path: string): Promise<T> =>
        (await (await fetch(new URL(`/api/v1${path}`, again.url), { headers })).json()) as T;
      // Asked at once, it waits until everything was read.
      expect(await ask('/summary')).toMatchObject({ files: { files: 5, bytes: 14 } });
      const { items } = await ask<FileList>('/files?replication=limited&sort=-size&limit=1');
      expect(items).toMatchObject([{ path: 'photos/2026/b.jpg' }]);
      await fetch(new URL(`/api/v1/files/${items[0]!.id}`, again.url), {
        ...{ method: 'DELETE', headers: { ...headers, 'x-dfs-request': '1' } },
      });
      await eventually(async () => (await ask<Summary>('/summary')).files.bytes === 8);
      expect(await ask('/files?replication=limited&limit=1')).toMatchObject({ total: 3 });
      expect((await ask<FileList>('/files?delimiter=/')).folders).toMatchObject([{ path: 'photos/', files: 1 }]);
    } finally {
      await again.stop();
    }
  });
});
