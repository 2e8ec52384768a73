const { existsSync, readFileSync } = require('node:fs');
const { join, sep } = require('node:path');

/** Made by `joined-packages.mjs` before a run. */
const JOINED = join(__dirname, '../../node_modules/.cache/dfs-tests');
const LIST = join(JOINED, 'list.json');
const IN_PACKAGE = `${sep}node_modules${sep}`;

/** Files by what is imported. @type {Map<string, string> | undefined} */
let files;

/**
 * Finds modules as jest does, but the packages that the workspace imports in their joined form. What a package itself imports, and
 * what anyone requires, is found where npm has put it.
 * @param {string} path
 * @param {{ basedir: string, conditions?: string[], defaultResolver: (path: string, options: object) => string }} options
 */
module.exports = function resolve(path, options) {
  files ??= new Map(existsSync(LIST) ? Object.entries(JSON.parse(readFileSync(LIST, 'utf8')).files) : []);
  const file = files.get(path);
  const isOurs = file !== undefined && options.conditions?.includes('import') && !options.basedir.includes(IN_PACKAGE);
  return isOurs ? join(JOINED, file) : options.defaultResolver(path, options);
};
