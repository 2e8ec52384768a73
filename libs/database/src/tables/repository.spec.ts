import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Column, Entity, IsNull, LessThan, PrimaryColumn, type MigrationInterface, type QueryRunner } from 'typeorm';
import { flagColumn, hexColumn } from './columns.js';
import { Database } from '../database.js';
import type { WriteRepository } from './rows.js';

class Keys1763800000000 implements MigrationInterface {
  name = 'Keys1763800000000';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE door_key (
      id BLOB PRIMARY KEY, holder TEXT, used_at INTEGER NOT NULL DEFAULT 0, lost INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID`);
  }
  async down(): Promise<void> {}
}

@Entity({ name: 'door_key', withoutRowid: true })
class KeyEntity {
  @PrimaryColumn({ type: 'blob', transformer: hexColumn })
  id!: string;
  @Column({ type: 'text', nullable: true })
  holder!: string | null;
  @Column({ type: 'integer', name: 'used_at', default: 0 })
  usedAt!: number;
  @Column({ type: 'integer', default: 0, transformer: flagColumn })
  lost!: boolean;
}

const key = (id: string, change: Partial<KeyEntity> = {}): KeyEntity => ({
  id,
  holder: null,
  usedAt: 0,
  lost: false,
  ...change,
});

describe('a repository', () => {
  let dir: string;
  let db: Database;
  const all = () => db.repository(KeyEntity).find({ order: { id: 'ASC' } });

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'dfs-rows-'));
    db = await Database.open({ file: join(dir, 'dfs.sqlite'), migrations: [Keys1763800000000], entities: [KeyEntity] });
  });
  afterEach(async () => {
    await db.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('writes within the unit of work, and is taken back with it', async () => {
    await db.write(async (tx) => {
      await tx.repository(KeyEntity).insert([{ id: 'aa' }, { id: 'bb', holder: 'anna', lost: true }]);
      expect(await tx.repository(KeyEntity).count()).toBe(2);
      expect(await all()).toEqual([]);
    });
    const tried = db.write(async (tx) => {
      await tx.repository(KeyEntity).clear();
      throw new Error('on purpose');
    });
    await expect(tried).rejects.toThrow('on purpose');
    expect(await all()).toEqual([key('aa'), key('bb', { holder: 'anna', lost: true })]);
  });

  it('finds, counts, changes and deletes by columns as they are read', async () => {
    await db.write(async (tx) => {
      const keys = tx.repository(KeyEntity);
      await keys.insert([key('aa', { usedAt: 1 }), key('bb', { usedAt: 2, lost: true }), key('cc', { holder: 'ben' })]);
      await keys.insert([]);
      expect(await keys.update({ id: 'aa' }, { lost: true, usedAt: 9 })).toBe(1);
      expect(await keys.update({ id: 'dd' }, { usedAt: 9 })).toBe(0);
      expect(await keys.delete({ holder: IsNull(), usedAt: LessThan(5) })).toBe(1);
      await keys.put([key('cc', { holder: 'cleo' }), key('ee')]);
      await keys.put([]);
    });
    expect(await all()).toEqual([key('aa', { lost: true, usedAt: 9 }), key('cc', { holder: 'cleo' }), key('ee')]);
    expect(await db.repository(KeyEntity).findOne({ id: 'cc' })).toEqual(key('cc', { holder: 'cleo' }));
    expect(await db.repository(KeyEntity).findOne({ id: 'bb' })).toBeUndefined();
    expect(await db.repository(KeyEntity).count({ lost: true })).toBe(1);
    expect(await db.repository(KeyEntity).count([{ lost: true }, { id: 'ee' }])).toBe(2);
  });

  it('does not outlive its unit of work, and writes nowhere else', async () => {
    let late: WriteRepository<KeyEntity> | undefined;
    await db.write(async (tx) => void (late = tx.repository(KeyEntity)));
    await expect(late!.insert({ id: 'aa' })).rejects.toThrow('not awaited');
    await expect(late!.find()).rejects.toThrow('not awaited');
    const committed = db.repository(KeyEntity) as WriteRepository<KeyEntity>;
    await expect(committed.insert({ id: 'aa' })).rejects.toThrow('within a unit of work');
    expect(await all()).toEqual([]);
  });

  it('names a failure without the values of the row', async () => {
    const error = await db
      .write((tx) => tx.repository(KeyEntity).insert([key('5ec2e7'), key('5ec2e7')]))
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'DatabaseError', sqliteCode: 'SQLITE_CONSTRAINT' });
    expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain('5ec2e7');
    expect(Object.keys(error as object)).not.toContain('parameters');
    await db.write((tx) => tx.repository(KeyEntity).insert({ id: 'aa' }));
    expect(await all()).toHaveLength(1);
  });
});
