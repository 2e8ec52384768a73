/**
 * Builds what runs: the engine with its libraries as one bundle, what starts engines for the demo and the tests, and the console. Builds
 * what is stale of that alone; where nothing is, it takes a second. The console's options are those of its target `bundle` in
 * `apps/client-ui/package.json`, which Nx reads too.
 */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compiler } from './lib/compiler.mjs';
import { newest } from './lib/newest.mjs';
import { workspaceFolders } from './lib/workspace-folders.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const CONSOLE = 'apps/client-ui';
const SITE = join(CONSOLE, 'dist/browser');
const PAGE = join(SITE, 'index.html');
const ANGULAR = 'tools/lib/angular.mjs';
const COMPRESS = 'tools/compress.mjs';
const ENGINE = 'apps/dfs-engine';
const BUNDLE = 'tools/bundle.mjs';
const PROGRAMS = [ENGINE, 'libs/testing'].map((folder) => join(folder, 'tsconfig.build.json'));
/** Lines by which the compiler says how far it is; all others are of what is wrong. */
const NEWS = /^(\d+:\d+:\d+ [AP]M - [^\n]*| +\* [^\n]*tsconfig[^\n]*|\s*)\n/gm;

process.chdir(root);
const results = await Promise.all([built('engine', compilePrograms), built('console', buildConsole)]);
process.exitCode = results.every(Boolean) ? 0 : 1;

/**
 * @param {string} name
 * @param {() => Promise<'fresh' | 'built'>} make
 */
async function built(name, make) {
  const began = Date.now();
  try {
    if ((await make()) === 'built') say(`Built the ${name} in ${((Date.now() - began) / 1000).toFixed(1)} s.`);
    return true;
  } catch (error) {
    say(`The ${name} could not be built.\n${error instanceof Error ? error.message : error}`);
    return false;
  }
}

/** The compiler knows what is stale. @returns {Promise<'fresh' | 'built'>} */
async function compilePrograms() {
  const output = await run(...compiler('--build', '--verbose', ...PROGRAMS));
  await run(BUNDLE, ENGINE);
  return /^.* - Building project /m.test(output) ? 'built' : 'fresh';
}

/** @returns {Promise<'fresh' | 'built'>} */
async function buildConsole() {
  const inputs = ['package-lock.json', 'tsconfig.base.json', ANGULAR, COMPRESS, ...workspaceFolders(CONSOLE)];
  if (newest([PAGE]) > newest(inputs)) return 'fresh';
  await run(ANGULAR, CONSOLE, 'bundle');
  await run(COMPRESS, SITE);
  return 'built';
}

/**
 * Runs a program of Node to its end.
 * @param {string} program
 * @param {string[]} args
 * @returns {Promise<string>} what it printed
 * @throws Error with that, where it failed
 */
async function run(program, ...args) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const code = await new Promise((done, fail) => child.once('error', fail).once('close', done));
  if (code !== 0) throw new Error(output.replace(NEWS, '').trim());
  return output;
}

/** @param {string} text */
function say(text) {
  process.stderr.write(`${text}\n`);
}
