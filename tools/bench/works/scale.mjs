/** Times of a node with very many files: to list them, and to start. */
import { setTimeout as delay } from 'node:timers/promises';
import { startNetwork } from '@dfs/testing';
import { heldMemory } from '../profiles/held-memory.mjs';
import { memory, quantile, resetPeak, timed } from '../measure.mjs';
import { watched } from '../watch.mjs';
import { ONE_BY_ONE, seededPath, seedFiles, seedHoldings, seedOneByOne } from './seed.mjs';
import { withEngines } from './workloads.mjs';

/** @typedef {import('@dfs/testing').Engine} Engine */
/** @typedef {import('../watch.mjs').Sample} Sample */

/** Pages of each kind that are measured. */
const PAGES = 40;
const COPIES = 3;
/** The look over all that this node should hold, after a start, is over by then, in milliseconds. */
const SETTLE = 10_000;
/** Kinds of page, by their queries. Those with {row} begin at another row each time, the others go on from page to page. */
const KINDS = {
  'by path': 'sort=path',
  'by path, descending': 'sort=-path',
  'by size': 'sort=-size',
  'by time': 'sort=-modifiedAt',
  'of a folder': `prefix=${encodeURIComponent(seededPath(7).slice(0, 11))}`,
  'of a folder, by time': `prefix=${encodeURIComponent(seededPath(7).slice(0, 11))}&sort=-modifiedAt`,
  search: 'q=img_00012',
  'search, by time': 'q=img_00012&sort=-modifiedAt',
  'search that finds all': 'q=img',
  'search that finds all, by time': 'q=img&sort=-modifiedAt',
  'search that finds nothing': 'q=nothing-like-it',
  'from any row': 'offset={row}',
  'from any row, by size': 'sort=-size&offset={row}',
  'one level': 'delimiter=/',
  'one level of a folder': `delimiter=/&prefix=${encodeURIComponent(seededPath(7).slice(0, 11))}`,
  'one level, from any row': 'delimiter=/&offset={row}',
  'of one type': 'type=image',
  'in a state': 'replication=safe',
  'in a state, by time': 'replication=safe&sort=-modifiedAt',
  'in a state, from any row': 'replication=safe&local=whole&offset={row}',
  'in a state, of a folder': `replication=safe&prefix=${encodeURIComponent(seededPath(7).slice(0, 11))}`,
  'in a state, searched': 'replication=safe&q=img_00012',
  'in a state, of one type': 'replication=safe&type=image',
  'in a state, one level': 'replication=safe&delimiter=/',
  'in a state, one level of a folder': `replication=safe&delimiter=/&prefix=${encodeURIComponent(seededPath(7).slice(0, 11))}`,
  'in states that none is in': 'replication=at-risk,unavailable&sort=-size',
  deleted: 'state=deleted',
  'in conflict': 'state=conflict',
};

/**
 * Milliseconds of a page of 100 in the order of paths and of the slowest kind of page or the summary (its note says which), both
 * p95; of the former right after the start, too; seconds from the start of the process until it is ready; bytes resident at
 * most while the files came in by forms, and while more came one by one after them (their notes say what holds it right after).
 * @param {{ files: number, say?: (text: string) => void }} input
 * @returns {Promise<Record<'list' | 'listWorst' | 'listFirst' | 'start' | 'resident' | 'residentOneByOne', Sample>>}
 */
export async function manyFiles({ files, say = () => {} }) {
  const env = { DFS_REPLICAS: String(COPIES), DFS_LOG_LEVEL: 'warn' };
  return withEngines(await startNetwork(COPIES, { env }), async ([a, ...others]) => {
    for (const other of others) await other.stop();
    await resetPeak(a.pid);
    const forms = Math.round(files * (1 - ONE_BY_ONE));
    const putting = await timed(() => seedFiles(a, forms));
    const resident = { value: (await memory(a.pid)).peak, note: await heldMemory(a) };
    say(`${forms} files put at ${Math.round(forms / putting)} a second, ${await residentText(a)}`);
    await resetPeak(a.pid);
    const each = await timed(() => seedOneByOne(a, files - forms, forms));
    const residentOneByOne = { value: (await memory(a.pid)).peak, note: await heldMemory(a) };
    say(`${files - forms} more one by one at ${Math.round((files - forms) / each)} a second, ${await residentText(a)}`);
    await a.stop();
    seedHoldings(a.dataDir);
    const start = await timed(() => a.start());
    say(`ready after ${start.toFixed(2)} s, ${await residentText(a)}`);
    const { items, total } = await a.json('/files?limit=100');
    const copies = Math.min(...items.map((/** @type {any} */ { replication }) => replication.copies));
    if (total !== files || copies !== COPIES) throw new Error(`${total} files with ${copies} copies are listed`);
    const measured = async (/** @type {string} */ note, /** @type {() => Promise<number>} */ work) => {
      const { result, cost } = await watched([a], work);
      say(`${note}: p95 ${result.toFixed(1)} ms`);
      return { value: result, cost, note };
    };
    const listFirst = await measured('a page by path, right after the start', () => pages(a, 'sort=path', files));
    await delay(SETTLE);
    const kinds = [];
    for (const [kind, query] of Object.entries(KINDS)) kinds.push(await measured(kind, () => pages(a, query, files)));
    kinds.push(await measured('summary', () => summaries(a)));
    return {
      list: /** @type {Sample} */ (kinds[0]),
      listWorst: /** @type {Sample} */ (kinds.toSorted((x, y) => y.value - x.value)[0]),
      listFirst,
      start: { value: start },
      resident,
      residentOneByOne,
    };
  });
}

/**
 * p95 of pages of a kind, from page to page, and anew when there are no more.
 * @param {Engine} node
 * @param {string} query
 * @param {number} files rows there are
 */
async function pages(node, query, files) {
  const times = [];
  let cursor = null;
  for (let page = 0; page < PAGES; page++) {
    const began = performance.now();
    /** @type {import('@dfs/contracts').FileList} */
    const { nextCursor } = await node.json(
      `/files?limit=100&${query.replace('{row}', String(Math.floor((files * page) / PAGES)))}${cursor ? `&cursor=${cursor}` : ''}`,
    );
    times.push(performance.now() - began);
    cursor = query.includes('{row}') ? null : nextCursor;
  }
  return quantile(times, 0.95);
}

/**
 * p95 of the summary.
 * @param {Engine} node
 */
async function summaries(node) {
  const times = [];
  for (let nth = 0; nth < PAGES; nth++) {
    const began = performance.now();
    await node.json('/summary');
    times.push(performance.now() - began);
  }
  return quantile(times, 0.95);
}

/** @param {Engine} node */
async function residentText(node) {
  const { now, peak } = await memory(node.pid);
  return `resident ${Math.round(now / 2 ** 20)} MiB, at most ${Math.round(peak / 2 ** 20)} MiB`;
}
