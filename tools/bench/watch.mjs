/** What a workload costs the engines: memory at its highest, processor time, delay of the event loop. */
import { memory, processorSeconds, resetPeak } from './measure.mjs';

/** @typedef {import('@dfs/testing').Engine} Engine */
/**
 * @typedef {object} Cost
 * @property {number} peak Bytes resident at the highest moment, of the engine that used most.
 * @property {number} lag p99 of the event loop's delay in milliseconds, of the engine that was latest.
 * @property {number[]} processor Seconds, one for each engine.
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
  const before = await Promise.all(engines.map(({ pid }) => processorSeconds(pid)));
  const result = await work();
  const after = await Promise.all(engines.map(({ pid }) => processorSeconds(pid)));
  const lags = await Promise.all(engines.map(lag));
  const peaks = await Promise.all(engines.map(async ({ pid }) => (await memory(pid)).peak));
  return {
    result,
    cost: {
      peak: Math.max(...peaks),
      lag: Math.max(...lags),
      processor: after.map((seconds, index) => seconds - (before[index] ?? 0)),
    },
  };
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
