/**
 * Makes a fresh clone ready, then runs a tool under the Node of this project:
 *
 *     node tools/bootstrap.mjs [--tests] [--build] [--browser] [-- <script> [arguments]]
 *
 * Installs what building and running need, and with --tests what tests, lint and formatting need too, unless it is there as
 * package-lock.json has it; builds engine and console (--build); makes sure of a Chromium (--browser). Plain Node 20 without
 * node_modules is all it needs; what it starts runs under Node 24.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Dependencies } from './lib/dependencies.mjs';
import { nodeProgram, passedSignals } from './lib/platform.mjs';
import { exit, say, seconds } from './lib/steps.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
const node24 = nodeProgram(join(root, 'node_modules'));
const FLAGS = ['--tests', '--build', '--browser'];

/** @type {string | undefined} */
let chromium;

process.chdir(root);
const { flags, command } = parse(process.argv.slice(2));
const dependencies = new Dependencies(flags.has('--tests') ? 'all' : 'run');
try {
  await dependencies.install();
  // One core compiles sqlite3 meanwhile, where that has to be. Neither is left running when the other fails.
  const steps = await Promise.allSettled([dependencies.compile(), flags.has('--build') && build()]);
  for (const step of steps) if (step.status === 'rejected') throw step.reason;
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}
if (flags.has('--browser')) chromium = browser();
if (command.length > 0) run(command);

/** @param {string[]} args */
function parse(args) {
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  const flags = new Set(args.slice(0, end));
  for (const flag of flags) if (!FLAGS.includes(flag)) fail(`bootstrap.mjs does not know ${flag}.`);
  return { flags, command: args.slice(end + 1) };
}

/** The tests build too, and count it as a failure where that fails; here it is made ready for them. */
async function build() {
  const forTests = flags.has('--tests');
  const stdio = forTests ? 'ignore' : 'inherit';
  const { code } = await exit(spawn(node24, ['tools/build.mjs'], { stdio, env: environment() }));
  if (code !== 0 && !forTests) throw new Error('The build failed.');
}

/** Answers the path of a Chromium. */
function browser() {
  const found = findChromium();
  if (found) return found;
  const isRoot = process.getuid?.() === 0;
  if (isRoot && existsSync('/usr/bin/apt-get')) {
    say('Installing Chromium for the tests of the console.');
    const began = Date.now();
    const apt = (/** @type {string[]} */ ...args) =>
      spawnSync('apt-get', ['-qq', ...args], {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      });
    apt('update');
    apt('install', '-y', 'chromium', 'fonts-noto-color-emoji');
    say(`Installed Chromium in ${seconds(began)} s.`);
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
  for (const signal of passedSignals()) process.on(signal, () => child.kill(signal));
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

/**
 * @param {string} text
 * @returns {never}
 */
function fail(text) {
  say(`\n${text}`);
  process.exit(1);
}
