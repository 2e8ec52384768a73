/** Clocks, quantiles, and what the operating system knows of a process. */
import { readFile, writeFile } from 'node:fs/promises';

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

/**
 * Seconds of processor time a process has used, its threads included.
 * @param {number} pid
 */
export async function processorSeconds(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}
