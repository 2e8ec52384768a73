import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { open, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FileInfo, FileList, FileListState, VersionList } from '@dfs/contracts';
import { eventually, type Engine } from '@dfs/testing';

/** The built engine. */
export const MAIN = resolve(fileURLToPath(new URL('../../dfs-engine/dist/bundle/main.js', import.meta.url)));

/** The item, or a clear failure. */
export function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new Error(`nothing at ${index} of ${items.length}`);
  return item;
}

/** Waits until `node` lists a file of just this path. */
export function listed(node: Engine, path: string): Promise<FileInfo> {
  return eventually(
    async () => {
      const { items } = await node.json<FileList>(`/files?prefix=${encodeURIComponent(path)}`);
      return items.find((file) => file.path === path);
    },
    { what: `${path} listed at ${node.name}` },
  );
}

/** Waits until these nodes know of a file: a node that has heard of it may be the first of them. */
export async function known(nodes: readonly Engine[], { id, path }: Pick<FileInfo, 'id' | 'path'>): Promise<void> {
  for (const node of nodes) {
    await eventually(async () => (await node.fetch(`/files/${id}`)).ok, { what: `${path} known to ${node.name}` });
  }
}

/** Waits until `node` says that the file is safe with so many copies. */
export async function safe(node: Engine, file: FileInfo, copies: number, deadline = 60_000): Promise<void> {
  let last: FileInfo | undefined;
  try {
    await eventually(
      async () => {
        last = await node.file(file.id);
        return last.replication.state === 'safe' && last.replication.copies >= copies;
      },
      { deadline, poll: 50 },
    );
  } catch {
    throw new Error(`${file.path} never became safe at ${node.name}: ${JSON.stringify(last?.replication)}`);
  }
}

/** The whole content by HTTP. */
export async function bytesOf(node: Engine, file: FileInfo): Promise<Buffer> {
  const answer = await node.fetch(`/files/${file.id}/content`);
  if (answer.status !== 200) throw new Error(`${node.name}: ${answer.status} ${await answer.text()}`);
  return Buffer.from(await answer.arrayBuffer());
}

/** SHA-256 in hex of the whole content by HTTP, in constant memory. */
export async function contentHash(node: Engine, file: FileInfo): Promise<string> {
  const answer = await node.fetch(`/files/${file.id}/content`);
  if (answer.status !== 200) throw new Error(`${node.name}: ${answer.status} ${await answer.text()}`);
  return hashOf(answer);
}

/** SHA-256 in hex of the body of an answer, in constant memory. */
export async function hashOf({ body }: Response): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of body as ReadableStream<Uint8Array>) hash.update(part);
  return hash.digest('hex');
}

/** Every file that `node` lists in a state. */
export async function allFiles(node: Engine, state: FileListState = 'current'): Promise<FileInfo[]> {
  const files: FileInfo[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const query: string = `/files?limit=1000&state=${state}${cursor === '' ? '' : `&cursor=${cursor}`}`;
    const page: FileList = await node.json<FileList>(query);
    files.push(...page.items);
    cursor = page.nextCursor;
  }
  return files;
}

/** Every path as a node shows it, for comparison: version, whether it is deleted, whether versions are in conflict. */
export async function shown(node: Engine): Promise<string[]> {
  const files = [...(await allFiles(node)), ...(await allFiles(node, 'deleted'))];
  return files.map(({ path, version, deleted, conflict }) => `${path} ${version} ${deleted} ${conflict}`).sort();
}

/** Waits until all of these nodes show the same, and answers it. */
export function converged(nodes: readonly Engine[], deadline = 60_000): Promise<string[]> {
  return eventually(
    async () => {
      const all = await Promise.all(nodes.map(shown));
      const first = at(all, 0);
      return all.every((lines) => lines.join('\n') === first.join('\n')) && first;
    },
    { deadline, poll: 250, what: `the catalogues of ${nodes.map(({ name }) => name).join(', ')} equal` },
  );
}

/** The versions of a path that nobody has replaced. */
export async function headsOf(node: Engine, fileId: string): Promise<VersionList['items']> {
  const { items } = await node.json<VersionList>(`/files/${fileId}/versions?limit=1000`);
  return items.filter(({ head }) => head);
}

/** Bytes of one version by HTTP. */
export async function versionBytes(node: Engine, fileId: string, version: string): Promise<Buffer> {
  const answer = await node.fetch(`/files/${fileId}/content?version=${version}`);
  if (answer.status !== 200) throw new Error(`${node.name}: ${answer.status} ${await answer.text()}`);
  return Buffer.from(await answer.arrayBuffer());
}

export async function remove(node: Engine, file: Pick<FileInfo, 'id'>): Promise<void> {
  await node.json(`/files/${file.id}`, { method: 'DELETE' });
}

/** Bytes of blocks a node has sent since it started, by its own count. */
export async function blocksSent(node: Engine): Promise<number> {
  const answer = await fetch(`${node.url}/metrics`, { headers: { authorization: `Bearer ${node.token}` } });
  const [, count] = /^dfs_blocks_sent_bytes_total (\d+)$/m.exec(await answer.text()) ?? [];
  return Number(count);
}

/**
 * Begins to count what these nodes send of blocks.
 * @returns counts on call: of all that they have sent since, the share of each
 */
export async function sharesOf(nodes: readonly Engine[]): Promise<() => Promise<number[]>> {
  const counts = (): Promise<number[]> => Promise.all(nodes.map(blocksSent));
  const before = await counts();
  return async () => {
    const sent = (await counts()).map((bytes, index) => bytes - at(before, index));
    const all = sent.reduce((sum, bytes) => sum + bytes, 0);
    return sent.map((bytes) => bytes / all);
  };
}

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** Takes every byte that is free on the file system of a file. */
export async function fill(file: string): Promise<void> {
  const filler = await open(file, 'w');
  for (let piece = 1 << 20; piece >= 1;) {
    const taken = await filler.write(Buffer.alloc(piece)).catch(() => undefined);
    if (taken === undefined) piece >>= 4;
  }
  await filler.close();
}

/** Runs `check` on a data directory as a person does. */
export function check(dataDir: string, ...flags: string[]): Promise<Ended> {
  return runToEnd(dataDir, 'check', ...flags);
}

/** Runs the engine on a data directory until it ends by itself. */
export function runToEnd(dataDir: string, ...words: string[]): Promise<Ended> {
  return runProgram(MAIN, dataDir, ...words);
}

/** The same by another file of the engine. */
export async function runProgram(program: string, dataDir: string, ...words: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [program, ...words], {
    env: { ...process.env, DFS_DATA_DIR: dataDir, DFS_HTTP_PORT: '0', DFS_P2P_PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  child.stderr.on('data', (data: Buffer) => (err += data.toString()));
  const code = await new Promise<number | null>((done) => child.once('close', done));
  return { code, out, err };
}

/** Stops the nodes, and fails unless on each nothing is missing, nothing is left over and all counts are right. */
export async function expectSound(nodes: readonly Engine[], ...flags: string[]): Promise<void> {
  // All stop at once: one that is still there looks for those that are gone.
  await Promise.all(nodes.map((node) => node.stop()));
  for (const node of nodes) {
    const { code, out, err } = await check(node.dataDir, ...flags);
    if (code !== 0 || err !== '') throw new Error(`the check of ${node.name} ended with ${code}:\n${out}${err}`);
  }
}

/** Bytes of all files below a folder. */
export async function folderBytes(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true });
  const sizes = await Promise.all(
    names.map(async (name) => {
      const info = await stat(join(folder, name)).catch(() => undefined);
      return info?.isFile() ? info.size : 0;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Bytes of a node's database with its log, as they are on the disk. */
export async function databaseBytes({ dataDir }: Engine): Promise<number> {
  const names = ['dfs.sqlite', 'dfs.sqlite-wal'];
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(dataDir, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** `size` repeatable bytes: each block differs, cheaply. */
export function* pattern(size: number, seed = 1): Generator<Uint8Array> {
  for (let sent = 0; sent < size; sent += PATTERN_BLOCK) {
    yield patternBlock(sent / PATTERN_BLOCK, seed).subarray(0, Math.min(PATTERN_BLOCK, size - sent));
  }
}

/** SHA-256 in hex of such bytes. */
export function patternHash(size: number, seed = 1): string {
  const hash = createHash('sha256');
  for (const part of pattern(size, seed)) hash.update(part);
  return hash.digest('hex');
}

/** Puts `size` bytes of the pattern, made as they are taken: in constant memory at this end too. */
export function putPattern(node: Engine, path: string, size: number, seed = 1): Promise<FileInfo> {
  return new Promise((done, fail) => {
    const url = `${node.url}/api/v1/files/content?path=${encodeURIComponent(path)}`;
    const headers = { authorization: `Bearer ${node.token}`, 'content-length': size };
    const upload = request(url, { method: 'PUT', headers }, (answer) => {
      text(answer).then((body) => {
        if (answer.statusCode === 201) done(JSON.parse(body) as FileInfo);
        else fail(new Error(`${node.name}: ${answer.statusCode} ${body}`));
      }, fail);
    });
    pipeline(Readable.from(pattern(size, seed), { objectMode: false, highWaterMark: 4 * PATTERN_BLOCK }), upload).catch(
      fail,
    );
  });
}

/**
 * Reads bytes of a file that was put by `putPattern`, and compares them.
 * @param from first byte
 * @param most so many, or to the end
 * @returns bytes a second
 */
export async function rateOfReading(
  node: Engine,
  file: FileInfo,
  { from = 0, most = Infinity }: { from?: number; most?: number } = {},
): Promise<number> {
  const end = Math.min(file.size, from + Math.floor(most));
  const began = performance.now();
  const answer = await node.fetch(`/files/${file.id}/content`, { headers: { range: `bytes=${from}-${end - 1}` } });
  const hash = createHash('sha256');
  for await (const part of answer.body!) hash.update(part);
  const seconds = (performance.now() - began) / 1000;
  const expected = createHash('sha256');
  let at = 0;
  for (const part of pattern(end)) {
    if (at + part.length > from) expected.update(part.subarray(Math.max(0, from - at)));
    at += part.length;
  }
  if (hash.digest('hex') !== expected.digest('hex')) throw new Error(`${file.path} reads otherwise at ${node.name}`);
  return (end - from) / seconds;
}

const PATTERN_BLOCK = 64 * 1024;

function patternBlock(index: number, seed: number): Uint8Array {
  const words = new Uint32Array(16 * 1024);
  let state = (index * 0x9e3779b1 + seed * 0x85ebca6b + 1) >>> 0;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer);
}
