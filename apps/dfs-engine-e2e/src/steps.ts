import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileInfo, FileList } from '@dfs/contracts';
import { eventually, type Engine } from '@dfs/testing';

/** The item, or a clear failure. */
export function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new Error(`nothing at ${index} of ${items.length}`);
  return item;
}

/** Waits until `node` lists a file of just this path. */
export function listed(node: Engine, path: string, deadline = 10_000): Promise<FileInfo> {
  return eventually(
    async () => {
      const { items } = await node.json<FileList>(`/files?prefix=${encodeURIComponent(path)}`);
      return items.find((file) => file.path === path);
    },
    { deadline, what: `${path} listed at ${node.name}` },
  );
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
  if (answer.status !== 200 || !answer.body) throw new Error(`${node.name}: ${answer.status} ${await answer.text()}`);
  const hash = createHash('sha256');
  for await (const part of answer.body) hash.update(part);
  return hash.digest('hex');
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

/** A stream of `size` repeatable bytes: each 64 KiB block differs, cheaply. */
export function patternStream(size: number, seed = 1): ReadableStream<Uint8Array> {
  const block = 64 * 1024;
  let sent = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent >= size) {
        controller.close();
        return;
      }
      const length = Math.min(block, size - sent);
      controller.enqueue(patternBlock(Math.floor(sent / block), seed).subarray(0, length));
      sent += length;
    },
  });
}

/** SHA-256 in hex of what `patternStream` gives. */
export async function patternHash(size: number, seed = 1): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of patternStream(size, seed)) hash.update(part);
  return hash.digest('hex');
}

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
