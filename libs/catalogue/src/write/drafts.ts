import type { VersionInfo } from '@dfs/contracts';
import type { Reader } from '@dfs/database';
import { DfsError, normalisePath } from '@dfs/protocol';
import { readLastFile, readVersion } from '../read/history.js';
import type { Draft, Entry } from '../ports.js';
import { readEntry } from '../read/queries.js';

// What is to be written to change a path by what is known of it: read within the unit of work that writes it.

/** @throws DfsError `file-not-found`, `version-not-found`, `conflict` without a version of a file that is not deleted */
export async function restoration(reader: Reader, fileId: string, version?: string): Promise<Draft> {
  const { path, deleted } = await known(reader, fileId);
  if (version === undefined && !deleted) throw notDeleted();
  const found = version === undefined ? await readLastFile(reader, fileId) : await readVersion(reader, fileId, version);
  if (!found?.contentId) throw version === undefined ? nothingKnown() : noSuchVersion();
  const { contentId, size, mediaType } = found;
  return { kind: 'file', path, contentId, size, mediaType, replaces: 'all', from: path };
}

/** @throws DfsError `file-not-found`, `version-not-found`, `conflict` when there is none or the version is no head */
export async function choice(reader: Reader, fileId: string, version: string): Promise<Draft> {
  const { path, conflict } = await known(reader, fileId);
  const chosen = await readVersion(reader, fileId, version);
  if (!chosen || chosen.kind === 'folder') throw noSuchVersion();
  if (!conflict) throw new DfsError('conflict', 'The file is not in conflict: there is nothing to choose.');
  if (!chosen.head) throw replaced();
  return draftOf(path, chosen);
}

/**
 * The history stays where it was.
 * @throws DfsError `invalid-path`, `path-exists`, `file-not-found`, `conflict` while a choice is open
 */
export async function relocation(reader: Reader, fileId: string, to: string): Promise<Draft[]> {
  const path = normalisePath(to);
  const { path: from, contentId, size, mediaType, deleted, conflict } = await known(reader, fileId);
  if (deleted) throw new DfsError('file-not-found', 'The file has been deleted: restore it before it is moved.');
  if (path === from) throw new DfsError('path-exists', 'The file is at that path already: choose another one.');
  if (conflict) throw undecided();
  return [
    { kind: 'file', path, contentId, size, mediaType, from },
    { kind: 'deletion', path: from, replaces: 'all' },
  ];
}

async function known(reader: Reader, fileId: string): Promise<Entry> {
  const entry = await readEntry(reader, fileId);
  if (entry) return entry;
  throw new DfsError('file-not-found', 'There is no file with this id in the network.');
}

function draftOf(path: string, { kind, contentId, size, mediaType }: VersionInfo): Draft {
  if (contentId === null) return { kind, path, replaces: 'all' };
  return { kind, path, contentId, size, mediaType, replaces: 'all' };
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
