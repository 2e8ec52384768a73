import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { BLOBS, byIds, changeByIds, countByIds, IDS_PER_QUERY, slices, VALUES } from './by-ids.js';
import { Database } from '../database.js';
import type { SqlValue } from './sql.js';

class Things1763800000000 implements MigrationInterface {
  name = 'Things1763800000000';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE thing (n INTEGER PRIMARY KEY, id BLOB UNIQUE, label TEXT) STRICT');
  }
  async down(): Promise<void> {}
}

const idOf = (n: number): Uint8Array => Uint8Array.of(n & 255, n >> 8, 7);
const MANY = 2 * IDS_PER_QUERY + 1;

describe('many ids', () => {
  let dir: string;
  let db: Database;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'dfs-ids-'));
    db = await Database.open({ file: join(dir, 'dfs.sqlite'), migrations: [Things1763800000000] });
  });
  afterEach(async () => {
    await db.close();
    await rm(dir, { recursive: true, force: true });
  });

  async function fill(): Promise<void> {
    const rows = Array.from({ length: MANY }, (_, n) => [n, idOf(n), `é${n}`]);
    expect(await db.write((tx) => tx.insertCounted('thing', ['n', 'id', 'label'], rows))).toBe(MANY);
  }

  it('are asked for in as few queries as may be, whether they are bytes, hex, numbers or texts', async () => {
    await fill();
    let queries = 0;
    const reader = {
      query: <R>(sql: string, params?: readonly SqlValue[]): Promise<R[]> => (queries++, db.query<R>(sql, params)),
    };
    const numbers = Array.from({ length: MANY }, (_, n) => n);
    const ids = numbers.map(idOf);
    const byBytes = await byIds<{ n: number }>(reader, `SELECT n FROM thing WHERE id IN ${BLOBS}`, ids);
    expect(byBytes.map(({ n }) => n).sort((a, b) => a - b)).toEqual(numbers);
    expect(queries).toBe(3);
    const hex = ids.map((id) => Buffer.from(id).toString('hex'));
    expect(await byIds(db, `SELECT n FROM thing WHERE id IN ${BLOBS}`, hex)).toHaveLength(MANY);
    const of = `FROM thing WHERE n > ?2 AND n < ?3 AND`;
    expect(await byIds(db, `SELECT n ${of} n IN ${VALUES}`, [1, 2, 3, 4], [1, 4])).toEqual([{ n: 2 }, { n: 3 }]);
    expect(await byIds(db, `SELECT n ${of} label IN ${VALUES}`, ['é2', "é'3", 'é3'], [1, 3])).toEqual([{ n: 2 }]);
    queries = 0;
    expect(await byIds(reader, `SELECT n FROM thing WHERE id IN ${BLOBS}`, [])).toEqual([]);
    expect(queries).toBe(0);
  });

  it('are changed likewise, and the changes are counted', async () => {
    await fill();
    const ids = Array.from({ length: MANY }, (_, n) => idOf(n));
    const change = `UPDATE thing SET label = ?2 WHERE id IN ${BLOBS}`;
    expect(await db.write((tx) => countByIds(tx, change, ids.slice(1), ['new']))).toBe(MANY - 1);
    expect(await db.query('SELECT n FROM thing WHERE label <> ?', ['new'])).toEqual([{ n: 0 }]);
    expect(await db.write((tx) => countByIds(tx, change, [], ['none']))).toBe(0);
    await db.write((tx) => changeByIds(tx, change, ids, ['newer']));
    expect(await db.query('SELECT n FROM thing WHERE label <> ?', ['newer'])).toEqual([]);
  });

  it('come in parts of a size', () => {
    expect([...slices([1, 2, 3, 4, 5], 2)]).toEqual([[1, 2], [3, 4], [5]]);
    expect([...slices([])]).toEqual([]);
  });
});

describe('rows added in bulk', () => {
  it('are what was given, whatever the values and however many rows', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'dfs-bulk-'));
    const db = await Database.open({ file: join(dir, 'dfs.sqlite'), migrations: [Things1763800000000] });
    try {
      const row = fc.record({
        id: fc.option(fc.uint8Array({ maxLength: 40 })),
        label: fc.option(fc.string({ unit: 'binary', maxLength: 20 })),
      });
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(row, { selector: ({ id }) => id && Buffer.from(id).toString('hex') }),
          async (given) => {
            const rows = given.map(({ id, label }, n) => [n, id, label]);
            await db.write(async (tx) => {
              await tx.run('DELETE FROM thing');
              expect(await tx.insertCounted('thing', ['n', 'id', 'label'], rows)).toBe(rows.length);
            });
            const stored = await db.query<{ n: number; id: Buffer | null; label: string | null }>(
              'SELECT * FROM thing ORDER BY n',
            );
            expect(stored.map(({ n, id, label }) => [n, id && new Uint8Array(id), label])).toEqual(
              given.map(({ id, label }, n) => [n, id && new Uint8Array(id), label]),
            );
          },
        ),
        { numRuns: 60 },
      );
    } finally {
      await db.close();
      await rm(dir, { recursive: true, force: true });
    }
  });
});
