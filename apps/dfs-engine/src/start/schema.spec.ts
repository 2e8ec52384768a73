import { DataSource } from 'typeorm';
import { entityShapes, fileShapes, type TableShape } from '@dfs/database';
import { tempDatabase, type TempDatabase } from '@dfs/testing';
import { entities, migrations } from './migrations.js';

describe('the entities', () => {
  let temp: TempDatabase;
  let described: TableShape[];

  beforeAll(async () => {
    temp = await tempDatabase(migrations);
    described = (await entityShapes(entities)).sort((a, b) => (a.name < b.name ? -1 : 1));
  });
  afterAll(() => temp.remove());

  it('describe the tables that the migrations make: each of them, with columns, keys, indices and checks', async () => {
    expect(await fileShapes(temp.db)).toEqual(described);
    expect(described.length).toBeGreaterThan(40);
  });

  it.each([
    ['a column more', 'invite', 'ALTER TABLE invite ADD COLUMN extra TEXT'],
    ['a column missing', 'peer_known', 'ALTER TABLE peer_known DROP COLUMN last_seen'],
    ['another name', 'peer_known', 'ALTER TABLE peer_known RENAME COLUMN last_seen TO seen'],
    [
      'another type',
      'engine_setting',
      'CREATE TABLE x (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID',
    ],
    [
      'a column that may be null',
      'engine_setting',
      'CREATE TABLE x (key TEXT PRIMARY KEY, value TEXT) STRICT, WITHOUT ROWID',
    ],
    [
      'a default',
      'engine_setting',
      "CREATE TABLE x (key TEXT PRIMARY KEY, value TEXT NOT NULL DEFAULT '') STRICT, WITHOUT ROWID",
    ],
    [
      'another key',
      'engine_setting',
      'CREATE TABLE x (key TEXT, value TEXT NOT NULL, PRIMARY KEY (key, value)) STRICT, WITHOUT ROWID',
    ],
    [
      'types that are not held',
      'engine_setting',
      'CREATE TABLE x (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID',
    ],
    ['a rowid', 'engine_setting', 'CREATE TABLE x (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT'],
    [
      'a UNIQUE',
      'engine_setting',
      'CREATE TABLE x (key TEXT PRIMARY KEY, value TEXT NOT NULL UNIQUE) STRICT, WITHOUT ROWID',
    ],
    [
      'a CHECK',
      'engine_setting',
      "CREATE TABLE x (key TEXT PRIMARY KEY, value TEXT NOT NULL CHECK (value <> '')) STRICT, WITHOUT ROWID",
    ],
    [
      'a foreign key',
      'engine_setting',
      'CREATE TABLE x (key TEXT PRIMARY KEY, value TEXT NOT NULL REFERENCES pack (name)) STRICT, WITHOUT ROWID',
    ],
    [
      'a computed column',
      'engine_setting',
      'CREATE TABLE x (key TEXT PRIMARY KEY, value TEXT NOT NULL AS (key)) STRICT, WITHOUT ROWID',
    ],
    [
      'numbers that are given twice',
      'event',
      'CREATE TABLE x (seq INTEGER PRIMARY KEY, type TEXT NOT NULL, time INTEGER NOT NULL, data TEXT NOT NULL) STRICT',
    ],
    ['an index missing', 'dht_provide', 'DROP INDEX dht_provide_due'],
    ['an index more', 'dht_provide', 'CREATE INDEX dht_provide_failures ON dht_provide (failures)'],
    ['an index of other columns', 'dht_provide', 'CREATE INDEX dht_provide_due ON dht_provide (due, failures)'],
    ['an index of another order', 'dht_provide', 'CREATE INDEX dht_provide_due ON dht_provide (due DESC)'],
    ['an index that is unique', 'dht_provide', 'CREATE UNIQUE INDEX dht_provide_due ON dht_provide (due)'],
    ['an index of all rows', 'pack', 'CREATE INDEX pack_found ON pack (found_at)'],
    ['no entity', 'stray', 'CREATE TABLE stray (id INTEGER PRIMARY KEY) STRICT'],
    ['no table', 'owner_vote', 'DROP TABLE owner_vote'],
  ])('differ from a table that has %s', async (_, table, sql) => {
    const seen: TableShape[] = [];
    const tried = temp.db.write(async (tx) => {
      const index = /INDEX (\w+) ON/.exec(sql)?.[1];
      if (index) await tx.run(`DROP INDEX IF EXISTS ${index}`);
      if (sql.startsWith('CREATE TABLE x')) await tx.run(`DROP TABLE ${table}`);
      await tx.run(sql.replace('TABLE x', `TABLE ${table}`));
      seen.push(...(await fileShapes(tx)));
      throw new Error('taken back');
    });
    await expect(tried).rejects.toThrow('taken back');
    expect(differing(seen, described)).toEqual([table]);
  });

  it('leave the schema builder of TypeORM nothing to do where it knows what such a table is', async () => {
    const source = new DataSource({ type: 'sqlite', database: temp.db.file, entities });
    await source.initialize();
    try {
      const { upQueries } = await source.driver.createSchemaBuilder().log();
      const touched = new Set(upQueries.map(({ query }) => /(?:INTO|TABLE) "(?:temporary_)?(\w+)"/.exec(query)?.[1]));
      const known = described.filter(isKnownToBuilder).map(({ name }) => name);
      expect(known.length).toBeGreaterThan(15);
      expect(known.filter((name) => touched.has(name))).toEqual([]);
    } finally {
      await source.destroy();
    }
  });
});

/**
 * The builder would have a rowid that is NOT NULL, names of its own for keys and checks, and each of its indices said by an
 * entity. Of STRICT it knows nothing, and leaves it alone.
 */
function isKnownToBuilder({ withoutRowid, foreignKeys, checks, indexes }: TableShape): boolean {
  return withoutRowid && foreignKeys.length === 0 && checks.length === 0 && indexes.every(({ name }) => name !== null);
}

/** Names of tables that differ, or are in one of the two alone. */
function differing(some: readonly TableShape[], others: readonly TableShape[]): string[] {
  const texts = [some, others].map((shapes) => new Map(shapes.map((shape) => [shape.name, JSON.stringify(shape)])));
  const names = new Set(texts.flatMap((text) => [...text.keys()]));
  return [...names].filter((name) => texts[0]?.get(name) !== texts[1]?.get(name));
}
