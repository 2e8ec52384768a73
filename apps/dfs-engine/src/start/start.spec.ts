import 'reflect-metadata';
import { chmod, mkdir, readFile, readdir, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { FileInfo, NodeInfo } from '@dfs/contracts';
import { Database } from '@dfs/database';
import { tempDir, type TempDir } from '@dfs/testing';
import { check } from '../check/check.js';
import { parseConfig } from '../config.js';
import { migrations } from './migrations.js';
import { filesBelow, quietEnv, silent, startTestNode } from '../testing/running-node.suite.js';
import { startNode } from './start.js';

describe('starting and stopping a node', () => {
  let temp: TempDir;
  beforeEach(async () => (temp = await tempDir('dfs-start-')));
  afterEach(() => temp.remove());
  const start = (env: Record<string, string> = {}) =>
    startNode(parseConfig(quietEnv(temp.file('data'), env)), { logger: silent });
  const get = async <T>(url: string, token: string, path: string): Promise<T> =>
    (await (await fetch(`${url}api/v1${path}`, { headers: { authorization: `Bearer ${token}` } })).json()) as T;

  it('keeps identity, token, network, name and files over a restart', async () => {
    const first = await start();
    const before = await get<NodeInfo>(first.url, first.token, '/node');
    await fetch(`${first.url}api/v1/files/content?path=a.txt`, {
      method: 'PUT',
      body: 'kept',
      headers: { authorization: `Bearer ${first.token}` },
    });
    // By which the command line finds it.
    expect(await readFile(temp.file('data/http-address'), 'utf8')).toBe(`${first.url}\n`);
    await first.stop();
    await expect(fetch(first.url)).rejects.toThrow();
    await expect(stat(temp.file('data/http-address'))).rejects.toThrow();

    const second = await start();
    try {
      expect(second.token).toBe(first.token);
      const after = await get<NodeInfo>(second.url, second.token, '/node');
      expect(after).toMatchObject({ peerId: before.peerId, network: before.network, name: 'test node' });
      const { items } = await get<{ items: FileInfo[] }>(second.url, second.token, '/files');
      expect(items).toMatchObject([{ path: 'a.txt', size: 4 }]);
    } finally {
      await second.stop();
    }
  });

  it('writes secrets for its owner alone, and takes the token it is given', async () => {
    const given = 'a-token-that-somebody-has-chosen';
    const node = await start({ DFS_API_TOKEN: given });
    await node.stop();
    expect(node.token).toBe(given);
    expect((await readFile(temp.file('data/api-token'), 'utf8')).trim()).toBe(given);
    for (const name of ['api-token', 'identity.key']) {
      expect((await stat(temp.file(`data/${name}`))).mode & 0o777).toBe(0o600);
    }
    const again = await start();
    await again.stop();
    expect(again.token).toBe(given);
  });

  it('is refused while the disk with the chunks is not mounted, and so is a check', async () => {
    const first = await start();
    await fetch(`${first.url}api/v1/files/content?path=a.txt`, {
      method: 'PUT',
      body: 'kept',
      headers: { authorization: `Bearer ${first.token}` },
    });
    await first.stop();
    await rename(temp.file('data/chunks'), temp.file('disk'));
    const reason = new RegExp(`${temp.file('data/chunks')} is not the one with this node’s chunks.*Mount the disk`);
    await expect(start()).rejects.toMatchObject({
      code: 'not-ready',
      message: expect.stringMatching(reason) as string,
    });
    await expect(check(temp.file('data'), { quick: true })).rejects.toThrow(reason);
    expect(await readdir(temp.file('data/chunks'))).toEqual([]);

    await rmdir(temp.file('data/chunks'));
    await rename(temp.file('disk'), temp.file('data/chunks'));
    const second = await start();
    try {
      const { storage } = await get<NodeInfo>(second.url, second.token, '/node');
      expect(storage.chunks).toBe(1);
    } finally {
      await second.stop();
    }
    expect(await check(temp.file('data'), { quick: false })).toMatchObject({ ok: true });
  });

  it('makes a token of at least 128 bits', async () => {
    const node = await start();
    await node.stop();
    expect(Buffer.from(node.token, 'base64url').length).toBeGreaterThanOrEqual(16);
  });

  it('refuses a data directory that is in use, and takes it when it is free again', async () => {
    const first = await start();
    await expect(start()).rejects.toMatchObject({
      code: 'not-ready',
      message: expect.stringMatching(/Another process is using the data/),
    });
    // As somebody does who takes it for left over.
    await rm(temp.file('data/lock.sqlite'));
    await expect(start()).rejects.toThrow(/Another process is using the data/);
    await first.stop();
    await (await start()).stop();
  });

  it.each(['identity.key', 'api-token'])('refuses a %s that others can read', async (name) => {
    await (await start()).stop();
    await chmod(temp.file(`data/${name}`), 0o644);
    await expect(start()).rejects.toMatchObject({ code: 'not-ready', message: expect.stringContaining(name) });
    await chmod(temp.file(`data/${name}`), 0o600);
    await (await start()).stop();
  });

  it('refuses a data directory without its key, and makes no new one', async () => {
    const first = await start();
    const { peerId } = await get<NodeInfo>(first.url, first.token, '/node');
    await first.stop();
    await rename(temp.file('data/identity.key'), temp.file('key'));
    const refusal = { code: 'not-ready', message: expect.stringContaining(temp.file('data/identity.key')) as string };
    await expect(start()).rejects.toMatchObject(refusal);
    await expect(start()).rejects.toThrow(peerId);
    // Where the database alone is left, or gone too.
    await rename(temp.file('data/network.json'), temp.file('network.json'));
    await expect(start()).rejects.toMatchObject(refusal);
    await rename(temp.file('data/dfs.sqlite'), temp.file('dfs.sqlite'));
    await rename(temp.file('network.json'), temp.file('data/network.json'));
    await expect(start()).rejects.toMatchObject(refusal);
    expect(await readdir(temp.file('data'))).not.toContain('identity.key');

    await rename(temp.file('key'), temp.file('data/identity.key'));
    await rename(temp.file('dfs.sqlite'), temp.file('data/dfs.sqlite'));
    const second = await start();
    try {
      const network = await get<NodeInfo>(second.url, second.token, '/node');
      expect(network).toMatchObject({ peerId, network: { members: 1 } });
    } finally {
      await second.stop();
    }
  });

  it('refuses the database of another node', async () => {
    const first = await start();
    const { peerId } = await get<NodeInfo>(first.url, first.token, '/node');
    await first.stop();
    await writeFile(temp.file('data/identity.key'), Buffer.alloc(32, 7), { mode: 0o600 });
    await rm(temp.file('data/network.json'));
    await expect(start()).rejects.toMatchObject({
      code: 'not-ready',
      message: expect.stringMatching(new RegExp(`database is that of the node ${peerId}.*identity.key`)) as string,
    });
  });

  it('refuses the data directory of an unreleased build, and changes nothing in it', async () => {
    const node = await start();
    await node.stop();
    const db = await Database.open({ file: temp.file('data/dfs.sqlite'), migrations });
    await db.write(async (tx) => {
      await tx.run('DELETE FROM migrations');
      const names = ['Events1763800000000', 'Chunks1763800000000', 'Generations1764400000000'];
      await tx.insertMany(
        'migrations',
        ['timestamp', 'name'],
        names.map((name) => [Number(name.slice(-13)), name]),
      );
    });
    await db.close();
    const before = await filesBelow(temp.file('data'));
    const refusal = {
      code: 'not-ready',
      message:
        'The database was made by a build from before the first release, which this version cannot read: start with a ' +
        'new data directory, or use this one with the build that made it; nothing was changed in it.',
    };
    await expect(start()).rejects.toMatchObject(refusal);
    await expect(check(temp.file('data'), { quick: true })).rejects.toMatchObject(refusal);
    expect(await filesBelow(temp.file('data'))).toEqual(before);
  });

  it('refuses a data directory that cannot be written', async () => {
    await writeFile(temp.file('data'), 'a file');
    await expect(start()).rejects.toMatchObject({
      code: 'not-ready',
      message: expect.stringMatching(/cannot be written/),
    });
  });

  // Such a file system made Node's own recursive `mkdir` try for ever.
  const itOnLinux = process.platform === 'linux' ? it : it.skip;
  itOnLinux('refuses a data directory that the file system will not make', async () => {
    await expect(start({ DFS_DATA_DIR: '/proc/dfs/data' })).rejects.toMatchObject({
      code: 'not-ready',
      message: expect.stringMatching(/cannot be written \(ENOENT\): check DFS_DATA_DIR/),
    });
  });

  describe('with a database that is damaged', () => {
    const PAGE = 4096;
    const kinds: [string, (bytes: Buffer) => Buffer][] = [
      ['something else', (bytes) => Buffer.alloc(bytes.length, 'not a database ')],
      ['cut short', (bytes) => bytes.subarray(0, 5 * PAGE + 100)],
      ['without its schema', (bytes) => bytes.fill(0, 100, PAGE)],
      ['with pages of zeros', (bytes) => bytes.fill(0, PAGE)],
      [
        'with every other page overwritten',
        (bytes) => {
          for (let at = PAGE; at < bytes.length; at += 2 * PAGE) bytes.fill(0xa5, at, at + PAGE);
          return bytes;
        },
      ],
    ];

    it.each(kinds)('%s: is refused with what to do, and leaves it as it is', async (_, damage) => {
      await (await start()).stop();
      const file = temp.file('data/dfs.sqlite');
      const damaged = damage(await readFile(file));
      await writeFile(file, damaged);
      const advice = /^The database is damaged \(.+\)\. Leave the data directory.*`npm run engine -- restore`/s;
      await expect(start()).rejects.toMatchObject({
        code: 'not-ready',
        message: expect.stringMatching(advice) as string,
      });
      expect(Buffer.compare(await readFile(file), damaged)).toBe(0);
    });

    it('is told of one that cannot be opened', async () => {
      await (await start()).stop();
      await rename(temp.file('data/dfs.sqlite'), temp.file('dfs.sqlite'));
      await mkdir(temp.file('data/dfs.sqlite'));
      await expect(start()).rejects.toMatchObject({
        code: 'not-ready',
        message: expect.stringMatching(/^The database cannot be used \(.+\): see whether/) as string,
      });
    });
  });

  it.each(['DFS_HTTP_PORT', 'DFS_P2P_PORT'])('names the port that is taken (%s)', async (variable) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    try {
      await expect(start({ [variable]: String(port) })).rejects.toMatchObject({
        code: 'not-ready',
        message: `Port ${port} is already in use (EADDRINUSE 127.0.0.1:${port}): stop the other program, or choose another ${variable}.`,
      });
    } finally {
      other.close();
    }
    await (await start()).stop();
  });

  it.each(['0.0.0.0', '127.0.0.1'])('answers at the link it prints while it listens at %s', async (host) => {
    const node = await start({ DFS_HTTP_HOST: host });
    try {
      expect(new URL(node.url).hostname).toBe(host);
      expect((await fetch(`${node.url}health/ready`)).status).toBe(200);
    } finally {
      await node.stop();
    }
  });

  it('remembers what was set, until the configuration says otherwise', async () => {
    const test = await startTestNode();
    const env = { DFS_DATA_DIR: test.dir, DFS_NAME: '', DFS_QUOTA: '' };
    try {
      const changed = await test.api('/settings', { method: 'PATCH', json: { name: 'neu', quotaBytes: 100_000_000 } });
      expect(changed.json()).toMatchObject({ name: 'neu', quotaBytes: 100_000_000 });
      await test.node.stop();
      const again = await start(env);
      expect(await get(again.url, again.token, '/settings')).toMatchObject({ name: 'neu', quotaBytes: 100_000_000 });
      await again.stop();
      const fixed = await start({ ...env, DFS_NAME: 'fixed', DFS_QUOTA: '200MiB' });
      expect(await get(fixed.url, fixed.token, '/settings')).toMatchObject({
        name: 'fixed',
        quotaBytes: 200 * 2 ** 20,
      });
      await fixed.stop();
    } finally {
      await test.remove();
    }
  });
});
