/** The text of a bundle, as esbuild writes it, put right. */
import ts from 'typescript';

/** The helper by which esbuild gives functions their names. */
const NAMING = '__name';
/** Operators by which a variable is given a function and a function without a name its own. */
const ASSIGNMENTS = new Set([
  ts.SyntaxKind.EqualsToken,
  ts.SyntaxKind.BarBarEqualsToken,
  ts.SyntaxKind.AmpersandAmpersandEqualsToken,
  ts.SyntaxKind.QuestionQuestionEqualsToken,
]);

/** @typedef {{ from: number, until: number, text: string }} Edit */

/**
 * In ASCII, regular expressions too, which esbuild leaves as they are. And without calls that give a function the name it has anyway, or has
 * but for a number behind it: each time that a program comes by `const done = () => …`, such a call defines a property. Classes keep their
 * names to the letter, for they are data. The calls leave blanks, for the maps of the sources know lines and columns.
 * @param {string} text
 */
export function finishedText(text) {
  const hasOthers = /[^\0-\x7f]/.test(text);
  if (!hasOthers && !text.includes(`${NAMING}(`)) return text;
  /** @type {Edit[]} */
  const edits = [];
  /**
   * @param {ts.Node} node
   * @param {ts.Node} parent
   */
  const visit = (node, parent) => {
    if (hasOthers && ts.isRegularExpressionLiteral(node)) {
      edits.push({ from: node.end - node.text.length, until: node.end, text: escaped(node.text) });
    }
    if (ts.isCallExpression(node)) edits.push(...unnaming(node, parent, text));
    ts.forEachChild(node, (child) => visit(child, node));
  };
  const source = ts.createSourceFile('bundle.js', text, ts.ScriptTarget.Latest, false, ts.ScriptKind.JS);
  ts.forEachChild(source, (child) => visit(child, source));
  return edited(text, edits);
}

/** @param {string} text */
function escaped(text) {
  return text.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * Takes a call away that gives a function the name it has without: blanks, so that all that follows stays in its place.
 * @param {ts.CallExpression} call
 * @param {ts.Node} parent
 * @param {string} text
 * @returns {Edit[]}
 */
function unnaming(call, parent, text) {
  const [named, name] = call.arguments;
  if (!ts.isIdentifier(call.expression) || call.expression.text !== NAMING || !named || !name) return [];
  const own = ownName(named) ?? nameFrom(parent, call);
  if (own === undefined || !ts.isStringLiteral(name) || !isAlike(own, name.text)) return [];
  const from = beginOf(call, text);
  if (ts.isIdentifier(named)) return [{ from, until: call.end, text: `0${blanks(text.slice(from + 1, call.end))}` }];
  if (!ts.isArrowFunction(named) && !ts.isFunctionExpression(named)) return [];
  const before = { from, until: beginOf(named, text) };
  const behind = { from: named.end, until: call.end };
  return [before, behind].map((part) => ({ ...part, text: blanks(text.slice(part.from, part.until)) }));
}

/**
 * The name that a function says itself, or that is said of a declared one.
 * @param {ts.Expression} named
 */
function ownName(named) {
  if (ts.isIdentifier(named)) return named.text;
  return ts.isFunctionExpression(named) ? named.name?.text : undefined;
}

/**
 * The name that a function without one has from what it is assigned to.
 * @param {ts.Node} parent
 * @param {ts.CallExpression} call
 */
function nameFrom(parent, call) {
  if (ts.isBinaryExpression(parent)) {
    const { left, operatorToken, right } = parent;
    return right === call && ASSIGNMENTS.has(operatorToken.kind) && ts.isIdentifier(left) ? left.text : undefined;
  }
  const isGiven = ts.isVariableDeclaration(parent) || ts.isBindingElement(parent) || ts.isParameter(parent);
  if (!isGiven && !ts.isPropertyAssignment(parent) && !ts.isPropertyDeclaration(parent)) return undefined;
  const { name } = parent;
  return ts.isIdentifier(name) || ts.isPrivateIdentifier(name) || ts.isStringLiteral(name) ? name.text : undefined;
}

/**
 * Whether two names are one but for a number, by which esbuild tells apart what several files call the same.
 * @param {string} a
 * @param {string} b
 */
function isAlike(a, b) {
  return a.replace(/\d+$/, '') === b.replace(/\d+$/, '');
}

/**
 * @param {ts.Node} node
 * @param {string} text
 */
function beginOf(node, text) {
  const before = /\s*/y;
  before.lastIndex = node.pos;
  before.test(text);
  return before.lastIndex;
}

/** @param {string} text */
function blanks(text) {
  return text.replaceAll(/[^\n]/g, ' ');
}

/**
 * @param {string} text
 * @param {readonly Edit[]} edits
 */
function edited(text, edits) {
  let result = '';
  let at = 0;
  for (const { from, until, text: other } of edits.toSorted((a, b) => a.from - b.from)) {
    result += text.slice(at, from) + other;
    at = until;
  }
  return result + text.slice(at);
}
