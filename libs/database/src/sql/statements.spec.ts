import sqlite3 from 'sqlite3';
import { Statements } from './statements.js';

describe('Statements', () => {
  let db: sqlite3.Database;
  let statements: Statements;
  const close = (): Promise<Error | null> => new Promise((resolve) => db.close(resolve));

  beforeEach(async () => {
    db = await new Promise((resolve, reject) => {
      const opened = new sqlite3.Database(':memory:', (error) => (error ? reject(error) : resolve(opened)));
    });
    statements = new Statements(db);
    await statements.run('CREATE TABLE number (n INTEGER PRIMARY KEY) STRICT', []);
  });

  it('are used again with other values, by many at once, and tell what they changed', async () => {
    const insert = 'INSERT INTO number (n) VALUES (?)';
    const results = await Promise.all(Array.from({ length: 200 }, (_, n) => statements.run(insert, [n])));
    expect(results).toEqual(Array.from({ length: 200 }, (_, n) => ({ changes: 1, lastId: n })));
    const found = await Promise.all([7, 8, 900].map((n) => statements.all('SELECT n FROM number WHERE n = ?', [n])));
    expect(found).toEqual([[{ n: 7 }], [{ n: 8 }], []]);
    await statements.close();
    expect(await close()).toBeNull();
  });

  it('fail for one caller and not for the others, and leave nothing open that would hold up a commit', async () => {
    const insert = 'INSERT INTO number (n) VALUES (?)';
    await statements.run('BEGIN', []);
    const outcomes = await Promise.allSettled([1, 2, 2, 3, 3].map((n) => statements.run(insert, [n])));
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(2);
    await statements.run('COMMIT', []);
    expect(await statements.all('SELECT n FROM number', [])).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    await expect(statements.all('SELECT x FROM number', [])).rejects.toThrow('no such column');
    await statements.run(insert, [4]);
    await statements.close();
    expect(await close()).toBeNull();
  });

  it('go when there are too many of them, or they are long, also while they are in use', async () => {
    const one = (n: number): Promise<unknown[]> => statements.all(`SELECT ${n} AS n`, []);
    const long = (n: number): Promise<unknown[]> => statements.all(`SELECT ${n} AS n /* ${'-'.repeat(3000)} */`, []);
    const numbers = Array.from({ length: 400 }, (_, n) => n);
    expect(await Promise.all(numbers.map(one))).toEqual(numbers.map((n) => [{ n }]));
    expect(await Promise.all(numbers.map(long))).toEqual(numbers.map((n) => [{ n }]));
    await statements.close();
    expect(await close()).toBeNull();
  });

  it('that are under way when all is closed are waited for, and later ones refused', async () => {
    const numbers = Array.from({ length: 50 }, (_, n) => n);
    const calls = numbers.map((n) => statements.all(`SELECT ${n % 5} AS n, ${n} AS m`, []));
    const closing = statements.close();
    await expect(statements.all('SELECT 1', [])).rejects.toMatchObject({ code: 'shutting-down' });
    await closing;
    expect(await Promise.all(calls)).toHaveLength(50);
    expect(await close()).toBeNull();
  });

  it('see a table that has changed since they were prepared', async () => {
    await statements.run('INSERT INTO number (n) VALUES (?)', [1]);
    expect(await statements.all('SELECT * FROM number', [])).toEqual([{ n: 1 }]);
    await statements.run("ALTER TABLE number ADD COLUMN name TEXT NOT NULL DEFAULT 'x'", []);
    expect(await statements.all('SELECT * FROM number', [])).toEqual([{ n: 1, name: 'x' }]);
    await statements.close();
    expect(await close()).toBeNull();
  });
});
