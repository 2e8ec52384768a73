import type { Entry, OtherHeads } from '@dfs/catalogue';
import type { FileInfo, MovedFile } from '@dfs/contracts';
import { describe } from '../read/file-info.js';
import { NODE_ASKS, type ContentPlacement, type FilesComponents } from '../ports.js';
import type { Preconditions } from '../http/headers/preconditions.js';
import { admitDeletions, type ChangeOptions, type DeletionPace } from './deletion-pace.js';
import { goneContents, versionComingBack, type ComingBack } from '../versions/gone-contents.js';
import { isPurged } from '../versions/versions.js';
import { requireWanted } from './wanted.js';

// Changes of a path that bring no bytes: those there are get another name, or are shown again. The facts that such a change
// asks of the path are those of the file it is asked of: for a move the old one.

/** A file as it is after such a change. */
export interface Revised<F extends FileInfo = FileInfo> {
  file: F;
  /** This node keeps the bytes, or as many members as there should be: false until they have come to one of these. */
  kept: boolean;
}
type Revising = Pick<FilesComponents, 'db' | 'catalogue' | 'placement' | 'purges'>;

/**
 * Others may be about to let go of what is brought back, until they hear of it: it counts as kept only where this node keeps
 * it, or members that it can reach.
 * @throws DfsError as Catalogue.restore; `purged` when its retention is over and nobody has it
 */
export async function restoreFile(
  parts: Revising,
  fileId: string,
  version?: string,
  want: Preconditions = {},
): Promise<Revised> {
  const { db, catalogue, placement } = parts;
  await catalogue.writable();
  await refusePurged(parts, await versionComingBack(catalogue, fileId, version));
  const { entry } = await db.write(async (tx) => {
    await requireWanted(catalogue, tx, fileId, want);
    return catalogue.restore(tx, fileId, version);
  });
  await placement.keepAgain([entry.contentId]);
  const [file] = (await describe(placement, [entry])) as [FileInfo];
  return { file, kept: await placement.isPromised(entry.contentId, entry.size) };
}

/**
 * A void version, said anew by this node. Done as a restore is: whoever keeps its bytes was free to let go of them.
 * @throws DfsError as Catalogue.adopt; `purged` when its retention is over and nobody has it
 */
export async function adoptVersion(parts: Revising, version: string, want: Preconditions = {}): Promise<Revised> {
  const { db, catalogue, placement } = parts;
  await catalogue.writable();
  const found = await catalogue.voids.version(version);
  if (found?.contentId) await refusePurged(parts, { contentId: found.contentId, size: found.size, shown: null });
  const { entry } = await db.write(async (tx) => {
    if (found) await requireWanted(catalogue, tx, found.fileId, want);
    return catalogue.adopt(tx, version);
  });
  if (found?.contentId) await placement.keepAgain([found.contentId]);
  const { file } = await revised(parts, entry);
  return { file, kept: !found?.contentId || (await placement.isPromised(found.contentId, found.size)) };
}

/** @throws DfsError `purged` when the retention of a version is over and nobody has it */
async function refusePurged(parts: Revising, wanted: ComingBack | undefined): Promise<void> {
  if (wanted && (await goneContents(parts, [wanted])).size > 0) throw isPurged();
}

/** How a conflict is ended. */
export interface ChooseOptions extends Preconditions, ChangeOptions {
  others?: OtherHeads;
}

/** @throws DfsError as Catalogue.choose; `mass-deletion` where a deletion is chosen, as of one that is made */
export async function chooseVersion(
  parts: Revising,
  pace: DeletionPace,
  fileId: string,
  version: string,
  { others, confirm = false, by = NODE_ASKS, ...want }: ChooseOptions = {},
): Promise<Revised> {
  const { db, catalogue } = parts;
  await catalogue.writable();
  let takeBack: (() => void) | undefined;
  const chosen = db.write(async (tx) => {
    await requireWanted(catalogue, tx, fileId, want);
    const isThere = (await catalogue.get(fileId, tx))?.deleted === false;
    const done = await catalogue.choose(tx, fileId, version, others);
    // A refusal undoes the unit of work; the file counts among those there were.
    if (isThere && done.entry.deleted) {
      takeBack = await admitDeletions(pace, catalogue, tx, { confirm, by, gone: 1 });
    }
    return done;
  });
  const { entry } = await chosen.catch((error: unknown) => {
    takeBack?.();
    throw error;
  });
  return revised(parts, entry);
}

/**
 * Done as a restore is where an earlier version is copied: whoever keeps its bytes was free to let go of them.
 * @throws DfsError as Catalogue.copy; `purged` when the retention of the version is over and nobody has it
 */
export async function copyFile(
  parts: Revising,
  fileId: string,
  path: string,
  { version, ...want }: Preconditions & { version?: string } = {},
): Promise<Revised> {
  const { catalogue, db, placement } = parts;
  await catalogue.writable();
  if (version !== undefined) await refusePurged(parts, await versionComingBack(catalogue, fileId, version));
  const { entry } = await db.write(async (tx) => {
    await requireWanted(catalogue, tx, fileId, want);
    return catalogue.copy(tx, fileId, path, version);
  });
  if (version === undefined) return revised(parts, entry);
  await placement.keepAgain([entry.contentId]);
  const { file } = await revised(parts, entry);
  return { file, kept: await placement.isPromised(entry.contentId, entry.size) };
}

/** @throws DfsError as Catalogue.move */
export async function moveFile(
  parts: Revising,
  fileId: string,
  path: string,
  want: Preconditions = {},
): Promise<Revised<MovedFile>> {
  await parts.catalogue.writable();
  const { entry } = await parts.db.write(async (tx) => {
    await requireWanted(parts.catalogue, tx, fileId, want);
    return parts.catalogue.move(tx, fileId, path);
  });
  const { file, kept } = await revised(parts, entry);
  return { file: { ...file, previousId: fileId }, kept };
}

async function revised({ placement, purges }: Revising, entry: Entry): Promise<Revised> {
  const [file] = (await describe(placement, [entry], purges)) as [FileInfo];
  return { file, kept: entry.deleted || (await isKept(placement, file)) };
}

/** Whether this node keeps the bytes of a file, or as many members as there should be. */
export async function isKept(
  placement: Pick<ContentPlacement, 'holders'>,
  { contentId, size, replication }: FileInfo,
): Promise<boolean> {
  if (replication.copies >= replication.target) return true;
  const { extents } = await placement.holders(contentId, size);
  return extents.every(({ holders }) => holders.some(({ self }) => self));
}
