import { generateKeyPairSync } from 'node:crypto';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Catalogue } from '@dfs/catalogue';
import type { FileInfo, FileList, Health, NodeInfo } from '@dfs/contracts';
import { MiB } from '@dfs/runtime';
import { RECORD_VERSION, signerFromRaw, signRecord, type SignedRecord } from '@dfs/protocol';
import { seededRandom, tempDir, type TempDir } from '@dfs/testing';
import { runCheck } from '../check/run.js';
import { silent, startTestNode, quietEnv, type TestNode } from '../testing/running-node.suite.js';
import { parseConfig } from '../config.js';
import { startNode } from '../start/start.js';
import { Backup } from './backup.js';
import { runRestore } from './restore-run.js';

const random = seededRandom(9);

async function byAStranger(node: TestNode): Promise<SignedRecord> {
  const key = generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' });
  const signer = signerFromRaw(key.subarray(16));
  const { network } = (await node.api('/node')).json<NodeInfo>();
  return signRecord(signer, {
    ...{
      version: RECORD_VERSION,
      network: network.id,
      author: signer.peerId,
      prev: null,
      kind: 'folder',
      path: 'waits',
    },
    ...{ clock: { ms: Date.now(), counter: 0 }, time: Date.now(), content: null, size: 0, mediaType: '' },
    ...{ parents: [], from: null, imported: false, attributes: {} },
  });
}

const peerIdOf = async (node: TestNode): Promise<string> => (await node.api('/node')).json<NodeInfo>().peerId;

describe('a database that was lost', () => {
  let home: TempDir;
  let node: TestNode;
  const files = new Map<string, Uint8Array>();
  /** Bytes of a version that was replaced since. */
  const before = random.bytes(5000);
  /** Of a node that has stopped: some files before its only snapshot, some after. */
  let stopped: string;
  let dir: string;

  const put = async (to: TestNode, path: string, body: Uint8Array): Promise<FileInfo> => {
    const answer = await to.api(`/files/content?path=${encodeURIComponent(path)}`, { method: 'PUT', body });
    expect(answer.status).toBeLessThan(300);
    return answer.json<FileInfo>();
  };

  beforeAll(async () => {
    home = await tempDir('dfs-restore-');
    node = await startTestNode();
    await put(node, 'replaced.bin', before);
    files.set('large.bin', random.bytes(7 * MiB));
    files.set('early/a.txt', random.bytes(900));
    for (const [path, bytes] of files) await put(node, path, bytes);
    const gone = await put(node, 'gone.txt', random.bytes(100));
    await node.node.app.get(Backup).runIfDue();
    // It waits for its author, and is no less kept for that.
    await node.node.app.get(Catalogue).receive([await byAStranger(node)], await peerIdOf(node));
    files.set('late/b.bin', random.bytes(2 * MiB));
    files.set('replaced.bin', random.bytes(4000));
    for (const path of ['late/b.bin', 'replaced.bin']) await put(node, path, files.get(path)!);
    expect((await node.api(`/files/${gone.id}`, { method: 'DELETE' })).status).toBe(204);
    await node.node.stop();
    stopped = await home.copy(node.dir, 'stopped');
  });
  afterAll(async () => {
    await node.remove();
    await home.remove();
  });
  beforeEach(async () => {
    dir = await home.copy(stopped, 'data');
  });

  async function run(command: 'restore' | 'rebuild', ...flags: string[]) {
    return runAt({ interactive: true }, command, ...flags);
  }

  async function runAt(at: { interactive: boolean }, command: 'restore' | 'rebuild', ...flags: string[]) {
    let [out, err] = ['', ''];
    const code = await runRestore(command, [...flags, `--data-dir=${dir}`], {
      out: (text) => (out += text),
      err: (text) => (err += text),
      ...at,
    });
    return { code, out, err };
  }

  async function check(): Promise<string> {
    let found = '';
    await runCheck([`--data-dir=${dir}`], {
      out: (text) => (found += text),
      err: (text) => (found += text),
      interactive: false,
    });
    return found;
  }

  async function damage(file: string): Promise<void> {
    const bytes = await readFile(file);
    bytes.fill(0xa5, 4096, 4096 * 6);
    await writeFile(file, bytes);
  }
  const database = (): string => join(dir, 'dfs.sqlite');
  const snapshot = async (): Promise<string> => {
    const names = await readdir(join(dir, 'snapshots'));
    return join(
      dir,
      'snapshots',
      names.find((name) => name.endsWith('.sqlite'))!,
    );
  };

  /** Everything by its name, with its bytes, and what was replaced too. */
  async function expectAllThere(): Promise<void> {
    expect(await check()).toContain('The check found no problem.');
    const running = await startTestNode({ DFS_DATA_DIR: dir });
    try {
      const { items, total } = (await running.api('/files')).json<FileList>();
      expect(items.map(({ path }) => path).sort()).toEqual([...files.keys()].sort());
      expect(total).toBe(files.size);
      for (const { path, id } of items) {
        const { bytes } = await running.api(`/files/${id}/content`);
        expect(Buffer.compare(bytes, files.get(path)!)).toBe(0);
      }
      const { id } = items.find(({ path }) => path === 'replaced.bin')!;
      const versions = (await running.api(`/files/${id}/versions`)).json<{ items: { version: string }[] }>().items;
      const old = await running.api(`/files/${id}/content?version=${versions.at(-1)?.version}`);
      expect(Buffer.compare(old.bytes, before)).toBe(0);
      await put(running, 'new.txt', random.bytes(10));
      const { checks } = (await running.call('/health/ready')).json<Health>();
      expect(checks.find(({ name }) => name === 'chains')?.detail).toMatch(/^Every member writes one chain/);
    } finally {
      await running.node.stop();
      await running.remove();
    }
    expect(await check()).toContain('The check found no problem.');
  }

  it('is restored from the newest sound snapshot and the journal, and what was there is set aside', async () => {
    await damage(database());
    await expect(startNode(parseConfig(quietEnv(dir)), { logger: silent })).rejects.toMatchObject({
      code: 'not-ready',
    });
    const { code, out, err } = await run('restore');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/restored from the snapshot of .*\n {2}records of the journal that were taken in: 4\n/);
    const [aside] = await readdir(join(dir, 'set-aside'));
    expect(await readdir(join(dir, 'set-aside', aside!))).toContain('dfs.sqlite');
    await expectAllThere();
  });

  it('is rebuilt from the journal and the packs where no snapshot is sound', async () => {
    await rm(database());
    await damage(await snapshot());
    const refused = await run('restore');
    expect(refused).toMatchObject({ code: 2, out: '', err: expect.stringContaining('-- rebuild') as string });
    const { code, out, err } = await runAt({ interactive: false }, 'rebuild');
    // Lines of the log, which a person at a terminal is spared.
    expect({
      code,
      log: err
        .trim()
        .split('\n')
        .map((line) => typeof JSON.parse(line)),
    }).toEqual({
      code: 0,
      log: expect.arrayContaining(['object']) as string[],
    });
    expect(out).toContain('The database was rebuilt');
    await expectAllThere();
  });

  it('is not restored where it is sound, and left alone where that fails', async () => {
    const refused = await run('restore');
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('is sound') as string });
    expect((await run('rebuild')).err).toMatch(/is sound: .*To rebuild it all the same, give --force\./);
    await rm(join(dir, 'journal'), { recursive: true });
    await damage(database());
    const bytes = await readFile(database());
    expect(await run('rebuild')).toMatchObject({ code: 2, err: expect.stringContaining('which network') as string });
    expect(Buffer.compare(await readFile(database()), bytes)).toBe(0);
    expect(await readdir(dir)).not.toContain('restore.tmp');
    await rm(join(dir, 'identity.key'));
    expect(await run('restore')).toMatchObject({ code: 2, err: expect.stringContaining('identity.key') as string });
  });

  it('and the node started without it: what was saved is kept apart, and brought back when asked for', async () => {
    await rename(database(), home.file('away.sqlite'));
    const blank = await startTestNode({ DFS_DATA_DIR: dir });
    const { network } = (await blank.api('/node')).json<NodeInfo>();
    const health = (await blank.call('/health/ready')).json<Health>().checks.find(({ name }) => name === 'snapshot');
    await blank.node.app.get(Backup).runIfDue();
    await blank.node.stop();
    await blank.remove();
    const from = /--from=([^\s"]+)/.exec(health?.detail ?? '')?.[1];
    expect(from).toContain('set-aside');
    const { code, err } = await run('restore', '--force', `--from=${from}`);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const back = await startTestNode({ DFS_DATA_DIR: dir });
    expect((await back.api('/node')).json<NodeInfo>().network.id).not.toBe(network.id);
    await back.node.stop();
    await back.remove();
    await expectAllThere();
  });
});
