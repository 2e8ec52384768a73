import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sqlite3 from 'sqlite3';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Database } from './database.js';
import { ReadOnlyDatabase } from './read-only.js';

class Numbers1700000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE number (n INTEGER PRIMARY KEY) STRICT');
    await runner.query('CREATE TABLE twice (n INTEGER PRIMARY KEY REFERENCES number (n)) STRICT');
  }
  async down(): Promise<void> {}
}
class Later1700000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE later (n INTEGER PRIMARY KEY) STRICT');
  }
  async down(): Promise<void> {}
}

describe('ReadOnlyDatabase', () => {
  let dir: string;
  beforeEach(async () => (dir = await mkdtemp(join(tmpdir(), 'dfs-db-'))));
  afterEach(() => rm(dir, { recursive: true, force: true }));

  const count = async (db: ReadOnlyDatabase): Promise<unknown> =>
    (await db.query<{ count: number }>('SELECT count(*) AS count FROM number'))[0]?.count;

  async function files(): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for (const name of await readdir(dir)) {
      found[name] = createHash('sha256')
        .update(await readFile(join(dir, name)))
        .digest('hex');
    }
    return found;
  }

  async function written(rows: number, migrations = [Numbers1700000000001]): Promise<Database> {
    const db = await Database.open({ file: join(dir, 'a.sqlite'), migrations });
    await db.write((tx) =>
      tx.insertMany(
        'number',
        ['n'],
        Array.from({ length: rows }, (_, n) => [n]),
      ),
    );
    return db;
  }

  it('reads what a node has closed, and leaves no trace', async () => {
    await (await written(100)).close();
    const before = await files();
    const db = await ReadOnlyDatabase.open(join(dir, 'a.sqlite'), [Numbers1700000000001]);
    expect(await count(db)).toBe(100);
    expect(await db.damage()).toEqual([]);
    await expect(db.query('INSERT INTO number VALUES (1000)')).rejects.toMatchObject({ name: 'DatabaseError' });
    await db.close();
    expect(await files()).toEqual(before);
  });

  it('reads what is in the log of a node that was killed, and leaves it there', async () => {
    const running = await written(100);
    for (const name of ['a.sqlite', 'a.sqlite-wal']) await cp(join(dir, name), join(dir, `copy-${name}`));
    await running.close();
    await cp(join(dir, 'copy-a.sqlite'), join(dir, 'b.sqlite'));
    await cp(join(dir, 'copy-a.sqlite-wal'), join(dir, 'b.sqlite-wal'));
    const before = await files();
    const db = await ReadOnlyDatabase.open(join(dir, 'b.sqlite'), [Numbers1700000000001]);
    expect(await count(db)).toBe(100);
    await db.close();
    expect(await files()).toEqual(before);
  });

  it('tells of a file that is damaged, and of rows that name nothing', async () => {
    await (await written(30_000)).close();
    // Only who does not ask for foreign keys can do that.
    await new Promise<void>((done, fail) => {
      const raw = new sqlite3.Database(join(dir, 'a.sqlite'), () => {
        raw.run('INSERT INTO twice VALUES (70000)', (error) => raw.close(() => (error ? fail(error) : done())));
      });
    });
    const db = await ReadOnlyDatabase.open(join(dir, 'a.sqlite'), [Numbers1700000000001]);
    expect(await db.damage()).toEqual(['a row of twice names one of number that is not there']);
    await db.close();
    const bytes = await readFile(join(dir, 'a.sqlite'));
    // Within a page of the table.
    bytes.fill(0x5a, 30 * 4096 + 100, 30 * 4096 + 300);
    await writeFile(join(dir, 'hurt.sqlite'), bytes);
    const hurt = await ReadOnlyDatabase.open(join(dir, 'hurt.sqlite'), [Numbers1700000000001]);
    expect((await hurt.damage()).length).toBeGreaterThan(0);
    await hurt.close();
  });

  it('refuses what is not there, no database, or of another version', async () => {
    const open = (name: string, migrations = [Numbers1700000000001]) =>
      ReadOnlyDatabase.open(join(dir, name), migrations);
    await expect(open('none.sqlite')).rejects.toMatchObject({
      code: 'not-ready',
      message: expect.stringContaining('no database'),
    });
    await writeFile(join(dir, 'garbage'), Buffer.alloc(9000, 'nothing like it '));
    await expect(open('garbage')).rejects.toMatchObject({ code: 'not-ready' });
    await (await written(3, [Numbers1700000000001, Later1700000000002])).close();
    await expect(open('a.sqlite')).rejects.toMatchObject({
      code: 'not-ready',
      message: expect.stringContaining('newer version'),
    });
    class Baseline1700000000003 extends Later1700000000002 {}
    await expect(open('a.sqlite', [Baseline1700000000003])).rejects.toMatchObject({
      code: 'not-ready',
      message: expect.stringContaining('build from before the first release'),
    });
    const both = [Numbers1700000000001, Later1700000000002];
    await (await open('a.sqlite', both)).close();
    class Newest1700000000003 extends Later1700000000002 {}
    await expect(open('a.sqlite', [...both, Newest1700000000003])).rejects.toMatchObject({
      code: 'not-ready',
      message: expect.stringContaining('start the node once'),
    });
  });
});
