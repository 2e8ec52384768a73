import { randomBytes } from 'node:crypto';
import { versionTag, withAct, type Commit, type Conditions, type Draft, type Entry } from '@dfs/catalogue';
import type { FileInfo } from '@dfs/contracts';
import type { Tx } from '@dfs/database';
import { carriedAttributes, normalisePath, type RecordAttributes } from '@dfs/protocol';
import { DfsError } from '@dfs/runtime';
import type { Preconditions } from '../http/headers/preconditions.js';
import type { FilesComponents } from '../ports.js';
import { describe } from '../read/file-info.js';
import { shownEntry } from '../read/listing.js';
import { requireWanted } from './wanted.js';

// Versions over a file that is there, made of bytes that are in the network already.

const ACT_BYTES = 16;
type Writing = Pick<FilesComponents, 'db' | 'catalogue'>;

/** Attributes and media type of a copy, in place of what was said of the file that it is made of. */
export interface CopyOver {
  attributes?: RecordAttributes;
  mediaType?: string;
  /** Record id: the file must still show it. */
  version: string;
}

/**
 * Copies or moves a file over another one, which gets a version with the bytes and attributes of the first; with a move that is
 * deleted in the same unit of work. So an editor that saves under another name and renames leaves one history.
 * @throws DfsError `file-not-found` where one of them is none, `conflict` while versions of the one that is moved wait for a choice;
 * `invalid-path`, `precondition-failed`; as commit
 */
export async function putOver(
  parts: Writing & Pick<FilesComponents, 'placement'>,
  does: 'copy' | 'move',
  fileId: string,
  path: string,
  want: Preconditions = {},
): Promise<FileInfo> {
  const target = normalisePath(path);
  const entry = await writeFrom(parts, fileId, want, (source, tx) => draftsOver(parts, tx, does, source, target));
  const [file] = await describe(parts.placement, [entry]);
  return file as FileInfo;
}

/**
 * A copy in place of what there is at the path, which may be that of the file itself: then it says something else of it.
 * @param want of the path that is written
 * @throws DfsError `file-not-found`, `invalid-path`, `precondition-failed`, `path-taken`; as commit
 */
export async function copyOver(
  parts: Writing,
  fileId: string,
  to: string,
  { version, ...said }: CopyOver,
  want: Conditions = {},
): Promise<Entry> {
  const path = normalisePath(to);
  const unchanged = { ifMatch: [versionTag(version)] };
  return writeFrom(parts, fileId, unchanged, (source) => [versionOf(source, path, { ...said, ...want })]);
}

/**
 * Says something else of a file, whose bytes stay. Another `mtime` alone is no version, here as anywhere.
 * @param change the attributes as they are to be, of those that there are
 * @throws DfsError `file-not-found`, `precondition-failed`; as commit
 */
export async function changeAttributes(
  parts: Writing,
  fileId: string,
  change: (attributes: RecordAttributes) => RecordAttributes,
  want: Preconditions = {},
): Promise<Entry> {
  return writeFrom(parts, fileId, want, (source) => {
    const version = versionOf(source, source.path);
    return [{ ...version, attributes: change(version.attributes) }];
  });
}

/** Commits drafts that are made of what a file shows. @param want of that file @returns the last of them */
async function writeFrom(
  { db, catalogue }: Writing,
  fileId: string,
  want: Preconditions,
  draftsOf: (source: Entry, tx: Tx) => Draft[] | Promise<Draft[]>,
): Promise<Entry> {
  await catalogue.writable();
  return db.write(async (tx) => {
    const source = await shownEntry(catalogue, fileId, tx);
    await requireWanted(catalogue, tx, fileId, want);
    const commits = await catalogue.commit(tx, await draftsOf(source, tx));
    return (commits.at(-1) as Commit).entry;
  });
}

/** A version of a path with the bytes of a file, and what is said of that. */
function versionOf({ contentId, size, mediaType, attributes }: Entry, path: string, anew: Partial<Draft> = {}) {
  const said = { mediaType, attributes: carriedAttributes(attributes) };
  return { kind: 'file', path, contentId, size, ...said, replaces: 'shown', ...anew } satisfies Draft;
}

async function draftsOver(
  { catalogue }: Writing,
  tx: Tx,
  does: 'copy' | 'move',
  source: Entry,
  path: string,
): Promise<Draft[]> {
  if (source.path === path) throw new DfsError('path-exists', 'The file is at that path already: choose another one.');
  if (does === 'move' && source.conflict) {
    throw new DfsError(
      'conflict',
      'The file has versions in conflict: choose one of them first, so that none is deleted by the move.',
    );
  }
  const there = (await catalogue.folders.shown([path], tx)).get(path);
  const said = (await catalogue.folders.said([source.recordId], tx)).get(source.recordId);
  if (there?.kind !== 'file' || said === undefined) {
    throw new DfsError('file-not-found', 'One of the two files is not there any more: look again.');
  }
  const made = versionOf(source, path, { ifMatch: [versionTag(there.record)] });
  if (does === 'copy') return [made];
  const act = randomBytes(ACT_BYTES);
  return [
    { kind: 'deletion', path: source.path, replaces: 'all', attributes: { act } },
    { ...made, attributes: withAct(made.attributes, act), time: said.time },
  ];
}
