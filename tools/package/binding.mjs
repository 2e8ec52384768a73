/**
 * Runs when the package is installed: puts sqlite3's binding in place. The one that was packed for this platform is taken
 * where it works; otherwise it is compiled, which takes about a minute and needs python3, make and a C++ compiler.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compilerNeeds } from '../lib/platform.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const sqlite3 = join(root, 'vendor', 'sqlite3');
const target = join(sqlite3, 'build', 'Release', 'node_sqlite3.node');
const packed = join(root, 'vendor', 'bindings', `${process.platform}-${process.arch}`, 'node_sqlite3.node');

if (existsSync(packed)) {
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(packed, target);
}
if (!works()) compile();
if (!works()) fail('sqlite3 was compiled, and cannot be loaded.');

/** In a process of its own: a binding of another C library ends the one that loads it. */
function works() {
  const script = `require(${JSON.stringify(join(sqlite3, 'lib', 'sqlite3.js'))})`;
  return existsSync(target) && spawnSync(process.execPath, ['-e', script], { stdio: 'ignore' }).status === 0;
}

function compile() {
  console.log('Compiling sqlite3 for this machine. This takes about a minute.');
  // npm has its own node-gyp on the path of what it runs. Node's headers are those beside the running Node, where they are.
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];
  const result = spawnSync('node-gyp', ['rebuild', ...headers], { cwd: sqlite3, stdio: 'inherit', shell: true });
  if (result.status === 0) return;
  fail(`sqlite3 could not be compiled; what went wrong is above. ${compilerNeeds()}`);
}

/**
 * @param {string} text
 * @returns {never}
 */
function fail(text) {
  console.error(text);
  process.exit(1);
}
