import fc from 'fast-check';
import { closeRaw, execute, openRaw, rowsOf } from '../raw.js';
import { inlined, literal } from './literal.js';
import type { SqlValue } from './sql.js';

const hostileText = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.array(fc.constantFrom("'", "''", '"', '\0', ';', '--', '/*', '*/', '?', '?1', '\\', '\n', 'é', "x'00'", '$1'), {
      maxLength: 12,
    }),
  )
  .map((text) => (Array.isArray(text) ? text.join('') : text));
const value: fc.Arbitrary<SqlValue> = fc.oneof(
  fc.constant(null),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Number.isInteger(number)),
  hostileText,
  fc.uint8Array({ maxLength: 40 }),
);

describe('values in the text of a statement', () => {
  it('are stored as the same values that are bound', async () => {
    const db = await openRaw(':memory:');
    try {
      await execute(db, 'CREATE TABLE t (way TEXT, a, b)');
      await fc.assert(
        fc.asyncProperty(value, value, async (a, b) => {
          await execute(db, 'DELETE FROM t');
          const insert = "INSERT INTO t VALUES ('it''s ?', ?, ?) -- ?";
          await execute(db, `${inlined(insert, [a, b])}\n; INSERT INTO t VALUES ('after', 1, 2)`);
          await new Promise<void>((resolve, reject) =>
            db.run("INSERT INTO t VALUES ('bound', ?, ?)", [a, b], (error) => (error ? reject(error) : resolve())),
          );
          const select = 'SELECT way, typeof(a) AS ta, a, typeof(b) AS tb, b FROM t ORDER BY rowid';
          const [written, after, bound] = await rowsOf<{ way: string; ta: string; tb: string }>(db, select);
          // The driver binds what is wider than 32 bits as a real number.
          const [ta, tb] = [a, b].map((v, at) => (Number.isInteger(v) ? 'integer' : at === 0 ? bound?.ta : bound?.tb));
          expect(written).toEqual({ ...bound, ta, tb, way: "it's ?" });
          expect(after).toMatchObject({ way: 'after', a: 1, b: 2 });
          expect(await rowsOf(db, 'SELECT 1 FROM t')).toHaveLength(3);
        }),
        { numRuns: 300 },
      );
    } finally {
      await closeRaw(db);
    }
  });

  it('go where the statement names them, by order and by number', () => {
    expect(inlined('SELECT ?2, ?1, ?', [1, 'a', "it's"].slice(0, 2))).toBe("SELECT 'a', 1, 'a'");
    expect(inlined(`SELECT '?', "?", ? /* ? */ -- ?`, [null])).toBe(`SELECT '?', "?", NULL /* ? */ -- ?`);
  });

  it('are as many as the statement has parameters', () => {
    expect(() => inlined('SELECT ?', [])).toThrow(RangeError);
    expect(() => inlined('SELECT ?', [1, 2])).toThrow(RangeError);
    expect(() => inlined("SELECT '?'", [1])).toThrow(RangeError);
  });

  it('are exact numbers or none', () => {
    for (const number of [NaN, Infinity, -Infinity, 2 ** 53, 1e300]) expect(() => literal(number)).toThrow(RangeError);
    expect(literal(-0)).toBe('0');
    expect(literal(1.5e-7)).toBe('1.5e-7');
  });
});
