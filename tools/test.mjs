/**
 * `npm test`: build, lint, format, types and every jest project, in two halves beside each other: the end-to-end tests mostly wait.
 * Closes with one line, `N passed, N failed`: the tests, and one failure for every other step that went wrong. `, N skipped` follows
 * where something is missing that tests need. `npm test -- chunks files` runs the tests of these projects alone.
 *
 * Results, screenshots and the logs of the engines it started are left in `artifacts/`.
 */
import { spawn } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compiler } from './lib/compiler.mjs';
import { byProject, closingLine, FAILED_STEP, NOTHING, sum, tally } from './lib/tally.mjs';
import { takeTurns } from './lib/turns.mjs';

const minute = 60_000;
/** A step that takes longer than this hangs. */
const STEP_DEADLINE = 30 * minute;
/** Workers whose heap grew beyond this are replaced: a spec with large buffers takes longer beside what others left. */
const WORKER_HEAP = '500MB';
/** MiB. */
const LINT_HEAP = 4096;
/** As in jest.preset.cjs, whose own is not heard when several projects run together. */
const TEST_TIMEOUT = 600_000;
/** Bytes that a worker takes, with the engines that it starts where it has end-to-end specs. */
const [UNIT_MEMORY, SPEC_MEMORY] = [2 * 2 ** 30, 4 * 2 ** 30];
/**
 * Parts that run one after another, each list beside the other. Both lists take about as long: lint takes a core for a minute, and stands
 * before the tests that end first.
 * @type {PartName[][]}
 */
const HALVES = [
  ['build', 'lint', 'endToEnd'],
  ['format', 'types', 'unit'],
];
/** The long forms take figures: each for itself, on a machine that does nothing else. */
const isLong = process.env.DFS_LONG === '1';

/** Folders of unit tests lie in memory where there is so much of it: what they wait for most is the disk. */
const [MEMORY_FOLDER, MEMORY_ROOM] = ['/dev/shm', 6 * 2 ** 30];

/** A program of its own: its sources are those of the browser. */
const CONSOLE = join('apps', 'client-ui');

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
const resultsDir = join(root, 'artifacts', 'jest');

/**
 * @typedef {{ name: string, seconds: number } & import('./lib/tally.mjs').Tally} Row
 * @typedef {{ write: (text: string) => void, rows: Row[] }} Report takes what a part prints, and what came of it
 * @typedef {'build' | 'lint' | 'format' | 'types' | 'unit' | 'endToEnd'} PartName
 */

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
const needsBuild = everything || projects.some(isEndToEnd);
const endToEnd = projects.filter(isEndToEnd);
// Both wait for disks, peers and timers half of the time: more than one for each core keep it busy, as far as memory goes.
const unitWorkers = Math.min(availableParallelism() + (endToEnd.length > 0 ? 1 : 2), fitting(UNIT_MEMORY));
const specWorkers = Math.min(4, fitting(SPEC_MEMORY));

const longestFirst = `--testSequencer=${join(root, 'tools/lib/longest-first.cjs')}`;
const scratch = scratchInMemory();
/** Whether there is a build. @type {PromiseWithResolvers<boolean>} */
const built = Promise.withResolvers();
/** In the order in which they are told of. @type {Record<PartName, (report: Report) => Promise<unknown>>} */
const parts = {
  build: async (report) => built.resolve(needsBuild && (await build(report))),
  lint: async (report) => everything && (await lint(report)),
  format: async (report) => everything && (await format(report)),
  types: async (report) => {
    await built.promise;
    if (everything) await types(report);
  },
  unit: (report) => {
    const folders = projects.filter((folder) => !isEndToEnd(folder));
    const env = scratch ? { DFS_TEST_FOLDER: scratch } : undefined;
    return jest(report, 'unit', folders, [...workers(unitWorkers), longestFirst], env);
  },
  endToEnd: async (report) => {
    const args = [...workers(isLong ? 1 : specWorkers), longestFirst];
    if (await built.promise) await jest(report, 'end-to-end', endToEnd, args);
    else if (endToEnd.length > 0) report.write('\nThe end-to-end tests were not run: they need the build.\n');
  },
};
const reports = await runParts();
if (scratch) rmSync(scratch, { recursive: true, force: true });

summarise(reports.flatMap(({ rows }) => rows));

/** Answers their reports. */
async function runParts() {
  const names = /** @type {PartName[]} */ (Object.keys(parts));
  const turns = takeTurns(names.length, (text) => process.stdout.write(text));
  const reports = turns.map((turn) => ({ ...turn, rows: /** @type {Row[]} */ ([]) }));
  const halves = isLong ? [HALVES.flat()] : HALVES;
  const inOrder = async (/** @type {PartName[]} */ half) => {
    for (const name of half) {
      const report = reports[names.indexOf(name)];
      if (report) await parts[name](report).finally(report.end);
    }
  };
  await Promise.all(halves.map(inOrder));
  return reports;
}

/** Builds the parts of a node, and then the rest: each build finds the ones before it as they are. */
async function build(/** @type {Report} */ report) {
  const rest = globSync('{apps,libs}/*/tsconfig.build.json').sort();
  return (
    (await step(report, 'build', process.execPath, ['tools/build.mjs'])) &&
    (await step(report, 'client', 'nx', ['run', 'client:generate'])) &&
    (await compile(report, 'build of the rest', '--build', ...rest)) &&
    (await step(report, 'command line', process.execPath, ['tools/bundle.mjs', 'apps/dfs-cli']))
  );
}

/** One program for the whole workspace, and not one for each project: each would read the types of all others again. */
function lint(/** @type {Report} */ report) {
  return step(report, 'lint', process.execPath, [
    `--max-old-space-size=${LINT_HEAP}`,
    'node_modules/eslint/bin/eslint.js',
    '.',
  ]);
}

function format(/** @type {Report} */ report) {
  return step(report, 'format', 'prettier', ['--check', '--log-level=warn', '.']);
}

/** The build has checked what it is made of, the templates of the console too. */
async function types(/** @type {Report} */ report) {
  const isComposite = (/** @type {string} */ folder) => existsSync(join(folder, 'tsconfig.json')) && folder !== CONSOLE;
  const composite = globSync('{apps,libs}/*').filter(isComposite).sort();
  await compile(report, 'typecheck', '--build', '--emitDeclarationOnly', ...composite);
  await compile(report, 'typecheck of tools', '--noEmit', '--project', 'tools');
  await compile(report, 'typecheck of client-ui', '--noEmit', '--project', join(CONSOLE, 'tsconfig.spec.json'));
}

/**
 * @param {Report} report
 * @param {string} name
 * @param {string[]} args
 */
function compile(report, name, ...args) {
  return step(report, name, process.execPath, compiler(...args));
}

/**
 * Runs one of the workspace's commands and shows its output if it failed.
 * @param {Report} report
 * @param {string} name
 * @param {string} program
 * @param {string[]} args
 */
async function step({ write, rows }, name, program, args) {
  write(headingOf(name));
  let output = '';
  const { code, seconds } = await run(resolve(bin, program), args, (text) => (output += text));
  if (code !== 0) write(`${headingOf(`${name} failed`)}${output.trimEnd()}\n`);
  rows.push({ name, seconds, ...(code === 0 ? NOTHING : FAILED_STEP) });
  return code === 0;
}

/**
 * One run of jest over some projects.
 * @param {Report} report
 * @param {string} name
 * @param {string[]} folders
 * @param {string[]} args
 * @param {Record<string, string>} [env] besides that of this process
 */
async function jest({ write, rows }, name, folders, args, env) {
  const empty = folders.filter((folder) => globSync(`${folder}/**/*.spec.ts`).length === 0);
  for (const folder of empty) {
    write(`\n${folder} has no test.\n`);
    rows.push({ name: basename(folder), seconds: 0, ...FAILED_STEP });
  }
  const tested = folders.filter((folder) => !empty.includes(folder));
  if (tested.length === 0) return;

  write(headingOf(name));
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
    write,
    env,
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
 * @param {(text: string) => void} write takes what it prints
 * @param {Record<string, string>} [env] besides that of this process
 * @returns {Promise<{ code: number | null, seconds: number }>}
 */
function run(program, args, write, env = {}) {
  const began = performance.now();
  return new Promise((done) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env, NX_TUI: 'false', FORCE_COLOR: process.stdout.isTTY ? '1' : '0' },
    });
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', write);
    const deadline = setTimeout(() => {
      write(`${basename(program)} did not end within ${STEP_DEADLINE / minute} minutes.\n`);
      child.kill('SIGKILL');
    }, STEP_DEADLINE);
    child.on('error', (error) => write(`${error.message}\n`));
    child.on('close', (code) => {
      clearTimeout(deadline);
      done({ code, seconds: (performance.now() - began) / 1000 });
    });
  });
}

/** @param {number} count */
function workers(count) {
  return [`--maxWorkers=${count}`, `--workerIdleMemoryLimit=${WORKER_HEAP}`];
}

/**
 * How many that take so much the memory has room for; that of the container, where it has less than the machine.
 * @param {number} bytes
 */
function fitting(bytes) {
  return Math.max(1, Math.floor(Math.min(totalmem(), process.constrainedMemory() || Infinity) / bytes));
}

/** A folder in memory, or undefined where there is too little of it, or where no program may be run from there. */
function scratchInMemory() {
  const mounts = existsSync('/proc/mounts') ? readFileSync('/proc/mounts', 'utf8').split('\n') : [];
  const mount = mounts.find((line) => line.split(' ')[1] === MEMORY_FOLDER);
  if (!mount || /\bnoexec\b/.test(mount)) return undefined;
  const { bavail, bsize } = statfsSync(MEMORY_FOLDER);
  return bavail * bsize >= MEMORY_ROOM && fitting(MEMORY_ROOM) > 1
    ? mkdtempSync(join(MEMORY_FOLDER, 'dfs-tests-'))
    : undefined;
}

/** @param {string} name */
function headingOf(name) {
  return `\n── ${name} ${'─'.repeat(Math.max(2, 70 - name.length))}\n`;
}

/**
 * The table, and as the very last line the one that counts.
 * @param {Row[]} rows
 */
function summarise(rows) {
  process.stdout.write(headingOf('summary'));
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
