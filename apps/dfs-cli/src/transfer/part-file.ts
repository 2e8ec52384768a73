import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { stat, truncate, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { listFileChunks, type FileInfo } from '@dfs/client';
import { asFailure, EXIT, Failure } from '../output/failure.js';
import { pagesOf, type Cursor } from '../node/remote-files.js';
import type { Connection } from '../node/connection.js';
import type { Progress } from '../output/progress.js';

/** Chunks of one page. */
const PAGE = 1000;
/** So often a fetch that brings nothing is tried again, after a pause that doubles. */
const ATTEMPTS = 5;
const PAUSE = 500;
/** A CIDv1 of raw bytes by sha2-256, before its 32 bytes. */
const CID_HEAD = Buffer.from([0x01, 0x55, 0x12, 0x20]);
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** The bytes that have come so far lie beside the target, under a name that a later `dfs get` of the same version finds. */
export function partOf(target: string, { version }: FileInfo): string {
  const name = createHash('sha256')
    .update(`${basename(target)}\n${version}`)
    .digest('hex')
    .slice(0, 32);
  return join(dirname(target), `.${name}.dfs-part`);
}

/**
 * Fetches a version into a part file until all of it is there. It goes on with what an earlier run has left, as far as that
 * proves to be the file's own, and goes on by itself where a connection is cut.
 * @throws Failure where the node refuses, or brings nothing any more; the part stays for the next run
 */
export async function fetchInto(
  node: Connection,
  file: FileInfo,
  part: string,
  { progress, signal }: { progress: Progress; signal: AbortSignal },
): Promise<void> {
  let have = await verifiedBytes(node, file, part);
  if (have === 0) await writeFile(part, '');
  else await truncate(part, have);
  progress.moved(have);
  for (let attempt = 1; have < file.size; attempt++) {
    const before = have;
    try {
      have = await fetchFrom(node, file, part, have, { progress, signal });
      if (have < file.size) throw new Failure('The node ended the answer before its end.', EXIT.unreachable);
    } catch (error) {
      have = (await stat(part)).size;
      if (have > before) attempt = 0;
      const failure = asFailure(error);
      if (signal.aborted || !mayPass(error, failure)) throw error;
      if (attempt >= ATTEMPTS) throw cutOff(file, have, failure);
      await delay(PAUSE * 2 ** attempt, undefined, { signal });
    }
  }
}

/** The bytes from here on. @returns how many there are then */
async function fetchFrom(
  node: Connection,
  file: FileInfo,
  part: string,
  have: number,
  { progress, signal }: { progress: Progress; signal: AbortSignal },
): Promise<number> {
  const where = { fileId: file.id, version: file.version };
  const range = have === 0 ? {} : { range: { first: have }, ifRange: `"${file.contentId}"` };
  const { body, status } = await node.call(() => node.dfs.get(where, { signal, ...range }), file.path);
  const start = status === 206 ? have : 0;
  if (start < have) progress.moved(-have);
  if (!(body instanceof ReadableStream)) return start;
  const out = createWriteStream(part, start === 0 ? { flags: 'w' } : { flags: 'r+', start });
  const counted = async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const bytes of source) {
      progress.moved(bytes.length);
      yield bytes;
    }
  };
  await pipeline(Readable.fromWeb(body as never), counted, out, { signal });
  return (await stat(part)).size;
}

/** So many bytes of a file of this machine are those of one of the network, by the hashes of its chunks. */
export async function verifiedBytes(node: Connection, file: FileInfo, part: string): Promise<number> {
  const size = await stat(part).then(
    (info) => Math.min(info.size, file.size),
    () => 0,
  );
  if (size === 0) return 0;
  const read = (cursor: Cursor) =>
    node.read(
      () => listFileChunks({ client: node.client, path: { fileId: file.id }, query: { limit: PAGE, ...cursor } }),
      file.path,
    );
  let verified = 0;
  for await (const { items } of pagesOf(read)) {
    for (const chunk of items) {
      const end = chunk.offset + chunk.size;
      if (chunk.offset !== verified || end > size) return verified;
      const hash = createHash('sha256');
      await pipeline(createReadStream(part, { start: chunk.offset, end: end - 1 }), hash);
      if (cidOf(hash.digest()) !== chunk.id) return verified;
      verified = end;
    }
  }
  return verified;
}

/** The id of a chunk, from its hash. */
export function cidOf(digest: Uint8Array): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of Buffer.concat([CID_HEAD, digest])) {
    value = (value << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += BASE32[(value >> (bits - 5)) & 31];
    value &= (1 << bits) - 1;
  }
  return `b${text}${bits > 0 ? BASE32[(value << (5 - bits)) & 31] : ''}`;
}

/** Whether the same may come if it is asked for again: the connection was cut, or no answer came. */
function mayPass(error: unknown, failure: Failure): boolean {
  if (failure.exitCode === EXIT.unreachable) return true;
  // Of `fetch`, in the middle of a body.
  return error instanceof TypeError || failure.code === 'content-unavailable' || failure.code === 'too-many-requests';
}

function cutOff({ path, size }: FileInfo, have: number, { message }: Failure): Failure {
  return new Failure(
    `${path}: ${have} of ${size} bytes have come, and no more come: ${message} Run it again: it goes on from there.`,
    EXIT.unreachable,
  );
}
