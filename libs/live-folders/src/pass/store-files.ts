import { storeChunk, storeContent, type BlockBatch, type StoredContent } from '@dfs/chunks';
import { CHUNK_MIN_BYTES } from '@dfs/protocol';
import { isDfsError, minute, type DfsError } from '@dfs/runtime';
import { isDiskError } from '../disk/disk-error.js';
import type { DiskPath } from '../disk/names.js';
import type { ContentOf, ReadEnd, Reading } from '../disk/root-disk.js';
import type { SignFile } from '../plan/model.js';
import type { PassContext } from './context.js';
import type { DiskTree } from './disk-tree.js';
import { groupsOf, ONE_CALL } from './groups.js';

/** A file whose bytes are in a batch. */
export interface StoredFile {
  readonly step: SignFile;
  readonly stored: StoredContent;
  readonly end: ReadEnd;
}

/** A file that has not stood still for so long is told of. */
export const BEING_WRITTEN = minute;

/** Reads files and adds them to a batch; those that cannot be taken now are told of, and left out. */
export async function storeFiles(
  context: PassContext,
  tree: Pick<DiskTree, 'seen'>,
  batch: BlockBatch,
  steps: readonly SignFile[],
): Promise<StoredFile[]> {
  const found: StoredFile[] = [];
  const small = steps.filter(({ stat }) => stat.size <= CHUNK_MIN_BYTES);
  const groups = [...groupsOf(small, ({ stat }) => stat.size, ONE_CALL)];
  const reading = (at: number): Promise<WholeFound[]> => {
    const read = readGroup(context, tree, groups[at] ?? []);
    // The batch may fail before it is waited for.
    read.catch(() => undefined);
    return read;
  };
  let next = reading(0);
  for (const at of groups.keys()) {
    const read = await next;
    next = reading(at + 1);
    for (const { step, bytes, end } of read) found.push({ step, stored: await storeChunk(batch, bytes), end });
  }
  for (const step of steps.filter(({ stat }) => stat.size > CHUNK_MIN_BYTES)) {
    context.signal.throwIfAborted();
    const one = await taken(context, step, async () => {
      const reading = await open(context, tree, step);
      const stored = await storeContent(batch, reading.body, { signal: context.signal });
      return { stored, end: await reading.end };
    });
    if (one) found.push({ step, ...one });
  }
  return found;
}

interface WholeFound {
  readonly step: SignFile;
  readonly bytes: Uint8Array;
  readonly end: ReadEnd;
}

/** Files that are one chunk each, by one call; one that could not be taken so is read by itself, which says why. */
async function readGroup(
  context: PassContext,
  tree: Pick<DiskTree, 'seen'>,
  group: readonly SignFile[],
): Promise<WholeFound[]> {
  context.signal.throwIfAborted();
  if (group.length === 0) return [];
  const requests = group.map(({ path, name }) => {
    const seen = tree.seen(path);
    return { path: name, ...(seen && { seen }) };
  });
  const found: WholeFound[] = [];
  for (const [at, read] of (await context.disk.readAll(requests, CHUNK_MIN_BYTES)).entries()) {
    const step = group[at] as SignFile;
    const one = read.outcome === 'read' ? read : await taken(context, step, () => readWhole(context, tree, step));
    if (one) found.push({ step, bytes: one.bytes, end: one.end });
  }
  return found;
}

async function readWhole(
  context: PassContext,
  tree: Pick<DiskTree, 'seen'>,
  step: SignFile,
): Promise<{ bytes: Uint8Array; end: ReadEnd } | undefined> {
  const reading = await open(context, tree, step);
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of reading.body) {
    size += piece.length;
    if (size > CHUNK_MIN_BYTES) {
      // It grew since it was listed.
      context.notes.lookAgain(step.path, 0);
      reading.end.catch(() => undefined);
      return undefined;
    }
    pieces.push(Uint8Array.from(piece));
  }
  return { bytes: Buffer.concat(pieces), end: await reading.end };
}

async function open(context: PassContext, tree: Pick<DiskTree, 'seen'>, { path, name }: SignFile): Promise<Reading> {
  const { disk, takesAsIs } = context;
  const seen = tree.seen(path);
  try {
    return await disk.read(name, seen ? { seen } : {});
  } catch (error) {
    const isWritten = isDiskError(error, 'changing') && (error.changing ?? 0) >= BEING_WRITTEN;
    if (!takesAsIs || !isWritten || (await asItIs(context, name)) === undefined) throw error;
    return disk.read(name, { asIs: true });
  }
}

/** The content of a file that never stands still, where two readings agree on it. */
export async function asItIs(
  { disk }: Pick<PassContext, 'disk'>,
  name: DiskPath,
): Promise<Extract<ContentOf, { outcome: 'content' }> | undefined> {
  const [first] = await disk.contentOf([{ path: name, asIs: true }]);
  const [second] = await disk.contentOf([{ path: name, asIs: true }]);
  if (first?.outcome !== 'content' || second?.outcome !== 'content') return undefined;
  return first.contentId === second.contentId ? second : undefined;
}

/** A refusal for the sake of one file stops no other. */
async function taken<T>(context: PassContext, step: SignFile, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (tellTrouble(context, step.path, error)) return undefined;
    throw error;
  }
}

/** Tells of a file that could not be read or stored. @returns whether the trouble is that file's alone */
export function tellTrouble({ notes }: PassContext, path: string, error: unknown): boolean {
  if (isDiskError(error, 'changing', 'changed')) {
    notes.lookAgain(path, error.retryAfter ?? 100);
    if ((error.changing ?? 0) >= BEING_WRITTEN) {
      notes.tell('being-written', path, 'It never stands still: it is taken as it is once an hour.');
    }
    return true;
  }
  if (isDiskError(error, 'ENOENT', 'ENOTDIR', 'EISDIR', 'outside')) {
    notes.lookAgain(path, 0);
    return true;
  }
  if (isDiskError(error, 'EACCES', 'EPERM')) {
    notes.tell('unreadable', path, `The disk refuses to read it (${error.code}).`);
    return true;
  }
  return false;
}

/** Whether there is no room for what is to be stored. */
export function isNoRoom(error: unknown): error is DfsError {
  return isDfsError(error, 'no-space') || isDfsError(error, 'quota-exceeded');
}
