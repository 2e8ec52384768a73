import type { Entry } from '@dfs/catalogue';
import type { Cid } from '@dfs/protocol';
import type { FilesComponents } from '../ports.js';
import { shownEntry } from './listing.js';
import { isPurged, versionWithBytes, type StoredVersion } from '../versions/versions.js';

/** One content as it can be read: the shown version of a file, or an older one. */
export interface OpenContent {
  path: string;
  contentId: Cid;
  size: number;
  mediaType: string;
  /** Milliseconds since 1970. */
  modifiedAt: number;
  /**
   * Verified bytes in order, read ahead; from this node or from holders. A piece stays as it is until the next one is
   * asked for.
   */
  read(range: { offset: number; length: number }, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/**
 * Finds what is to be read; reads nothing yet.
 * @param version a record id; the shown version when left out
 * @throws DfsError `file-not-found`, `version-not-found`, `purged` when no member promises it any more
 */
export async function openContent(
  { catalogue, placement }: Pick<FilesComponents, 'catalogue' | 'placement'>,
  fileId: string,
  version?: string,
): Promise<OpenContent> {
  const found =
    version === undefined
      ? fromEntry(await shownEntry(catalogue, fileId))
      : fromVersion(await versionToRead({ catalogue, placement }, fileId, version));
  const { contentId, size, path } = found;
  return {
    ...found,
    read: (range, signal) =>
      range.length === 0 ? nothing() : placement.fetch(contentId, size, { ...range, signal, path }),
  };
}

async function versionToRead(
  { catalogue, placement }: Pick<FilesComponents, 'catalogue' | 'placement'>,
  fileId: string,
  version: string,
): Promise<StoredVersion> {
  const found = await versionWithBytes(catalogue, fileId, version);
  if (!found.purged) return found;
  const { extents } = await placement.holders(found.contentId, found.size);
  if (extents.some(({ holders }) => holders.length === 0)) throw isPurged();
  return found;
}

type Found = Omit<OpenContent, 'read'>;

function fromEntry({ path, contentId, size, mediaType, modifiedAt }: Entry): Found {
  return { path, contentId, size, mediaType, modifiedAt };
}

function fromVersion({ path, contentId, size, mediaType, writtenAt }: StoredVersion): Found {
  return { path, contentId, size, mediaType, modifiedAt: Date.parse(writtenAt) };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
