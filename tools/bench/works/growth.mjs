/** How time and memory grow with the data: `--growth`. One round each, on disk, ours and Syncthing in turn. */
import { rm } from 'node:fs/promises';
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
const GiB = 1024 * MiB;
const SMALL = [10_000, 20_000, 50_000, 100_000];
const LARGE = [GiB, 4 * GiB, 10 * GiB];

/**
 * @param {object} options
 * @param {string} options.dir For the input, on the disk.
 * @param {<T>(doing: string, work: () => Promise<T>) => Promise<T>} options.apart Runs a work with a directory of its own.
 * @param {boolean} options.withSyncthing
 * @returns {Promise<Growth[]>}
 */
export async function measureGrowth({ dir, apart, withSyncthing }) {
  /** @type {Growth[]} */
  const grown = [];
  for (const count of SMALL) {
    const work = `${figure(count)} files of 4 KiB, put until held`;
    const small = await writeSmall(dir, count);
    const ours = told(await apart(work, () => manySmall({ count })));
    const across = () => withSyncthingFolders((mirror) => smallAcross(mirror, small));
    const syncthing = withSyncthing ? told(await apart(`${work}, Syncthing`, across)) : undefined;
    grown.push({ work, unit: 'files/s', ours, ...(syncthing && { syncthing }) });
    await rm(small.tree, { recursive: true });
  }
  for (const bytes of LARGE) {
    const work = `${size(bytes)}, put until held`;
    const large = await writeLarge(dir, bytes);
    const ours = told(await apart(work, () => putUntilThere(large)));
    const across = () => withSyncthingFolders((mirror) => largeAcross(mirror, large));
    const syncthing = withSyncthing ? told(await apart(`${work}, Syncthing`, across)) : undefined;
    grown.push({ work, unit: 'MiB/s', ours, ...(syncthing && { syncthing }) });
    await rm(large.file);
  }
  return grown;
}

/**
 * @param {Sample} sample
 * @returns {Grown}
 */
function told({ value, cost }) {
  if (cost === undefined) throw new Error('its cost was not measured');
  return { value, processor: processorOf(cost), resident: cost.peak / MiB };
}
