/**
 * `npm run package`: puts the built engine, console and command line into one tarball, `dist/dfs-<version>.tgz`, that
 * `npm install -g` installs on a machine with Node 24.
 *
 * The files keep their places in the workspace. Their imports of its libraries are written as relative addresses; what
 * they import of others becomes the package's dependencies, in the very versions of package-lock.json. sqlite3 is carried
 * along (`vendor/sqlite3`): its binding for the platform of this machine is inside, unless `--no-binding` is given, and is
 * compiled at installation elsewhere.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isBuiltin } from 'node:module';
import { npmCommand, slashed } from '../lib/platform.mjs';
import { ownSpecifiers, packageOf } from './specifiers.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const stage = join(root, 'dist', 'package');
const bundlesBinding = !process.argv.includes('--no-binding');

const workspace = readJson('package.json');
const lock = readJson('package-lock.json');
/** The files that run; imports from `sqlite3` are found in the package itself. */
const CARRIED = 'sqlite3';
/**
 * Packages that load and compile sqlite3, and those that decorators and compiled helpers need without an import of
 * ours.
 */
const NEEDED = ['bindings', 'node-addon-api', 'reflect-metadata', 'tar', 'tslib'];

build();
rmSync(stage, { recursive: true, force: true });
copyBuilt();
copyConsole();
copyText();
carrySqlite();
const dependencies = resolveImports();
writeManifest(dependencies);
pinEverything();
pack();

/** Nx knows what is stale. */
function build() {
  const projects = ['dfs-engine', 'client-ui', 'dfs-cli'];
  const nx = join(root, 'node_modules/nx/dist/bin/nx.js');
  const result = spawnSync(process.execPath, [nx, 'run-many', '-t', 'build', '-p', ...projects], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false' },
    maxBuffer: 256 * 1024 * 1024,
  });
  if (result.status !== 0) fail(`The build failed.\n${result.stdout}${result.stderr}`);
}

/** The compiled files of engine, command line and libraries, without declarations and maps. */
function copyBuilt() {
  const built = globSync('{apps/{dfs-engine,dfs-cli},libs/*}/dist/**/*.{js,json}', { cwd: root });
  for (const file of built.map((path) => slashed(path))) {
    if (file.startsWith('libs/testing/') || file.startsWith('libs/simulation/')) continue;
    copy(file);
  }
  // Read for the version.
  for (const app of ['dfs-engine', 'dfs-cli']) copy(`apps/${app}/package.json`);
}

function copyConsole() {
  for (const file of globSync('apps/client-ui/dist/browser/**/*', { cwd: root, withFileTypes: true })) {
    if (file.isFile()) copy(relative(root, join(file.parentPath, file.name)));
  }
}

function copyText() {
  const tools = ['start.mjs', 'lib/platform.mjs', 'package/binding.mjs'].map((file) => `tools/${file}`);
  for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md', ...tools]) copy(file);
}

function carrySqlite() {
  const from = join(root, 'node_modules', CARRIED);
  const to = join(stage, 'vendor', CARRIED);
  for (const part of ['LICENSE', 'package.json', 'binding.gyp', 'deps', 'lib', 'src']) {
    cpSync(join(from, part), join(to, part), { recursive: true });
  }
  const binding = join('build', 'Release', 'node_sqlite3.node');
  if (!bundlesBinding) return;
  const home = join(stage, 'vendor', 'bindings', `${process.platform}-${process.arch}`);
  mkdirSync(home, { recursive: true });
  cpSync(join(from, binding), join(home, 'node_sqlite3.node'));
}

/**
 * Makes imports of the workspace's libraries relative.
 * @returns the packages that are imported beside them, with their locked versions
 */
function resolveImports() {
  /** @type {Set<string>} */
  const imported = new Set(NEEDED);
  for (const found of globSync('{apps,libs}/**/*.js', { cwd: stage })) {
    const file = slashed(found);
    if (file.startsWith('apps/client-ui/')) continue;
    const path = join(stage, file);
    const text = ownSpecifiers(readFileSync(path, 'utf8'), (specifier) => {
      if (specifier.startsWith('.') || specifier.startsWith('node:') || isBuiltin(specifier)) return specifier;
      const name = packageOf(specifier);
      if (name === CARRIED) return addressFrom(file, `vendor/${CARRIED}/lib/sqlite3.js`);
      if (name.startsWith('@dfs/')) return addressFrom(file, `libs/${name.slice('@dfs/'.length)}/dist/index.js`);
      imported.add(name);
      return specifier;
    });
    writeFileSync(path, text);
  }
  return Object.fromEntries(
    [...imported].sort().map((name) => {
      const version = lock.packages[`node_modules/${name}`]?.version;
      if (version === undefined) fail(`${name} is imported, and package-lock.json has no version of it.`);
      return [name, version];
    }),
  );
}

/**
 * @param {string} file within the package
 * @param {string} target within the package
 */
function addressFrom(file, target) {
  if (!existsSync(join(stage, target))) fail(`${file} imports ${target}, which is not built.`);
  const address = posix.relative(posix.dirname(file), target);
  return address.startsWith('.') ? address : `./${address}`;
}

/** @param {Record<string, string>} dependencies */
function writeManifest(dependencies) {
  const { version, description, license, overrides } = workspace;
  const manifest = {
    name: 'dfs',
    version,
    description,
    license,
    type: 'module',
    engines: { node: '>=24' },
    bin: { dfs: 'apps/dfs-cli/dist/main.js' },
    scripts: { install: 'node tools/package/binding.mjs' },
    // Without them the carried sqlite3 would be compiled by npm itself, whether it is needed or not.
    gypfile: false,
    // One of the packages would tell its makers of each installation.
    scarfSettings: { enabled: false },
    dependencies,
    overrides,
  };
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Versions of the whole tree as they were tested: npm keeps to a shrinkwrap that a package brings. */
function pinEverything() {
  /** @type {Record<string, object>} */
  const packages = {};
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path.startsWith('node_modules/') && !entry.link) packages[path] = entry;
  }
  const { name, version, dependencies } = JSON.parse(readFileSync(join(stage, 'package.json'), 'utf8'));
  const pruned = { ...lock, name, version, packages: { '': { name, version, dependencies }, ...packages } };
  writeFileSync(join(stage, 'package-lock.json'), JSON.stringify(pruned, null, 2));
  npm([
    'install',
    '--package-lock-only',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--omit-lockfile-registry-resolved',
  ]);
  renameSync(join(stage, 'package-lock.json'), join(stage, 'npm-shrinkwrap.json'));
}

function pack() {
  const { stdout } = npm(['pack', '--json', '--ignore-scripts', '--pack-destination', join(root, 'dist')]);
  const [{ filename, size, unpackedSize }] = JSON.parse(stdout);
  const MiB = 1024 * 1024;
  const inside = bundlesBinding ? `with the binding of ${process.platform}-${process.arch}` : 'without a binding';
  console.log(
    `dist/${filename}: ${(size / MiB).toFixed(1)} MiB (${(unpackedSize / MiB).toFixed(1)} MiB unpacked), ${inside}.`,
  );
}

/** @param {string[]} args */
function npm(args) {
  const result = spawnSync(...npmCommand([...args, '--loglevel=error']), { cwd: stage, encoding: 'utf8' });
  if (result.status !== 0) fail(`npm ${args[0]} failed:\n${result.stderr}`);
  return result;
}

/** @param {string} file within the workspace */
function copy(file) {
  mkdirSync(dirname(join(stage, file)), { recursive: true });
  cpSync(join(root, file), join(stage, file));
}

/** @param {string} file within the workspace */
function readJson(file) {
  return JSON.parse(readFileSync(join(root, file), 'utf8'));
}

/**
 * @param {string} text
 * @returns {never}
 */
function fail(text) {
  console.error(text);
  process.exit(1);
}
