import { hexOf } from './by-ids.js';
import type { SqlValue } from './sql.js';

/** Quoted text, quoted names and comments, in which a question mark is none; and parameters: `?`, `?2`. */
const TOKENS = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[^]*?\*\/|\?(\d*)/g;

/**
 * A value as SQLite reads it in the text of a statement; stored, it is what the value would be if it were bound.
 * @throws RangeError of a number that is neither finite nor exact
 */
export function literal(value: SqlValue): string {
  if (value === null) return 'NULL';
  if (typeof value === 'number') return numberLiteral(value);
  if (typeof value === 'string') return textLiteral(value);
  return `x'${hexOf(value)}'`;
}

/**
 * A statement with its parameters written into it. The one way to do so: values come into the text of a statement by
 * nothing else.
 * @param sql one statement, as it would be prepared; parameters are `?`, or `?1` and on
 * @throws RangeError as `literal`, and where there are more or fewer values than parameters
 */
export function inlined(sql: string, params: readonly SqlValue[]): string {
  let next = 0;
  let highest = 0;
  const text = sql.replace(TOKENS, (token, number?: string) => {
    if (number === undefined) return token;
    const at = number === '' ? next : Number(number) - 1;
    next = at + 1;
    highest = Math.max(highest, next);
    const value = params[at];
    if (value === undefined) throw new RangeError(`the statement has no value for its parameter ${at + 1}`);
    return literal(value);
  });
  if (highest !== params.length) throw new RangeError(`the statement has ${highest} parameters, not ${params.length}`);
  return text;
}

function numberLiteral(value: number): string {
  if (Number.isSafeInteger(value)) return String(value);
  if (!Number.isFinite(value) || Number.isInteger(value)) throw new RangeError('a number that SQLite would not keep');
  return String(value);
}

/** SQLite takes the text of statements to end at a NUL. */
function textLiteral(value: string): string {
  if (value.includes('\0')) return `CAST(x'${Buffer.from(value).toString('hex')}' AS TEXT)`;
  return `'${value.replaceAll("'", "''")}'`;
}
