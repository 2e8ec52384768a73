import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileLock } from './file-lock.js';

describe('FileLock', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'dfs-lock-'))));
  afterEach(() => rm(folder, { recursive: true }));

  it('is held by one at a time, and can be taken again after its release', async () => {
    const file = join(folder, 'lock.sqlite');
    const lock = await FileLock.take(file);
    await expect(FileLock.take(file)).rejects.toMatchObject({ code: 'not-ready' });
    await lock.release();
    await (await FileLock.take(file)).release();
  });

  it('vanishes with a process that is killed', async () => {
    const file = join(folder, 'lock.sqlite');
    const sqlite3 = createRequire(import.meta.url).resolve('sqlite3');
    const script = `const { Database } = require(${JSON.stringify(sqlite3)});
      const db = new Database(${JSON.stringify(file)});
      db.exec('BEGIN EXCLUSIVE', () => console.log('held'));
      setInterval(() => undefined, 1000);`;
    const other = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(other.stdout, 'data');
      await expect(FileLock.take(file)).rejects.toMatchObject({ code: 'not-ready' });
    } finally {
      other.kill('SIGKILL');
      await once(other, 'close');
    }
    await (await FileLock.take(file)).release();
  });
});
