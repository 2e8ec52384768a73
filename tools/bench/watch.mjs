/** The cost of a workload for the engines: memory at its highest, processor time, delay of the event loop. */
import { cpus } from 'node:os';
import { idleSeconds, memory, processorTime, resetPeak } from './measure.mjs';

/** @typedef {import('@dfs/testing').Engine} Engine */
/** @typedef {import('./measure.mjs').ProcessorTime} ProcessorTime */
/**
 * @typedef {object} Cost
 * @property {number} peak Bytes resident at the highest moment, of the engine that used most.
 * @property {number} lag p99 of the event loop's delay in milliseconds, of the engine that was latest.
 * @property {number} seconds How long it took.
 * @property {number} idle The share of the machine that had nothing to do, 0 to 1.
 * @property {ProcessorTime[]} processor One for each engine.
 */

/**
 * Runs a workload and watches the engines meanwhile.
 * @template T
 * @param {Engine[]} engines
 * @param {() => Promise<T>} work
 * @returns {Promise<{ result: T, cost: Cost }>}
 */
export async function watched(engines, work) {
  await Promise.all(engines.map((engine) => resetPeak(engine.pid)));
  await Promise.all(engines.map(lag)); // reading it begins it anew
  const before = await Promise.all(engines.map(({ pid }) => processorTime(pid)));
  const [idleBefore, began] = [await idleSeconds(), performance.now()];
  const result = await work();
  const seconds = (performance.now() - began) / 1000;
  const idle = ((await idleSeconds()) - idleBefore) / seconds / cpus().length;
  const after = await Promise.all(engines.map(({ pid }) => processorTime(pid)));
  const lags = await Promise.all(engines.map(lag));
  const peaks = await Promise.all(engines.map(async ({ pid }) => (await memory(pid)).peak));
  return {
    result,
    cost: {
      peak: Math.max(...peaks),
      lag: Math.max(...lags),
      seconds,
      idle: Math.min(1, idle),
      processor: after.map((time, index) => difference(time, before[index] ?? time)),
    },
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
 * p99 since it was last read, in milliseconds.
 * @param {Engine} engine
 */
async function lag(engine) {
  const answer = await fetch(`${engine.url}/metrics`, { headers: { authorization: `Bearer ${engine.token}` } });
  const seconds = /^nodejs_eventloop_lag_p99_seconds(?:\{[^}]*\})? (\S+)$/m.exec(await answer.text())?.[1];
  if (seconds === undefined) throw new Error(`${engine.url}/metrics does not tell the delay of the event loop`);
  return Number(seconds) * 1000;
}
