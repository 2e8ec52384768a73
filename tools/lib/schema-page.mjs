/** Reads the entities of the workspace as they are written, and makes the page about the schema from them. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import prettier from 'prettier';
import ts from 'typescript';

/**
 * @typedef {{ name: string, property: string, type: string, isKey: boolean, generated: boolean, nullable: boolean,
 *   unique: boolean, default?: string, target?: string, doc: string }} Column
 * @typedef {{ name: string, columns: string[], unique: boolean, where?: string }} Index
 * @typedef {{ library: string, className: string, name: string, withoutRowid: boolean, doc: string, columns: Column[],
 *   indices: Index[], uniques: string[][], checks: string[] }} Table
 * @typedef {Record<string, any>} Options
 */

/**
 * The tables that these sources describe, in their order.
 * @param {{ path: string, text: string }[]} sources path from the root of the workspace
 * @returns {Table[]}
 * @throws Error naming what has no doc comment, and what of TypeORM is not understood here
 */
export function tablesOf(sources) {
  return sources.flatMap(({ path, text }) => {
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
    return file.statements.filter(ts.isClassDeclaration).map((statement) => tableOf(path, statement));
  });
}

/** @param {string} path @param {ts.ClassDeclaration} statement @returns {Table} */
function tableOf(path, statement) {
  const where = `${path}: ${statement.name?.text}`;
  /** @type {Table} */
  const table = {
    ...{ library: path.split('/')[1] ?? '', className: statement.name?.text ?? '', name: '', withoutRowid: false },
    ...{ doc: docOf(where, statement), columns: statement.members.map((member) => columnOf(where, member)) },
    ...{ indices: [], uniques: [], checks: [] },
  };
  const namesOf = (/** @type {string[]} */ properties) =>
    properties.map((property) => {
      const column = table.columns.find((one) => one.property === property);
      if (!column) throw new Error(`${where} has no column ${property}`);
      return column.name;
    });
  for (const { name, values } of decoratorsOf(statement)) {
    const [first, second, third = {}] = values;
    if (name === 'Entity') Object.assign(table, { withoutRowid: false, ...first });
    else if (name === 'Index') {
      table.indices.push({ name: first, columns: namesOf(second), unique: third.unique === true, where: third.where });
    } else if (name === 'Unique') table.uniques.push(namesOf(first));
    else if (name === 'Check') table.checks.push(first);
    else throw new Error(`${where}: @${name} is not understood`);
  }
  return table;
}

/** @param {string} of @param {ts.ClassElement} member @returns {Column} */
function columnOf(of, member) {
  const property = member.name?.getText() ?? '';
  const where = `${of}.${property}`;
  /** @type {Column} */
  const column = {
    ...{ name: property, property, type: '', isKey: false, generated: false, nullable: false, unique: false },
    doc: docOf(where, member),
  };
  for (const { name, values } of decoratorsOf(member)) {
    if (name === 'ForeignKey') {
      column.target = values[0];
      continue;
    }
    if (!['Column', 'PrimaryColumn', 'PrimaryGeneratedColumn'].includes(name)) {
      throw new Error(`${where}: @${name} is not understood`);
    }
    Object.assign(column, values.at(-1), { isKey: name !== 'Column', generated: name === 'PrimaryGeneratedColumn' });
  }
  return column;
}

/** @param {ts.Node} node @returns {{ name: string, values: any[] }[]} */
function decoratorsOf(node) {
  const decorators = ts.canHaveDecorators(node) ? (ts.getDecorators(node) ?? []) : [];
  return decorators.map(({ expression }) => {
    if (!ts.isCallExpression(expression)) throw new Error(`${expression.getText()} is not called`);
    return { name: expression.expression.getText(), values: expression.arguments.map(valueOf) };
  });
}

/**
 * The written value: a literal, `() => Class` as its name, any other name as itself. @param {ts.Expression} node
 * @returns {any}
 */
function valueOf(node) {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isNumericLiteral(node)) return Number(node.text);
  if (node.kind === ts.SyntaxKind.TrueKeyword) return true;
  if (node.kind === ts.SyntaxKind.FalseKeyword) return false;
  if (ts.isIdentifier(node)) return node.text;
  if (ts.isArrayLiteralExpression(node)) return node.elements.map(valueOf);
  if (ts.isArrowFunction(node) && ts.isIdentifier(node.body)) return node.body.text;
  if (ts.isObjectLiteralExpression(node)) {
    return Object.fromEntries(
      node.properties.map((property) => {
        if (!ts.isPropertyAssignment(property)) throw new Error(`${property.getText()} is not understood`);
        return [property.name.getText(), valueOf(property.initializer)];
      }),
    );
  }
  throw new Error(`${node.getText()} is not understood`);
}

/** @param {string} where @param {ts.Node} node */
function docOf(where, node) {
  const [doc] = ts.getJSDocCommentsAndTags(node);
  const text = typeof doc?.comment === 'string' ? doc.comment.replaceAll(/\s+/g, ' ').trim() : '';
  if (!text) throw new Error(`${where} has no comment that says what it holds`);
  return text;
}

/** @param {readonly Table[]} tables @returns {string} Markdown, not yet in Prettier's form */
export function pageOf(tables) {
  const targets = new Map(tables.map((table) => [table.className, table]));
  const libraries = Map.groupBy(tables, ({ library }) => library);
  const parts = [...libraries].map(([library, own]) =>
    [`## ${library}`, ...own.map((table) => tableText(table, targets))].join('\n\n'),
  );
  return `# Schema

The tables of a node's SQLite file, by the library that reads and writes them. \`node tools/schema.mjs\` makes this page from
the entities (\`*.entity.ts\`); a test holds the entities to the tables that the migrations make, and this page to the entities.

All tables are STRICT: SQLite refuses a value of another type. Flags are the numbers 0 and 1. Bytes are stored as such: ids of
records, CIDs and peer ids are not text. A table without rowid is stored in the order of its key.

${parts.join('\n\n')}
`;
}

/** @param {Table} table @param {Map<string, Table>} targets */
function tableText({ name, doc, columns, indices, uniques, checks, withoutRowid }, targets) {
  const rows = columns.map((column) => `| \`${column.name}\` | ${typeOf(column)} | ${meaning(column, targets)} |`);
  const notes = [
    ...columns.filter(({ unique }) => unique).map(({ name: column }) => `Unique: \`${column}\``),
    ...uniques.map((names) => `Unique: ${list(names)}`),
    ...indices.map(
      (index) =>
        `${index.unique ? 'Unique index' : 'Index'} \`${index.name}\` over ${list(index.columns)}` +
        (index.where ? `, where \`${index.where}\`` : ''),
    ),
    ...checks.map((check) => `Check: \`${check}\``),
  ];
  const rowid = withoutRowid ? ' Without rowid.' : '';
  const table = ['| column | type | meaning |', '| --- | --- | --- |', ...rows].join('\n');
  return [`### \`${name}\``, doc + rowid, table, notes.map((note) => `- ${note}`).join('\n')]
    .filter(Boolean)
    .join('\n\n');
}

/** @param {Column} column */
function typeOf({ type, isKey, generated, nullable, ...column }) {
  const words = [type.toUpperCase(), isKey && 'key', generated && 'given by SQLite', nullable && 'or null'];
  if (column.default !== undefined) words.push(`default ${column.default}`);
  return words.filter(Boolean).join(', ').replace(', or null', ' or null');
}

/** @param {Column} column @param {Map<string, Table>} targets */
function meaning({ doc, target }, targets) {
  const text = doc.replaceAll('|', '\\|');
  if (target === undefined) return text;
  const table = targets.get(target);
  if (!table) throw new Error(`${target} is no entity`);
  return `${text} Refers to \`${table.name}\`.`;
}

/** @param {string[]} names */
function list(names) {
  return names.map((name) => `\`${name}\``).join(', ');
}

/** The page as it belongs into `docs/schema.md`. @param {string} root of the workspace */
export async function schemaPage(root) {
  const paths = globSync('{libs,apps}/*/src/**/*.entity.ts', { cwd: root }).map((path) => path.replaceAll('\\', '/'));
  const sources = paths.sort().map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
  const file = join(root, 'docs/schema.md');
  return prettier.format(pageOf(tablesOf(sources)), { ...(await prettier.resolveConfig(file)), filepath: file });
}
