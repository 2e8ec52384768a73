/**
 * `npm start`: runs one node from the environment and ends its output with the link to open. Arguments after `--` go to
 * the engine. The log is `<data>/dfs.log`; until the node is ready its warnings are shown here too.
 */
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MiB = 1024 * 1024;
/** A log larger than this is put aside (as `dfs.log.1`) at the next start. */
const LOG_LIMIT = 64 * MiB;
/** pino's number for warnings; errors are above it. */
const WARN = 40;
/** Lines of the log that are repeated here when the engine fails. */
const LAST_WORDS = 12;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const args = process.argv.slice(2);
const dataDir = resolve(flag('data-dir') ?? process.env.DFS_DATA_DIR ?? 'data');

mkdirSync(dataDir, { recursive: true, mode: 0o700 });
const logFile = join(dataDir, 'dfs.log');
if (existsSync(logFile) && statSync(logFile).size > LOG_LIMIT) renameSync(logFile, `${logFile}.1`);
const log = createWriteStream(logFile, { flags: 'a', mode: 0o600 });

let ready = false;
let ending = false;
/** @type {string[]} */
const lastLines = [];

// A process group of its own: Ctrl-C reaches the engine once, from here, and it ends in good order.
const engine = spawn(process.execPath, [join(root, 'apps/dfs-engine/dist/main.js'), ...args], {
  detached: true,
  stdio: ['ignore', 'pipe', 'pipe'],
});
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => {
    if (ending) return;
    ending = true;
    engine.kill('SIGTERM');
  });
}
// Whoever reads our output may go away (`npm start | head`); the node stays until it is told to end.
process.stdout.on('error', () => undefined);

createInterface({ input: engine.stdout }).on('line', (line) => {
  const url = /^DFS ready at (\S+)$/.exec(line)?.[1];
  if (url === undefined) return keep(line);
  ready = true;
  console.log(`Data in ${short(dataDir)}, log in ${short(logFile)}. Ctrl-C stops the node.`);
  console.log(`Open ${url}#token=${token()}`);
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
  log.write(`${line}\n`);
  lastLines.push(line);
  if (lastLines.length > LAST_WORDS) lastLines.shift();
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
 * What a person should know of a line: warnings and errors in words, and whatever is not of the log as it is.
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
