/**
 * `npm run package`: puts the built engine, console and command line into one tarball, `dist/dfs-<version>.tgz`, that
 * `npm install -g` installs on a machine with Node 24.
 *
 * The files keep their places in the workspace. Engine and command line are bundles that bring all they import; few packages
 * are left to be dependencies, in the very versions of package-lock.json. sqlite3 is carried along (`vendor/sqlite3`): its
 * binding for the platform of this machine is inside, unless `--no-binding` is given, and is compiled at installation elsewhere.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compiler } from '../lib/compiler.mjs';
import { npmCommand, slashed } from '../lib/platform.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const stage = join(root, 'dist', 'package');
const bundlesBinding = !process.argv.includes('--no-binding');

const workspace = readJson('package.json');
const lock = readJson('package-lock.json');
/** Bundles import it from outside, and find it in the package itself. */
const CARRIED = 'sqlite3';
/** Packages that load and compile sqlite3, and the pages of the API that the engine serves. */
const NEEDED = ['bindings', 'node-addon-api', 'swagger-ui-dist', 'tar'];
/** Found by the engine where it is installed: it is compiled for few platforms. */
const OPTIONAL = ['sharp'];

build();
rmSync(stage, { recursive: true, force: true });
copyBundles();
copyConsole();
copyText();
carrySqlite();
writeManifest();
pinEverything();
pack();

/** As far as something is stale: a console that is being served stays as it is. */
function build() {
  const nx = join(root, 'node_modules/nx/dist/bin/nx.js');
  const commands = [
    ['tools/build.mjs'],
    [nx, 'run', 'client:generate'],
    compiler('--build', 'apps/dfs-cli/tsconfig.build.json'),
    ['tools/bundle.mjs', 'apps/dfs-cli'],
  ];
  for (const command of commands) {
    const result = spawnSync(process.execPath, command, {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false' },
      maxBuffer: 256 * 1024 * 1024,
    });
    if (result.status !== 0) fail(`The build failed.\n${result.stdout}${result.stderr}`);
  }
}

function copyBundles() {
  for (const app of ['dfs-engine', 'dfs-cli']) {
    for (const file of globSync(`apps/${app}/dist/bundle/*.{js,cjs,map,txt}`, { cwd: root })) copy(slashed(file));
    // Read for the version.
    copy(`apps/${app}/package.json`);
  }
  const engine = 'apps/dfs-engine/dist/bundle/engine.cjs';
  const text = readFileSync(join(stage, engine), 'utf8');
  const carried = text.replaceAll(`require("${CARRIED}")`, `require("${addressFrom(engine)}")`);
  if (carried === text) fail(`The engine does not require ${CARRIED} as it did: see where it finds it.`);
  writeFileSync(join(stage, engine), carried);
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

/** @param {string} file within the package */
function addressFrom(file) {
  return posix.relative(posix.dirname(file), `vendor/${CARRIED}/lib/sqlite3.js`);
}

function writeManifest() {
  const { version, description, license } = workspace;
  const manifest = {
    name: 'dfs',
    version,
    description,
    license,
    type: 'module',
    engines: { node: '>=24' },
    bin: { dfs: 'apps/dfs-cli/dist/bundle/main.js' },
    scripts: { install: 'node tools/package/binding.mjs' },
    // Without them the carried sqlite3 would be compiled by npm itself, whether it is needed or not.
    gypfile: false,
    // One of the packages would tell its makers of each installation.
    scarfSettings: { enabled: false },
    dependencies: versionsOf(NEEDED),
    optionalDependencies: versionsOf(OPTIONAL),
  };
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** @param {readonly string[]} names */
function versionsOf(names) {
  return Object.fromEntries(
    names.map((name) => [name, lock.packages[`node_modules/${name}`]?.version ?? fail(`${name} is not locked.`)]),
  );
}

/** Versions of the whole tree as they were tested: npm keeps to a shrinkwrap that a package brings. */
function pinEverything() {
  /** @type {Record<string, object>} */
  const packages = {};
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path.startsWith('node_modules/') && !entry.link) packages[path] = entry;
  }
  const { name, version, dependencies, optionalDependencies } = JSON.parse(
    readFileSync(join(stage, 'package.json'), 'utf8'),
  );
  const pruned = {
    ...lock,
    name,
    version,
    packages: { '': { name, version, dependencies, optionalDependencies }, ...packages },
  };
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
