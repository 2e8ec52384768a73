/** The tables of a run: for the terminal, and for docs/benchmarks.md. */
import { cpus, release, totalmem } from 'node:os';
import { figure, markdownTable, size } from '../lib/text.mjs';

/** @typedef {import('./figures.mjs').Figures} Figures */
/** @typedef {import('./rows.mjs').Row} Row */
/** @typedef {import('./rows.mjs').Sizes} Sizes */
/** @typedef {(head: string[], rows: string[][]) => string} Table */
/**
 * @typedef {object} Run What there is to say of a run.
 * @property {Figures} figures
 * @property {Row[]} rows
 * @property {Sizes} sizes
 * @property {number} rounds
 * @property {string} diskIs The file system of the disk.
 * @property {Record<string, string>} versions Of the programs beside ours that are installed.
 * @property {string[]} warnings
 * @property {import('./works/growth.mjs').Growth[]} growth
 * @property {ReadonlyMap<string, string>} profiles Where the processor time of rows that are not met goes, by their names.
 */

/** The share of the machine that others may take before a row is marked. */
export const BUSY = 0.1;
const HEAD = ['work', 'ours', 'unit', 'CPU s', 'beside it, in this run', 'CPU s', 'ratio', 'goal', 'met', 'others'];
const COST_HEAD = ['work', 'node', 'took', 'main', 'collector', 'disk', 'hash', 'all', 'idle', 'others'];
const GROWTH_HEAD = ['work', 'ours', 'unit', 'CPU s', 'memory, MiB', 'Syncthing', 'CPU s', 'memory, MiB', 'ratio'];
/** @type {readonly [key: string, name: string, unit: string][]} */
const LIMITS = [
  ['machine.sha256', 'SHA-256, one core', 'MiB/s'],
  ['machine.tcp', 'bare TCP, one process to another', 'MiB/s'],
  ['machine.tls', 'bare node:tls, one process to another', 'MiB/s'],
  ['machine.freshMemory', 'memory touched for the first time', 'MiB/s'],
  ['machine.roundTrip', '4 KiB there and back over TLS, median', 'ms'],
  ['tmpfs.limit.copy', 'tmpfs: file to file with fsync', 'MiB/s'],
  ['tmpfs.limit.tlsToFile', 'tmpfs: file to node:tls to file with fsync', 'MiB/s'],
  ['tmpfs.limit.smallFiles', 'tmpfs: 4 KiB files written with fsync, 16 at a time', 'files/s'],
  ['disk.limit.copy', 'disk: file to file with fsync', 'MiB/s'],
  ['disk.limit.tlsToFile', 'disk: file to node:tls to file with fsync', 'MiB/s'],
  ['disk.limit.smallFiles', 'disk: 4 KiB files written with fsync, 16 at a time', 'files/s'],
];

/** @param {number | undefined} value */
function cell(value) {
  return value === undefined ? '–' : figure(value);
}

/** @param {number} share */
function percent(share) {
  return `${Math.round(share * 100)} %`;
}

/** @param {Row[]} rows */
function cells(rows) {
  return rows.map((row) => [
    row.work,
    figure(row.ours),
    row.unit,
    cell(row.processor),
    row.beside === undefined ? '–' : `${figure(row.beside)} (${row.besideIs})`,
    cell(row.itsProcessor),
    row.beside === undefined ? '–' : figure(row.ours / row.beside),
    row.goal || '–',
    row.goal === '' ? '–' : row.met ? 'yes' : 'no',
    `${percent(row.others)}${row.others > BUSY ? ' (!)' : ''}`,
  ]);
}

/** @param {readonly Row[]} rows */
function unmetOf(rows) {
  return rows.filter(({ goal, met }) => goal !== '' && !met);
}

/**
 * Where the processor time of a row goes, or what holds its memory; undefined where that is not known.
 * @param {Row} row
 * @param {Run['profiles']} profiles
 */
function whereOf({ work, held }, profiles) {
  return profiles.get(work) ?? (held || undefined);
}

/** @param {Figures} figures */
function limitCells(figures) {
  return LIMITS.flatMap(([key, name, unit]) => {
    const value = figures.value(key);
    return value === undefined ? [] : [[name, figure(value), unit]];
  });
}

/** @param {Figures} figures */
function costCells(figures) {
  return figures.costly().flatMap((key) => {
    const cost = figures.middle(key)?.cost;
    if (cost === undefined || key.endsWith('p99')) return [];
    return cost.processor.map(({ main, collector, disk, hash, all }, node) => [
      key,
      'AB'[node] ?? '',
      ...[cost.seconds, main, collector, disk, hash, all].map((value) => value.toFixed(2)),
      percent(cost.idle),
      percent(cost.others),
    ]);
  });
}

/** @param {Run['growth']} growth */
function growthCells(growth) {
  return growth.map(({ work, unit, ours, syncthing }) => [
    work,
    figure(ours.value),
    unit,
    figure(ours.processor),
    figure(ours.resident),
    cell(syncthing?.value),
    cell(syncthing?.processor),
    cell(syncthing?.resident),
    syncthing === undefined ? '–' : figure(ours.value / syncthing.value),
  ]);
}

/**
 * For the terminal.
 * @param {Run} run
 * @param {Table} table
 */
export function text({ figures, rows, growth, profiles }, table) {
  const limits = limitCells(figures);
  return [
    ...(limits.length > 0 ? [table(['limits of this machine, now', '', ''], limits)] : []),
    ...(rows.length > 0 ? [table(HEAD, cells(rows))] : []),
    table(COST_HEAD, costCells(figures)),
    ...(growth.length > 0 ? [table(GROWTH_HEAD, growthCells(growth))] : []),
    ...unmetOf(rows).flatMap((row) => (whereOf(row, profiles) ? [`${row.work}: ${whereOf(row, profiles)}`] : [])),
  ].join('\n\n');
}

/**
 * `docs/benchmarks.md`.
 * @param {Run} run
 */
export function page({ figures, rows, sizes, rounds, diskIs, versions, warnings, growth, profiles }) {
  const beside = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const unmet = unmetOf(rows);
  return `# Benchmarks

Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}; do not edit by hand.

Real engine processes on one machine, over their HTTP API and over real connections between them on loopback${beside.length > 0 ? `; beside them, in the same run and in turn, ${beside.join(' and ')}` : ''}.
Random data; ${rounds === 1 ? 'one round' : `${rounds} rounds, of which the medians count`}, each with fresh nodes; bytes compared at the end of each. The nodes, the client that
feeds them and the disk share the machine: ${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${size(totalmem())} of memory,
Linux ${release().split('.').slice(0, 2).join('.')}, Node ${process.versions.node}; the disk has ${diskIs}, and tmpfs is memory. Absolute figures belong to that machine and that hour, which
move them by a factor of two or three; compare the ratios.
${warnings.length > 0 ? `\n${warnings.map((warning) => `**${warning}**`).join('\n')}\n` : ''}
## To repeat it

\`\`\`bash
apt-get install syncthing aria2   # without them, the rows in which they stand are left out
npm run bench                     # some fourteen minutes, on a machine that does nothing else; writes this page
npm run bench -- --growth         # the same, and how time and memory grow with the data
npm run bench -- --quick          # a first look with less data: about a minute, writes nothing
\`\`\`

## Limits of the machine

${markdownTable(['limit', 'measured', 'unit'], limitCells(figures))}

## Ours

*CPU s*: seconds of processor time of all programs of one side. *others*: the highest share of the machine that anything else took in a
round, or that its host took away.

${markdownTable(HEAD, cells(rows))}

## What holds back the rows that are not met

Each was done once more at the end of this run, with a CPU profile of the main thread of each engine, which costs some time of its own: seconds of
the processor by threads, and the shares of a main thread, by whose code runs or has called what runs. Of memory
it is told what held it right after the work.

${
  unmet.length === 0
    ? 'All goals are met.'
    : markdownTable(
        ['work', 'cause', 'where the processor time goes, or the memory'],
        unmet.map((row) => [row.work, row.why, whereOf(row, profiles) ?? '–']),
      )
}

## Processor time

Seconds of each node, by its threads: *main* runs the JavaScript, *collector* is V8's garbage collection beside it,
*disk* reads, writes and syncs, *hash* hashes; *all* counts its other processes, too. The rest of the cores went to the client and the
kernel; *idle* is the share of the machine that had nothing to do.

${markdownTable(COST_HEAD, costCells(figures))}
${growth.length > 0 ? `\n## Growth\n\nOne round each, on disk; memory is that of the node which used most, at its peak.\n\n${markdownTable(GROWTH_HEAD, growthCells(growth))}\n` : ''}
## What is compared

- "Verified on B" means that B has hashed every chunk, written it to its disk with fsync, and promised to keep it, and
  that A knows.
- "The transfer alone" begins when the two nodes are connected; the exchange of their catalogues is part of it.
- Syncthing has \`setLowPriority\` off, and discovery, relays, NAT, usage and crash reports and upgrades; all else is as it comes. Its time
  begins when a file, or a directory of files, is moved into the folder of A and it is told to look there, and ends when
  the folder of B has it all. Ours by HTTP begins with the request, live folders as Syncthing.
- aria2 seeds the file by BitTorrent and fetches it from itself; it checks each piece by SHA-1.
- Of latency ${figure(sizes.samples * rounds)} samples were taken. That of Syncthing begins when it is told, that of ours when A has answered the PUT,
  that of live folders when the file stands in the folder of A: nobody tells.
- On the disk, the limits and a live folder with a large file are measured in the first round alone; so are many small files on tmpfs,
  the list, the full pass and the look over contents. \`--on disk --only file,transfer,small-transfer\` has what is left out here.
- Resident memory and the delay of the event loop are those of the worse node in the worst of the runs above.
`;
}
