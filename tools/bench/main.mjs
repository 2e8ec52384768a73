/**
 * `npm run bench`: the limits of the machine first, then ours beside them; prints a table and writes it to
 * docs/benchmarks.md.
 *
 *   --quick         128 MiB, 1,000 files, one run, lists of 10,000 files, scans of 100,000; writes no page
 *   --only a,b      some of: limits, file, put, transfer, small, small-transfer, latency, list,
 *                   scan; writes no page
 *   --bytes N       size of the large file; --files N: number of small ones; writes no page
 *   --runs N        runs of each, of which the median counts
 *   --profile       CPU profiles of the engines into artifacts/profiles; writes no page
 */
import { randomFillSync } from 'node:crypto';
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { table } from '../lib/text.mjs';
import { measureLimits } from './limits.mjs';
import { median } from './measure.mjs';
import { costsText, page, rowsOf, text } from './report.mjs';
import { abandonMany, manyFiles } from './scale.mjs';
import { scanCost } from './scan.mjs';
import {
  abandon,
  inAndOut,
  latencyAndIdle,
  manySmall,
  putUntilThere,
  smallAlone,
  transferAlone,
} from './workloads.mjs';

/** @typedef {import('./workloads.mjs').Sample} Sample */

const MiB = 1024 * 1024;
const FULL = { bytes: 1024 * MiB, files: 10_000, runs: 3, samples: 200, listed: 100_000, scanned: 1_000_000 };
const QUICK = { bytes: 128 * MiB, files: 1_000, runs: 1, samples: 50, listed: 10_000, scanned: 100_000 };
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    only: { type: 'string' },
    bytes: { type: 'string' },
    files: { type: 'string' },
    runs: { type: 'string' },
  },
});
const usual = flags.quick ? QUICK : FULL;
const bytes = Number(flags.bytes ?? usual.bytes);
const count = Number(flags.files ?? usual.files);
const runs = Number(flags.runs ?? usual.runs);
const only = flags.only?.split(',');
const wants = (/** @type {string} */ name) => only === undefined || only.includes(name);
const isComplete = only === undefined && !flags.profile && bytes === FULL.bytes && count === FULL.files;

if (flags.profile) {
  const profiles = join(root, 'artifacts', 'profiles');
  await mkdir(profiles, { recursive: true });
  process.env.NODE_OPTIONS_ENGINE = `--cpu-prof --cpu-prof-dir=${profiles}`;
}

const dir = await mkdtemp(join(tmpdir(), 'dfs-bench-'));
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.once(signal, () => void end().then(() => process.exit(1)));
}
try {
  await bench();
} finally {
  await end();
}

async function end() {
  await Promise.all([abandon(), abandonMany()]);
  await rm(dir, { recursive: true, force: true });
}

async function bench() {
  const file = join(dir, 'input');
  await writeRandom(file, bytes);
  const input = { file, bytes };

  say('the limits of this machine');
  const limits = await measureLimits({ ...input, dir, runs, smallFiles: count });
  /** @type {import('./report.mjs').Figures} */
  const figures = { bytes, small: count, runs, costs: [] };
  /** @type {Sample[]} */
  const samples = [];

  if (wants('file')) {
    const both = await repeat('one node, in and out', () => inAndOut(input));
    figures.ingest = take(
      'in by HTTP',
      both.map(({ ingest }) => ingest),
    );
    figures.download = take(
      'out by HTTP',
      both.map(({ download }) => download),
    );
  }
  if (wants('put')) figures.put = take('A to B, put included', await repeat('A to B', () => putUntilThere(input)));
  if (wants('transfer')) {
    figures.transfer = take('A to B, transfer alone', await repeat('the transfer alone', () => transferAlone(input)));
  }
  if (wants('small')) {
    figures.smallPut = take('small files, put included', await repeat('small files', () => manySmall({ count })));
  }
  if (wants('small-transfer')) {
    const runsOfIt = await repeat('small files, the transfer alone', () => smallAlone({ count }));
    figures.smallTransfer = take('small files, transfer alone', runsOfIt);
  }
  if (wants('latency')) {
    say('latency and idle memory');
    Object.assign(figures, await latencyAndIdle({ samples: usual.samples }));
  }
  if (wants('list')) {
    say('a node with very many files');
    figures.scale = await manyFiles({ files: usual.listed, say });
  }
  if (wants('scan')) {
    say('a look over very many contents');
    figures.scan = await scanCost({ contents: usual.scanned, members: 100 });
  }
  if (samples.length > 0) {
    figures.peak = Math.max(...samples.map(({ cost }) => cost.peak));
    figures.lag = Math.max(...samples.map(({ cost }) => cost.lag));
  }

  const rows = rowsOf(limits, figures);
  console.log(`\n${text(limits, rows, table)}\n`);
  console.log(costsText(figures, table));
  if (!isComplete) return;
  const target = join(root, 'docs/benchmarks.md');
  const style = { ...(await resolveConfig(target)), filepath: target };
  await writeFile(target, await format(page(limits, rows, figures), style));
  console.log('\nWritten to docs/benchmarks.md.');

  /**
   * The median of some samples; their costs are kept.
   * @param {string} name
   * @param {Sample[]} taken
   */
  function take(name, taken) {
    samples.push(...taken);
    const middle = taken.toSorted((a, b) => a.value - b.value)[taken.length >> 1];
    if (middle) figures.costs.push({ name, ...middle.cost });
    return median(taken.map(({ value }) => value));
  }
}

/**
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 */
async function repeat(name, work) {
  const results = [];
  for (let run = 1; run <= runs; run++) {
    say(runs > 1 ? `${name} (${run} of ${runs})` : name);
    results.push(await work());
  }
  return results;
}

/**
 * @param {string} file
 * @param {number} size
 */
async function writeRandom(file, size) {
  const target = await open(file, 'w');
  const buffer = Buffer.allocUnsafe(16 * MiB);
  for (let written = 0; written < size; written += buffer.length) {
    await target.write(randomFillSync(buffer).subarray(0, Math.min(buffer.length, size - written)));
  }
  await target.close();
}

/** @param {string} doing */
function say(doing) {
  console.log(`… ${doing}`);
}
