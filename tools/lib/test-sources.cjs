/**
 * Lets Node itself load the TypeScript of the workspace: sources rather than builds. What swc makes of a file is kept for the next
 * worker and the next run.
 */
const { createHash } = require('node:crypto');
const { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { enableCompileCache, registerHooks } = require('node:module');
const { join } = require('node:path');
const { fileURLToPath } = require('node:url');
const { transformSync, version } = require('@swc/core');

const CACHE = join(__dirname, '../../node_modules/.cache/dfs-tests');
/** @type {import('@swc/core').Options} */
const OPTIONS = {
  swcrc: false,
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    keepClassNames: true,
  },
  module: { type: 'es6' },
  sourceMaps: true,
};
const MADE_BY = JSON.stringify([version, OPTIONS]);

const GLOBALS = 'dfs-tests:globals';
const NAMES = ['afterAll', 'afterEach', 'beforeAll', 'beforeEach', 'describe', 'expect', 'it', 'jest', 'test'];
/** What is imported from `@jest/globals`: each name stands for that of the spec that runs, since a module outlives the spec. */
const GLOBALS_TEXT = `
const live = (name) => new Proxy(() => {}, {
  get: (_, key) => globalThis[name][key],
  apply: (_, self, args) => Reflect.apply(globalThis[name], self, args),
});
export const ${NAMES.map((name) => `${name} = live('${name}')`).join(', ')};`;

/** Where the source map of each file lies that was loaded, by the file's URL. @type {Map<string, string>} */
const sourceMaps = new Map();

/** @param {string | undefined} url */
function isOurs(url) {
  return url !== undefined && url.startsWith('file:') && !url.includes('/node_modules/');
}

/** @param {string | undefined} url */
function isSource(url) {
  return isOurs(url) && /\.ts$/.test(url ?? '');
}

/**
 * @param {string} url of a source
 * @returns {string} JavaScript
 */
function compiled(url) {
  const filename = fileURLToPath(url);
  const text = readFileSync(filename, 'utf8');
  const made = `//# made of ${createHash('sha256').update(MADE_BY).update(text).digest('hex')}\n`;
  const kept = join(CACHE, `${createHash('sha256').update(filename).digest('hex').slice(0, 32)}.js`);
  sourceMaps.set(url, `${kept}.map`);
  if (existsSync(kept)) {
    const code = readFileSync(kept, 'utf8');
    if (code.endsWith(made)) return code;
  }
  const { code, map } = transformSync(text, { ...OPTIONS, filename, sourceFileName: filename });
  keep(`${kept}.map`, map ?? '');
  keep(kept, code + made);
  return code;
}

/**
 * Whole or not at all: other workers may be reading or making the same.
 * @param {string} file
 * @param {string} text
 */
function keep(file, text) {
  writeFileSync(`${file}-${process.pid}`, text);
  renameSync(`${file}-${process.pid}`, file);
}

mkdirSync(CACHE, { recursive: true });
enableCompileCache(join(CACHE, 'compiled'));
registerHooks({
  resolve(specifier, context, next) {
    if (!isOurs(context.parentURL)) return next(specifier, context);
    if (specifier === '@jest/globals') return { url: GLOBALS, format: 'module', shortCircuit: true };
    if (isSource(context.parentURL) && specifier.startsWith('.') && specifier.endsWith('.js')) {
      const source = new URL(`${specifier.slice(0, -3)}.ts`, context.parentURL);
      if (existsSync(source)) return { url: source.href, format: 'module', shortCircuit: true };
    }
    return next(specifier, { ...context, conditions: ['@dfs/source', ...context.conditions] });
  },
  load(url, context, next) {
    if (url === GLOBALS) return { format: 'module', source: GLOBALS_TEXT, shortCircuit: true };
    return isSource(url) ? { format: 'module', source: compiled(url), shortCircuit: true } : next(url, context);
  },
});

module.exports = { sourceMaps };
