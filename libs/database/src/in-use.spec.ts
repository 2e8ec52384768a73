import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database } from './database.js';
import { isOpenElsewhere } from './in-use.js';

describe('a database file that is open elsewhere', () => {
  let home: string;
  let file: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'dfs-in-use-'));
    file = join(home, 'dfs.sqlite');
  });
  afterEach(() => rm(home, { recursive: true }));

  it('is known as long as it is open, also while nothing is read or written', async () => {
    expect(await isOpenElsewhere(file)).toBe(false);
    const db = await Database.open({ file, migrations: [] });
    expect(await isOpenElsewhere(file)).toBe(true);
    await db.write(async (tx) => tx.run('CREATE TABLE number (n INTEGER) STRICT'));
    expect(await isOpenElsewhere(file)).toBe(true);
    await db.close();
    expect(await isOpenElsewhere(file)).toBe(false);
  });

  it('is free again once the process that had it open was killed, and keeps what was in its log', async () => {
    const sqlite3 = createRequire(import.meta.url).resolve('sqlite3');
    const script = `const { Database } = require(${JSON.stringify(sqlite3)});
      const db = new Database(${JSON.stringify(file)});
      db.exec('PRAGMA journal_mode = WAL; CREATE TABLE number (n INTEGER); INSERT INTO number VALUES (7)',
        () => console.log('open'));
      setInterval(() => undefined, 1000);`;
    const other = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(other.stdout, 'data');
      expect(await isOpenElsewhere(file)).toBe(true);
    } finally {
      other.kill('SIGKILL');
      await once(other, 'close');
    }
    expect(await isOpenElsewhere(file)).toBe(false);
    const db = await Database.open({ file, migrations: [] });
    expect(await db.query('SELECT n FROM number')).toEqual([{ n: 7 }]);
    await db.close();
  });

  it('is for its opening to refuse when it is damaged', async () => {
    await writeFile(file, Buffer.alloc(9000, 'nothing like it '));
    expect(await isOpenElsewhere(file)).toBe(false);
    expect((await readFile(file)).equals(Buffer.alloc(9000, 'nothing like it '))).toBe(true);
  });
});
