import { DataSource, type EntityMetadata } from 'typeorm';
import { driver } from '../connection.js';
import type { Reader } from '../sql/sql.js';
import type { EntityClass } from './rows.js';

/** A column of a table. */
export interface ColumnShape {
  name: string;
  /** As SQLite has it: INTEGER, TEXT, BLOB. */
  type: string;
  notNull: boolean;
  /** The text of the default; null where there is none. */
  default: string | null;
  /** Place in the primary key, from 1; 0 outside it. */
  key: number;
  /** SQLite computes it. No table has such a column. */
  generated: boolean;
}

/** An index, or a UNIQUE of the table. */
export interface IndexShape {
  /** Null where it follows from a UNIQUE: SQLite names that one itself. */
  name: string | null;
  unique: boolean;
  columns: string[];
  /** Of a partial index. */
  where: string | null;
}

/** A foreign key. */
export interface ForeignShape {
  columns: string[];
  table: string;
  references: string[];
  onDelete: string;
}

/** All that the description of a table says, whether it was read from a file or from an entity. */
export interface TableShape {
  name: string;
  /** Types are held by SQLite: true of all tables. */
  strict: boolean;
  withoutRowid: boolean;
  /** A number is never given twice. */
  autoincrement: boolean;
  columns: ColumnShape[];
  indexes: IndexShape[];
  foreignKeys: ForeignShape[];
  checks: string[];
}

/** The shapes that these entities describe, in their order. */
export async function entityShapes(entities: readonly EntityClass[]): Promise<TableShape[]> {
  const source = new DataSource({ type: 'sqlite', database: ':memory:', driver, entities: [...entities] });
  await source.initialize();
  try {
    return entities.map((entity) => shapeOf(source.getMetadata(entity)));
  } finally {
    await source.destroy();
  }
}

/** The shapes of the tables of a file, by their names: but for those of SQLite and TypeORM themselves. */
export async function fileShapes(db: Reader): Promise<TableShape[]> {
  const tables = await db.query<{ name: string; wr: number; strict: number; sql: string }>(
    `SELECT l.name, l.wr, l.strict, m.sql FROM pragma_table_list l JOIN sqlite_master m ON m.name = l.name
     WHERE l.schema = 'main' AND l.type = 'table' AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND l.name <> 'migrations'
     ORDER BY l.name`,
  );
  const shapes: TableShape[] = [];
  for (const { name, wr, strict, sql } of tables) {
    const text = withoutComments(sql);
    const columns = await columnsOf(db, name, wr === 1);
    shapes.push({
      name,
      strict: strict === 1,
      withoutRowid: wr === 1,
      autoincrement: /\bAUTOINCREMENT\b/i.test(text),
      columns,
      indexes: await indexesOf(db, name, columns),
      foreignKeys: await foreignKeysOf(db, name),
      checks: checksOf(text),
    });
  }
  return shapes;
}

function shapeOf(metadata: EntityMetadata): TableShape {
  const names = (columns: readonly { databaseName: string }[]): string[] => columns.map((one) => one.databaseName);
  const named = names(metadata.primaryColumns);
  // TypeORM wants a key of every entity. That of a table without one is said to be a UNIQUE of it, and SQLite has its rowid.
  const keys = metadata.uniques.some(({ columns }) => names(columns).join() === named.join()) ? [] : named;
  const uniques = metadata.uniques.map(({ columns }) => ({
    ...{ name: null, unique: true, columns: names(columns), where: null },
  }));
  const indexes = metadata.indices.map(({ name, columns, isUnique, where }) => ({
    ...{ name, unique: isUnique, columns: names(columns), where: where === undefined ? null : oneLine(where) },
  }));
  return {
    name: metadata.tableName,
    strict: true,
    withoutRowid: metadata.withoutRowid === true,
    autoincrement: metadata.generatedColumns.some(({ generationStrategy }) => generationStrategy === 'increment'),
    columns: metadata.columns.map((column) => ({
      name: column.databaseName,
      type: String(column.type).toUpperCase(),
      notNull: !column.isNullable,
      default: defaultOf(column.default),
      key: keys.indexOf(column.databaseName) + 1,
      generated: column.generatedType !== undefined,
    })),
    indexes: sorted([...uniques, ...indexes]),
    foreignKeys: metadata.foreignKeys.map((key) => ({
      columns: names(key.columns),
      table: key.referencedEntityMetadata.tableName,
      references: names(key.referencedColumns),
      onDelete: key.onDelete ?? 'NO ACTION',
    })),
    checks: metadata.checks.map(({ expression }) => oneLine(expression)),
  };
}

/** Of what TypeORM takes, our entities use numbers alone. */
function defaultOf(value: unknown): string | null {
  return value === undefined || value === null ? null : JSON.stringify(value);
}

async function columnsOf(db: Reader, table: string, withoutRowid: boolean): Promise<ColumnShape[]> {
  const rows = await db.query<{
    name: string;
    type: string;
    notnull: number;
    dflt_value: string | null;
    pk: number;
    hidden: number;
  }>('SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?)', [table]);
  const isRowid = !withoutRowid && rows.filter(({ pk }) => pk > 0).length === 1;
  return rows.map((row) => ({
    name: row.name,
    type: row.type,
    // SQLite does not say so of the column that is the rowid itself.
    notNull: row.notnull === 1 || (isRowid && row.pk === 1 && row.type === 'INTEGER'),
    default: row.dflt_value,
    key: row.pk,
    generated: row.hidden !== 0,
  }));
}

async function indexesOf(db: Reader, table: string, columns: readonly ColumnShape[]): Promise<IndexShape[]> {
  const list = await db.query<{ name: string; unique: number; origin: string; sql: string | null }>(
    `SELECT l.name, l."unique", l.origin, m.sql FROM pragma_index_list(?) l LEFT JOIN sqlite_master m ON m.name = l.name
     WHERE l.origin <> 'pk'`,
    [table],
  );
  const indexes: IndexShape[] = [];
  for (const { name, unique, origin, sql } of list) {
    const parts = await db.query<{ cid: number; name: string | null; desc: number; coll: string }>(
      'SELECT cid, name, "desc", coll FROM pragma_index_xinfo(?) WHERE key = 1 ORDER BY seqno',
      [name],
    );
    indexes.push({
      name: origin === 'c' ? name : null,
      unique: unique === 1,
      columns: parts.map((part) => partOf(part, columns)),
      where: oneLine(/\bWHERE\b(.*)$/is.exec(sql ?? '')?.[1] ?? '') || null,
    });
  }
  return sorted(indexes);
}

/** A fact that entities cannot say is told beside the name, and so is never equal to one that they say. */
function partOf(
  { cid, name, desc, coll }: { cid: number; name: string | null; desc: number; coll: string },
  columns: readonly ColumnShape[],
): string {
  const column = cid === -1 ? columns.find(({ key }) => key === 1)?.name : name;
  return `${column ?? 'an expression'}${desc === 1 ? ' DESC' : ''}${coll === 'BINARY' ? '' : ` COLLATE ${coll}`}`;
}

async function foreignKeysOf(db: Reader, table: string): Promise<ForeignShape[]> {
  const rows = await db.query<{ id: number; table: string; from: string; to: string; on_delete: string }>(
    'SELECT id, "table", "from", "to", on_delete FROM pragma_foreign_key_list(?) ORDER BY id DESC, seq',
    [table],
  );
  return [...Map.groupBy(rows, ({ id }) => id).values()].map((parts) => ({
    columns: parts.map(({ from }) => from),
    table: parts[0]!.table,
    references: parts.map(({ to }) => to),
    onDelete: parts[0]!.on_delete,
  }));
}

/** The texts in the parentheses of each CHECK. */
function checksOf(sql: string): string[] {
  return [...sql.matchAll(/\bCHECK\s*\(/gi)].map(({ index, 0: opening }) => {
    const from = index + opening.length;
    let [at, depth] = [from, 1];
    for (; depth > 0 && at < sql.length; at++) depth += sql[at] === '(' ? 1 : sql[at] === ')' ? -1 : 0;
    return oneLine(sql.slice(from, at - 1));
  });
}

function withoutComments(sql: string): string {
  return sql.replaceAll(/--.*$/gm, '');
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

function sorted(indexes: readonly IndexShape[]): IndexShape[] {
  const key = ({ name, columns }: IndexShape): string => `${name ?? ''} ${columns.join()}`;
  return [...indexes].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
