/**
 * `npm start`: runs one node from the environment and ends its output with the link to open. The link carries the token on
 * a terminal alone. Arguments after `--` go to the engine. The log is `<data>/dfs.log`; until the node is ready its
 * warnings are shown here too. Neither outlives the other: a log that cannot be written ends nothing, and an end of this
 * process ends the node.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { endSignals, hasOwnGroup } from './lib/platform.mjs';

const MiB = 1024 * 1024;
/** A log larger than this is put aside (as `dfs.log.1`) at the next start. */
const LOG_LIMIT = 64 * MiB;
/** pino's number for warnings; errors are above it. */
const WARN = 40;
/** Lines of the log that are repeated here when the engine fails. */
const LAST_WORDS = 12;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const args = process.argv.slice(2);
const program = join(root, 'apps/dfs-engine/dist/bundle/main.js');
// Such as `--help`: answered by the engine, without a node.
if (args.some((arg) => ['--help', '-h', '--version', '-v'].includes(arg))) {
  process.exit(spawnSync(process.execPath, [program, ...args], { stdio: 'inherit' }).status ?? 1);
}
const dataDir = resolve(flag('data-dir') ?? process.env.DFS_DATA_DIR ?? 'data');
const logFile = join(dataDir, 'dfs.log');
/** @type {number | undefined} */
let log;
/** Lines of the log that could not be written since the last that could. */
let dropped = 0;
/** Lines from before the engine has made the data directory. */
let early = '';
openLog();

let ready = false;
let ending = false;
/** @type {string[]} */
const lastLines = [];

// Elsewhere the engine becomes a process with these settings by itself.
const tuned =
  process.platform === 'win32'
    ? (await import(pathToFileURL(join(dirname(program), 'runtime-flags.js')).href)).tuning()
    : { flags: [], env: {} };
// A process group of its own: Ctrl-C reaches the engine once, from here, and it ends in good order.
const engine = spawn(process.execPath, [...tuned.flags, program, ...args], {
  env: { ...tuned.env, ...process.env },
  detached: hasOwnGroup(),
  stdio: ['ignore', 'pipe', 'pipe'],
});
for (const signal of endSignals()) {
  process.on(signal, () => {
    if (ending) return;
    ending = true;
    // In our group it was told by the console, as we were; a signal from here would end it at once.
    if (hasOwnGroup()) engine.kill('SIGTERM');
  });
}
// The node ends with this process, however that ends: it would hold its port and its data directory, and nobody would
// know.
process.on('exit', () => engine.kill('SIGTERM'));
// Node answers this signal by opening the debugger, to anyone on this machine.
process.on('SIGUSR1', () => undefined);
// The reader of our output may go away (`npm start | head`), or have no room for it; the node stays until it is told to
// end.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

createInterface({ input: engine.stdout }).on('line', (line) => {
  const url = /^DFS ready at (\S+)$/.exec(line)?.[1];
  if (url === undefined) return keep(line);
  ready = true;
  console.log(`Data in ${short(dataDir)}, log in ${short(logFile)}. Ctrl-C stops the node.`);
  // An output that is no terminal may be a log that others read.
  if (process.stdout.isTTY) console.log(`Open ${url}#token=${token()}`);
  else console.log(`Open ${url} – its token is in ${short(join(dataDir, 'api-token'))}.`);
});
createInterface({ input: engine.stderr }).on('line', (line) => {
  keep(line);
  if (!ready) tell(line);
});
engine.on('error', (error) => {
  console.error(`The engine could not be started: ${error.message}`);
  process.exit(1);
});
engine.on('close', (code, signal) => {
  if (ready && !ending) {
    console.error(`\nThe node ended unexpectedly. The end of ${short(logFile)}:`);
    for (const line of lastLines) console.error(`  ${parse(line)?.msg ?? line}`);
  }
  process.exit(code ?? 128 + (signal ? constants.signals[signal] : 0));
});

/** @param {string} line */
function keep(line) {
  writeLog(line);
  lastLines.push(line);
  if (lastLines.length > LAST_WORDS) lastLines.shift();
}

/** The engine makes the data directory, and says what is wrong with one that cannot be made or written. */
function openLog() {
  try {
    if (existsSync(logFile) && statSync(logFile).size > LOG_LIMIT) renameSync(logFile, `${logFile}.1`);
    log = openSync(logFile, 'a', 0o600);
  } catch {
    log = undefined;
  }
}

/**
 * A line that cannot be written, as on a disk that is full, is dropped and counted.
 * @param {string} line
 */
function writeLog(line) {
  try {
    if (log === undefined) openLog();
    if (log === undefined && !existsSync(dataDir) && early.length < MiB) {
      early += `${line}\n`;
      return;
    }
    const msg = `${dropped} lines of the log could not be written here, and were dropped`;
    const account = `\n${JSON.stringify({ level: WARN, time: Date.now(), dropped, msg })}\n`;
    const text = `${early}${dropped > 0 ? account : ''}${line}\n`;
    if (log === undefined || writeSync(log, text) < Buffer.byteLength(text)) throw new Error('no room');
    dropped = 0;
    early = '';
  } catch {
    dropped++;
  }
}

/**
 * A line of the engine's structured log; undefined for anything else.
 * @param {string} line
 * @returns {{ level: number, msg: string } | undefined}
 */
function parse(line) {
  try {
    const entry = JSON.parse(line);
    return typeof entry.level === 'number'
      ? { level: entry.level, msg: entry.msg ?? entry.err?.message ?? line }
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The part of a line that a person should know: warnings and errors in words, and whatever is not of the log as it is.
 * @param {string} line
 */
function tell(line) {
  const entry = parse(line);
  if (entry === undefined) console.error(line);
  else if (entry.level >= WARN) console.error(`${entry.level > WARN ? 'Error' : 'Warning'}: ${entry.msg}`);
}

/** The engine keeps it where only its owner reads it; it belongs to the terminal, never to a log. */
function token() {
  return process.env.DFS_API_TOKEN ?? readFileSync(join(dataDir, 'api-token'), 'utf8').trim();
}

/** @param {string} name `--name value` or `--name=value` */
function flag(name) {
  const at = args.findIndex((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`));
  if (at < 0) return undefined;
  const [, value] = (args[at] ?? '').split(/=(.*)/s);
  return value ?? args[at + 1];
}

/** @param {string} path */
function short(path) {
  const inside = relative(process.cwd(), path);
  return inside.startsWith('..') ? path : inside;
}
