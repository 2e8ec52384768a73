/**
 * Our own figures: real engine processes, everything through their HTTP API. Every run begins with fresh nodes, so that
 * nothing is already there, and ends with a look at the bytes.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, removeAll, startEngine, startNetwork } from '@dfs/testing';
import { download, hashOf, postFiles, putBytes, putFile, tryGet } from './client.mjs';
import { SMALL } from './inputs.mjs';
import { memory, quantile, timed } from '../measure.mjs';
import { watched } from '../watch.mjs';

/** @typedef {import('@dfs/testing').Engine} Engine */
/** @typedef {import('../watch.mjs').Cost} Cost */
/** @typedef {import('../watch.mjs').Sample} Sample */
/** @typedef {import('./inputs.mjs').LargeInput} LargeInput */

const MiB = 1024 * 1024;
/** Small files in one request. */
const BATCH = 1_000;
/** How often a node is asked how far it is, in milliseconds: seldom, for each answer is work for it. */
const POLL = 50;
/** A workload that takes longer than this hangs, in milliseconds. */
export const DEADLINE = 300_000;
/** Milliseconds by which the work of a node after its start is over. */
const SETTLE = 10_000;
/** All nodes of the benchmark. */
export const TWO_COPIES = { DFS_REPLICAS: '2', DFS_LOG_LEVEL: 'warn' };

/**
 * A file into a single node, and out again: MiB a second.
 * @param {LargeInput} input
 * @returns {Promise<{ in: Sample, out: Sample }>}
 */
export async function inAndOut({ file, bytes, sha256 }) {
  return withEngines([await startEngine({ env: TWO_COPIES })], async ([a]) => {
    let id = '';
    const ingest = await watched([a], () => timed(async () => void ({ id } = await putFile(a, 'bench/large', file))));
    const out = await watched([a], () =>
      timed(async () => expectEqual('bytes downloaded', await download(a, id), bytes)),
    );
    expectEqual('content', await hashOf(a, id), sha256);
    return { in: speed(ingest, bytes), out: speed(out, bytes) };
  });
}

/**
 * A file into A until B holds it verified on its disk: MiB a second.
 * @param {LargeInput} input
 * @returns {Promise<Sample>}
 */
export async function putUntilThere({ file, bytes, sha256 }) {
  return withEngines(await startNetwork(2, { env: TWO_COPIES }), async (engines) => {
    const [a, b] = engines;
    let id = '';
    const run = await watched(engines, () =>
      timed(async () => {
        ({ id } = await putFile(a, 'bench/large', file));
        await untilTwoCopies(a, id);
      }),
    );
    expectEqual('content on B', await hashOf(b, id), sha256);
    return speed(run, bytes);
  });
}

/**
 * A holds a file; B comes back and fetches it. From their connection on: MiB a second.
 * @param {LargeInput} input
 * @returns {Promise<Sample>}
 */
export async function transferAlone({ file, bytes, sha256 }) {
  return withEngines(await startNetwork(2, { env: TWO_COPIES }), async (engines) => {
    const [a, b] = engines;
    await b.stop();
    const { id } = await putFile(a, 'bench/large', file);
    await b.start();
    const run = await watched(engines, async () => {
      await untilTwoCopies(a, id);
      return (Date.now() - (await connectedAt(b))) / 1000;
    });
    expectEqual('content on B', await hashOf(b, id), sha256);
    return speed(run, bytes);
  });
}

/**
 * Many small files into A until B holds them all: files a second.
 * @param {{ count: number }} input
 * @returns {Promise<Sample>}
 */
export async function manySmall({ count }) {
  return withEngines(await startNetwork(2, { env: TWO_COPIES }), async (engines) => {
    const [a, b] = engines;
    const files = smallFiles(count);
    const { result, cost } = await watched(engines, () =>
      timed(async () => {
        await postAll(a, files);
        await untilChunks(b, count);
      }),
    );
    await checkSmall(a, b, files);
    return { value: count / result, cost };
  });
}

/**
 * A holds many small files; B comes back and fetches them. From their connection on: files a second.
 * @param {{ count: number }} input
 * @returns {Promise<Sample>}
 */
export async function smallAlone({ count }) {
  return withEngines(await startNetwork(2, { env: TWO_COPIES }), async (engines) => {
    const [a, b] = engines;
    const files = smallFiles(count);
    await b.stop();
    await postAll(a, files);
    await b.start();
    const { result, cost } = await watched(engines, async () => {
      await untilChunks(b, count);
      return (Date.now() - (await connectedAt(b))) / 1000;
    });
    await checkSmall(a, b, files);
    return { value: count / result, cost };
  });
}

/**
 * From the answer to a small PUT on A until a GET on B answers with its bytes, in milliseconds; and the resident memory of two
 * nodes that have nothing to do, in bytes.
 * @param {{ samples: number, settle: boolean }} input `settle`: until the work after the start is over, for the memory
 * @returns {Promise<{ p50: Sample, p99: Sample, idle?: Sample }>}
 */
export async function latencyAndIdle({ samples, settle }) {
  return withEngines(await startNetwork(2, { env: TWO_COPIES }), async (engines) => {
    const [a, b] = engines;
    if (settle) await delay(SETTLE);
    const idle = await Promise.all(engines.map(async ({ pid }) => (await memory(pid)).now));
    const { result: times, cost } = await watched(engines, async () => {
      const times = [];
      for (let index = 0; index < samples; index++) {
        const bytes = randomBytes(SMALL);
        const { id } = await putBytes(a, `bench/latency/${index}`, bytes);
        times.push(await untilReadable(bytes, () => tryGet(b, id)));
      }
      return times;
    });
    return { ...quantiles(times, cost), ...(settle && { idle: { value: Math.max(...idle) } }) };
  });
}

/**
 * Milliseconds until somebody reads these bytes, from now on.
 * @param {Buffer} bytes
 * @param {() => Promise<Buffer | undefined>} read undefined while they are not there
 */
export async function untilReadable(bytes, read) {
  const began = performance.now();
  let there;
  while ((there = await read()) === undefined) {
    if (performance.now() - began > DEADLINE) throw new Error('a small file never reached B');
  }
  const took = performance.now() - began;
  if (!there.equals(bytes)) throw new Error('B answered with other bytes');
  return took;
}

/**
 * @param {readonly number[]} times
 * @param {Cost} cost
 */
export function quantiles(times, cost) {
  return { p50: { value: quantile([...times], 0.5), cost }, p99: { value: quantile([...times], 0.99), cost } };
}

/**
 * @template T
 * @param {Engine[]} engines
 * @param {(engines: [Engine, Engine]) => Promise<T>} work
 */
export async function withEngines(engines, work) {
  try {
    return await work(/** @type {[Engine, Engine]} */ (engines));
  } finally {
    // A profile is written by an engine that ends in good order.
    if (process.env.NODE_OPTIONS_ENGINE) await Promise.all(engines.map((engine) => engine.stop()));
    await removeAll(engines);
  }
}

/**
 * @param {{ result: number, cost: Cost }} run
 * @param {number} bytes
 * @returns {Sample}
 */
export function speed({ result, cost }, bytes) {
  return { value: bytes / MiB / result, cost };
}

/**
 * @param {Engine} engine
 * @param {string} id
 */
async function untilTwoCopies(engine, id) {
  await eventually(async () => (await engine.file(id)).replication.copies >= 2, {
    deadline: DEADLINE,
    poll: POLL,
    what: `two copies of ${id}`,
  });
}

/**
 * @param {Engine} engine
 * @param {number} count
 */
async function untilChunks(engine, count) {
  await eventually(async () => (await engine.node()).storage.chunks >= count, {
    deadline: DEADLINE,
    poll: POLL,
    what: `${count} chunks on ${engine.name}`,
  });
}

/**
 * When a node's newest connection was made, by its own events.
 * @param {Engine} engine
 */
async function connectedAt(engine) {
  /** @type {import('@dfs/contracts').EventPage} */
  const { items } = await engine.json('/events?after=0');
  const newest = items.findLast(({ type }) => type === 'peer.connected');
  if (newest === undefined) throw new Error(`${engine.name} has no event of its connection`);
  return Date.parse(newest.time);
}

/** @param {number} count */
function smallFiles(count) {
  return Array.from({ length: count }, (_, index) => ({
    path: `bench/small/${String(index).padStart(6, '0')}`,
    bytes: randomBytes(SMALL),
  }));
}

/**
 * @param {Engine} engine
 * @param {ReturnType<typeof smallFiles>} files
 */
async function postAll(engine, files) {
  for (let from = 0; from < files.length; from += BATCH) await postFiles(engine, files.slice(from, from + BATCH));
}

/**
 * Every file has two copies, and B serves the right bytes of some.
 * @param {Engine} a
 * @param {Engine} b
 * @param {ReturnType<typeof smallFiles>} files
 */
async function checkSmall(a, b, files) {
  let cursor = '';
  let seen = 0;
  do {
    const query = `/files?limit=${BATCH}&prefix=${encodeURIComponent('bench/small/')}${cursor && `&cursor=${cursor}`}`;
    /** @type {import('@dfs/contracts').FileList} */
    const page = await eventually(
      async () => {
        /** @type {import('@dfs/contracts').FileList} */
        const list = await a.json(query);
        return list.items.every(({ replication }) => replication.copies >= 2) && list;
      },
      { deadline: DEADLINE, poll: 100, what: 'two copies of every small file' },
    );
    const sample = page.items[seen % BATCH];
    const expected = files.find(({ path }) => path === sample?.path);
    if (sample && !(await tryGet(b, sample.id))?.equals(expected?.bytes ?? new Uint8Array())) {
      throw new Error(`B answered with other bytes for ${sample.path}`);
    }
    seen += page.items.length;
    cursor = page.nextCursor === null ? '' : encodeURIComponent(page.nextCursor);
  } while (cursor !== '');
  expectEqual('small files', seen, files.length);
}

/**
 * @template T
 * @param {string} what
 * @param {T} actual
 * @param {T} expected
 */
export function expectEqual(what, actual, expected) {
  if (actual !== expected) throw new Error(`${what}: ${actual} where ${expected} was expected`);
}
