import { readFile } from 'node:fs/promises';
import type { FileInfo, FileList, UploadResults } from '@dfs/contracts';
import { eventually, isLong, removeAll, startNetwork, type Engine } from '@dfs/testing';
import { at, bytesOf, expectSound } from './steps.js';

const FILES = isLong ? 50_000 : 3_000;
const FILES_PER_REQUEST = 1_000;
const FILE_BYTES = 1_000;
const COPIES = 3;
const BOUNDARY = 'many-files';
const MiB = 1024 * 1024;
/** Resident bytes that no node may exceed: most of it garbage that V8 has no reason yet to collect. */
const LIMIT = (isLong ? 600 : 400) * MiB;

/** The bytes of each file differ. */
function bodyOf(index: number): string {
  return `file ${index} `.padEnd(FILE_BYTES, `${index}.`);
}

function pathOf(index: number): string {
  return `many/${String(index % 50).padStart(2, '0')}/${String(index).padStart(6, '0')}.txt`;
}

/** Form data by hand: that of `fetch` costs more than all that the node does. */
async function post(node: Engine, from: number, count: number): Promise<void> {
  const parts = Array.from({ length: count }, (_, n) => {
    const path = `--${BOUNDARY}\r\ncontent-disposition: form-data; name="path"\r\n\r\n${pathOf(from + n)}\r\n`;
    const head = `--${BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="f"\r\ncontent-type: text/plain\r\n\r\n`;
    return `${path}${head}${bodyOf(from + n)}\r\n`;
  });
  const headers = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };
  const body = `${parts.join('')}--${BOUNDARY}--\r\n`;
  const { results } = await node.json<UploadResults>('/files', { method: 'POST', headers, body });
  expect(results.map(({ status }) => status)).toEqual(Array.from({ length: count }, () => 201));
}

/** Every file, by pages; how long each page took, in milliseconds. */
async function listAll(node: Engine, query: string): Promise<{ files: FileInfo[]; times: number[] }> {
  const files: FileInfo[] = [];
  const times: number[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const began = performance.now();
    const page: FileList = await node.json<FileList>(`/files?limit=1000&${query}${cursor && `&cursor=${cursor}`}`);
    times.push(performance.now() - began);
    expect(page.total).toBe(FILES);
    files.push(...page.items);
    cursor = page.nextCursor;
  }
  return { files, times };
}

async function memoryOf(node: Engine): Promise<{ now: number; peak: number }> {
  const status = await readFile(`/proc/${node.pid}/status`, 'utf8');
  const of = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
  return { now: of('VmRSS'), peak: of('VmHWM') };
}

function print(text: string): void {
  process.stdout.write(`    ${FILES} files: ${text}\n`);
}

const seconds = (since: number): string => ((performance.now() - since) / 1000).toFixed(1);

describe(`${FILES} small files`, () => {
  let nodes: Engine[] = [];
  afterEach(() => removeAll(nodes));

  it('come to every node, are safe, and are listed in order, also after a restart', async () => {
    nodes = await startNetwork(3, { env: { DFS_REPLICAS: String(COPIES), DFS_LOG_LEVEL: 'warn' } });
    const [a, , c] = [at(nodes, 0), at(nodes, 1), at(nodes, 2)];
    const began = performance.now();
    for (let from = 0; from < FILES; from += FILES_PER_REQUEST) {
      await post(a, from, Math.min(FILES_PER_REQUEST, FILES - from));
    }
    print(`put in ${seconds(began)} s`);
    for (const node of nodes) {
      await eventually(async () => (await node.node()).files.count === FILES, {
        deadline: 600_000,
        poll: 200,
        what: `all files known to ${node.name}`,
      });
      print(`known to ${node.name} after ${seconds(began)} s`);
      await eventually(async () => (await node.node()).storage.chunks >= FILES, {
        deadline: 600_000,
        poll: 500,
        what: `all files held by ${node.name}`,
      });
      print(`held by ${node.name} after ${seconds(began)} s`);
    }

    const expected = Array.from({ length: FILES }, (_, index) => pathOf(index)).sort();
    for (const node of nodes) {
      const { files, times } = await eventually(
        async () => {
          const all = await listAll(node, 'sort=path');
          return (
            all.files.every(({ replication }) => replication.state === 'safe' && replication.copies === COPIES) && all
          );
        },
        { deadline: 120_000, poll: 500, what: `all files safe as ${node.name} sees it` },
      );
      expect(files.map(({ path }) => path)).toEqual(expected);
      times.sort((x, y) => x - y);
      const memory = await memoryOf(node);
      print(
        `safe for ${node.name} after ${seconds(began)} s; pages of 1000 in ${at(times, times.length >> 1).toFixed(0)} ms (p50), ` +
          `${at(times, Math.ceil(times.length * 0.95) - 1).toFixed(0)} ms (p95); resident ${(memory.now / MiB).toFixed(0)} MiB, at most ${(memory.peak / MiB).toFixed(0)} MiB`,
      );
      expect(memory.peak).toBeLessThan(LIMIT);
    }
    const sample = at((await c.json<FileList>(`/files?prefix=many/07/&limit=1&sort=-path`)).items, 0);
    expect((await bytesOf(c, sample)).toString()).toBe(bodyOf(Number(/(\d+)\.txt$/.exec(sample.path)?.[1])));

    await c.stop();
    const restarted = performance.now();
    await c.start();
    print(`${c.name} started again in ${seconds(restarted)} s`);
    expect((await c.node()).files).toMatchObject({ count: FILES });
    await expectSound(nodes);
  }, 1_200_000);
});
