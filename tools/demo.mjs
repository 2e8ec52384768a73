/**
 * `npm run demo`: five nodes as one network on this machine, some real files put into different ones, and the links to
 * look at it all. Everything lives in temporary folders; Ctrl-C stops the nodes and removes them.
 */
import { openAsBlob } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, realFiles, removeAll, startNetwork } from '@dfs/testing';
import { size, table } from './lib/text.mjs';

/** @typedef {import('@dfs/testing').Engine} Engine */
/** @typedef {import('@dfs/contracts').FileInfo} FileInfo */

const MiB = 1024 * 1024;
const NAMES = ['amber', 'birch', 'cedar', 'dune', 'ember'];
/** How long the copies of the demo's files may take, in milliseconds. */
const SAFE_DEADLINE = 120_000;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** @type {Engine[]} */
let engines = [];
let ending = false;
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, () => void end(0));
// Node answers this one by opening the debugger.
process.on('SIGUSR1', () => undefined);

try {
  console.log(`Starting ${NAMES.length} nodes …`);
  engines = await startNetwork(NAMES.length, { name: (index) => NAMES[index] ?? `node-${index}` });
  const files = await upload(await choose());
  console.log(`Waiting until every file is safe …`);
  await waitUntilSafe(files);
  await show();
} catch (error) {
  if (!ending) {
    console.error(error instanceof Error ? error.message : error);
    await end(1);
  }
}

/** Real files of this machine and of this repository, and the paths they get in the network. */
async function choose() {
  const libraries = await realFiles({ min: MiB / 2, max: 32 * MiB, count: 6 });
  const pages = ['README.md', 'ARCHITECTURE.md', 'LICENSE', 'docs/network.svg', 'libs/protocol/PROTOCOL.md'];
  const chosen = [
    { from: process.execPath, path: 'software/node' },
    ...libraries.map(({ path }) => ({ from: path, path: `libraries/${basename(path)}` })),
    ...pages.map((page) => ({ from: join(root, page), path: `project/${basename(page)}` })),
    { from: join(root, 'README.md'), path: 'notes/Grüße an alle 👋.md' },
  ];
  const present = await Promise.all(chosen.map(({ from }) => stat(from).catch(() => undefined)));
  return chosen.filter((_, index) => present[index]?.isFile());
}

/**
 * Puts the files in, each into another node.
 * @param {{ from: string, path: string }[]} files
 */
async function upload(files) {
  /** @type {{ engine: Engine, file: FileInfo }[]} */
  const stored = [];
  for (const [index, { from, path }] of files.entries()) {
    const engine = /** @type {Engine} */ (engines[index % engines.length]);
    const file = await engine.put(path, await openAsBlob(from));
    console.log(`  ${engine.name.padEnd(6)} ← ${file.path} (${size(file.size)})`);
    stored.push({ engine, file });
  }
  return stored;
}

/** @param {{ engine: Engine, file: FileInfo }[]} files */
async function waitUntilSafe(files) {
  for (const { engine, file } of files) {
    await eventually(async () => (await engine.file(file.id)).replication.state === 'safe', {
      deadline: SAFE_DEADLINE,
      poll: 100,
      what: `${file.path} to be safe`,
    });
  }
}

async function show() {
  const nodes = await Promise.all(engines.map(async (engine) => ({ engine, info: await engine.node() })));
  const rows = nodes.map(({ engine, info }) => [
    info.name,
    String(info.files.count),
    `${size(info.storage.bytes)} in ${info.storage.chunks} chunks`,
    // An output that is no terminal may be a log that others read.
    process.stdout.isTTY ? engine.link : `${engine.url}/ (token in ${join(engine.dataDir, 'api-token')})`,
  ]);
  console.log(`\n${table(['node', 'files', 'holds', 'open'], rows)}\n`);
  console.log(
    'Every node lists every file; each file is held by at least three of the five. Ctrl-C stops and removes all of it.',
  );
}

/** @param {number} code */
async function end(code) {
  if (ending) return;
  ending = true;
  await removeAll(engines);
  process.exit(code);
}
