import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Database } from './database.js';
import { ReadOnlyDatabase } from './read-only.js';
import { Snapshots, type Snapshot } from './snapshots.js';

class Numbers1700000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE number (n INTEGER PRIMARY KEY, v BLOB) STRICT');
  }
  async down(): Promise<void> {}
}
class Later1700000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE later (n INTEGER PRIMARY KEY) STRICT');
  }
  async down(): Promise<void> {}
}
const migrations = [Numbers1700000000001];

describe('Snapshots', () => {
  let dir: string;
  let db: Database;
  let snapshots: Snapshots;
  let room: number;
  let now: number;
  const file = (): string => join(dir, 'dfs.sqlite');

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'dfs-snap-'));
    db = await Database.open({ file: file(), migrations });
    room = Infinity;
    now = Date.UTC(2026, 10, 29, 18, 7, 6, 500);
    const clock = { now: () => now };
    snapshots = new Snapshots({ database: file(), dir: join(dir, 'snapshots'), room: async () => room, clock });
  });
  afterEach(async () => {
    await db.close();
    await rm(dir, { recursive: true, force: true });
  });

  const insert = (from: number, count: number): Promise<void> =>
    db.write((tx) =>
      tx.insertMany(
        'number',
        ['n', 'v'],
        Array.from({ length: count }, (_, n) => [from + n, Buffer.alloc(400, n)]),
      ),
    );

  async function countIn(snapshot: Snapshot): Promise<number> {
    const copy = await ReadOnlyDatabase.open(snapshot.file, migrations);
    try {
      return (await copy.query<{ c: number }>('SELECT count(*) AS c FROM number'))[0]!.c;
    } finally {
      await copy.close();
    }
  }

  async function damage(target: string): Promise<void> {
    const bytes = await readFile(target);
    bytes.fill(0xa5, 4096 * 2, 4096 * 3);
    await writeFile(target, bytes);
  }

  it('are copies of one moment, for their owner alone, with what is in the log', async () => {
    await insert(0, 1000);
    const snapshot = await snapshots.take();
    await insert(1000, 10);
    expect(await countIn(snapshot)).toBe(1000);
    expect((await stat(snapshot.file)).mode & 0o777).toBe(0o600);
    expect(snapshot.file).toBe(join(dir, 'snapshots', '000001-20261129T180706Z.sqlite'));
    expect(await snapshots.list()).toEqual([snapshot]);
    expect(snapshot.takenAt).toBe(Date.UTC(2026, 10, 29, 18, 7, 6));
    expect(await readdir(join(dir, 'snapshots/tmp'))).toEqual([]);
  });

  it('are taken while units of work and reads go on', async () => {
    await insert(0, 20_000);
    let taken = false;
    const taking = snapshots.take().finally(() => (taken = true));
    let units = 0;
    for (let at = 20_000; !taken; at++, units++) {
      await insert(at, 1);
      await db.query('SELECT max(n) FROM number');
    }
    // Each unit was committed while the copy was being made, in a moment of which it is the state.
    const count = await countIn(await taking);
    expect(units).toBeGreaterThan(0);
    expect(count).toBeGreaterThanOrEqual(20_000);
    expect(count).toBeLessThanOrEqual(20_000 + units);
  });

  it('are two: an older one goes when there are newer ones that are sound', async () => {
    await insert(0, 1000);
    for (let n = 0; n < 3; n++) await snapshots.take();
    expect((await snapshots.list()).map(({ number }) => number)).toEqual([3, 2]);
    await damage((await snapshots.list())[0]!.file);
    await snapshots.take();
    // The third was not sound any more: the second stays in its place.
    expect((await snapshots.list()).map(({ number }) => number)).toEqual([4, 2]);
    await damage((await snapshots.list())[0]!.file);
    const { snapshot, damaged } = await snapshots.newestSound();
    expect(snapshot?.number).toBe(2);
    expect(damaged.map((one) => one.snapshot.number)).toEqual([4]);
  });

  it('are not taken of a database that is damaged, and leave those before alone', async () => {
    await insert(0, 2000);
    await snapshots.take();
    await db.close();
    await damage(file());
    await expect(snapshots.take()).rejects.toMatchObject({ name: 'DatabaseError' });
    expect((await snapshots.list()).map(({ number }) => number)).toEqual([1]);
    expect(await readdir(join(dir, 'snapshots/tmp'))).toEqual([]);
  });

  it('are not taken where there is no room, and nothing of them stays', async () => {
    await insert(0, 1000);
    room = 100_000;
    await expect(snapshots.take()).rejects.toMatchObject({ code: 'no-space' });
    expect(await snapshots.list()).toEqual([]);
    room = 10_000_000;
    await snapshots.take();
    expect(await snapshots.list()).toHaveLength(1);
  });

  it('are taken before a database that was in use is migrated, and not of a new one', async () => {
    let calls = 0;
    const beforeMigrating = async (): Promise<void> => {
      calls++;
      await snapshots.take();
    };
    await insert(0, 5);
    await db.close();
    const both = [...migrations, Later1700000000002];
    db = await Database.open({ file: file(), migrations: both, beforeMigrating });
    expect(calls).toBe(1);
    const [snapshot] = await snapshots.list();
    // It is of the schema before.
    expect(await countIn(snapshot!)).toBe(5);
    await db.close();
    db = await Database.open({ file: file(), migrations: both, beforeMigrating });
    const fresh = await Database.open({ file: join(dir, 'new.sqlite'), migrations: both, beforeMigrating });
    await fresh.close();
    expect(calls).toBe(1);
  });
});
