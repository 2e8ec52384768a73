import type { Entry } from '@dfs/catalogue';
import { cidDigest, isManifestCid, type Cid } from '@dfs/protocol';
import type { FilesComponents } from '../ports.js';
import { shown, shownEntry } from './listing.js';
import { toSecond } from '../http/headers/http-date.js';
import { purgedContents } from '../versions/gone-contents.js';
import { isPurged, versionWithBytes, type StoredVersion } from '../versions/versions.js';

/** One content as it can be read: the shown version of a file, or an older one. */
export interface OpenContent {
  path: string;
  contentId: Cid;
  size: number;
  mediaType: string;
  /** Record id. */
  version: string;
  /** Milliseconds since 1970. */
  modifiedAt: number;
  /** SHA-256 of all of it, 32 bytes, where that is known. */
  sha256: Uint8Array | undefined;
  /** Whether another version that may have been read by the same address was written within this second (ms). */
  sharesSecond(second: number): Promise<boolean>;
  /** Resolves when the first bytes can be had, without reading them where that is known. @throws as `read` */
  ready(signal: AbortSignal): Promise<void>;
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
  { catalogue, placement, purges }: Pick<FilesComponents, 'catalogue' | 'placement' | 'purges'>,
  fileId: string,
  version?: string,
): Promise<OpenContent> {
  const found =
    version === undefined
      ? fromEntry(await shownEntry(catalogue, fileId))
      : fromVersion(await versionToRead({ catalogue, placement, purges }, fileId, version));
  return contentOf({ catalogue, placement }, fileId, found, version === undefined);
}

/**
 * The same of the file that a path shows, with what is said of it.
 * @throws DfsError `file-not-found`, `invalid-path`
 */
export async function openShown(
  parts: Pick<FilesComponents, 'catalogue' | 'placement'>,
  path: string,
): Promise<{ entry: Entry; content: OpenContent }> {
  const entry = shown(await parts.catalogue.byPath(path));
  return { entry, content: await contentOf(parts, entry.fileId, fromEntry(entry), true) };
}

/** @param isShown others may have been read by the same address */
async function contentOf(
  { catalogue, placement }: Pick<FilesComponents, 'catalogue' | 'placement'>,
  fileId: string,
  found: Found,
  isShown: boolean,
): Promise<OpenContent> {
  const { contentId, size, path } = found;
  const sha256 = await digestOf(catalogue, found);
  const read: OpenContent['read'] = (range, signal) =>
    range.length === 0 ? nothing() : placement.fetch(contentId, size, { ...range, signal, path });
  return {
    ...found,
    sha256,
    // A version never changes.
    sharesSecond: async (at) => isShown && sharesSecond(catalogue, fileId, found.version, at),
    ready: async (signal) => {
      const { state } = (await placement.replication([found])).get(contentId) ?? {};
      if (state !== 'unavailable') return;
      // There may be a part of it here all the same.
      for await (const _ of read({ offset: 0, length: Math.min(1, size) }, signal)) return;
    },
    read,
  };
}

/** That of its only chunk; of a larger content the one that its uploader announced. */
async function digestOf(
  catalogue: Pick<FilesComponents['catalogue'], 'folders'>,
  { contentId, version }: Found,
): Promise<Uint8Array | undefined> {
  if (!isManifestCid(contentId)) return cidDigest(contentId);
  return (await catalogue.folders.said([version])).get(version)?.attributes.sha256;
}

/** Versions looked at: more within a second are told apart by tags alone. */
const VERSIONS_OF_A_SECOND = 32;

/** Whether a file has a version besides this one that was written within a second: their dates do not tell them apart. */
export async function sharesSecond(
  catalogue: Pick<FilesComponents['catalogue'], 'versions'>,
  fileId: string,
  version: string,
  second: number,
): Promise<boolean> {
  const { items } = await catalogue.versions(fileId, { limit: VERSIONS_OF_A_SECOND });
  return items.some((item) => item.version !== version && toSecond(Date.parse(item.writtenAt)) === second);
}

async function versionToRead(
  parts: Pick<FilesComponents, 'catalogue' | 'placement' | 'purges'>,
  fileId: string,
  version: string,
): Promise<StoredVersion> {
  const found = await versionWithBytes(parts.catalogue, fileId, version);
  if (found.head) return found;
  const { contentId, size } = found;
  const { extents } = await parts.placement.holders(contentId, size);
  if (extents.every(({ holders }) => holders.length > 0)) return found;
  // Remains of it as cache may come back, and nobody reads them.
  const shown = (await parts.catalogue.get(fileId))?.recordId ?? null;
  if ((await purgedContents(parts, [{ contentId, size, shown }])).size > 0) throw isPurged();
  return found;
}

type Found = Omit<OpenContent, 'read' | 'ready' | 'sharesSecond' | 'sha256'>;

function fromEntry({ path, contentId, recordId, size, mediaType, modifiedAt }: Entry): Found {
  return { path, contentId, version: recordId, size, mediaType, modifiedAt };
}

function fromVersion({ path, contentId, version, size, mediaType, writtenAt }: StoredVersion): Found {
  return { path, contentId, version, size, mediaType, modifiedAt: Date.parse(writtenAt) };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
