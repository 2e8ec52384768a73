/**
 * The packages that the workspace imports, joined into a few files for jest. Its sandbox loads every module anew for each spec, and finds,
 * reads and links each file by itself: a spec of the engine would load two thousand files of packages before its first case. The
 * code is that of the packages, and each module has one instance, as ever. `test-resolver.cjs` finds these files.
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { MODULE, OUTSIDE, ownDriver, ownRequire } from './bundling.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const MADE_BY = ['package-lock.json', 'tools/lib/bundling.mjs', 'tools/lib/joined-packages.mjs'];
/** All projects but the Angular ones, which have a compiler of their own. */
const SOURCES = ['apps/dfs-*/src/**/*.ts', 'apps/*-e2e/src/**/*.ts', 'libs/*/{src,testing}/**/*.ts'];
const ANGULAR = /^libs[\\/]client-data[\\/]/;
/** Changes what is there for all: jest runs CommonJS before the modules that import it, and so this before all that is joined. */
const FIRST = 'reflect-metadata';
/** They are loaded as they are: a part of the sandbox, large ones that one or two specs need, and one whose parts a spec replaces. */
const APART = [
  FIRST,
  '@jest/globals',
  'playwright-core',
  '@axe-core/playwright',
  '@asyncapi/parser',
  '@redocly/openapi-core',
  'yazl',
];
/** @type {import('esbuild').BuildOptions} */
const OPTIONS = { absWorkingDir: root, bundle: true, platform: 'node', target: 'node24', ...MODULE };

/**
 * Joins the packages that sources and specs import, unless that was done already. `list.json` in the folder names the file of each.
 * @param {string} [target]
 */
export async function joinPackages(target = join(root, 'node_modules/.cache/dfs-tests')) {
  const specifiers = await importedPackages();
  const hash = createHash('sha256').update(specifiers.join('\n'));
  for (const file of MADE_BY) hash.update(readFileSync(join(root, file)));
  const madeOf = hash.digest('hex');
  const list = join(target, 'list.json');
  if (existsSync(list) && JSON.parse(readFileSync(list, 'utf8')).madeOf === madeOf) return;
  // Another run may be reading what was made before, or be making the same.
  const workshop = `${target}-${process.pid}`;
  const files = Object.fromEntries(
    specifiers.map((name) => [name, `${name.replaceAll('@', '').replaceAll('/', '+')}.mjs`]),
  );
  await joinTo(workshop, files);
  writeFileSync(join(workshop, 'list.json'), JSON.stringify({ madeOf, files }));
  rmSync(target, { recursive: true, force: true });
  try {
    renameSync(workshop, target);
  } catch (error) {
    if (!existsSync(list)) throw error;
    rmSync(workshop, { recursive: true, force: true });
  }
}

/**
 * @param {string} folder
 * @param {Record<string, string>} files by what they are imported as
 */
async function joinTo(folder, files) {
  const entries = join(folder, 'entries');
  mkdirSync(entries, { recursive: true });
  for (const [specifier, file] of Object.entries(files)) {
    // The names that Node finds in it: of CommonJS, a bundler would give the default alone.
    const names = Object.keys(await import(specifier)).filter((name) => name !== 'module.exports');
    const text = names.length > 0 ? `export { ${names.join(', ')} } from '${specifier}';` : `import '${specifier}';`;
    writeFileSync(join(entries, file), text);
  }
  await build({
    ...OPTIONS,
    entryPoints: Object.values(files).map((file) => join(entries, file)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    splitting: true,
    // Those by which Node itself finds files.
    conditions: ['node'],
    // Names of classes are data for the frameworks.
    keepNames: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'error',
    external: [...OUTSIDE, FIRST],
    plugins: [sameFile(files), ownDriver, ownRequire, ownPlace],
  });
  rmSync(entries, { recursive: true });
}

/**
 * Leads imports that a package makes while it runs to the file by which all others import the same.
 * @param {Record<string, string>} files
 * @returns {import('esbuild').Plugin}
 */
function sameFile(files) {
  return {
    name: 'same-file',
    setup({ onResolve }) {
      onResolve({ filter: /^[^.]/ }, ({ path, kind }) => {
        const file = kind === 'dynamic-import' ? files[path] : undefined;
        return file === undefined ? undefined : { path: `./${file}`, external: true };
      });
    },
  };
}

/** A file that looks for others beside it finds them where it lies itself. @type {import('esbuild').Plugin} */
const ownPlace = {
  name: 'own-place',
  setup({ onLoad }) {
    onLoad({ filter: /\.m?js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      if (!text.includes('import.meta.url')) return undefined;
      return { contents: text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path))), loader: 'js' };
    });
  },
};

/** Names of packages, and of parts of them, as sources and specs import them; types count for nothing. */
async function importedPackages() {
  /** @type {Set<string>} */
  const found = new Set();
  await build({
    ...OPTIONS,
    entryPoints: globSync(SOURCES, { cwd: root }).filter((file) => !ANGULAR.test(file)),
    outdir: 'nowhere',
    write: false,
    logLevel: 'error',
    plugins: [
      {
        name: 'imported',
        setup({ onResolve }) {
          onResolve({ filter: /./ }, ({ path, kind }) => {
            if (kind === 'entry-point') return undefined;
            if (kind === 'import-statement' || kind === 'dynamic-import') found.add(path);
            return { path, external: true };
          });
        },
      },
    ],
  });
  // Those may not be there, and are compiled for the machine.
  const { optionalDependencies = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const apart = [...OUTSIDE, ...APART, ...Object.keys(optionalDependencies), '@dfs'];
  return [...found]
    .filter((path) => !/^(\.|node:)/.test(path) && !apart.some((name) => `${path}/`.startsWith(`${name}/`)))
    .sort();
}
