/** Clocks, quantiles, and what the operating system knows of a process. */
import { readFile, readdir, writeFile } from 'node:fs/promises';

/** Clock ticks a second in /proc: fixed at 100 on Linux. */
const TICKS = 100;
const KiB = 1024;

/**
 * Seconds that some work took.
 * @param {() => Promise<unknown> | unknown} work
 */
export async function timed(work) {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/** @param {number[]} values */
export function median(values) {
  return quantile(values, 0.5);
}

/**
 * The smallest value that at least this share of the values does not exceed.
 * @param {number[]} values
 * @param {number} share
 */
export function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error('nothing was measured');
  return value;
}

/**
 * Resident memory of a process in bytes, now and at its highest.
 * @param {number} pid
 */
export async function memory(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const of = (/** @type {string} */ name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * KiB;
  return { now: of('VmRSS'), peak: of('VmHWM') };
}

/**
 * Lets the highest mark of a process begin anew at what it uses now.
 * @param {number} pid
 */
export async function resetPeak(pid) {
  await writeFile(`/proc/${pid}/clear_refs`, '5');
}

/** Where a node's processor time goes, by the names of its threads. */
const THREADS = /** @type {const} */ ({
  main: /^(MainThread|node)$/,
  collector: /^V8Worker$/,
  disk: /^libuv-worker$/,
  hash: /^dfs-hash$/,
});

/** @typedef {Record<keyof typeof THREADS | 'all', number>} ProcessorTime Seconds. */

/**
 * Processor time a process has used: of the process, and of its kinds of threads.
 * @param {number} pid
 * @returns {Promise<ProcessorTime>}
 */
export async function processorTime(pid) {
  const threads = await Promise.all((await readdir(`/proc/${pid}/task`)).map((id) => statOf(`${pid}/task/${id}`)));
  const of = (/** @type {RegExp} */ name) =>
    threads.reduce((sum, thread) => (thread && name.test(thread.name) ? sum + thread.seconds : sum), 0);
  const kinds = Object.fromEntries(Object.entries(THREADS).map(([kind, name]) => [kind, of(name)]));
  return /** @type {ProcessorTime} */ ({ all: (await statOf(String(pid)))?.seconds ?? 0, ...kinds });
}

/**
 * Seconds that all cores together have been idle since the machine started, waiting for the disk included.
 */
export async function idleSeconds() {
  const line = (await readFile('/proc/stat', 'utf8')).split('\n', 1)[0] ?? '';
  const [, , , , idle, waiting] = line.split(/\s+/).map(Number);
  return ((idle ?? 0) + (waiting ?? 0)) / TICKS;
}

/**
 * A thread may end while it is looked at.
 * @param {string} of
 */
async function statOf(of) {
  const stat = await readFile(`/proc/${of}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return undefined;
  const end = stat.lastIndexOf(')');
  const fields = stat.slice(end + 2).split(' ');
  return { name: stat.slice(stat.indexOf('(') + 1, end), seconds: (Number(fields[11]) + Number(fields[12])) / TICKS };
}
