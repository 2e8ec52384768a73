import { openAsBlob } from 'node:fs';
import type { FileInfo, UploadResults } from '@dfs/client';
import { KiB, MiB } from '@dfs/runtime';
import { asFailure, Failure, refusal } from '../output/failure.js';
import type { Connection } from '../node/connection.js';
import type { Progress } from '../output/progress.js';
import { digestOf } from './digest.js';
import type { LocalFile } from './local-files.js';
import { verifiedBytes } from './part-file.js';
import { sendInParts } from './resumable.js';
import { inParallel } from './workers.js';

/** Files up to this many bytes go many in one request, which commits them together. */
const SMALL = 256 * KiB;
/** Larger ones go in parts, so that what has been sent stays when a connection is cut. */
const LARGE = 64 * MiB;
const BATCH_FILES = 500;
const BATCH_BYTES = 32 * MiB;
/** Requests at a time. */
const AT_ONCE = 4;

/** A file of this machine and where it goes in the network. */
export interface Outgoing {
  readonly local: LocalFile;
  /** In the network. */
  readonly path: string;
}

/** The result for one file. */
export interface Sent {
  path: string;
  file?: FileInfo;
  /** Why this one failed. */
  failure?: Failure;
}

/**
 * Sends files, several at a time, small ones many in one request. One that fails stops no other. A node that does not
 * answer ends all.
 * @param onSent told of each, in the order in which they end
 */
export async function sendAll(
  node: Connection,
  outgoing: readonly Outgoing[],
  progress: Progress,
  onSent: (sent: Sent) => void,
): Promise<void> {
  await inParallel(lots(outgoing), AT_ONCE, async (lot) => {
    const [only] = lot;
    const results = lot.length === 1 && only ? [await sendOne(node, only)] : await sendMany(node, lot);
    for (const [at, sent] of results.entries()) {
      progress.moved(lot[at]?.local.size ?? 0);
      progress.fileDone();
      onSent(sent);
    }
  });
}

/** Small files together, large ones alone. */
function* lots(outgoing: readonly Outgoing[]): Generator<Outgoing[]> {
  let lot: Outgoing[] = [];
  let bytes = 0;
  for (const one of outgoing) {
    if (one.local.size > SMALL) {
      yield [one];
      continue;
    }
    if (lot.length === BATCH_FILES || bytes + one.local.size > BATCH_BYTES) {
      yield lot;
      lot = [];
      bytes = 0;
    }
    lot.push(one);
    bytes += one.local.size;
  }
  if (lot.length > 0) yield lot;
}

async function sendOne(node: Connection, { local, path }: Outgoing): Promise<Sent> {
  try {
    if (local.size > LARGE) return { path, file: await sendInParts(node, local, path) };
    // Verified by the node, and kept: by it a later sync knows the bytes again.
    const sha256 = await digestOf(local.file);
    const { file } = await node.call(
      async () => node.dfs.put(path, await openAsBlob(local.file), { ...told(local), sha256 }),
      path,
    );
    return { path, file };
  } catch (error) {
    return failed(path, error);
  }
}

function told({ mtime, executable }: LocalFile): { mtime: Date; executable?: boolean } {
  return { mtime: new Date(mtime), ...(executable && { executable }) };
}

async function sendMany(node: Connection, lot: readonly Outgoing[]): Promise<Sent[]> {
  const sent: Sent[] = [];
  const files: { at: number; path: string; blob: Blob; mtime: Date; executable?: boolean }[] = [];
  for (const [at, { local, path }] of lot.entries()) {
    try {
      // Read now: a file that goes away in the middle of a form would end the form.
      const bytes = await (await openAsBlob(local.file)).arrayBuffer();
      files.push({ at, path, blob: new Blob([bytes]), ...told(local) });
    } catch (error) {
      sent[at] = failed(path, error);
    }
  }
  if (files.length === 0) return sent;
  const results = await node.call(() => node.dfs.putMany(files)).catch((error: unknown) => whole(error));
  for (const [place, { at, path }] of files.entries()) {
    sent[at] = results instanceof Failure ? { path, failure: results } : outcome(path, results[place]);
  }
  return sent;
}

/** A refusal of the whole form is that of each of its files; a node that is gone ends everything. */
function whole(error: unknown): Failure {
  const failure = asFailure(error);
  if (failure.code === undefined) throw failure;
  return failure;
}

function outcome(path: string, result: UploadResults['results'][number] | undefined): Sent {
  if (result && 'file' in result && result.file) return { path, file: result.file };
  if (result && 'problem' in result && result.problem) return { path, failure: refusal(result.problem, path) };
  return { path, failure: new Failure(`${path}: the node ended the form before this file: send it again.`) };
}

/** @throws Failure where the node is gone: the others would fail too */
function failed(path: string, error: unknown): Sent {
  const failure = asFailure(error);
  const isOfThisFile = failure.code !== undefined || (error as NodeJS.ErrnoException).path !== undefined;
  if (!isOfThisFile && !failure.message.startsWith('A file') && failure.exitCode !== 1) throw failure;
  const named = failure.message.includes(path) ? failure.message : `${path}: ${failure.message}`;
  return { path, failure: new Failure(named, failure.exitCode, failure.code) };
}

/** Sends what comes by the pipe, of a size that nobody knows. */
export async function sendStream(node: Connection, stream: AsyncIterable<Uint8Array>, path: string): Promise<FileInfo> {
  return (await node.call(() => node.dfs.put(path, stream), path)).file;
}

/** Whether a file of the network has the bytes of one here, by the digest that the node tells, else by those of its chunks. */
export async function holdsSameBytes(node: Connection, local: LocalFile, remote: FileInfo): Promise<boolean> {
  const { path } = remote;
  const { response } = await node.answer(
    () => node.client.head({ url: '/api/v1/files/content', query: { path }, security }),
    path,
  );
  const digest = response.headers.get('repr-digest');
  if (digest === null) return (await verifiedBytes(node, remote, local.file)) === remote.size;
  return digest.includes(Buffer.from(await digestOf(local.file)).toString('base64'));
}

const security = [{ scheme: 'bearer' as const, type: 'http' as const }];
