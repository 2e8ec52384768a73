import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Database, type Tx } from '@dfs/database';
import { KiB, MiB } from '@dfs/runtime';
import { corrupt, seededRandom, tempDir, type TempDir } from '@dfs/testing';
import { migrations } from '../start/migrations.js';
import { filesBelow, startTestNode, type TestNode } from '../testing/running-node.suite.js';
import type { CheckReport } from './report.js';
import { runCheck } from './run.js';

const random = seededRandom(7);
/** Small ones that share packs, one of several chunks, one that is there twice, one without bytes. */
const FILES = new Map<string, Uint8Array>([
  ['large.bin', random.bytes(9 * MiB)],
  ['small.bin', random.bytes(3 * KiB)],
  ['notes/a.txt', random.bytes(700)],
  ['notes/empty.txt', new Uint8Array(0)],
]);
FILES.set('again.bin', FILES.get('small.bin')!);

async function check(dir: string, ...flags: string[]) {
  let [stdout, stderr] = ['', ''];
  const code = await runCheck([...flags, `--data-dir=${dir}`], {
    out: (text) => (stdout += text),
    err: (text) => (stderr += text),
    interactive: false,
  });
  return { code, stdout, stderr };
}

async function problems(dir: string, ...flags: string[]): Promise<CheckReport> {
  const { code, stdout } = await check(dir, '--json', ...flags);
  const report = JSON.parse(stdout) as CheckReport;
  expect(code).toBe(report.ok ? 0 : 1);
  expect(report.ok).toBe(report.problemCount === 0);
  return report;
}
const kinds = ({ problems }: CheckReport): string[] => [...new Set(problems.map(({ problem }) => problem))].sort();

describe('check', () => {
  let node: TestNode;
  /** A data directory of a node that has stopped, and another of one that was killed. */
  let home: TempDir;
  let stopped: string;
  let killed: string;
  /** A copy for each test. */
  let dir: string;

  beforeAll(async () => {
    home = await tempDir('dfs-check-');
    node = await startTestNode();
    for (const [path, body] of FILES) {
      const answer = await node.api(`/files/content?path=${encodeURIComponent(path)}`, { method: 'PUT', body });
      expect(answer.status).toBe(201);
    }
    const { items } = (await node.api('/files')).json<{ items: { id: string; path: string }[] }>();
    const empty = items.find(({ path }) => path === 'notes/empty.txt');
    expect((await node.api(`/files/${empty?.id}`, { method: 'DELETE' })).status).toBe(204);
    killed = await home.copy(node.dir, 'killed');
    expect((await check(node.dir)).code).toBe(2);
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

  const packs = () => readdir(join(dir, 'chunks/packs'));

  async function tamper(work: (tx: Tx) => Promise<unknown>): Promise<void> {
    const db = await Database.open({ file: join(dir, 'dfs.sqlite'), migrations });
    await db.write(work);
    await db.close();
  }

  it.each(['stopped', 'killed'])('finds nothing wrong with a node that was %s, and leaves no trace', async (how) => {
    const data = how === 'killed' ? killed : dir;
    const before = await filesBelow(data);
    const { code, stdout, stderr } = await check(data);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Check of .* \(full, /);
    expect(stdout).toMatch(/The check found no problem\.\n$/);
    const report = await problems(data, '--quick');
    expect(report).toMatchObject({ ok: true, mode: 'quick', problems: [], catalogue: { files: 4 } });
    const full = await problems(data);
    expect(full.chunks?.hashed).toBe(full.chunks?.chunks);
    expect(full.chunks?.bytes).toBeGreaterThan(9 * MiB);
    // Two files have the same content, which is promised once.
    expect(full.pins?.extents).toBe(3);
    expect(await filesBelow(data)).toEqual(before);
  });

  it('finds a damaged byte, and names the file it hurts; a quick one does not read it', async () => {
    await corrupt(join(dir, 'chunks'), FILES.get('small.bin')!.subarray(100, 164));
    const report = await problems(dir);
    expect(kinds(report)).toEqual(['damaged-chunk', 'missing-chunk']);
    const hurt = report.problems.find(({ problem }) => problem === 'missing-chunk');
    expect(hurt?.paths?.sort()).toEqual(['again.bin', 'small.bin']);
    expect((await problems(dir, '--quick')).ok).toBe(true);
    const { stdout, code } = await check(dir);
    expect(code).toBe(1);
    expect(stdout).toContain('"small.bin"');
    expect(stdout).toMatch(/Problems found: 2\.\n$/);
  });

  it('finds a damaged manifest', async () => {
    const manifest = Buffer.concat([Buffer.from('DFSM\x01\x00', 'latin1')]);
    await corrupt(join(dir, 'chunks'), manifest);
    const report = await problems(dir, '--quick');
    expect(kinds(report)).toEqual(['unreadable-manifest']);
    expect(report.problems[0]?.paths).toEqual(['large.bin']);
    expect(kinds(await problems(dir))).toEqual(['damaged-chunk', 'unreadable-manifest']);
  });

  it('finds a pack that is missing, and what that takes away', async () => {
    let largest = '';
    let size = 0;
    for (const name of await packs()) {
      const { size: bytes } = await stat(join(dir, 'chunks/packs', name));
      if (bytes > size) [largest, size] = [name, bytes];
    }
    await rm(join(dir, 'chunks/packs', largest));
    const report = await problems(dir, '--quick');
    expect(kinds(report)).toEqual(['missing-pack', 'unreadable-manifest']);
    expect(report.problems.find(({ problem }) => problem === 'missing-pack')?.subject).toBe(`packs/${largest}`);
    expect(report.problems.flatMap(({ paths }) => paths ?? [])).toEqual(['large.bin']);
  });

  it('finds files that nobody knows, which a start removes once its database is proven the newest', async () => {
    await writeFile(join(dir, 'chunks/packs/0123.pack'), 'x');
    await writeFile(join(dir, 'chunks/tmp/4567'), 'y');
    const report = await problems(dir, '--quick');
    expect(kinds(report)).toEqual(['orphan-file']);
    expect(report.problems.map(({ subject }) => subject).sort()).toEqual(['packs/0123.pack', 'tmp/4567']);
    // The folder is a copy: the first start cannot prove that its database is the newest, and sweeps nothing.
    for (let starts = 0; starts < 2; starts++) {
      const again = await startTestNode({ DFS_DATA_DIR: dir });
      await again.node.stop();
    }
    expect((await problems(dir)).problems).toEqual([]);
  });

  it('finds a pack that is longer or shorter than it was', async () => {
    const [name] = await packs();
    const path = join(dir, 'chunks/packs', name!);
    const bytes = await readFile(path);
    await writeFile(path, Buffer.concat([bytes, Buffer.from('more')]));
    expect(kinds(await problems(dir))).toEqual(['wrong-pack']);
    await writeFile(path, bytes.subarray(0, bytes.length - 1));
    expect(kinds(await problems(dir, '--quick'))).toEqual(expect.arrayContaining(['orphan-row', 'wrong-pack']));
  });

  it.each([
    [
      'rows without bytes',
      'UPDATE chunk SET offset = offset + 1000000000 WHERE size = 700',
      ['missing-chunk', 'orphan-row'],
    ],
    ['rows that overlap', 'UPDATE chunk SET size = 4194304 WHERE size = 700', ['missing-chunk', 'orphan-row']],
    ['a chunk that is not known', 'DELETE FROM chunk WHERE size = 700', ['missing-chunk']],
    ['a size of a pack', 'UPDATE pack SET bytes = bytes + 1 WHERE id = 1', ['wrong-pack']],
    ['a count of files', 'UPDATE catalogue_total SET count = count + 1 WHERE state = 1', ['wrong-count']],
    ['a fingerprint', 'UPDATE catalogue_fingerprint SET sum = zeroblob(32)', ['wrong-count']],
    ['a pin of nothing', 'UPDATE placement_pin SET extent = 7 WHERE size > 1000000', ['wrong-pin']],
  ])('finds what is wrong with the database: %s', async (_, statement, expected) => {
    await tamper((tx) => tx.run(statement));
    expect(kinds(await problems(dir, '--quick'))).toEqual(expected);
  });

  it('shows damage that a node has found and nobody has healed', async () => {
    await tamper(async (tx) => {
      await tx.run(`INSERT INTO damaged_chunk SELECT cid, 'gone', offset, size, 0 FROM chunk WHERE size = 700`);
      await tx.run('DELETE FROM chunk WHERE size = 700');
      await tx.run('UPDATE placement_pin SET held = 0 WHERE size = 700');
    });
    expect(kinds(await problems(dir))).toEqual(['known-damage']);
  });

  it('finds a database that is damaged, as far as it can be read', async () => {
    const path = join(dir, 'dfs.sqlite');
    const bytes = await readFile(path);
    // Without those that are free, which are behind the roots of the tables: nothing is lost with them.
    const pages = bytes.length / 4096 - bytes.readUInt32BE(36);
    for (const page of [1, Math.floor(pages / 3), Math.floor(pages / 2), Math.floor(pages * 0.6)]) {
      const hurt = Buffer.from(bytes);
      hurt.fill(0xa5, page * 4096, (page + 1) * 4096);
      await writeFile(path, hurt);
      expect(kinds(await problems(dir))).toContain('damaged-database');
    }
  });

  it('says why it cannot run: nothing there, no database, unknown flags', async () => {
    const nowhere = home.file('nowhere');
    expect(await check(nowhere)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('no node in') });
    await expect(stat(nowhere)).rejects.toThrow();
    await writeFile(join(dir, 'dfs.sqlite'), 'not a database at all, but long enough to look at it'.repeat(100));
    expect(await check(dir)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('cannot be read') });
    expect(await check(dir, '--fast=1')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('neither a command nor a flag'),
    });
  });

  it('refuses while the node runs, and says so', async () => {
    const running = await startTestNode({ DFS_DATA_DIR: dir });
    try {
      const refused = await check(dir);
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      expect(refused.stderr).toMatch(/^A node is running in .*: stop it, and check again\.\n$/);
    } finally {
      await running.node.stop();
    }
    expect((await check(dir)).code).toBe(0);
  });
});
