import type { Entry } from '@dfs/catalogue';
import type { FileInfo, MovedFile } from '@dfs/contracts';
import { describe } from './file-info.js';
import type { ContentPlacement, FilesComponents } from './ports.js';

// Changes of a path that bring no bytes: those there are get another name, or are shown again.

/** A file as it is after such a change. */
export interface Revised<F extends FileInfo = FileInfo> {
  file: F;
  /** This node keeps the bytes, or as many members as there should be: false until they have come to one of these. */
  kept: boolean;
}
type Revising = Pick<FilesComponents, 'db' | 'catalogue' | 'placement'>;

/** @throws DfsError as Catalogue.restore */
export async function restoreFile(parts: Revising, fileId: string, version?: string): Promise<Revised> {
  await parts.catalogue.writable();
  const { entry } = await parts.db.write((tx) => parts.catalogue.restore(tx, fileId, version));
  return revised(parts.placement, entry);
}

/** @throws DfsError as Catalogue.choose */
export async function chooseVersion(parts: Revising, fileId: string, version: string): Promise<Revised> {
  await parts.catalogue.writable();
  const { entry } = await parts.db.write((tx) => parts.catalogue.choose(tx, fileId, version));
  return revised(parts.placement, entry);
}

/** @throws DfsError as Catalogue.move */
export async function moveFile(parts: Revising, fileId: string, path: string): Promise<Revised<MovedFile>> {
  await parts.catalogue.writable();
  const { entry } = await parts.db.write((tx) => parts.catalogue.move(tx, fileId, path));
  const { file, kept } = await revised(parts.placement, entry);
  return { file: { ...file, previousId: fileId }, kept };
}

async function revised(placement: Pick<ContentPlacement, 'replication' | 'holders'>, entry: Entry): Promise<Revised> {
  const [file] = (await describe(placement, [entry])) as [FileInfo];
  return { file, kept: entry.deleted || (await isKept(placement, file)) };
}

async function isKept(
  placement: Pick<ContentPlacement, 'holders'>,
  { contentId, size, replication }: FileInfo,
): Promise<boolean> {
  if (replication.copies >= replication.target) return true;
  const { extents } = await placement.holders(contentId, size);
  return extents.every(({ holders }) => holders.some(({ self }) => self));
}
