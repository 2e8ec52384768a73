/**
 * Makes a fresh clone ready, then runs a tool under the Node of this project:
 *
 *     node tools/bootstrap.mjs [--build] [--browser] [-- <script> [arguments]]
 *
 * Installs the dependencies when they are not those of package-lock.json, builds engine and console (--build), makes sure
 * of a Chromium (--browser). Plain Node 20 without node_modules is all it needs; what it starts runs under Node 24.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
const node24 = join(bin, 'node');
/** Holds the hash of the lock file that node_modules was installed from. */
const stamp = join(root, 'node_modules', '.dfs-installed');
/** npm speaks up when something is wrong only. */
const QUIET = '--loglevel=error';

process.chdir(root);
const { flags, command } = parse(process.argv.slice(2));
if (!isInstalled()) install();
const chromium = flags.has('--browser') ? browser() : undefined;
if (flags.has('--build')) build();
if (command.length > 0) run(command);

/** @param {string[]} args */
function parse(args) {
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  const flags = new Set(args.slice(0, end));
  for (const flag of flags) {
    if (flag !== '--build' && flag !== '--browser') fail(`bootstrap.mjs does not know ${flag}.`);
  }
  return { flags, command: args.slice(end + 1) };
}

function isInstalled() {
  if (!existsSync(node24)) return false;
  const hash = lockHash();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return true;
  if (!isAsLocked()) return false;
  writeFileSync(stamp, hash); // someone ran `npm ci` by hand
  return true;
}

function lockHash() {
  return createHash('sha256').update(readFileSync('package-lock.json')).digest('hex');
}

/** Compares package-lock.json with npm's own record of what it put into node_modules. */
function isAsLocked() {
  try {
    const locked = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages;
    const installed = JSON.parse(readFileSync('node_modules/.package-lock.json', 'utf8')).packages;
    return Object.entries(locked)
      .filter(([path]) => path.startsWith('node_modules/'))
      .every(([path, { version, optional }]) =>
        path in installed ? installed[path].version === version : optional === true,
      );
  } catch {
    return false;
  }
}

function install() {
  const wanted = JSON.parse(readFileSync('package.json', 'utf8')).devDependencies.node;
  say('Installing the dependencies. This takes a minute or two: sqlite3 is compiled for this machine.');
  const began = Date.now();
  // Under Node 24, since some packages warn about anything older. `npm ci` needs nothing but the lock file.
  const npm = ['npm', 'ci', '--no-audit', '--no-fund', QUIET];
  const result = spawnSync('npx', ['-y', QUIET, '-p', `node@${wanted}`, '--', ...npm], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...headers() },
  });
  if (result.status !== 0) {
    fail(
      'The dependencies could not be installed; npm says why above.\n' +
        'It needs a network connection to the npm registry, and python3, make and g++ to compile sqlite3\n' +
        '(Debian, Ubuntu: apt-get install python3 make g++).',
    );
  }
  writeFileSync(stamp, lockHash());
  say(`Installed in ${seconds(began)} s.`);
}

/**
 * sqlite3 is compiled against Node's headers. Those beside the running Node do (the addon uses Node-API alone), and
 * spare a download; a directory the user configured wins.
 */
function headers() {
  const prefix = dirname(dirname(process.execPath));
  const configured = spawnSync('npm', ['config', 'get', 'nodedir', QUIET], { encoding: 'utf8' });
  const hasOwn = /^\//.test((configured.stdout ?? '').trim());
  return !hasOwn && existsSync(join(prefix, 'include/node/node_api.h')) ? { npm_config_nodedir: prefix } : {};
}

/** Nx knows what is stale; a build of nothing takes about two seconds. */
function build() {
  const began = Date.now();
  const projects = ['dfs-engine', 'client-ui', 'testing'];
  const result = spawnSync(join(bin, 'nx'), ['run-many', '-t', 'build', '-p', ...projects], {
    env: { ...environment(), NX_TUI: 'false' },
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  if (result.status !== 0) {
    process.stderr.write(result.stdout + result.stderr);
    fail('The build failed.');
  }
  say(`Built engine and console in ${seconds(began)} s.`);
}

/** Answers the path of a Chromium. */
function browser() {
  const found = findChromium();
  if (found) return found;
  const isRoot = process.getuid?.() === 0;
  if (isRoot && existsSync('/usr/bin/apt-get')) {
    say('Installing Chromium for the tests of the console.');
    const apt = (/** @type {string[]} */ ...args) =>
      spawnSync('apt-get', ['-qq', ...args], {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      });
    apt('update');
    apt('install', '-y', 'chromium', 'fonts-noto-color-emoji');
  }
  const installed = findChromium();
  if (installed) return installed;
  return fail(
    'The tests of the console need Chromium or Chrome, and there is none here.\n' +
      'Install one (Debian, as root: apt-get install chromium fonts-noto-color-emoji),\n' +
      'or set CHROMIUM_PATH to the one you have.',
  );
}

function findChromium() {
  const fromPath = (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name)));
  const usual = [
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ];
  return [process.env.CHROMIUM_PATH, ...usual, ...fromPath].find((path) => path && existsSync(path));
}

/**
 * Runs a script under Node 24 in our place: same terminal, same signals, same end.
 * @param {string[]} command
 */
function run([script = '', ...args]) {
  const child = spawn(node24, [resolve(script), ...args], { stdio: 'inherit', env: environment() });
  // Ctrl-C reaches the child by itself, from the terminal; only what is sent to this process alone is passed on.
  process.on('SIGINT', () => undefined);
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) process.on(signal, () => child.kill(signal));
  // Node answers this one by opening the debugger.
  process.on('SIGUSR1', () => undefined);
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (signal ? constants.signals[signal] : 0)));
}

function environment() {
  return {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`,
    NX_DAEMON: process.env.NX_DAEMON ?? 'false',
    ...(chromium ? { CHROMIUM_PATH: chromium } : {}),
  };
}

/** @param {number} began */
function seconds(began) {
  return ((Date.now() - began) / 1000).toFixed(1);
}

/** @param {string} text */
function say(text) {
  process.stderr.write(`${text}\n`);
}

/**
 * @param {string} text
 * @returns {never}
 */
function fail(text) {
  process.stderr.write(`\n${text}\n`);
  process.exit(1);
}
