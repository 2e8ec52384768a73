/** One more round of a work whose row is not met, with CPU profiles of its engines, and what they say in a sentence. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fold, shares } from './parts.mjs';
import { mainThreads, Sources } from './read.mjs';

/** @typedef {import('../watch.mjs').Cost} Cost */
/** @typedef {import('../watch.mjs').Sample} Sample */
/** @typedef {import('../rows.mjs').Row} Row */
/** @typedef {import('./read.mjs').Read} Read */

/** Milliseconds that the rounds with profiles may take together; a work that takes longer than what is left of them is left out. */
const BUDGET = 180_000;
/** Below so many seconds a kind of thread is not named. */
const LEAST = 0.05;
/** Kinds of threads beside the main one, by their names in the table of processor time. */
const THREADS = /** @type {const} */ ([
  ['collector', 'collector'],
  ['disk', 'SQLite and files'],
  ['hash', 'hashing'],
]);

/**
 * Where the processor time of rows goes, by the names of the rows. Never fails: of a row whose profile could not be taken or read it says so.
 * @param {object} options
 * @param {readonly Row[]} options.rows Those that are not met.
 * @param {string} options.folder For profiles; made, and empty after it.
 * @param {(figure: string) => Promise<Record<string, Sample>>} options.round The samples of one more round of the work that a figure is of.
 * @param {(figure: string) => string} options.workOf Figures of one work have one round.
 * @param {(figure: string) => number} options.took How long a round of that work took before, in milliseconds.
 * @param {() => boolean} [options.isEnding] Nothing more begins.
 * @returns {Promise<Map<string, string>>}
 */
export async function heldBack({ rows, folder, round, workOf, took, isEnding = () => false }) {
  const works = Map.groupBy(
    rows.filter(({ profiled }) => profiled !== ''),
    ({ profiled }) => workOf(profiled),
  );
  /** @type {Map<string, string>} */
  const told = new Map();
  const sources = new Sources();
  const began = performance.now();
  for (const some of [...works.values()].toSorted((a, b) => tookBy(a, took) - tookBy(b, took))) {
    if (isEnding()) break;
    const texts = performance.now() - began + tookBy(some, took) > BUDGET ? late(some) : await profiles(some);
    for (const { work, text } of texts) told.set(work, text);
  }
  return told;

  /** @param {readonly Row[]} some Of one work. */
  async function profiles(some) {
    const before = process.env.NODE_OPTIONS_ENGINE;
    try {
      await mkdir(folder, { recursive: true });
      const own = await mkdtemp(join(folder, 'round-'));
      try {
        process.env.NODE_OPTIONS_ENGINE = `--cpu-prof --cpu-prof-dir=${own}`;
        const samples = await round(/** @type {Row} */ (some[0]).profiled);
        const read = await mainThreads(own);
        return some.map(({ work, profiled }) => ({
          work,
          text: sentence(sampleOf(samples, profiled).cost, read, sources),
        }));
      } finally {
        await rm(own, { recursive: true, force: true });
      }
    } catch (error) {
      const why = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
      return some.map(({ work }) => ({ work, text: `No profile could be taken or read: ${why}` }));
    } finally {
      if (before === undefined) delete process.env.NODE_OPTIONS_ENGINE;
      else process.env.NODE_OPTIONS_ENGINE = before;
    }
  }
}

/**
 * The threads of each engine in seconds, and the parts of its main thread, and of those of the processes that it has started.
 * @param {Cost | undefined} cost Of the round; without it, the one process that was busiest, whole.
 * @param {readonly Read[]} read
 * @param {Sources} sources
 */
export function sentence(cost, read, sources) {
  const of = (/** @type {import('./parts.mjs').Frame} */ frame) => sources.of(frame);
  if (cost === undefined) {
    const all = read.map(({ profile }) => fold(profile, of)).toSorted((a, b) => b.busy - a.busy);
    if (all[0] === undefined) throw new Error('no process has written one');
    return `A process that did this and nothing else, ${all[0].busy.toFixed(1)} s: ${shares(all[0])}.`;
  }
  const nodes = cost.processor.map((time, index) => {
    const foldedOf = (/** @type {readonly number[]} */ pids) =>
      read
        .filter(({ pid }) => pids.includes(pid))
        .map(({ profile }) => fold(profile, of, cost.window))
        .toSorted((a, b) => b.busy - a.busy);
    const [folded] = foldedOf(cost.pids.slice(index, index + 1));
    const parts = folded && folded.busy > 0 ? ` (${shares(folded)})` : ' (it has written no profile)';
    const beside = THREADS.map(([kind, name]) => /** @type {const} */ ([name, time[kind]]));
    const rest = time.all - time.main - beside.reduce((sum, [, seconds]) => sum + seconds, 0);
    const named = [...beside, /** @type {const} */ (['other threads and processes', rest])]
      .filter(([, seconds]) => seconds >= LEAST)
      .map(([name, seconds]) => `, ${name} ${seconds.toFixed(2)}`);
    const processes = foldedOf(cost.children[index] ?? [])
      .filter(({ busy }) => busy >= LEAST)
      .map((each) => `, in a process of its own ${each.busy.toFixed(2)} (${shares(each)})`);
    const own = `main thread ${time.main.toFixed(2)}${parts}${named.join('')}${processes.join('')}`;
    return `${'AB'[index] ?? ''} ${time.all.toFixed(2)} s: ${own}`;
  });
  return `${nodes.join('; ')}.`;
}

/** @param {readonly Row[]} some */
function late(some) {
  return some.map(({ work }) => ({ work, text: 'No time was left for a profile.' }));
}

/**
 * @param {readonly Row[]} some
 * @param {(figure: string) => number} took
 */
function tookBy(some, took) {
  return took(/** @type {Row} */ (some[0]).profiled);
}

/**
 * @param {Record<string, Sample>} samples
 * @param {string} figure `medium.work.part`
 */
function sampleOf(samples, figure) {
  const part = figure.split('.').at(-1) ?? '';
  const sample = samples[part];
  if (sample === undefined) throw new Error(`the round has not measured ${part}`);
  return sample;
}
