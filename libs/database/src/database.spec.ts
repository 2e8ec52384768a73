import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import fc from 'fast-check';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { MiB } from '@dfs/runtime';
import { Connection } from './connection.js';
import { Database } from './database.js';
import { DatabaseError, type Tx } from './sql/sql.js';

class Numbers1763800000000 implements MigrationInterface {
  name = 'Numbers1763800000000';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE number (n INTEGER PRIMARY KEY, v BLOB) STRICT');
  }
  async down(): Promise<void> {}
}

class Later1763800000001 implements MigrationInterface {
  name = 'Later1763800000001';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE number ADD COLUMN w INTEGER');
  }
  async down(): Promise<void> {}
}

class Failing1763800000001 implements MigrationInterface {
  name = 'Failing1763800000001';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE number ADD COLUMN w INTEGER');
    throw new Error('on purpose');
  }
  async down(): Promise<void> {}
}

describe('Database', () => {
  let dir: string;
  let file: string;
  let db: Database;
  const count = async (): Promise<number> => (await db.query<{ c: number }>('SELECT count(*) c FROM number'))[0]!.c;
  const insert = (tx: Tx, n: number) => tx.run('INSERT INTO number (n) VALUES (?)', [n]);

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'dfs-db-'));
    file = join(dir, 'dfs.sqlite');
    db = await Database.open({ file, migrations: [Numbers1763800000000] });
  });
  afterEach(async () => {
    await db.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('commits a unit as a whole and tells afterwards', async () => {
    const told: string[] = [];
    const result = await db.write(async (tx) => {
      await insert(tx, 1);
      tx.afterCommit(() => told.push('first'));
      tx.afterCommit(() => {
        throw new Error('a listener that fails');
      });
      tx.afterCommit(() => told.push('last'));
      expect(await count()).toBe(0);
      expect(await tx.query('SELECT n FROM number')).toEqual([{ n: 1 }]);
      return 'result';
    });
    expect(result).toBe('result');
    expect(told).toEqual(['first', 'last']);
    expect(await count()).toBe(1);
  });

  it('takes a failed unit back and goes on', async () => {
    const told: string[] = [];
    const failed = db.write(async (tx) => {
      await insert(tx, 1);
      tx.afterCommit(() => told.push('no'));
      throw new Error('on purpose');
    });
    await expect(failed).rejects.toThrow('on purpose');
    await db.write((tx) => insert(tx, 2));
    expect(await db.query('SELECT n FROM number')).toEqual([{ n: 2 }]);
    expect(told).toEqual([]);
  });

  it('goes on after a commit that failed, even if the database could not be reopened at once', async () => {
    const open = jest.spyOn(Connection, 'open').mockRejectedValueOnce(new Error('no descriptor is left'));
    const exec = jest.spyOn(Connection.prototype, 'exec');
    exec.mockRejectedValueOnce(new DatabaseError('SQLITE_IOERR', 'disk I/O error'));
    await expect(db.write((tx) => tx.later('INSERT INTO number (n) VALUES (7)'))).rejects.toThrow('cannot be written');
    expect(db.failing).toBe('SQLITE_IOERR');
    await db.write((tx) => insert(tx, 1));
    expect(await count()).toBe(1);
    expect(open).toHaveBeenCalledTimes(2);
    expect(db.failing).toBeNull();
    open.mockRestore();
    exec.mockRestore();
  });

  it('undoes a unit that its own rules refuse at the commit', async () => {
    const refused = db.write(async (tx) => {
      await tx.run('CREATE TABLE pair (n INTEGER REFERENCES number (n) DEFERRABLE INITIALLY DEFERRED)');
      await tx.run('INSERT INTO pair VALUES (7)');
    });
    await expect(refused).rejects.toMatchObject({ sqliteCode: 'SQLITE_CONSTRAINT' });
    await db.write((tx) => insert(tx, 1));
    expect(await db.query("SELECT name FROM sqlite_master WHERE name = 'pair'")).toEqual([]);
  });

  it('gives back what a great deletion has freed, in parts, and keeps what small changes need', async () => {
    await db.close();
    const roomBytes = 6 * MiB;
    db = await Database.open({ file, migrations: [Numbers1763800000000], roomBytes });
    const bytes = async (): Promise<number> => {
      const [row] = await db.query<{ pages: number }>('SELECT page_count AS pages FROM pragma_page_count()');
      return row!.pages * 4096;
    };
    await db.write((tx) => tx.run('INSERT INTO number VALUES (1, zeroblob(?)), (2, zeroblob(1000))', [64 * MiB]));
    await db.write((tx) => tx.run('DELETE FROM number WHERE n = 1'));
    expect(await bytes()).toBeGreaterThan(64 * MiB);
    const [, written] = await Promise.all([db.giveBack(), db.write((tx) => insert(tx, 3))]);
    expect(written.changes).toBe(1);
    expect(await bytes()).toBeLessThan(roomBytes + 10 * MiB);
    expect(await bytes()).toBeGreaterThan(roomBytes);
    expect(await count()).toBe(2);
    await db.giveBack();
  });

  describe('on a disk that is full', () => {
    const roomBytes = 6 * MiB;
    beforeEach(async () => {
      await db.close();
      db = await Database.open({ file, migrations: [Numbers1763800000000], roomBytes });
    });
    /** As on a disk without a free byte: the file gets no longer. */
    const fill = async (): Promise<void> => {
      const [pages] = await db.query<{ page_count: number }>('PRAGMA page_count');
      await db.write((tx) => tx.query(`PRAGMA max_page_count = ${pages!.page_count}`));
    };
    const free = async (): Promise<number> =>
      (
        await db.query<{ bytes: number }>(
          'SELECT freelist_count * page_size AS bytes FROM pragma_freelist_count, pragma_page_size',
        )
      )[0]!.bytes;

    it('goes on for as long as there is room in its own files', async () => {
      expect((await stat(`${file}-wal`)).size).toBeGreaterThanOrEqual(roomBytes);
      expect(await free()).toBeGreaterThanOrEqual(roomBytes);
      await fill();
      const before = (await stat(`${file}-wal`)).size;
      for (let n = 0; n < 200; n++)
        await db.write((tx) => tx.run('INSERT INTO number VALUES (?, zeroblob(5000))', [n]));
      expect(await count()).toBe(200);
      expect((await stat(`${file}-wal`)).size).toBe(before);
      const tooMuch = db.write((tx) => tx.run('INSERT INTO number VALUES (1000, zeroblob(?))', [2 * roomBytes]));
      await expect(tooMuch).rejects.toMatchObject({ code: 'no-space' });
      await db.write((tx) => tx.run('DELETE FROM number WHERE n < 100'));
      expect(await count()).toBe(100);
    });

    it('makes room again while there is some', async () => {
      for (let n = 0; n < 1500; n++)
        await db.write((tx) => tx.run('INSERT INTO number VALUES (?, zeroblob(5000))', [n]));
      expect(await free()).toBeGreaterThan(roomBytes / 8);
      expect(await db.query("SELECT name FROM sqlite_master WHERE name = 'room'")).toEqual([]);
    });
  });

  it('never lets two units share a transaction, however they are mixed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ fails: fc.boolean(), rows: fc.integer({ min: 1, max: 4 }) })),
        async (units) => {
          await db.write((tx) => tx.run('DELETE FROM number'));
          let next = 0;
          const runs = units.map(async ({ fails, rows }) => {
            const mine = Array.from({ length: rows }, () => next++);
            await db
              .write(async (tx) => {
                for (const n of mine) await insert(tx, n);
                if (fails) throw new Error('on purpose');
              })
              .catch(() => undefined);
            return fails ? [] : mine;
          });
          const expected = (await Promise.all(runs)).flat().sort((a, b) => a - b);
          const rows = await db.query<{ n: number }>('SELECT n FROM number ORDER BY n');
          expect(rows.map((row) => row.n)).toEqual(expected);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('refuses what was not awaited when the unit ended', async () => {
    let late: Tx | undefined;
    await db.write(async (tx) => {
      late = tx;
    });
    await expect(late!.run('DELETE FROM number')).rejects.toThrow('not awaited');
    await expect(late!.later('DELETE FROM number')).rejects.toThrow('not awaited');
  });

  describe('statements whose answer nobody needs', () => {
    const later = (tx: Tx, n: number): Promise<void> => tx.later('INSERT INTO number (n) VALUES (?)', [n]);

    it('are done in their order, before what is asked after them, and with the commit', async () => {
      await db.write(async (tx) => {
        await later(tx, 1);
        await later(tx, 2);
        expect(await tx.query('SELECT n FROM number')).toEqual([{ n: 1 }, { n: 2 }]);
        await tx.later('UPDATE number SET n = n + 10 -- all');
        expect(await tx.run('DELETE FROM number WHERE n = 11')).toMatchObject({ changes: 1 });
        await later(tx, 3);
      });
      expect(await db.query('SELECT n FROM number ORDER BY n')).toEqual([{ n: 3 }, { n: 12 }]);
    });

    it('are undone with the unit that fails, whoever tells of it', async () => {
      await db.write((tx) => later(tx, 1));
      const asked = db.write(async (tx) => {
        await later(tx, 2);
        await later(tx, 1);
        return tx.query('SELECT 1');
      });
      await expect(asked).rejects.toMatchObject({ sqliteCode: 'SQLITE_CONSTRAINT' });
      const committed = db.write(async (tx) => {
        await later(tx, 3);
        await later(tx, 1);
        await later(tx, 4);
      });
      await expect(committed).rejects.toMatchObject({ sqliteCode: 'SQLITE_CONSTRAINT' });
      const thrown = db.write(async (tx) => {
        await later(tx, 5);
        throw new Error('on purpose');
      });
      await expect(thrown).rejects.toThrow('on purpose');
      expect(await db.query('SELECT n FROM number')).toEqual([{ n: 1 }]);
      await db.write((tx) => later(tx, 6));
      expect(await count()).toBe(2);
    });

    it('fail the unit for good: nothing of it is kept where the failure is caught', async () => {
      await db.write((tx) => later(tx, 1));
      const caught = db.write(async (tx) => {
        await later(tx, 2);
        await later(tx, 1);
        await tx.query('SELECT 1').catch(() => undefined);
        await later(tx, 3);
      });
      await expect(caught).rejects.toMatchObject({ sqliteCode: 'SQLITE_CONSTRAINT' });
      expect(await count()).toBe(1);
    });

    it('may be as long and as many as they like', async () => {
      const bytes = Buffer.alloc(700 * 1024, 7);
      await db.write(async (tx) => {
        for (let n = 0; n < 3; n++) await tx.later('INSERT INTO number (n, v) VALUES (?, ?)', [n, bytes]);
        for (let n = 3; n < 20; n++) {
          await tx.later('INSERT INTO number (n, v) VALUES (?, ?)', [n, bytes.subarray(0, 200_000)]);
        }
      });
      expect(await db.query('SELECT count(*) AS n, sum(length(v)) AS bytes FROM number')).toEqual([
        { n: 20, bytes: 3 * 700 * 1024 + 17 * 200_000 },
      ]);
    });
  });

  it('inserts many rows of bytes, numbers and nulls', async () => {
    const rows = Array.from({ length: 12_345 }, (_, n) => [n, n % 3 === 0 ? null : Buffer.from([n & 255])] as const);
    await db.write((tx) => tx.insertMany('number', ['n', 'v'], rows));
    await db.write((tx) => tx.insertMany('number', ['n', 'v'], [[5, null]], 'ignore'));
    expect(await count()).toBe(12_345);
    expect(await db.query('SELECT v FROM number WHERE n = 5')).toEqual([{ v: Buffer.from([5]) }]);
  });

  it('does not let the read connection write', async () => {
    await expect(db.query('DELETE FROM number')).rejects.toThrow(/readonly/);
  });

  it('names the failure, without the values of the statement', async () => {
    await db.write((tx) => insert(tx, 7));
    const error = await db.write((tx) => insert(tx, 7)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'DatabaseError', sqliteCode: 'SQLITE_CONSTRAINT' });
    expect(JSON.stringify(error)).not.toContain('parameters');
  });

  it('refuses a database of a newer version and one that is damaged', async () => {
    await db.close();
    await (await Database.open({ file, migrations: [Numbers1763800000000, Later1763800000001] })).close();
    await expect(Database.open({ file, migrations: [Numbers1763800000000] })).rejects.toMatchObject({
      code: 'not-ready',
      message: expect.stringMatching(/newer version of DFS \(Later1763800000001\): start that version/) as string,
    });
    db = await Database.open({ file, migrations: [Numbers1763800000000, Later1763800000001] });
    await db.write((tx) =>
      tx.insertMany(
        'number',
        ['n', 'v'],
        Array.from({ length: 5000 }, (_, n) => [n, Buffer.alloc(64)]),
      ),
    );
    await db.close();
    await writeFile(file, Buffer.alloc(8192, 0xff), { flag: 'r+' });
    await expect(Database.open({ file, migrations: [Numbers1763800000000] })).rejects.toThrow();
  });

  it('refuses a database that has seen none of the migrations it knows, and changes nothing in it', async () => {
    await db.write((tx) => insert(tx, 1));
    await db.close();
    const before = await readFile(file);
    class Baseline1763800000002 extends Numbers1763800000000 {
      override name = 'Baseline1763800000002';
    }
    let told = false;
    const beforeMigrating = (): Promise<void> => Promise.resolve(void (told = true));
    await expect(Database.open({ file, migrations: [Baseline1763800000002], beforeMigrating })).rejects.toMatchObject({
      code: 'not-ready',
      message: expect.stringMatching(/build from before the first release.*nothing was changed/) as string,
    });
    expect(told).toBe(false);
    expect((await readFile(file)).equals(before)).toBe(true);
    db = await Database.open({ file, migrations: [Numbers1763800000000] });
    expect(await count()).toBe(1);
  });

  it('leaves the old data usable when a migration fails', async () => {
    await db.write((tx) => insert(tx, 1));
    await db.close();
    const migrations = [Numbers1763800000000, Failing1763800000001];
    await expect(Database.open({ file, migrations })).rejects.toThrow('on purpose');
    db = await Database.open({ file, migrations: [Numbers1763800000000] });
    expect(await db.query('SELECT * FROM number')).toEqual([{ n: 1, v: null }]);
  });

  it('refuses units after close and waits for those before', async () => {
    const before = db.write((tx) => insert(tx, 1));
    const closing = db.close();
    await before;
    await closing;
    await expect(db.write((tx) => insert(tx, 2))).rejects.toMatchObject({ code: 'shutting-down' });
  });

  it('keeps what was acknowledged when the process is killed', async () => {
    await db.close();
    const child = spawn(process.execPath, [
      '-e',
      `const sqlite3 = require('sqlite3'); const db = new sqlite3.Database(process.argv[1]);
       db.serialize(() => { db.run('PRAGMA journal_mode=WAL'); db.run('PRAGMA synchronous=FULL'); });
       let n = 0; const next = () => db.run('INSERT INTO number (n) VALUES (?)', [n], () => { process.stdout.write(n++ + '\\n'); next(); }); next();`,
      file,
    ]);
    let seen = '';
    child.stdout.on('data', (data: Buffer) => {
      seen += data.toString();
      if (seen.length > 400) child.kill('SIGKILL');
    });
    await new Promise((resolve) => child.once('close', resolve));
    const acknowledged = seen.trimEnd().split('\n').length;
    db = await Database.open({ file, migrations: [Numbers1763800000000] });
    expect(await count()).toBeGreaterThanOrEqual(acknowledged);
  });
});
