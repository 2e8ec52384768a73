import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileList, FoundContentList, Health } from '@dfs/contracts';
import { eventually, startEngine, type Engine } from '@dfs/testing';
import { bytesOf, check, runToEnd } from './steps.js';

const MiB = 1024 * 1024;

describe('a lone node whose database is damaged or lost', () => {
  let node: Engine;
  const files = new Map<string, Buffer>();
  beforeAll(async () => {
    node = await startEngine({ name: 'restored' });
  });
  afterAll(() => node.remove());

  async function put(path: string, size: number): Promise<void> {
    const bytes = randomBytes(size);
    files.set(path, bytes);
    await node.put(path, bytes);
  }

  const snapshots = async (): Promise<string[]> =>
    (await readdir(join(node.dataDir, 'snapshots')).catch(() => [])).filter((name) => name.endsWith('.sqlite'));

  async function damage(file: string): Promise<void> {
    const bytes = await readFile(file);
    bytes.fill(0xa5, 4096, 4096 * 8);
    await writeFile(file, bytes);
  }

  /** Every file by its name and with its bytes, and nothing that the check minds, before and after a start. */
  async function expectAllBack(): Promise<void> {
    expect(await check(node.dataDir)).toMatchObject({ code: 0, err: '' });
    await node.start();
    const { items } = await node.json<FileList>('/files?limit=100');
    expect(items.map(({ path }) => path).sort()).toEqual([...files.keys()].sort());
    for (const item of items) expect(Buffer.compare(await bytesOf(node, item), files.get(item.path)!)).toBe(0);
  }

  it('is refused, names the command, and has everything back from the snapshot and the journal', async () => {
    await put('before/large.bin', 6 * MiB);
    await put('before/small.txt', 300);
    await eventually(async () => (await snapshots()).length > 0, { deadline: 120_000, poll: 500 });
    await eventually(
      async () => {
        const { checks } = (await (await fetch(`${node.url}/health/ready`)).json()) as Health;
        return checks.find(({ name }) => name === 'snapshot')?.detail.includes('last saved');
      },
      { poll: 500 },
    );
    await put('after/large.bin', 5 * MiB);
    await put('after/small.txt', 200);
    await node.kill();
    // With its log, a crash leaves nothing but the file itself to be damaged.
    for (const suffix of ['-wal', '-shm']) await rm(join(node.dataDir, `dfs.sqlite${suffix}`), { force: true });
    await damage(join(node.dataDir, 'dfs.sqlite'));

    const refused = await runToEnd(node.dataDir);
    expect(refused.code).toBe(1);
    expect(refused.out + refused.err).toContain('npm run engine -- restore');
    expect(await snapshots()).toHaveLength(1);
    const restored = await runToEnd(node.dataDir, 'restore');
    expect(restored).toMatchObject({ code: 0, out: expect.stringContaining('restored from the snapshot') as string });
    await expectAllBack();
  });

  it('is rebuilt from the packs and the journal when its snapshots are lost too', async () => {
    await put('later.bin', 2 * MiB);
    await node.stop();
    for (const name of await readdir(node.dataDir)) {
      if (/^dfs\.sqlite/.test(name)) await rm(join(node.dataDir, name));
    }
    await rm(join(node.dataDir, 'snapshots'), { recursive: true });
    expect(await runToEnd(node.dataDir, 'restore')).toMatchObject({
      code: 2,
      err: expect.stringContaining('-- rebuild') as string,
    });
    const rebuilt = await runToEnd(node.dataDir, 'rebuild');
    expect(rebuilt).toMatchObject({ code: 0, out: expect.stringContaining('was rebuilt') as string });
    await expectAllBack();
    await put('and-goes-on.txt', 100);
    await node.stop();
    expect(await check(node.dataDir)).toMatchObject({ code: 0, err: '' });
  });

  it('lists what no record names once all of that is lost, and makes files of it by a path', async () => {
    await node.stop();
    for (const name of await readdir(node.dataDir)) {
      if (/^dfs\.sqlite|^snapshots$|^journal$/.test(name)) await rm(join(node.dataDir, name), { recursive: true });
    }
    await node.start();
    expect((await node.json<FileList>('/files')).items).toEqual([]);
    const found = (): Promise<FoundContentList> => node.json('/found-contents?limit=100');
    const all = async (): Promise<FoundContentList | false> => {
      const list = await found();
      return list.total === files.size && list;
    };
    const { items, total, bytes } = await eventually(all, { what: 'all that is found' });
    const sizes = [...files.values()].map(({ length }) => length);
    expect(items.map(({ size }) => size).sort((a, b) => a - b)).toEqual(sizes.sort((a, b) => a - b));
    expect({ total, bytes }).toEqual({ total: files.size, bytes: sizes.reduce((sum, size) => sum + size, 0) });
    for (const { contentId, size, whole } of items) {
      expect(whole).toBe(true);
      const [path] = [...files].find(([, { length }]) => length === size)!;
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify({ path });
      await node.json(`/found-contents/${contentId}/adopt`, { method: 'POST', headers, body });
    }
    expect((await found()).total).toBe(0);
    await node.stop();
    await expectAllBack();
  });
});
