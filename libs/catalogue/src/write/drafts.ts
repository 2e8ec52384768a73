import { randomBytes } from 'node:crypto';
import type { Reader } from '@dfs/database';
import { DfsError } from '@dfs/runtime';
import { fitsAttributes, normalisePath, type RecordAttributes } from '@dfs/protocol';
import { readLastFile, readSaid, readVersion, type FileSaid } from '../read/history.js';
import type { Draft, Entry } from '../ports.js';
import { readEntry } from '../read/queries.js';

/** Of what is the same on all records of one act. */
const ACT_BYTES = 16;

// The drafts that change a path by its known versions, which are read within the unit of work that writes them.

/** @throws DfsError `file-not-found`, `version-not-found`, `conflict` without a version of a file that is not deleted */
export async function restoration(reader: Reader, fileId: string, version?: string): Promise<Draft> {
  const { path, deleted } = await known(reader, fileId);
  if (version === undefined && !deleted) throw notDeleted();
  const found = version === undefined ? await readLastFile(reader, fileId) : await readSaid(reader, fileId, version);
  if (found === undefined) throw version === undefined ? nothingKnown() : noSuchVersion();
  return { kind: 'file', path, ...saying(found), replaces: 'all', from: path };
}

/** The heads that are kept beside the chosen version, each by its id, and the path it is to have. */
export type OtherHeads = Readonly<Record<string, string>>;

/**
 * The version that is chosen in place of all heads and, of the others, those that are to go on under another name: they are
 * moved there, and keep the time at which they were written.
 * @throws DfsError `file-not-found`, `version-not-found`, `conflict` when there is none or a version is no head, `invalid-path`
 */
export async function choice(
  reader: Reader,
  fileId: string,
  version: string,
  others: OtherHeads = {},
): Promise<Draft[]> {
  const chosen = await chosenHead(reader, fileId, version);
  const names = Object.entries(others);
  if (names.length === 0) return [chosen];
  const act = randomBytes(ACT_BYTES);
  const drafts: Draft[] = [{ ...chosen, attributes: withAct(chosen.attributes ?? {}, act) }];
  for (const [other, to] of names) {
    const said = other === version ? undefined : await readSaid(reader, fileId, other);
    if (said === undefined) throw noSuchVersion();
    if (!(await readVersion(reader, fileId, other))?.head) throw replaced();
    const path = normalisePath(to);
    const attributes = withAct(said.attributes, act);
    drafts.push({ kind: 'file', path, ...saying(said), attributes, time: said.time, from: chosen.path, isNew: true });
  }
  return drafts;
}

async function chosenHead(reader: Reader, fileId: string, version: string): Promise<Draft> {
  const { path, conflict } = await known(reader, fileId);
  const chosen = await readVersion(reader, fileId, version);
  if (!chosen || chosen.kind === 'folder') throw noSuchVersion();
  if (!conflict) throw new DfsError('conflict', 'The file is not in conflict: there is nothing to choose.');
  if (!chosen.head) throw replaced();
  const said = await readSaid(reader, fileId, version);
  return { kind: chosen.kind, path, ...(said && saying(said)), replaces: 'all' };
}

/**
 * A file of its own with the bytes of another, or of an earlier version of it. It says nothing of where they come from.
 * @throws DfsError `invalid-path`, `path-exists`, `file-not-found`, `version-not-found`
 */
export async function duplicate(reader: Reader, fileId: string, to: string, version?: string): Promise<Draft> {
  const path = normalisePath(to);
  const { path: source, recordId, deleted } = await known(reader, fileId);
  if (deleted && version === undefined) {
    throw new DfsError('file-not-found', 'The file has been deleted: name the version to copy, or restore it before.');
  }
  if (path === source && !deleted)
    throw new DfsError('path-exists', 'The file is at that path already: choose another.');
  const said = await readSaid(reader, fileId, version ?? recordId);
  if (said === undefined) throw noSuchVersion();
  return { kind: 'file', path, ...saying(said), isNew: true };
}

/**
 * The history stays where it was. The moved file tells the time at which it was written, and not that of the move.
 * @throws DfsError `invalid-path`, `path-exists`, `file-not-found`, `conflict` while a choice is open
 */
export async function relocation(reader: Reader, fileId: string, to: string): Promise<Draft[]> {
  const path = normalisePath(to);
  const { path: from, recordId, deleted, conflict } = await known(reader, fileId);
  if (deleted) throw new DfsError('file-not-found', 'The file has been deleted: restore it before it is moved.');
  if (path === from) throw new DfsError('path-exists', 'The file is at that path already: choose another one.');
  if (conflict) throw undecided();
  const said = await readSaid(reader, fileId, recordId);
  if (said === undefined) throw notKnown();
  const act = randomBytes(ACT_BYTES);
  return [
    { kind: 'file', path, ...saying(said), attributes: withAct(said.attributes, act), time: said.time, from },
    { kind: 'deletion', path: from, replaces: 'all', attributes: { act } },
  ];
}

async function known(reader: Reader, fileId: string): Promise<Entry> {
  const entry = await readEntry(reader, fileId);
  if (entry) return entry;
  throw notKnown();
}

/** The act is said as well; one of another's making may be full: then it is carried as it is. */
export function withAct(attributes: RecordAttributes, act: Uint8Array): RecordAttributes {
  const all = { ...attributes, act };
  return fitsAttributes(all) ? all : attributes;
}

function saying({ contentId, size, mediaType, attributes }: FileSaid): Pick<Draft, keyof FileSaid> {
  return { contentId, size, mediaType, attributes };
}

function notKnown(): DfsError {
  return new DfsError(
    'file-not-found',
    'There is no file with this id in the network: take the id from a list of files.',
  );
}

function notDeleted(): DfsError {
  return new DfsError(
    'conflict',
    'The file is not deleted: name the version to bring back, from its list of versions.',
  );
}

function nothingKnown(): DfsError {
  return new DfsError(
    'version-not-found',
    'This node has the deletion of the file, but none of its versions yet: try again when it has synced.',
  );
}

function noSuchVersion(): DfsError {
  return new DfsError('version-not-found', 'The file has no such version with content: see its list of versions.');
}

function replaced(): DfsError {
  return new DfsError(
    'conflict',
    'That version has been replaced: choose one that the list of versions marks as head, or restore this one.',
  );
}

/** Its other versions would be deleted unseen. */
function undecided(): DfsError {
  return new DfsError(
    'conflict',
    'The file has versions in conflict: choose one of them first, so that none is deleted by the move.',
  );
}
