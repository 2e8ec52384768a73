/** The shape of the source: who imports whom, how full folders are, how long files are. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';

/** Source files that one folder of a library holds; specs, suites and the index do not count. */
export const MAX_FOLDER_FILES = 15;
/** Lines of one source file, a spec among them. */
export const MAX_FILE_LINES = 430;

/** @typedef {ReadonlyMap<string, string>} SourceTree Text of each file, by its path with slashes. */

/**
 * All TypeScript of the workspace that people write.
 * @param {string} root
 * @returns {SourceTree}
 */
export function readSourceTree(root) {
  const exclude = (/** @type {string} */ path) => path.includes('generated');
  const paths = globSync(['{apps,libs}/*/{src,testing}/**/*.ts', 'tools/**/*.ts'], { cwd: root, exclude });
  return new Map(paths.map((path) => [path.replaceAll('\\', '/'), readFileSync(join(root, path), 'utf8')]));
}

/**
 * Groups of files that import each other, however far around. Counts whatever the compiler follows: `import type`,
 * `export … from`, `import('…')`, and a library's own name.
 * @param {SourceTree} tree
 * @returns {string[][]} each group sorted by name
 */
export function circles(tree) {
  const edges = new Map([...tree].map(([path, text]) => [path, importsOf(path, text, tree)]));
  /** Tarjan's strongly connected components. @type {string[][]} */
  const found = [];
  /** @type {Map<string, { index: number, low: number }>} */
  const seen = new Map();
  /** @type {string[]} */
  const open = [];
  /** @param {string} path */
  const visit = (path) => {
    const node = { index: seen.size, low: seen.size };
    seen.set(path, node);
    open.push(path);
    for (const next of edges.get(path) ?? []) {
      const known = seen.get(next) ?? visit(next);
      if (open.includes(next)) node.low = Math.min(node.low, known.low);
    }
    if (node.low === node.index) {
      const group = open.splice(open.indexOf(path));
      if (group.length > 1 || edges.get(path)?.includes(path)) found.push(group.sort());
    }
    return node;
  };
  for (const path of edges.keys()) if (!seen.has(path)) visit(path);
  return found;
}

/**
 * Files of the tree that a file imports.
 * @param {string} path
 * @param {string} text
 * @param {SourceTree} tree
 */
function importsOf(path, text, tree) {
  const [, kind, project] = /^(apps|libs)\/([^/]+)\//.exec(path) ?? [];
  return ts.preProcessFile(text).importedFiles.flatMap(({ fileName }) => {
    if (fileName === `@dfs/${project}`) return [`${kind}/${project}/src/index.ts`];
    if (!fileName.startsWith('.')) return [];
    const target = normalize(join(dirname(path), fileName)).replaceAll('\\', '/');
    return [target.replace(/\.js$/, '.ts'), `${target}.ts`, `${target}/index.ts`].find((one) => tree.has(one)) ?? [];
  });
}

/**
 * Folders with more source files than one takes in at a glance.
 * @param {SourceTree} tree
 */
export function fullFolders(tree) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const path of tree.keys()) {
    if (/\.(spec|suite)\.ts$|\/index\.ts$/.test(path)) continue;
    counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count > MAX_FOLDER_FILES).map(([folder, count]) => `${folder}: ${count}`);
}

/**
 * Files that are too long to be read in one go.
 * @param {SourceTree} tree
 */
export function longFiles(tree) {
  return [...tree].flatMap(([path, text]) => {
    const lines = text.split('\n').length - 1;
    return lines > MAX_FILE_LINES ? [`${path}: ${lines}`] : [];
  });
}
