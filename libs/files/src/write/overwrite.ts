import { randomBytes } from 'node:crypto';
import { versionTag, withAct, type Draft, type Entry } from '@dfs/catalogue';
import type { FileInfo } from '@dfs/contracts';
import type { Tx } from '@dfs/database';
import { carriedAttributes, EMPTY_CONTENT, normalisePath, type RecordAttributes } from '@dfs/protocol';
import { DfsError } from '@dfs/runtime';
import type { Preconditions } from '../http/headers/preconditions.js';
import type { FilesComponents } from '../ports.js';
import { describe } from '../read/file-info.js';
import { shown, shownEntry } from '../read/listing.js';
import { requireWanted } from './wanted.js';

// Versions over a file that is there, made of bytes that are in the network already.

const ACT_BYTES = 16;
type Parts = Pick<FilesComponents, 'db' | 'catalogue' | 'placement'>;

/**
 * Copies or moves a file over another one, which gets a version with the bytes and attributes of the first; with a move that is
 * deleted in the same unit of work. So an editor that saves under another name and renames leaves one history.
 * @throws DfsError `file-not-found` where one of them is none, `conflict` while versions of the one that is moved wait for a choice;
 * `invalid-path`, `precondition-failed`; as commit
 */
export async function putOver(
  parts: Parts,
  does: 'copy' | 'move',
  fileId: string,
  path: string,
  want: Preconditions = {},
): Promise<FileInfo> {
  const { db, catalogue } = parts;
  await catalogue.writable();
  const target = normalisePath(path);
  const entry = await db.write(async (tx) => {
    await requireWanted(catalogue, tx, fileId, want);
    const source = await shownEntry(catalogue, fileId, tx);
    const commits = await catalogue.commit(tx, await draftsOver(parts, tx, does, source, target));
    return (commits.at(-1) as (typeof commits)[0]).entry;
  });
  const [file] = await describe(parts.placement, [entry]);
  return file as FileInfo;
}

async function draftsOver(
  { catalogue }: Parts,
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
  const act = randomBytes(ACT_BYTES);
  const isMove = does === 'move';
  const made: Draft = {
    ...{ kind: 'file', path, contentId: said.contentId ?? EMPTY_CONTENT, size: said.size, mediaType: said.mediaType },
    attributes: isMove ? withAct(said.attributes, act) : said.attributes,
    replaces: 'shown',
    ifMatch: [versionTag(there.record)],
    ...(isMove && { time: said.time }),
  };
  if (!isMove) return [made];
  return [{ kind: 'deletion', path: source.path, replaces: 'all', attributes: { act } }, made];
}

/**
 * Says something else of a file, whose bytes stay. Another `mtime` alone is no version, here as anywhere.
 * @param change the attributes as they are to be, of those that there are
 * @throws DfsError `file-not-found`, `precondition-failed`; as commit
 */
export async function changeAttributes(
  { db, catalogue }: Parts,
  fileId: string,
  change: (attributes: RecordAttributes) => RecordAttributes,
  want: Preconditions = {},
): Promise<Entry> {
  await catalogue.writable();
  return db.write(async (tx) => {
    const entry = shown(await catalogue.get(fileId, tx));
    await requireWanted(catalogue, tx, fileId, want);
    const { path, contentId, size, mediaType } = entry;
    const attributes = change(carriedAttributes(entry.attributes));
    const draft: Draft = { kind: 'file', path, contentId, size, mediaType, attributes, replaces: 'shown' };
    const [commit] = await catalogue.commit(tx, [draft]);
    return (commit as { entry: Entry }).entry;
  });
}
