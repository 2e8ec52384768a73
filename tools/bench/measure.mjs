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
 * Processor time that a process and those it started have used: of all of them, and of the kinds of threads of the first.
 * @param {number} pid
 * @returns {Promise<ProcessorTime>}
 */
export async function processorTime(pid) {
  const threads = await Promise.all((await readdir(`/proc/${pid}/task`)).map((id) => statOf(`${pid}/task/${id}`)));
  const of = (/** @type {RegExp} */ name) =>
    threads.reduce((sum, thread) => (thread && name.test(thread.name) ? sum + thread.seconds : sum), 0);
  const kinds = Object.fromEntries(Object.entries(THREADS).map(([kind, name]) => [kind, of(name)]));
  const tree = await Promise.all([pid, ...(await descendants(pid))].map((each) => statOf(String(each))));
  const all = tree.reduce((sum, each) => sum + (each?.seconds ?? 0), 0);
  return /** @type {ProcessorTime} */ ({ all, ...kinds });
}

/**
 * Bytes that a process and those it started have caused to be written to a disk; none for a file system in memory.
 * @param {number} pid
 */
export async function bytesWritten(pid) {
  const tree = [pid, ...(await descendants(pid))];
  const texts = await Promise.all(tree.map((each) => readFile(`/proc/${each}/io`, 'utf8').catch(() => '')));
  return texts.reduce((sum, text) => sum + Number(/^write_bytes: (\d+)$/m.exec(text)?.[1] ?? 0), 0);
}

/**
 * Processes that this one started, and those that they started.
 * @param {number} pid
 * @returns {Promise<number[]>}
 */
export async function descendants(pid) {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map(async (each) => ({ pid: Number(each), ...(await statOf(each)) })));
  const children = Map.groupBy(stats, ({ parent }) => parent);
  const found = [];
  for (let next = [pid]; next.length > 0;) {
    next = next.flatMap((each) => (children.get(each) ?? []).map((child) => child.pid));
    found.push(...next);
  }
  return found;
}

/** @typedef {{ idle: number, busy: number, stolen: number }} MachineTime Seconds of all cores together. */

/**
 * The time of the machine since it started: idle (waiting for the disk included), busy, and stolen by the host of a virtual
 * machine.
 * @returns {Promise<MachineTime>}
 */
export async function machineTime() {
  const line = (await readFile('/proc/stat', 'utf8')).split('\n', 1)[0] ?? '';
  const [, user, nice, system, idle, waiting, irq, softirq, stolen] = line.split(/\s+/).map((text) => Number(text));
  const sum = (/** @type {(number | undefined)[]} */ ...ticks) => ticks.reduce((all = 0, each = 0) => all + each, 0);
  const seconds = (/** @type {(number | undefined)[]} */ ...ticks) => (sum(...ticks) ?? 0) / TICKS;
  return {
    idle: seconds(idle, waiting),
    busy: seconds(user, nice, system, irq, softirq),
    stolen: seconds(stolen),
  };
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
  return {
    name: stat.slice(stat.indexOf('(') + 1, end),
    parent: Number(fields[1]),
    seconds: (Number(fields[11]) + Number(fields[12])) / TICKS,
  };
}
