/** The cost of a workload: memory at its highest, processor time, delay of the event loop, and what else ran meanwhile. */
import { cpus } from 'node:os';
import { bytesWritten, descendants, machineTime, memory, processorTime, resetPeak } from './measure.mjs';

/** @typedef {import('./measure.mjs').ProcessorTime} ProcessorTime */
/**
 * @typedef {object} Watched One of the programs that work: an engine of ours, or another program.
 * @property {number} pid
 * @property {string} [url] Of an engine, which tells the delay of its event loop.
 * @property {string} [token]
 */
/**
 * @typedef {object} Cost
 * @property {number} peak Bytes resident at the highest moment, of the process that used most.
 * @property {number} lag p99 of the event loop's delay in milliseconds, of the engine that was latest; 0 without one.
 * @property {number} seconds How long it took.
 * @property {number} idle The share of the machine that had nothing to do, 0 to 1.
 * @property {number} others The share of the machine that was taken by others or stolen by its host, 0 to 1.
 * @property {number} written Bytes written to a disk by all of them.
 * @property {ProcessorTime[]} processor One for each program.
 * @property {number[]} pids Of these programs.
 * @property {number[][]} children Processes that each of them has started.
 * @property {{ from: number, until: number }} window When, in microseconds of the clock that never goes back, by which V8 writes profiles.
 */
/** @typedef {{ value: number, cost?: Cost, note?: string }} Sample One measured figure, in the unit of its row. */

/**
 * Runs a workload and watches its programs meanwhile.
 * @template T
 * @param {readonly Watched[]} programs
 * @param {() => Promise<T>} work
 * @returns {Promise<{ result: T, cost: Cost }>}
 */
export async function watched(programs, work) {
  for (const pid of await treesOf(programs)) await resetPeak(pid);
  await Promise.all(programs.map(lag)); // reading it begins it anew
  const before = await look(programs);
  const from = microseconds();
  const result = await work();
  const until = microseconds();
  const after = await look(programs);
  const lags = await Promise.all(programs.map(lag));
  const children = await Promise.all(programs.map(({ pid }) => descendants(pid)));
  const peaks = await Promise.all((await treesOf(programs)).map(async (pid) => (await memory(pid)).peak));
  const seconds = (after.at - before.at) / 1000;
  const machine = seconds * cpus().length;
  const processor = after.processor.map((time, index) => difference(time, before.processor[index] ?? time));
  const ours = processor.reduce((sum, { all }) => sum + all, after.own - before.own);
  const busy = after.machine.busy - before.machine.busy + after.machine.stolen - before.machine.stolen;
  return {
    result,
    cost: {
      peak: Math.max(...peaks),
      lag: Math.max(...lags),
      seconds,
      idle: Math.min(1, (after.machine.idle - before.machine.idle) / machine),
      others: Math.max(0, (busy - ours) / machine),
      written: after.written - before.written,
      processor,
      pids: programs.map(({ pid }) => pid),
      children,
      window: { from, until },
    },
  };
}

function microseconds() {
  return Number(process.hrtime.bigint() / 1000n);
}

/**
 * The programs and what they have started.
 * @param {readonly Watched[]} programs
 */
async function treesOf(programs) {
  const trees = await Promise.all(programs.map(async ({ pid }) => [pid, ...(await descendants(pid))]));
  return trees.flat();
}

/** @param {readonly Watched[]} programs */
async function look(programs) {
  const processor = await Promise.all(programs.map(({ pid }) => processorTime(pid)));
  const written = await Promise.all(programs.map(({ pid }) => bytesWritten(pid)));
  const { user, system } = process.cpuUsage();
  return {
    processor,
    written: written.reduce((sum, bytes) => sum + bytes, 0),
    own: (user + system) / 1e6,
    machine: await machineTime(),
    at: performance.now(),
  };
}

/**
 * @param {ProcessorTime} later
 * @param {ProcessorTime} earlier
 */
function difference(later, earlier) {
  const entries = Object.entries(later);
  const kind = (/** @type {string} */ name) => /** @type {keyof ProcessorTime} */ (name);
  return /** @type {ProcessorTime} */ (
    Object.fromEntries(entries.map(([name, seconds]) => [name, seconds - earlier[kind(name)]]))
  );
}

/**
 * p99 since it was last read, in milliseconds; 0 for a program that is no engine.
 * @param {Watched} program
 */
async function lag({ url, token }) {
  if (url === undefined) return 0;
  const answer = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  const seconds = /^nodejs_eventloop_lag_p99_seconds(?:\{[^}]*\})? (\S+)$/m.exec(await answer.text())?.[1];
  if (seconds === undefined) throw new Error(`${url}/metrics does not tell the delay of the event loop`);
  return Number(seconds) * 1000;
}
