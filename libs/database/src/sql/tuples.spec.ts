import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Database } from '../database.js';
import { tuples, tuplesFrom, type Tuples } from './tuples.js';

class Things1763800000000 implements MigrationInterface {
  name = 'Things1763800000000';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE thing (n INTEGER PRIMARY KEY, text TEXT, bytes BLOB) STRICT');
  }
  async down(): Promise<void> {}
}

const TEXTS = ['', 'a', 'é', '"', '\\', '\n\t', '\u{1f600}', 'x'.repeat(10_000)];

describe('rows in one text', () => {
  let dir: string;
  let db: Database;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'dfs-tuples-'));
    db = await Database.open({ file: join(dir, 'dfs.sqlite'), migrations: [Things1763800000000] });
  });
  afterEach(async () => {
    await db.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('are those of the query, in the order asked for, whatever stands in them', async () => {
    const rows = TEXTS.map((text, n) => [n, text, n === 0 ? null : Buffer.from(text)]);
    await db.write((tx) => tx.insertMany('thing', ['n', 'text', 'bytes'], rows));
    const sql = tuples(['n', 'text', 'hex(bytes)'], '(SELECT * FROM thing WHERE n >= ? LIMIT 100)', 'n DESC');
    const from = async (n: number): Promise<unknown[]> => tuplesFrom(await db.query<Tuples>(sql, [n]));
    const expected = TEXTS.map((text, n) => [n, text, Buffer.from(text).toString('hex').toUpperCase()]);
    expect(await from(0)).toEqual(expected.toReversed());
    expect(await from(TEXTS.length)).toEqual([]);
  });

  it('of several answers follow each other', () => {
    expect(tuplesFrom([])).toEqual([]);
    expect(tuplesFrom([{ rows: '[[1,null]]' }, { rows: '[]' }, { rows: '[[2,"b"],[3,"c"]]' }])).toEqual([
      [1, null],
      [2, 'b'],
      [3, 'c'],
    ]);
  });
});
