import { readFile } from 'node:fs/promises';
import { Database, type MigrationClass } from '@dfs/database';
import { tempDir, testDatabase, type TempDir } from './temp.js';

/** Runs of migrations, by name. */
const ran: string[] = [];

/** Migrations of a name, each a class of its own. */
function migration(name: string, sql: string): MigrationClass {
  const classes = {
    [name]: class {
      async up(runner: { query(sql: string): Promise<unknown> }): Promise<void> {
        ran.push(name);
        await runner.query(sql);
      }
      async down(): Promise<void> {}
    },
  };
  return classes[name] as MigrationClass;
}

const FIRST = migration('First1000000000001', 'CREATE TABLE first (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT');
const SECOND = migration('Second1000000000002', 'CREATE INDEX first_text ON first (text)');

describe('a database that is copied from one that was migrated', () => {
  let dir: TempDir;
  beforeEach(async () => {
    dir = await tempDir();
    ran.length = 0;
  });
  afterEach(() => dir.remove());

  /** All that SQLite knows of a file, once it is closed. */
  async function schemaOf(opened: Promise<Database>): Promise<unknown[]> {
    const db = await opened;
    try {
      const tables = await db.query('SELECT type, name, tbl_name, rootpage, sql FROM sqlite_master ORDER BY name');
      const applied = await db.query<{ name: string }>('SELECT id, timestamp, name FROM migrations ORDER BY id');
      const [vacuum] = await db.query('PRAGMA auto_vacuum');
      return [tables, applied, vacuum];
    } finally {
      await db.close();
    }
  }

  it('is what its migrations would have made, and they ran once for all', async () => {
    const migrations = [FIRST, SECOND];
    const made = await schemaOf(Database.open({ file: dir.file('made.sqlite'), migrations }));
    ran.length = 0;
    expect(await schemaOf(testDatabase({ file: dir.file('one.sqlite'), migrations }))).toEqual(made);
    expect(await schemaOf(testDatabase({ file: dir.file('two.sqlite'), migrations: [...migrations] }))).toEqual(made);
    expect(ran).toHaveLength(2);
  });

  it('is another where one migration is: by its class, not by its name', async () => {
    const changed = migration('First1000000000001', 'CREATE TABLE changed (id INTEGER PRIMARY KEY) STRICT');
    const schemas = new Set<string>();
    for (const migrations of [[FIRST], [changed], [FIRST, SECOND]]) {
      schemas.add(
        JSON.stringify(await schemaOf(testDatabase({ file: dir.file(`${schemas.size}.sqlite`), migrations }))),
      );
    }
    expect(schemas.size).toBe(3);
    expect([...schemas][1]).toContain('CREATE TABLE changed');
  });

  it('begins empty, whatever was written to another; a file that is there stays what it is', async () => {
    const migrations = [FIRST];
    const one = await testDatabase({ file: dir.file('one.sqlite'), migrations });
    await one.write((tx) => tx.run("INSERT INTO first (text) VALUES ('mine')"));
    const other = await testDatabase({ file: dir.file('other.sqlite'), migrations });
    expect(await other.query('SELECT * FROM first')).toEqual([]);
    await Promise.all([one.close(), other.close()]);
    const again = await testDatabase({ file: dir.file('one.sqlite'), migrations });
    expect(await again.query('SELECT text FROM first')).toEqual([{ text: 'mine' }]);
    await again.close();
  });

  it('is migrated on from there', async () => {
    const file = dir.file('dfs.sqlite');
    await (await testDatabase({ file, migrations: [FIRST] })).close();
    const before = await readFile(file);
    await (await testDatabase({ file, migrations: [FIRST, SECOND] })).close();
    expect((await readFile(file)).equals(before)).toBe(false);
    expect(ran.filter((name) => name.startsWith('Second'))).toHaveLength(1);
  });
});
