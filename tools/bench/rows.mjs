/**
 * The rows of the table: which figure stands beside which, what we aim at, and the cause that holds it back. Seconds are not part of
 * a cause: a profile of the run tells them, for rows that are not met.
 */
import { figure, size } from '../lib/text.mjs';
import { processorOf } from './figures.mjs';
import { each, mib, rowOf } from './row.mjs';
import { ONE_BY_ONE } from './works/seed.mjs';

/** @typedef {import('./figures.mjs').Figures} Figures */
/** @typedef {import('./watch.mjs').Cost} Cost */
/** @typedef {{ bytes: number, small: number, many: number, listed: number, scanned: number, samples: number }} Sizes */
/** @typedef {import('./row.mjs').Plan} Plan */
/** @typedef {import('./row.mjs').Row} Row */

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;
/** Below this speed of file to TLS to file, in MiB a second, the disk rather than the processor is the limit. */
const SLOW_MEDIUM = 600;
/** Workloads whose nodes are watched for memory and the delay of the event loop. */
const LARGE = ['file.in', 'file.out', 'put.ours', 'transfer.ours', 'folder.ours'];
const SMALL = ['small.ours', 'small-transfer.ours', 'folder-small.ours'];

/**
 * All rows that were measured.
 * @param {Figures} figures
 * @param {Sizes} sizes
 * @returns {Row[]}
 */
export function rowsOf(figures, sizes) {
  const plans = [
    ...large(figures, sizes, 'tmpfs'),
    ...large(figures, sizes, 'disk'),
    ...small(figures, sizes, 'disk'),
    ...small(figures, sizes, 'tmpfs'),
    ...single(figures, sizes),
    ...folders(figures, sizes),
    ...resources(figures, sizes),
  ];
  return plans.flatMap((plan) => rowOf(figures, plan));
}

/**
 * @param {Figures} figures
 * @param {Sizes} sizes
 * @param {'tmpfs' | 'disk'} on
 * @returns {Plan[]}
 */
function large(figures, { bytes }, on) {
  const file = `${size(bytes)} on ${on}`;
  const isSlow = (figures.value(`${on}.limit.tlsToFile`) ?? 0) < SLOW_MEDIUM;
  const syncthing = `${on}.large.syncthing`;
  return [
    {
      work: `${file}: put into A by HTTP until B holds it verified`,
      key: `${on}.put.ours`,
      unit: 'MiB/s',
      beside: { key: syncthing, is: 'Syncthing, folder to folder' },
      goal: { least: isSlow ? 0.8 : 0.5, isShare: true },
      why: 'Both cores are full: A takes the bytes by HTTP, cuts, hashes and writes them, and reads them again for B, where Syncthing has no HTTP leg and writes once less.',
    },
    {
      work: `${file}: processor time of both nodes for that, a GiB`,
      key: `${on}.put.ours`,
      ours: each(figures.cost(`${on}.put.ours`, processorOf), bytes, GiB),
      unit: 's',
      beside: { value: each(figures.cost(syncthing, processorOf), bytes, GiB), is: 'Syncthing, folder to folder' },
      goal: { most: 10 },
      why: 'The main threads of both nodes first, then disks, hashing and collections.',
    },
    {
      work: `${file}: the transfer alone`,
      key: `${on}.transfer.ours`,
      unit: 'MiB/s',
      beside: { key: `${on}.limit.tlsToFile`, is: 'file to TLS to file' },
      goal: { least: 0.65, isShare: true },
      why: 'Both cores are full: B decrypts, hashes and writes what A reads and encrypts.',
    },
    {
      work: `${file}: the transfer alone, the same beside a downloader`,
      key: `${on}.transfer.ours`,
      unit: 'MiB/s',
      beside: { key: `${on}.transfer.aria2`, is: 'aria2, in clear, without fsync' },
      isComparison: true,
      why: 'As above; aria2 neither encrypts nor waits for the disk.',
    },
    {
      work: `${file}: into a node by HTTP, durable when answered`,
      key: `${on}.file.in`,
      unit: 'MiB/s',
      beside: { key: 'machine.sha256', is: 'SHA-256, one core' },
      goal: { least: 0.35, isShare: true },
      why: 'The main thread, which alone can take the body from the HTTP server of Node and cut it; two cores are shared with the client.',
    },
    {
      work: `${file}: out of a node by HTTP, every chunk hashed again`,
      key: `${on}.file.out`,
      unit: 'MiB/s',
      beside: { key: 'machine.sha256', is: 'SHA-256, one core' },
      goal: { least: 0.7, isShare: true },
      why: 'Every chunk is hashed again, one after the other in a thread of its own; two cores are shared with the client.',
    },
  ];
}

/**
 * @param {Figures} figures
 * @param {Sizes} sizes
 * @param {'tmpfs' | 'disk'} on
 * @returns {Plan[]}
 */
function small(figures, { small: count }, on) {
  const files = `${figure(count)} files of 4 KiB on ${on}`;
  const syncthing = `${on}.small.syncthing`;
  return [
    {
      work: `${files}: put into A until B holds them`,
      key: `${on}.small.ours`,
      unit: 'files/s',
      beside: { key: syncthing, is: 'Syncthing, folder to folder' },
      goal: { least: 1, isShare: true },
      why: 'JavaScript without a hot spot: each file is an object, several rows and several promises in each of ten layers, and their garbage.',
    },
    {
      work: `${files}: processor time of both nodes for that, each 10,000`,
      key: `${on}.small.ours`,
      ours: each(figures.cost(`${on}.small.ours`, processorOf), count, 10_000),
      unit: 's',
      beside: { value: each(figures.cost(syncthing, processorOf), count, 10_000), is: 'Syncthing, folder to folder' },
      goal: { most: 12 },
      why: 'No hot spot: each file is an object, several rows and several promises in each of ten layers.',
    },
    {
      work: `${files}: the transfer alone`,
      key: `${on}.small-transfer.ours`,
      unit: 'files/s',
      beside: { key: `${on}.limit.smallFiles`, is: 'files written with fsync, 16 at a time' },
      why: 'The main thread of B: verifying signatures, rows of catalogue, pins and chunks, and the garbage of all that.',
    },
  ];
}

/**
 * @param {Figures} figures
 * @param {Sizes} sizes
 * @returns {Plan[]}
 */
function single(figures, { listed, scanned }) {
  const list = `the list of ${figure(listed)} files`;
  const worst = figures.middle('disk.list.listWorst')?.note ?? '';
  const told = (/** @type {string} */ part) => ({ key: `disk.latency-syncthing.${part}`, is: 'Syncthing, when told' });
  return [
    {
      work: 'One small file, acknowledged on A until readable on B, p50',
      key: 'disk.latency.p50',
      unit: 'ms',
      beside: told('p50'),
      goal: { most: 1.5, isShare: true },
      why: "B's unit of work for the record, and the round for it between the nodes.",
    },
    {
      work: 'The same, p99',
      key: 'disk.latency.p99',
      unit: 'ms',
      beside: told('p99'),
      goal: { most: 50 },
      why: 'Code that is still cold, and a collection or a status now and then on top.',
    },
    {
      work: `A page of ${list}, p95`,
      key: 'disk.list.list',
      unit: 'ms',
      goal: { most: 50 },
      why: 'Two queries, by index, of 100 rows each, and the form of the answer.',
    },
    {
      work: `The same, right after the start`,
      key: 'disk.list.listFirst',
      unit: 'ms',
      goal: { most: 50 },
      why: 'The look over all that the node should hold runs at the same time.',
    },
    {
      work: `The slowest sort or search of ${list}, p95 (${worst})`,
      key: 'disk.list.listWorst',
      unit: 'ms',
      goal: { most: 50 },
      why: 'A search reads the index of all paths once; matches of many are met on the way through the order.',
    },
    {
      work: `Start with ${figure(listed)} files until ready`,
      key: 'disk.list.start',
      unit: 's',
      goal: { most: 3 },
      profiled: '',
      why: 'Loading the modules, and the check of the whole database that every start makes.',
    },
    {
      work: `A look over ${figure(scanned)} contents, 100 members: processor time of who should hold them`,
      key: 'disk.scan.placing',
      unit: 's',
      beside: { key: 'disk.scan.seconds', is: 'the whole look, rows of contents and holders read' },
      goal: { most: 0.25, isShare: true },
      why: 'One SHA-256 a content for its partition, and its id as bytes; draws and sorts come once, whatever the number of contents.',
    },
  ];
}

/**
 * @param {Figures} figures
 * @param {Sizes} sizes
 * @returns {Plan[]}
 */
function folders(figures, { bytes, small: count, many }) {
  const written = (/** @type {string} */ key) => mib(figures.cost(key, (cost) => cost.written));
  const told = (/** @type {string} */ part) => ({ key: `disk.latency-syncthing.${part}`, is: 'Syncthing, when told' });
  const syncthing = (/** @type {string} */ on) => ({ key: `${on}.large.syncthing`, is: 'Syncthing' });
  return [
    {
      work: `Live folder, ${size(bytes)} on tmpfs: folder to folder`,
      key: 'tmpfs.folder.ours',
      unit: 'MiB/s',
      beside: syncthing('tmpfs'),
      goal: { least: 0.6, isShare: true },
      why: 'The processor: each byte is also written to the packs of both nodes, and on B read from them and hashed by the process of its folder, while the rest still comes; A has read, cut and stored all of it before it sends.',
    },
    {
      work: `Live folder, ${size(bytes)} on disk: folder to folder`,
      key: 'disk.folder.ours',
      unit: 'MiB/s',
      beside: syncthing('disk'),
      why: 'The disk: three times the bytes of Syncthing are written.',
    },
    {
      work: 'Live folder: bytes written to the disk for that',
      key: 'disk.folder.ours',
      ours: written('disk.folder.ours'),
      unit: 'MiB',
      beside: { value: written('disk.large.syncthing'), is: 'Syncthing' },
      why: 'Packs of both nodes, and the folder of B.',
    },
    {
      work: `Live folder, ${figure(count)} files of 4 KiB on disk: folder to folder`,
      key: 'disk.folder-small.ours',
      unit: 'files/s',
      beside: { key: 'disk.small.syncthing', is: 'Syncthing' },
      goal: { least: 1, isShare: true },
      why: 'The processor: the JavaScript of both nodes, SQLite, packs and syncs, and the process of the folder of B with some twenty calls of the system a file.',
    },
    {
      work: 'Live folder: saved on A until readable in the folder of B, p50',
      key: 'disk.folder-latency.p50',
      unit: 'ms',
      beside: told('p50'),
      goal: { most: 300 },
      why: 'The quiet that the watcher and the reader of A wait for: 50 to 200 ms, and 100 ms between two looks.',
    },
    {
      work: 'The same, p99',
      key: 'disk.folder-latency.p99',
      unit: 'ms',
      beside: told('p99'),
      goal: { most: 2000 },
      why: 'A directory that just changed is looked at a second time.',
    },
    {
      work: `Live folder: a full pass over ${figure(many)} unchanged files`,
      key: 'disk.folder-pass.pass',
      unit: 's',
      goal: { most: 5 },
      why: 'Listing and stat of every file by the process of the disk, and a row of the base tree for each.',
    },
    {
      work: `Live folder: binding a directory of ${figure(many)} files until all are signed`,
      key: 'disk.folder-pass.binding',
      unit: 'files/s',
      why: 'One node: hashing, signing, rows.',
    },
    {
      work: `Live folder of ${figure(many)} files: processor of a node that has nothing to do`,
      key: 'disk.folder-pass.idle',
      unit: '% of a core',
      goal: { most: 1 },
      why: 'Collections of a heap that has grown; timers of the network, of health, of status and of members.',
    },
  ];
}

/**
 * @param {Figures} figures
 * @param {Sizes} sizes
 * @returns {Plan[]}
 */
function resources(figures, { bytes, listed }) {
  const on = (/** @type {readonly string[]} */ names) => names.flatMap((name) => [`tmpfs.${name}`, `disk.${name}`]);
  const peak = (/** @type {readonly string[]} */ keys) => mib(figures.worst(keys, (cost) => cost.peak));
  const lag = (/** @type {readonly string[]} */ names) => figures.worst(on(names), (cost) => cost.lag);
  const latest = (/** @type {readonly string[]} */ names) => figures.worstOf(on(names), (cost) => cost.lag) ?? '';
  const syncthing = { value: peak(on(['large.syncthing'])), is: 'Syncthing' };
  return [
    {
      work: 'Resident memory, idle',
      key: 'disk.latency.idle',
      ours: mib(figures.value('disk.latency.idle')),
      unit: 'MiB',
      profiled: '',
      goal: { most: 150 },
      why: 'Code: the modules of the node, and their heap after start.',
    },
    {
      work: `Resident memory at its peak, ${size(bytes)}`,
      key: '',
      ours: peak(on(LARGE)),
      unit: 'MiB',
      beside: syncthing,
      goal: { most: 300 },
      why: 'Code and heap at rest, the windows of open streams, memory for chunks under way.',
    },
    {
      work: `Resident memory at its peak, ${figure(listed * (1 - ONE_BY_ONE))} small files put by forms`,
      key: 'disk.list.resident',
      ours: mib(figures.value('disk.list.resident')),
      unit: 'MiB',
      profiled: '',
      held: figures.middle('disk.list.resident')?.note ?? '',
      goal: { most: 300 },
      why: 'The heap of V8 with the garbage of some forms, buffers that wait for its next collection, caches of SQLite, free places between all these that the C library keeps, and the program.',
    },
    {
      work: `The same, ${figure(listed * ONE_BY_ONE)} more one by one`,
      key: 'disk.list.residentOneByOne',
      ours: mib(figures.value('disk.list.residentOneByOne')),
      held: figures.middle('disk.list.residentOneByOne')?.note ?? '',
      unit: 'MiB',
      goal: { most: 300 },
      profiled: '',
      why: 'The heap that the forms before it have left, and its garbage.',
    },
    {
      work: 'Delay of the event loop, large files, p99',
      key: '',
      ours: lag(LARGE),
      unit: 'ms',
      goal: { most: 30 },
      profiled: latest(LARGE),
      why: 'TLS and copies on the main thread, and collections.',
    },
    {
      work: 'Delay of the event loop, many small files, p99',
      key: '',
      ours: lag(SMALL),
      unit: 'ms',
      goal: { most: 50 },
      profiled: latest(SMALL),
      why: 'Batches of many small files, and collections.',
    },
  ];
}
