/** The works that are measured: each by its name, on which file systems, in which rounds, ours and other programs in turn. */
import { manyFiles } from './works/scale.mjs';
import {
  fullPass,
  largeAcross,
  latencyAcross,
  smallAcross,
  withLiveFolders,
  withSyncthingFolders,
} from './works/folders.mjs';
import { machineLimits, mediumLimits } from './limits/limits.mjs';
import { aria2Transfer } from './rivals/aria2.mjs';
import { scanCost } from './works/scan.mjs';
import { inAndOut, latencyAndIdle, manySmall, putUntilThere, smallAlone, transferAlone } from './works/workloads.mjs';

/** @typedef {import('./watch.mjs').Sample} Sample */
/** @typedef {'tmpfs' | 'disk'} MediumName */
/**
 * @typedef {object} Input What a work is given.
 * @property {string} dir Its own directory, on the medium; removed after it.
 * @property {import('./works/inputs.mjs').LargeInput} large
 * @property {import('./works/inputs.mjs').SmallInput} small
 * @property {() => Promise<import('./works/inputs.mjs').SmallInput>} many As many as a full pass is over.
 * @property {number} listed Files of the lists.
 * @property {number} scanned Contents of a look.
 * @property {number} samples Small files whose latency is measured in one round.
 * @property {number} round From 1.
 * @property {(doing: string) => void} say
 */
/**
 * @typedef {object} Work
 * @property {string} name Figures are kept as `medium.name.part`, or as `name.part`.
 * @property {readonly string[]} rows What `--only` calls it: any of these.
 * @property {string} doing
 * @property {readonly MediumName[]} media
 * @property {readonly MediumName[]} [once] On these it is measured in the first round alone.
 * @property {readonly MediumName[]} [asked] On these it is measured only in the quick form, or where `--only` names it.
 * @property {boolean} [anywhere] It does not matter on which: it is measured on the first of each round.
 * @property {'syncthing' | 'aria2'} [rival] Of this program.
 * @property {boolean} [quick] Also in the quick form.
 * @property {(input: Input) => Promise<Record<string, Sample>>} run
 */

const MEMBERS = 100;
const BOTH = /** @type {const} */ (['tmpfs', 'disk']);
const DISK = /** @type {const} */ (['disk']);

/** @type {readonly Work[]} */
export const WORKS = [
  {
    name: 'machine',
    rows: ['limits', 'file', 'latency'],
    doing: 'the limits of this machine',
    media: BOTH,
    anywhere: true,
    quick: true,
    run: ({ large: { bytes } }) => machineLimits({ bytes: bytes / 4 }),
  },
  {
    name: 'limit',
    rows: ['limits', 'put', 'transfer', 'small', 'small-transfer'],
    doing: 'the limits of the file system',
    media: BOTH,
    once: DISK,
    quick: true,
    run: ({ large, small, dir }) => mediumLimits({ ...large, smallFiles: small.count, dir }),
  },
  {
    name: 'file',
    rows: ['file'],
    doing: 'one node, in and out by HTTP',
    media: BOTH,
    asked: DISK,
    quick: true,
    run: ({ large }) => inAndOut(large),
  },
  {
    name: 'put',
    rows: ['put'],
    doing: 'a large file, put until held',
    media: BOTH,
    quick: true,
    run: async ({ large }) => ({ ours: await putUntilThere(large) }),
  },
  {
    name: 'large',
    rows: ['put', 'folder'],
    doing: 'a large file, Syncthing',
    media: BOTH,
    rival: 'syncthing',
    run: async ({ large }) => ({ syncthing: await withSyncthingFolders((mirror) => largeAcross(mirror, large)) }),
  },
  {
    name: 'folder',
    rows: ['folder'],
    doing: 'a large file, folder to folder',
    media: BOTH,
    once: DISK,
    run: async ({ large }) => ({ ours: await withLiveFolders((mirror) => largeAcross(mirror, large)) }),
  },
  {
    name: 'transfer',
    rows: ['transfer'],
    doing: 'a large file, the transfer alone',
    media: BOTH,
    asked: DISK,
    quick: true,
    run: async ({ large }) => ({ ours: await transferAlone(large) }),
  },
  {
    name: 'transfer',
    rows: ['transfer'],
    doing: 'a large file, aria2',
    media: BOTH,
    asked: DISK,
    rival: 'aria2',
    run: async ({ large }) => ({ aria2: await aria2Transfer(large) }),
  },
  {
    name: 'small',
    rows: ['small'],
    doing: 'small files, put until held',
    media: BOTH,
    once: ['tmpfs'],
    quick: true,
    run: async ({ small }) => ({ ours: await manySmall(small) }),
  },
  {
    name: 'small',
    rows: ['small', 'folder-small'],
    doing: 'small files, Syncthing',
    media: BOTH,
    once: ['tmpfs'],
    rival: 'syncthing',
    run: async ({ small }) => ({ syncthing: await withSyncthingFolders((mirror) => smallAcross(mirror, small)) }),
  },
  {
    name: 'folder-small',
    rows: ['folder-small'],
    doing: 'small files, folder to folder',
    media: DISK,
    run: async ({ small }) => ({ ours: await withLiveFolders((mirror) => smallAcross(mirror, small)) }),
  },
  {
    name: 'small-transfer',
    rows: ['small-transfer'],
    doing: 'small files, the transfer alone',
    media: DISK,
    asked: DISK,
    quick: true,
    run: async ({ small }) => ({ ours: await smallAlone(small) }),
  },
  {
    name: 'latency',
    rows: ['latency'],
    doing: 'one small file, and idle memory',
    media: DISK,
    quick: true,
    run: ({ samples, round }) => latencyAndIdle({ samples, settle: round === 1 }),
  },
  {
    name: 'latency-syncthing',
    rows: ['latency', 'folder-latency'],
    doing: 'one small file, Syncthing when told',
    media: DISK,
    rival: 'syncthing',
    run: ({ samples }) => withSyncthingFolders((mirror) => latencyAcross(mirror, { samples, isTold: true })),
  },
  {
    name: 'folder-latency',
    rows: ['folder-latency'],
    doing: 'one small file, folder to folder',
    media: DISK,
    run: ({ samples }) =>
      withLiveFolders((mirror) => latencyAcross(mirror, { samples: Math.ceil(samples / 4), isTold: false })),
  },
  {
    name: 'folder-pass',
    rows: ['folder-pass'],
    doing: 'a full pass over a folder of very many files',
    media: DISK,
    once: DISK,
    run: async ({ many }) => fullPass(await many()),
  },
  {
    name: 'list',
    rows: ['list'],
    doing: 'a node with very many files',
    media: DISK,
    once: DISK,
    quick: true,
    run: ({ listed, say }) => manyFiles({ files: listed, say }),
  },
  {
    name: 'scan',
    rows: ['scan'],
    doing: 'a look over very many contents',
    media: DISK,
    once: DISK,
    quick: true,
    run: ({ scanned }) => scanCost({ contents: scanned, members: MEMBERS }),
  },
];

/** All that `--only` knows. */
export const ROWS = [...new Set(WORKS.flatMap(({ rows }) => rows))];

/**
 * The name of a work's figures, before the part.
 * @param {Work} work
 * @param {MediumName} medium
 */
export function figureOf(work, medium) {
  return work.anywhere ? work.name : `${medium}.${work.name}`;
}

/**
 * The work of ours that a figure is of.
 * @param {string} figure `medium.name.part`
 */
export function workOf(figure) {
  const [medium, name] = figure.split('.');
  return WORKS.find(
    (work) => work.name === name && work.media.some((each) => each === medium) && !work.anywhere && !work.rival,
  );
}

/**
 * The works of one round on one medium, in their order.
 * @param {object} asked
 * @param {MediumName} asked.medium
 * @param {boolean} asked.isFirst It is the first medium of the round.
 * @param {number} asked.round From 1.
 * @param {boolean} asked.isQuick
 * @param {readonly string[]} [asked.only]
 * @param {ReadonlySet<string>} asked.rivals Those that are installed, and wanted.
 * @returns {Work[]}
 */
export function worksOf({ medium, isFirst, round, isQuick, only, rivals }) {
  return WORKS.filter(
    ({ rows, media, once, asked, anywhere, rival, quick }) =>
      media.includes(medium) &&
      (!anywhere || isFirst) &&
      (round === 1 || !once?.includes(medium)) &&
      (only !== undefined || isQuick || !asked?.includes(medium)) &&
      (rival === undefined || rivals.has(rival)) &&
      (only === undefined ? !isQuick || quick : rows.some((row) => only.includes(row))),
  );
}
