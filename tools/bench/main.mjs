/**
 * `npm run bench`: ours beside the limits of the machine and beside other programs, in the same run and in turn; prints a table and
 * writes it to docs/benchmarks.md.
 *
 *   --quick         128 MiB, 1,000 files, one round on disk, lists of 10,000 files, looks over 100,000, nothing beside unless by `--only`; writes no page
 *   --only a,b      some of the rows, by the names that an unknown one is answered with; writes no page
 *   --on a,b        tmpfs, disk, or both; writes no page unless both
 *   --rounds N      rounds, of which the median counts
 *   --growth        also how time and memory grow: 10,000 to 100,000 small files, 1 to 10 GiB
 *   --bytes N       size of the large file; --files N: number of small ones; writes no page
 *   --listed N      number of files whose list is read; writes no page
 *   --write         writes the page whatever was measured
 *   --profile       CPU profiles of the engines into artifacts/profiles; writes no page
 *   --why           one more round of what is not met, with profiles that say why; a run that writes the page does that anyway
 */
import { mkdir, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { size, table } from '../lib/text.mjs';
import { Figures } from './figures.mjs';
import { measureGrowth } from './works/growth.mjs';
import { writeLarge, writeSmall } from './works/inputs.mjs';
import { descendants, machineTime } from './measure.mjs';
import { figureOf, ROWS, workOf, worksOf } from './plan.mjs';
import { heldBack } from './profiles/held-back.mjs';
import { BUSY, page, text } from './report.mjs';
import { aria2Version } from './rivals/aria2.mjs';
import { syncthingVersion } from './rivals/syncthing.mjs';
import { rowsOf } from './rows.mjs';

/** @typedef {import('./plan.mjs').MediumName} MediumName */
/** @typedef {{ name: MediumName, dir: string, input: Pick<import('./plan.mjs').Input, 'large' | 'small'> }} Medium */

const MiB = 1024 * 1024;
const FULL = {
  bytes: 1024 * MiB,
  files: 10_000,
  rounds: 3,
  samples: 70,
  listed: 100_000,
  many: 100_000,
  scanned: 100_000,
};
const QUICK = {
  bytes: 128 * MiB,
  files: 1_000,
  rounds: 1,
  samples: 50,
  listed: 10_000,
  many: 10_000,
  scanned: 100_000,
};
/** Where Linux has a file system in memory. */
const IN_MEMORY = '/dev/shm';
/** Bytes that a medium needs, in sizes of the large file. */
const ROOM = 6;
/** The machine is watched for so long before anything begins, in milliseconds. */
const LOOK = 2_000;
/** Milliseconds until those that were killed are gone. */
const KILLING = 50;
/** Names of file systems by their numbers. */
const FILE_SYSTEMS = new Map([
  [0xef53, 'ext4'],
  [0x58465342, 'XFS'],
  [0x9123683e, 'Btrfs'],
  [0x01021994, 'tmpfs'],
  [0x2fc12fc1, 'ZFS'],
  [0x794c7630, 'overlayfs'],
]);
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    growth: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    why: { type: 'boolean', default: false },
    only: { type: 'string' },
    on: { type: 'string' },
    rounds: { type: 'string' },
    bytes: { type: 'string' },
    files: { type: 'string' },
    listed: { type: 'string' },
  },
});
const usual = flags.quick ? QUICK : FULL;
const only = flags.only?.split(',');
const unknown = only?.filter((row) => !ROWS.includes(row)) ?? [];
if (unknown.length > 0) throw new Error(`--only knows ${ROWS.join(', ')}; not ${unknown.join(', ')}.`);
const wanted = flags.on?.split(',') ?? (flags.quick ? ['disk'] : ['tmpfs', 'disk']);
const rounds = Number(flags.rounds ?? usual.rounds);
const sizes = {
  bytes: Number(flags.bytes ?? usual.bytes),
  small: Number(flags.files ?? usual.files),
  many: usual.many,
  listed: Number(flags.listed ?? usual.listed),
  scanned: usual.scanned,
  samples: usual.samples,
};

if (flags.profile) {
  const profiles = join(root, 'artifacts', 'profiles');
  await mkdir(profiles, { recursive: true });
  process.env.NODE_OPTIONS_ENGINE = `--cpu-prof --cpu-prof-dir=${profiles}`;
}

/** Directories of this run, which go when it ends. @type {string[]} */
const dirs = [];
let isEnding = false;
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.once(signal, () => void end().then(() => process.exit(1)));
}
try {
  await bench();
} finally {
  await end();
}

/** Nothing that this run has started goes on, and nothing that it has written stays. */
async function end() {
  isEnding = true;
  await killAll();
  await Promise.all(dirs.map((dir) => rm(dir, { recursive: true, force: true, maxRetries: 5 })));
}

async function killAll() {
  for (let pids; (pids = await descendants(process.pid)).length > 0; await delay(KILLING)) pids.forEach(kill);
}

/** @param {number} pid */
function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

async function bench() {
  const began = performance.now();
  const warnings = await busyWarnings();
  warnings.forEach(say);
  const versions = flags.quick && !only ? {} : await versionsBeside();
  const media = await prepare();
  const figures = new Figures();
  /** Milliseconds of each work when it was last done. @type {Map<string, number>} */
  const took = new Map();
  for (let round = 1; round <= rounds; round++) {
    for (const [index, medium] of media.entries()) {
      const asked = { medium: medium.name, isFirst: index === 0, round, isQuick: flags.quick };
      const rivals = new Set(Object.keys(versions).map((name) => name.toLowerCase()));
      for (const work of worksOf({ ...asked, ...(only && { only }), rivals })) {
        const doing = `${work.doing}${work.anywhere ? '' : `, ${medium.name}`}${rounds > 1 ? ` (${round} of ${rounds})` : ''}`;
        await orWarn(doing, async () => {
          const before = performance.now();
          figures.add(figureOf(work, medium.name), await once(work, medium, doing, round));
          if (!work.rival) took.set(figureOf(work, medium.name), performance.now() - before);
        });
      }
    }
  }
  const disk = media.find(({ name }) => name === 'disk');
  /** @type {import('./works/growth.mjs').Growth[]} */
  const growth = [];
  if (flags.growth && disk) {
    const options = {
      files: sizes.small,
      bytes: sizes.bytes,
      dir: disk.dir,
      withSyncthing: 'Syncthing' in versions,
      /** @type {<T>(doing: string, work: () => Promise<T>) => Promise<T>} */
      apart: (doing, work) => apart(disk, doing, work),
      told: (/** @type {import('./works/growth.mjs').Growth} */ row) => void growth.push(row),
    };
    await orWarn('how time and memory grow', () => measureGrowth(options));
  }

  const rows = rowsOf(figures, sizes);
  const busy = rows.filter(({ others }) => others > BUSY);
  if (busy.length > 0) warnings.push(`The machine did other work during ${busy.length} of ${rows.length} rows (!).`);
  const diskIs = disk ? await fileSystemOf(disk.dir) : '';
  const isUsual = sizes.bytes === FULL.bytes && sizes.small === FULL.files && !flags.quick;
  const isComplete = !only && !flags.profile && media.length === 2 && isUsual;
  const isWritten = isComplete || flags.write;
  const profiles = (isWritten || flags.why) && !flags.profile ? await profilesOf(rows, media, took) : new Map();
  const run = { figures, rows, sizes, rounds, diskIs, versions, warnings, growth, profiles };
  console.log(`\n${text(run, table)}\n`);
  say(`it took ${((performance.now() - began) / 60_000).toFixed(1)} minutes`);
  warnings.forEach(say);
  if (!isWritten) return;
  const target = join(root, 'docs/benchmarks.md');
  const style = { ...(await resolveConfig(target)), filepath: target };
  await writeFile(target, await format(page(run), style));
  console.log('\nWritten to docs/benchmarks.md.');

  /**
   * A work that fails is told of, and the others are worth their time all the same.
   * @param {string} doing
   * @param {() => Promise<void>} work
   */
  async function orWarn(doing, work) {
    try {
      await work();
    } catch (error) {
      if (isEnding) throw error;
      console.error(error);
      warnings.push(`This failed, and does not count: ${doing}.`);
      process.exitCode = 1;
      await killAll();
    }
  }
}

/**
 * One round of a work.
 * @param {import('./plan.mjs').Work} work
 * @param {Medium} medium
 * @param {string} doing
 * @param {number} round
 */
function once(work, medium, doing, round) {
  const many = () => writeSmall(tmpdir(), sizes.many);
  const { listed, scanned, samples } = sizes;
  const input = { ...medium.input, many, listed, scanned, samples, round, say };
  return apart(medium, doing, (dir) => work.run({ ...input, dir }));
}

/**
 * Where the processor time of rows that are not met goes, by their names.
 * @param {readonly import('./rows.mjs').Row[]} rows
 * @param {readonly Medium[]} media
 * @param {ReadonlyMap<string, number>} took
 */
function profilesOf(rows, media, took) {
  return heldBack({
    rows: rows.filter(({ goal, met }) => goal !== '' && !met),
    folder: join(root, 'artifacts', 'profiles'),
    workOf: (figure) => figure.split('.', 2).join('.'),
    took: (figure) => took.get(figure.split('.', 2).join('.')) ?? 0,
    isEnding: () => isEnding,
    round: async (figure) => {
      const work = workOf(figure);
      const medium = media.find(({ name }) => figure.startsWith(`${name}.`));
      if (work === undefined || medium === undefined) throw new Error(`no work has the figure ${figure}`);
      try {
        // Not the first round, which waits for nodes to come to rest.
        return await once(work, medium, `${work.doing}, ${medium.name}, with profiles`, rounds + 1);
      } catch (error) {
        if (!isEnding) await killAll();
        throw error;
      }
    },
  });
}

/** Those programs beside ours that are installed. @returns {Promise<Record<string, string>>} */
async function versionsBeside() {
  const [syncthing, aria2] = await Promise.all([syncthingVersion(), aria2Version()]);
  for (const [name, version] of Object.entries({ Syncthing: syncthing, aria2 })) {
    if (version === undefined) say(`${name} is not installed: rows beside it are left out`);
  }
  return { ...(syncthing && { Syncthing: syncthing }), ...(aria2 && { aria2 }) };
}

/** @returns {Promise<Medium[]>} Those that are wanted and have room, with their input. */
async function prepare() {
  const media = [];
  for (const name of /** @type {const} */ (['tmpfs', 'disk'])) {
    if (!wanted.includes(name)) continue;
    const at = name === 'tmpfs' ? IN_MEMORY : tmpdir();
    const found = await statfs(at).catch(() => undefined);
    if (found === undefined || found.bavail * found.bsize < ROOM * sizes.bytes) {
      say(`${at} has no room for ${size(ROOM * sizes.bytes)}: rows on ${name} are left out`);
      continue;
    }
    const dir = await mkdtemp(join(at, 'dfs-bench-'));
    dirs.push(dir);
    const input = { large: await writeLarge(dir, sizes.bytes), small: await writeSmall(dir, sizes.small) };
    media.push({ name, dir, input });
  }
  return media;
}

/**
 * Runs a work whose files all lie in a directory of its own, which is removed after it.
 * @template T
 * @param {Pick<Medium, 'dir'>} medium
 * @param {string} doing
 * @param {(dir: string) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function apart(medium, doing, work) {
  say(doing);
  const before = process.env.TMPDIR;
  const dir = await mkdtemp(join(medium.dir, 'work-'));
  process.env.TMPDIR = dir;
  try {
    return await work(dir);
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Other work on the machine before this begins. @returns {Promise<string[]>} */
async function busyWarnings() {
  const before = await machineTime();
  await delay(LOOK);
  const { busy, stolen } = await machineTime();
  const of = (/** @type {number} */ seconds) => seconds / (LOOK / 1000) / cpus().length;
  const [taken, lost] = [of(busy - before.busy), of(stolen - before.stolen)];
  const load = loadavg()[0] ?? 0;
  if (taken < BUSY && lost < BUSY && load < cpus().length) return [];
  const shares = `${Math.round(taken * 100)} % taken, ${Math.round(lost * 100)} % stolen by its host`;
  return [`The machine was busy when this began (load ${load.toFixed(1)}, ${shares}): compare nothing but ratios.`];
}

/** @param {string} dir */
async function fileSystemOf(dir) {
  const { type } = await statfs(dir);
  return FILE_SYSTEMS.get(type) ?? `a file system of type 0x${type.toString(16)}`;
}

/** @param {string} doing */
function say(doing) {
  console.log(`… ${doing}`);
}
