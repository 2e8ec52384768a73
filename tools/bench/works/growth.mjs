/** How time and memory grow with the data: `--growth`. One round each, on disk, ours and Syncthing in turn. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { figure, size } from '../../lib/text.mjs';
import { processorOf } from '../figures.mjs';
import { largeAcross, smallAcross, withSyncthingFolders } from './folders.mjs';
import { writeLarge, writeSmall } from './inputs.mjs';
import { manySmall, putUntilThere } from './workloads.mjs';

/** @typedef {import('../watch.mjs').Sample} Sample */
/** @typedef {{ value: number, processor: number, resident: number }} Grown `resident` in MiB. */
/**
 * @typedef {object} Growth
 * @property {string} work
 * @property {string} unit
 * @property {Grown} ours
 * @property {Grown} [syncthing]
 */

const MiB = 1024 * 1024;
/** So many times as many files, and as many bytes, as are measured otherwise. */
const [FILES, BYTES] = [
  [1, 2, 5, 10],
  [1, 4, 10],
];

/**
 * @param {object} options
 * @param {number} options.files The smallest number of files.
 * @param {number} options.bytes The smallest large file.
 * @param {string} options.dir For the input, on the disk.
 * @param {<T>(doing: string, work: () => Promise<T>) => Promise<T>} options.apart Runs a work with a directory of its own.
 * @param {boolean} options.withSyncthing
 * @param {(row: Growth) => void} options.told Of each, as soon as it is measured.
 */
export async function measureGrowth({ files, bytes: least, dir, apart, withSyncthing, told: tell }) {
  await mkdir(join(dir, 'growth'));
  for (const count of FILES.map((times) => times * files)) {
    const work = `${figure(count)} files of 4 KiB, put until held`;
    const small = await writeSmall(join(dir, 'growth'), count);
    const ours = told(await apart(work, () => manySmall({ count })));
    const across = () => withSyncthingFolders((mirror) => smallAcross(mirror, small));
    const syncthing = withSyncthing ? told(await apart(`${work}, Syncthing`, across)) : undefined;
    tell({ work, unit: 'files/s', ours, ...(syncthing && { syncthing }) });
    await rm(small.tree, { recursive: true });
  }
  for (const bytes of BYTES.map((times) => times * least)) {
    const work = `${size(bytes)}, put until held`;
    const large = await writeLarge(join(dir, 'growth'), bytes);
    const ours = told(await apart(work, () => putUntilThere(large)));
    const across = () => withSyncthingFolders((mirror) => largeAcross(mirror, large));
    const syncthing = withSyncthing ? told(await apart(`${work}, Syncthing`, across)) : undefined;
    tell({ work, unit: 'MiB/s', ours, ...(syncthing && { syncthing }) });
    await rm(large.file);
  }
}

/**
 * @param {Sample} sample
 * @returns {Grown}
 */
function told({ value, cost }) {
  if (cost === undefined) throw new Error('its cost was not measured');
  return { value, processor: processorOf(cost), resident: cost.peak / MiB };
}
