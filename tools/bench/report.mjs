/**
 * The rows of the table: which figure stands against which limit, what we aim at, and what holds it back. The reasons
 * are what CPU profiles showed (`npm run bench -- --profile`); when a figure changes, look again.
 */
import { cpus, release, totalmem } from 'node:os';
import { figure, markdownTable, size } from '../lib/text.mjs';

/** @typedef {import('./limits.mjs').Limits} Limits */
/** @typedef {import('./watch.mjs').Cost} Cost */
/**
 * @typedef {object} Figures
 * @property {number} bytes Size of the large file.
 * @property {number} small Number of small files.
 * @property {number} runs
 * @property {number} [ingest] MiB/s
 * @property {number} [download]
 * @property {number} [put]
 * @property {number} [transfer]
 * @property {number} [smallPut] Files/s
 * @property {number} [smallTransfer]
 * @property {number} [p50] ms
 * @property {number} [p99]
 * @property {number} [peak] bytes
 * @property {number} [idle]
 * @property {number} [lag] ms
 * @property {import('./scale.mjs').Scale} [scale] A node with very many files.
 * @property {import('./scan.mjs').Scan} [scan] A look over very many contents.
 * @property {(Cost & { name: string })[]} costs Where the time of each workload went.
 */
/**
 * @typedef {object} Row
 * @property {string} work
 * @property {number | undefined} ours
 * @property {string} unit
 * @property {number | undefined} limit In the same unit; undefined where there is none.
 * @property {string} limitIs
 * @property {string} goal
 * @property {boolean} met
 * @property {string} why What limits it.
 */

const MiB = 1024 * 1024;

/**
 * @param {Limits} limits
 * @param {Figures} figures
 * @returns {Row[]}
 */
export function rowsOf(limits, figures) {
  const large = size(figures.bytes);
  const many = figure(figures.small);
  const { scale, scan } = figures;
  const scanned = `${figure(scan?.contents ?? 1_000_000)} contents, ${scan?.members ?? 100} members`;
  const listed = figure(scale?.files ?? 100_000);
  // Two cores: A hashes and sends, B receives and hashes. The needs of one byte on both, the bare parts alone.
  const wholeWay = 1 / (1 / limits.sha256 + 1 / limits.tlsToFile);
  return [
    {
      work: `${large} into a node by HTTP, durable when answered`,
      ...atLeast(figures.ingest, 'MiB/s', limits.sha256, 0.5),
      limitIs: 'SHA-256, one core',
      why: 'The main thread of the node, which reads the socket, cuts (a rolling hash over every byte, in JavaScript) and copies; SHA-256 and the disk run beside it.',
    },
    {
      work: `${large} out of a node by HTTP, every chunk hashed again`,
      ...atLeast(figures.download, 'MiB/s', limits.sha256, 0.5),
      limitIs: 'SHA-256, one core',
      why: 'Hashing, which has a thread to itself; the main thread reads and sends beside it.',
    },
    {
      work: `${large} put into A by HTTP until B holds it verified`,
      ...atLeast(figures.put, 'MiB/s', wholeWay, 550 / 800),
      limitIs: 'SHA-256 and TLS to file, two cores',
      why: 'B begins when A has answered: the time is that of the row for HTTP and that of the transfer, one after the other.',
    },
    {
      work: `${large}, the transfer alone`,
      ...atLeast(figures.transfer, 'MiB/s', limits.tlsToFile, 800 / 1380),
      limitIs: 'file to TLS to file',
      why: 'Both cores: each node hashes, encrypts or decrypts, and copies every byte between socket, memory and page cache. Most of the disk time of B is that last copy, into memory that the host of this virtual machine hands out only then.',
    },
    {
      work: `${many} files of 4 KiB put into A until B holds them`,
      ...atLeast(figures.smallPut, 'files/s', limits.smallFiles),
      goal: '≥ 3,500',
      met: (figures.smallPut ?? 0) >= 3_500,
      limitIs: 'files written with fsync, 16 at a time',
      why: 'JavaScript on both cores: about half a millisecond a file on each node, for the form, signature, rows and garbage on A, and verification, rows and garbage on B.',
    },
    {
      work: `${many} files of 4 KiB, the transfer alone`,
      ...atLeast(figures.smallTransfer, 'files/s', limits.smallFiles),
      goal: '≥ 6,000',
      met: (figures.smallTransfer ?? 0) >= 6_000,
      limitIs: 'files written with fsync, 16 at a time',
      why: 'The main thread of B: verifying signatures, rows of catalogue, pins and chunks, and the garbage of all that.',
    },
    {
      work: 'A small PUT acknowledged on A until readable on B, p50',
      ...atMost(figures.p50, 'ms', 8, limits.roundTrip),
      limitIs: '4 KiB there and back over TLS',
      why: 'Some thirty statements one after another, each a turn of the thread pool, in two commits on B, and two rounds between the nodes.',
    },
    {
      work: 'The same, p99',
      ...atMost(figures.p99, 'ms', 50),
      limitIs: '',
      why: 'Other work on the same two cores at that moment: collections, statuses, and what an earlier file still brings.',
    },
    {
      work: `A page of the list of ${listed} files, p95`,
      ...atMost(scale?.list, 'ms', 50),
      limitIs: '',
      why: 'Two queries, by index, of 100 rows each, and the form of the answer.',
    },
    {
      work: `The slowest kind of page of it, p95${scale ? ` (${scale.worst})` : ''}`,
      ...atMost(scale?.listWorst, 'ms', 50),
      limitIs: '',
      why: 'A search reads the index of all paths twice, to count and to find.',
    },
    {
      work: `Start with ${listed} files until ready`,
      ...atMost(scale?.start, 's', 3),
      limitIs: '',
      why: 'Loading the modules, and the check of the whole database that every start makes.',
    },
    {
      work: `A look over ${scanned}: who should hold them`,
      ...atMost(scan?.placing, 's', (scan?.seconds ?? 0) / 4, scan?.seconds),
      goal: '≤ 0.25 of it',
      limitIs: 'the whole look, rows of contents and holders read',
      why: 'One SHA-256 a content for its partition, and its id as bytes; 409,600 draws and 4,096 sorts come once, whatever the number of contents.',
    },
    {
      work: 'Resident memory at its peak',
      ...atMost(inMiB(figures.peak), 'MiB', 300),
      limitIs: '',
      why: 'Code and heap at rest (next row), the windows of open streams, memory for chunks under way, young objects of a batch.',
    },
    {
      work: 'Resident memory, idle',
      ...atMost(inMiB(figures.idle), 'MiB', 150),
      limitIs: '',
      why: 'Code: the modules of the node, and their heap (55 MiB) after start.',
    },
    {
      work: 'Delay of the event loop in a transfer, p99',
      ...atMost(figures.lag, 'ms', 50),
      limitIs: '',
      why: 'Batches of many small files, and collections.',
    },
  ];
}

/**
 * @param {number | undefined} ours
 * @param {string} unit
 * @param {number} limit
 * @param {number} share The share of the limit we aim at.
 */
function atLeast(ours, unit, limit, share = 0) {
  return { ours, unit, limit, goal: `≥ ${figure(share)} of it`, met: (ours ?? 0) >= share * limit };
}

/**
 * @param {number | undefined} ours
 * @param {string} unit
 * @param {number} goal
 * @param {number} [limit]
 */
function atMost(ours, unit, goal, limit) {
  return { ours, unit, limit, goal: `≤ ${figure(goal)}`, met: (ours ?? Infinity) <= goal };
}

/** @param {number | undefined} bytes */
function inMiB(bytes) {
  return bytes === undefined ? undefined : bytes / MiB;
}

const HEAD = ['work', 'ours', 'unit', 'limit in this run', 'ratio', 'goal', 'met', 'what limits it'];

/** @param {Row[]} rows */
function cells(rows) {
  return rows.map((row) => [
    row.work,
    row.ours === undefined ? '–' : figure(row.ours),
    row.unit,
    row.limit === undefined ? '–' : `${figure(row.limit)} (${row.limitIs})`,
    row.limit === undefined || row.ours === undefined ? '–' : figure(row.ours / row.limit),
    row.goal,
    row.ours === undefined ? '–' : row.met ? 'yes' : 'no',
    row.why,
  ]);
}

/** @param {Limits} limits */
function limitCells(limits) {
  return [
    ['SHA-256, one core', figure(limits.sha256), 'MiB/s'],
    ['file to file with fsync', figure(limits.copy), 'MiB/s'],
    ['bare TCP, one process to another', figure(limits.tcp), 'MiB/s'],
    ['bare node:tls, one process to another', figure(limits.tls), 'MiB/s'],
    ['file to node:tls to file with fsync', figure(limits.tlsToFile), 'MiB/s'],
    ['memory touched for the first time', figure(limits.freshMemory), 'MiB/s'],
    ['4 KiB files written with fsync, 16 at a time', figure(limits.smallFiles), 'files/s'],
    ['4 KiB there and back over TLS, median', figure(limits.roundTrip), 'ms'],
  ];
}

const COST_HEAD = ['work', 'node', 'took', 'main', 'collector', 'disk', 'hash', 'all', 'idle'];

/** @param {Figures} figures */
function costCells({ costs }) {
  return costs.flatMap(({ name, seconds, idle, processor }) =>
    processor.map(({ main, collector, disk, hash, all }, node) => [
      name,
      'AB'[node] ?? '',
      ...[seconds, main, collector, disk, hash, all].map((value) => value.toFixed(2)),
      `${Math.round(idle * 100)} %`,
    ]),
  );
}

/**
 * Where the time went, for the terminal.
 * @param {Figures} figures
 * @param {(head: string[], rows: string[][]) => string} table
 */
export function costsText(figures, table) {
  return table(COST_HEAD, costCells(figures));
}

/**
 * For the terminal.
 * @param {Limits} limits
 * @param {Row[]} rows
 * @param {(head: string[], rows: string[][]) => string} table
 */
export function text(limits, rows, table) {
  const short = cells(rows).map((row) => row.slice(0, -1));
  return `${table(['limits of this machine, now', '', ''], limitCells(limits))}\n\n${table(HEAD.slice(0, -1), short)}`;
}

/**
 * `docs/benchmarks.md`.
 * @param {Limits} limits
 * @param {Row[]} rows
 * @param {Figures} figures
 */
export function page(limits, rows, figures) {
  return `# Benchmarks

Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}; do not edit by hand. To repeat it: \`npm run bench\`
(some minutes, on a machine that does nothing else), or \`npm run bench -- --quick\` for a first look with less data, which writes nothing here.

Real engine processes on one machine, over their HTTP API and over real connections between them on loopback; random
data; ${figures.runs === 1 ? 'one run of each' : `medians of ${figures.runs} runs`} with fresh nodes; bytes compared at the end of each. The nodes, the client that
feeds them and the disk share the machine: ${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${size(totalmem())} of memory,
Linux ${release().split('.').slice(0, 2).join('.')}, Node ${process.versions.node}. Absolute figures belong to that machine; compare the ratios to what the
machine could do in the same run. The processor time, below, and CPU profiles
(\`npm run bench -- --profile\`) tell the limit of each figure.

## Limits of the machine

${markdownTable(['limit', 'measured', 'unit'], limitCells(limits))}

## Ours

${markdownTable(HEAD, cells(rows))}

## Processor time

Seconds of each node, by its threads: *main* runs the JavaScript, *collector* is V8's garbage collection beside it,
*disk* reads, writes and syncs, *hash* hashes. The rest of both cores went to the client and the kernel;
*idle* is the share of the machine that had nothing to do.

${markdownTable(COST_HEAD, costCells(figures))}

## What is compared

- "Verified on B" means that B has hashed every chunk, written it to its disk with fsync, and promised to keep it, and
  that A knows.
- "The transfer alone" begins when the two nodes are connected; the exchange of their catalogues is part of it.
- Resident memory and the delay of the event loop are those of the worse node in the worst of the runs above.
- The limit of the whole way is the time SHA-256 takes on one core plus the time of file to TLS to file: on two
  cores each node hashes once and sends or receives once.
`;
}
