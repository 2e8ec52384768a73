import { randomBytes } from 'node:crypto';
import type { Reader } from '@dfs/database';
import { DfsError, fitsAttributes, normalisePath, type RecordAttributes } from '@dfs/protocol';
import { readLastFile, readSaid, readVersion, type FileSaid } from '../read/history.js';
import type { Draft, Entry } from '../ports.js';
import { readEntry } from '../read/queries.js';

/** Of what is the same on all records of one act. */
const ACT_BYTES = 16;

// What is to be written to change a path by what is known of it: read within the unit of work that writes it.

/** @throws DfsError `file-not-found`, `version-not-found`, `conflict` without a version of a file that is not deleted */
export async function restoration(reader: Reader, fileId: string, version?: string): Promise<Draft> {
  const { path, deleted } = await known(reader, fileId);
  if (version === undefined && !deleted) throw notDeleted();
  const found = version === undefined ? await readLastFile(reader, fileId) : await readSaid(reader, fileId, version);
  if (found === undefined) throw version === undefined ? nothingKnown() : noSuchVersion();
  return { kind: 'file', path, ...saying(found), replaces: 'all', from: path };
}

/** @throws DfsError `file-not-found`, `version-not-found`, `conflict` when there is none or the version is no head */
export async function choice(reader: Reader, fileId: string, version: string): Promise<Draft> {
  const { path, conflict } = await known(reader, fileId);
  const chosen = await readVersion(reader, fileId, version);
  if (!chosen || chosen.kind === 'folder') throw noSuchVersion();
  if (!conflict) throw new DfsError('conflict', 'The file is not in conflict: there is nothing to choose.');
  if (!chosen.head) throw replaced();
  const said = await readSaid(reader, fileId, version);
  return { kind: chosen.kind, path, ...(said && saying(said)), replaces: 'all' };
}

/**
 * The history stays where it was. What it shows tells the time at which it was written, and not that of the move.
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
  const act = { act: randomBytes(ACT_BYTES) };
  return [
    { kind: 'file', path, ...saying(said), attributes: withRoomFor(said.attributes, act), time: said.time, from },
    { kind: 'deletion', path: from, replaces: 'all', attributes: act },
  ];
}

async function known(reader: Reader, fileId: string): Promise<Entry> {
  const entry = await readEntry(reader, fileId);
  if (entry) return entry;
  throw notKnown();
}

/** One of another's making may be full: then it is carried as it is. */
function withRoomFor(attributes: RecordAttributes, more: RecordAttributes): RecordAttributes {
  const all = { ...attributes, ...more };
  return fitsAttributes(all) ? all : attributes;
}

function saying({ contentId, size, mediaType, attributes }: FileSaid): Pick<Draft, keyof FileSaid> {
  return { contentId, size, mediaType, attributes };
}

function notKnown(): DfsError {
  return new DfsError('file-not-found', 'There is no file with this id in the network.');
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
    'This node knows the deletion of the file, and none of its versions yet: try again when it has synced.',
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
