/**
 * From a directory on one disk to a directory on another: live folders of ours, and the folders of Syncthing, by the same
 * measure. The bytes stand beside the directory of A and are moved into it at once.
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, sha256Hex, startEngine, startNetwork } from '@dfs/testing';
import { SMALL } from './inputs.mjs';
import { memory, processorTime, timed } from '../measure.mjs';
import { tell, untilHas, withSyncthing } from '../rivals/syncthing.mjs';
import { watched } from '../watch.mjs';
import { DEADLINE, expectEqual, quantiles, speed, TWO_COPIES, untilReadable, withEngines } from './workloads.mjs';

/** @typedef {import('@dfs/testing').Engine} Engine */
/** @typedef {import('@dfs/contracts').LiveFolderInfo} LiveFolderInfo */
/** @typedef {import('../watch.mjs').Sample} Sample */
/** @typedef {import('./inputs.mjs').LargeInput} LargeInput */
/** @typedef {import('./inputs.mjs').SmallInput} SmallInput */
/**
 * @typedef {object} Mirror Two directories, of which the second follows the first.
 * @property {import('../watch.mjs').Watched[]} programs
 * @property {string} from
 * @property {string} to
 * @property {(path: string) => Promise<void>} tell Has the first looked at.
 * @property {(files: number) => Promise<void>} untilHas Until the second has so many.
 */

/** How often a directory, or a node, is looked at, in milliseconds. */
const [POLL, ASK] = [50, 100];
/** Passes over an unchanged folder. */
const PASSES = 3;
/** Milliseconds in which a node gives back the memory of its passes, and those for which a folder that has nothing to do is watched. */
const [REST, IDLE] = [30_000, 10_000];
const JSON_BODY = { 'content-type': 'application/json' };

/**
 * Two nodes with a live folder each on one prefix.
 * @template T
 * @param {(mirror: Mirror) => Promise<T>} work
 */
export async function withLiveFolders(work) {
  const dir = tmpdir();
  const engines = await startNetwork(2, { env: { ...TWO_COPIES, DFS_FOLDER_ROOTS: dir } });
  return withEngines(engines, async (pair) => {
    const [from, to] = await Promise.all(pair.map((engine) => bind(engine, `${engine.dataDir}-folder`)));
    if (from === undefined || to === undefined) throw new Error('Two folders were bound.');
    return work({
      programs: pair,
      from: from.root,
      to: to.root,
      tell: async () => void (await pair[0].json(`/live-folders/${from.id}/scan`, { method: 'POST' })),
      untilHas: async (files) => void (await untilWell(pair[1], (info) => info.files >= files)),
    });
  });
}

/**
 * Two Syncthings with a folder each.
 * @template T
 * @param {(mirror: Mirror) => Promise<T>} work
 */
export async function withSyncthingFolders(work) {
  return withSyncthing(([a, b]) =>
    work({
      programs: [a, b],
      from: a.root,
      to: b.root,
      tell: (path) => tell(a, path),
      untilHas: (files) => untilHas(b, files, DEADLINE),
    }),
  );
}

/**
 * A large file: MiB a second until it stands at its name in the second directory.
 * @param {Mirror} mirror
 * @param {LargeInput} input
 * @returns {Promise<Sample>}
 */
export async function largeAcross(mirror, { file, bytes, sha256 }) {
  const staged = `${mirror.from}-staged`;
  await link(file, staged);
  const target = join(mirror.to, 'large');
  const run = await watched(mirror.programs, () =>
    timed(async () => {
      await rename(staged, join(mirror.from, 'large'));
      await mirror.tell('large');
      const there = async () => (await stat(target)).size === bytes;
      await eventually(there, { deadline: DEADLINE, poll: POLL, what: `${bytes} bytes at ${target}` });
    }),
  );
  expectEqual('content in the folder of B', await sha256Hex(target), sha256);
  return speed(run, bytes);
}

/**
 * Many small files: files a second until the second directory has them all.
 * @param {Mirror} mirror
 * @param {SmallInput} input
 * @returns {Promise<Sample>}
 */
export async function smallAcross(mirror, { tree, count }) {
  const staged = `${mirror.from}-staged`;
  await linkTree(tree, staged);
  const { result, cost } = await watched(mirror.programs, () =>
    timed(async () => {
      await rename(staged, join(mirror.from, 'small'));
      await mirror.tell('small');
      await mirror.untilHas(count);
    }),
  );
  await expectTree(tree, join(mirror.to, 'small'), count);
  return { value: count / result, cost };
}

/**
 * A small file saved in the first directory until it can be read in the second: milliseconds.
 * @param {Mirror} mirror
 * @param {{ samples: number, isTold: boolean }} input `isTold`: the first is told where to look
 * @returns {Promise<{ p50: Sample, p99: Sample }>}
 */
export async function latencyAcross(mirror, { samples, isTold }) {
  const { result: times, cost } = await watched(mirror.programs, async () => {
    const times = [];
    for (let index = 0; index < samples; index++) {
      const name = `note-${index}`;
      const bytes = randomBytes(SMALL);
      const staged = `${mirror.from}-staged`;
      await writeFile(staged, bytes);
      await rename(staged, join(mirror.from, name));
      const told = isTold ? mirror.tell(name) : undefined;
      times.push(await untilReadable(bytes, () => readWhole(join(mirror.to, name))));
      await told;
    }
    return times;
  });
  return quantiles(times, cost);
}

/**
 * A folder of very many files, which it is made of, on a node that is alone: files a second until it is bound and all are signed, seconds of a full pass
 * over them all unchanged, and the share of one core that it takes when nothing happens, in per cent.
 * @param {SmallInput} input
 * @returns {Promise<{ binding: Sample, pass: Sample, idle: Sample, resident: Sample }>}
 */
export async function fullPass({ tree, count }) {
  const env = { ...TWO_COPIES, DFS_REPLICAS: '1', DFS_FOLDER_ROOTS: tmpdir() };
  return withEngines([await startEngine({ env })], async (engines) => {
    const [a] = engines;
    const bound = await watched([a], () =>
      timed(async () => {
        await bind(a, tree);
        await untilWell(a, ({ files }) => files >= count);
      }),
    );
    const before = await untilWell(a, () => true);
    const passes = [];
    for (let pass = 0; pass < PASSES; pass++) {
      passes.push(await watched([a], () => timed(() => passOver(a, before.id))));
    }
    const after = await untilWell(a, () => true);
    expectEqual('files signed by passes over what is unchanged', after.out.files, before.out.files);
    const middle = passes.toSorted((x, y) => x.result - y.result)[PASSES >> 1];
    if (middle === undefined) throw new Error('no pass was measured');
    await delay(REST);
    const [began, used] = [performance.now(), await processorTime(a.pid)];
    await delay(IDLE);
    const idle = ((await processorTime(a.pid)).all - used.all) / ((performance.now() - began) / 1000);
    return {
      binding: { value: count / bound.result, cost: bound.cost },
      pass: { value: middle.result, cost: middle.cost },
      idle: { value: idle * 100 },
      resident: { value: (await memory(a.pid)).now },
    };
  });
}

/**
 * @param {Engine} engine
 * @param {string} root
 * @returns {Promise<LiveFolderInfo>}
 */
async function bind(engine, root) {
  await mkdir(root, { recursive: true });
  const body = JSON.stringify({ root, prefix: 'shared' });
  await engine.json('/live-folders', { method: 'POST', headers: JSON_BODY, body });
  return untilWell(engine, () => true);
}

/**
 * Until the folder of a node is up to date, and as it should be.
 * @param {Engine} engine
 * @param {(info: LiveFolderInfo) => boolean} isSo
 * @returns {Promise<LiveFolderInfo>}
 */
async function untilWell(engine, isSo) {
  return eventually(
    async () => {
      /** @type {import('@dfs/contracts').LiveFolderList} */
      const { items } = await engine.json('/live-folders');
      return items.find((info) => info.state === 'up-to-date' && isSo(info));
    },
    { deadline: DEADLINE, poll: ASK, what: `the live folder of ${engine.name} up to date` },
  );
}

/**
 * @param {Engine} engine
 * @param {string} id
 */
async function passOver(engine, id) {
  const { lastPassAt } = await untilWell(engine, () => true);
  await engine.json(`/live-folders/${id}/scan`, { method: 'POST' });
  await untilWell(engine, (info) => info.lastPassAt !== lastPassAt);
}

/** @param {string} path */
async function readWhole(path) {
  await delay(1); // else the one who looks takes a core from those who work
  const bytes = await readFile(path).catch(() => undefined);
  return bytes?.length === SMALL ? bytes : undefined;
}

/**
 * The same files under other names, without their bytes.
 * @param {string} from
 * @param {string} to
 */
async function linkTree(from, to) {
  for (const directory of await readdir(from)) {
    await mkdir(join(to, directory), { recursive: true });
    const names = await readdir(join(from, directory));
    await Promise.all(names.map((name) => link(join(from, directory, name), join(to, directory, name))));
  }
}

/**
 * All files are there, and of each directory one has the right bytes.
 * @param {string} from
 * @param {string} to
 * @param {number} count
 */
async function expectTree(from, to, count) {
  let seen = 0;
  for (const directory of await readdir(from)) {
    const names = await readdir(join(to, directory));
    seen += names.length;
    const name = names[seen % names.length] ?? '';
    const [expected, found] = await Promise.all([from, to].map((tree) => readFile(join(tree, directory, name))));
    expectEqual(
      `bytes of ${directory}/${name} in the folder of B`,
      Buffer.compare(Buffer.from(expected ?? ''), Buffer.from(found ?? '')),
      0,
    );
  }
  expectEqual('files in the folder of B', seen, count);
}
