import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileInfo, FileList, FoundContentList, NodeInfo } from '@dfs/contracts';
import { Placement } from '@dfs/placement';
import { MiB } from '@dfs/runtime';
import { seededRandom, tempDir, type TempDir } from '@dfs/testing';
import { startTestNode, type TestNode } from '../testing/running-node.suite.js';

const random = seededRandom(4);

describe('content of which no record is left', () => {
  let home: TempDir;
  let node: TestNode;
  let dir: string;
  const large = random.bytes(6 * MiB);
  const text = Buffer.from('Notes that somebody would miss.\n');
  const ids = new Map<string, string>();

  const put = async (to: TestNode, path: string, body: Uint8Array): Promise<FileInfo> =>
    (await to.api(`/files/content?path=${encodeURIComponent(path)}`, { method: 'PUT', body })).json<FileInfo>();
  const list = async (query = ''): Promise<FoundContentList> =>
    (await node.api(`/found-contents${query}`)).json<FoundContentList>();
  const packs = async (): Promise<string[]> => readdir(join(dir, 'chunks/packs'));

  beforeAll(async () => {
    home = await tempDir('dfs-found-');
    const before = await startTestNode();
    for (const [path, bytes] of [
      ['large.bin', large],
      ['notes.txt', text],
      ['other.bin', random.bytes(3 * MiB)],
    ] as const) {
      ids.set(path, (await put(before, path, bytes)).contentId);
    }
    await before.node.stop();
    dir = await home.copy(before.dir, 'data');
    await before.remove();
    // Neither a database nor anything that it could be restored from.
    for (const name of await readdir(dir)) {
      if (/^dfs\.sqlite|^snapshots$|^journal$/.test(name)) await rm(join(dir, name), { recursive: true });
    }
    node = await startTestNode({ DFS_DATA_DIR: dir });
  });
  afterAll(async () => {
    await node.remove();
    await home.remove();
  });

  it('is listed with its size and kind, by pages, and counts as used room', async () => {
    const { items, total, bytes, nextCursor } = await list();
    expect(items.map(({ contentId }) => contentId)).toEqual([...ids.values()].sort());
    expect({ total, nextCursor, bytes }).toEqual({ total: 3, nextCursor: null, bytes: 9 * MiB + text.length });
    expect(items.find(({ contentId }) => contentId === ids.get('notes.txt'))).toMatchObject({
      size: text.length,
      mediaType: 'text/plain; charset=utf-8',
      whole: true,
    });
    expect(items.find(({ contentId }) => contentId === ids.get('large.bin'))).toMatchObject({
      size: large.length,
      mediaType: 'application/octet-stream',
    });
    const first = await list('?limit=2');
    expect((await list(`?limit=2&cursor=${first.nextCursor}`)).items).toEqual(items.slice(2));
    expect((await node.api('/found-contents?cursor=x')).problem.code).toBe('invalid-cursor');
    expect((await node.api('/node')).json<NodeInfo>().storage.bytes).toBeGreaterThan(9 * MiB);
  });

  it('is not reclaimed, becomes a file when a person says its path, and is listed no more', async () => {
    await node.node.app.get(Placement).reclaim(0);
    expect((await list()).total).toBe(3);
    const address = `/found-contents/${ids.get('large.bin')}/adopt`;
    await put(node, 'taken.bin', text.subarray(1));
    expect((await node.api(address, { json: { path: 'taken.bin' } })).problem.code).toBe('path-exists');
    expect((await node.api(address, { json: { path: '../x' } })).problem.code).toBe('invalid-path');
    const adopted = await node.api(address, { json: { path: 'back/large.bin' } });
    expect(adopted.status).toBe(201);
    const file = adopted.json<FileInfo>();
    expect(file).toMatchObject({ path: 'back/large.bin', size: large.length, contentId: ids.get('large.bin') });
    expect(Buffer.compare((await node.api(`/files/${file.id}/content`)).bytes, large)).toBe(0);
    expect((await list()).items.map(({ contentId }) => contentId)).not.toContain(ids.get('large.bin'));
    expect((await node.api(address, { json: { path: 'twice.bin' } })).problem.code).toBe('not-found');
    // An upload of the same bytes names it too.
    await put(node, 'notes.txt', text);
    expect((await list()).total).toBe(1);
    await node.node.app.get(Placement).reclaim(0);
    expect((await node.api('/files')).json<FileList>().total).toBe(3);
    expect((await node.api(`/files/${file.id}/content`)).bytes).toHaveLength(large.length);
  });

  it('is freed when a person lets it go, and nothing else is', async () => {
    const before = (await packs()).length;
    const address = `/found-contents/${ids.get('other.bin')}`;
    expect((await node.api(address, { method: 'DELETE' })).status).toBe(204);
    expect((await node.api(address, { method: 'DELETE' })).status).toBe(404);
    expect((await node.api('/found-contents/nonsense', { method: 'DELETE' })).problem.code).toBe('validation-failed');
    expect(await list()).toMatchObject({ items: [], total: 0 });
    await node.node.app.get(Placement).reclaim(0);
    expect((await packs()).length).toBeLessThan(before);
    for (const { id, size } of (await node.api('/files')).json<FileList>().items) {
      expect((await node.api(`/files/${id}/content`)).bytes).toHaveLength(size);
    }
  });
});
