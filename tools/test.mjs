/**
 * `npm test`: format, lint, types, build, then every jest project, the end-to-end ones last, one at a time. Closes with
 * one line, `N passed, N failed`: the tests, and one failure for every other step that went wrong. `, N skipped` follows
 * where something is missing that tests need. `npm test -- chunks files` runs the tests of these projects alone.
 *
 * Results, screenshots and the logs of the engines it started are left in `artifacts/`.
 */
import { spawn } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { byProject, closingLine, FAILED_STEP, NOTHING, sum, tally } from './lib/tally.mjs';

const minute = 60_000;
/** A step that takes longer than this hangs. */
const STEP_DEADLINE = 30 * minute;
/** Workers that grew beyond this are replaced: ES modules are never unloaded from a jest sandbox. */
const WORKER_MEMORY = '1500MB';
/** Unit tests wait for disks, peers and timers half of the time: two for each core keep it busy, as far as memory goes. */
const WORKERS = Math.max(1, Math.min(2 * availableParallelism(), Math.floor(memoryBytes() / 2 ** 31)));
/** As in jest.preset.cjs, whose own is not heard when several projects run together. */
const TEST_TIMEOUT = 240_000;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
const resultsDir = join(root, 'artifacts', 'jest');

/** @typedef {{ name: string, seconds: number } & import('./lib/tally.mjs').Tally} Row */
/** @type {Row[]} */
const rows = [];

process.chdir(root);
for (const folder of ['jest', 'logs']) rmSync(join(root, 'artifacts', folder), { recursive: true, force: true });
mkdirSync(resultsDir, { recursive: true });

const chosen = process.argv.slice(2);
const projects = globSync(['tools/jest.config.cjs', '{apps,libs}/*/jest.config.cjs'])
  .map((config) => dirname(config))
  .filter((folder) => chosen.length === 0 || chosen.includes(basename(folder)))
  .sort();
const isEndToEnd = (/** @type {string} */ folder) => folder.endsWith('-e2e');

const everything = chosen.length === 0;
if (everything) {
  await step('format', 'prettier', ['--check', '--log-level=warn', '.']);
  await step('lint', 'nx', ['run-many', '-t', 'lint', '--parallel=2']);
  await step('typecheck', 'nx', ['run-many', '-t', 'typecheck', '--parallel=2']);
}
const needsBuild = everything || projects.some(isEndToEnd);
const built = needsBuild && (await step('build', 'nx', ['run-many', '-t', 'build', '--parallel=2']));

await jest(
  'unit',
  projects.filter((folder) => !isEndToEnd(folder)),
  [`--maxWorkers=${WORKERS}`, `--workerIdleMemoryLimit=${WORKER_MEMORY}`],
);
// The console's own end-to-end tests last: they need all of the rest.
for (const folder of projects.filter(isEndToEnd).sort((a) => (a.includes('client') ? 1 : -1))) {
  if (built) await jest(basename(folder), [folder], ['--runInBand']);
  else console.log(`\n${basename(folder)} was not run: it needs the build.`);
}

summarise();

/**
 * Runs one of the workspace's commands and shows its output if it failed.
 * @param {string} name
 * @param {string} program
 * @param {string[]} args
 */
async function step(name, program, args) {
  heading(name);
  const { code, output, seconds } = await run(join(bin, program), args, { show: false });
  if (code !== 0) console.log(output.trimEnd());
  rows.push({ name, seconds, ...(code === 0 ? NOTHING : FAILED_STEP) });
  return code === 0;
}

/**
 * One run of jest over some projects.
 * @param {string} name
 * @param {string[]} folders
 * @param {string[]} args
 */
async function jest(name, folders, args) {
  const empty = folders.filter((folder) => globSync(`${folder}/**/*.spec.ts`).length === 0);
  for (const folder of empty) {
    console.log(`\n${folder} has no test.`);
    rows.push({ name: basename(folder), seconds: 0, ...FAILED_STEP });
  }
  const tested = folders.filter((folder) => !empty.includes(folder));
  if (tested.length === 0) return;

  heading(name);
  const file = join(resultsDir, `${name}.json`);
  const { code, seconds } = await run(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      'node_modules/jest/bin/jest.js',
      ...(tested.length === 1
        ? ['--config', join(tested[0] ?? '', 'jest.config.cjs')]
        : ['--projects', ...tested, `--testTimeout=${TEST_TIMEOUT}`]),
      ...args,
      '--json',
      `--outputFile=${file}`,
    ],
    { show: true },
  );
  /** @type {import('./lib/tally.mjs').JestResults | undefined} */
  const results = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  for (const row of results && tested.length > 1 ? byProject(results, root) : []) {
    rows.push({ ...row, name: `  ${row.project}` });
  }
  rows.push({ name, seconds, ...tally(results, code) });
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {{ show: boolean }} options
 * @returns {Promise<{ code: number | null, output: string, seconds: number }>}
 */
function run(program, args, { show }) {
  const began = performance.now();
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
      env: { ...process.env, NX_TUI: 'false', FORCE_COLOR: process.stdout.isTTY ? '1' : '0' },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text) => (output += text));
    const deadline = setTimeout(() => {
      console.log(`${basename(program)} did not end within ${STEP_DEADLINE / minute} minutes.`);
      child.kill('SIGKILL');
    }, STEP_DEADLINE);
    child.on('error', (error) => (output += `${error.message}\n`));
    child.on('close', (code) => {
      clearTimeout(deadline);
      resolve({ code, output, seconds: (performance.now() - began) / 1000 });
    });
  });
}

/** Of the machine, or of the container where that has less. */
function memoryBytes() {
  return Math.min(totalmem(), process.constrainedMemory() || Infinity);
}

/** @param {string} name */
function heading(name) {
  console.log(`\n── ${name} ${'─'.repeat(Math.max(2, 70 - name.length))}`);
}

/** The table, and as the very last line the one that counts. */
function summarise() {
  heading('summary');
  for (const { name, seconds, passed, failed, skipped } of rows) {
    const isTested = passed + skipped > 0 || failed > 1;
    const outcome = isTested ? closingLine({ passed, failed, skipped }) : failed > 0 ? 'failed' : 'ok';
    console.log(`${name.padEnd(22)} ${seconds.toFixed(1).padStart(7)} s   ${outcome}`);
  }
  const total = sum(rows.filter(({ name }) => !name.startsWith('  ')));
  if (total.passed === 0) console.log('\nNo test ran.');
  console.log(`\n${closingLine(total)}`);
  process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
}
