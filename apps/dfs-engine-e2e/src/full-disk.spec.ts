import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Health } from '@dfs/contracts';
import { eventually, startEngine, tempDir, tmpfsUnavailable, unless, type Engine, type TempDir } from '@dfs/testing';
import { bytesOf, check, fill } from './steps.js';

const run = promisify(execFile);
const FILES = 60;

unless(await tmpfsUnavailable(), describe)('a disk that somebody else fills to the last byte', () => {
  let dir: TempDir;
  let disk: string;
  let node: Engine | undefined;
  beforeAll(async () => {
    dir = await tempDir();
    disk = dir.file('disk');
    await mkdir(disk);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=80m', 'tmpfs', disk]);
  });
  afterAll(async () => {
    await node?.remove();
    await run('umount', [disk]);
    await dir.remove();
  });

  it('stops uploads, and neither reads nor deletions; once there is room all goes on', async () => {
    const dataDir = join(disk, 'data');
    await mkdir(dataDir);
    const engine = (node = await startEngine({ dataDir }));
    const bytes = randomBytes(200_000);
    const kept = await engine.put('kept', bytes);
    const files = [];
    for (let n = 0; n < FILES; n++) files.push(await engine.put(`f/${n}`, randomBytes(20_000)));

    await fill(join(disk, 'filler'));
    const upload = (): Promise<Response> =>
      engine.fetch('/files/content?path=more', { method: 'PUT', body: randomBytes(50_000) });
    await eventually(async () => (await upload()).status === 507);
    for (const { id } of files) expect((await engine.fetch(`/files/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect(Buffer.compare(await bytesOf(engine, kept), bytes)).toBe(0);
    const health = (await (await fetch(`${engine.url}/health/ready`)).json()) as Health;
    expect(health.checks.find(({ name }) => name === 'storage')).toMatchObject({ ok: false });

    await rm(join(disk, 'filler'));
    await eventually(async () => (await upload()).ok);
    await engine.kill();
    expect(await check(engine.dataDir)).toMatchObject({ code: 0, err: '' });
  });
});
