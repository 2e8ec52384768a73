import type { Commit, CommitOutcome, Conditions, Draft, Entry } from '@dfs/catalogue';
import { storeContent, type BlockBatch, type Digests, type StoredContent } from '@dfs/chunks';
import type { Tx } from '@dfs/database';
import { DfsError } from '@dfs/runtime';
import { normalisePath, type Cid, type RecordAttributes } from '@dfs/protocol';
import type { FileInfo } from '@dfs/contracts';
import { checkDigests, digestNames } from '../http/headers/digest-header.js';
import { describe } from '../read/file-info.js';
import { mediaTypeFor } from '../read/media-type.js';
import type { Preconditions } from '../http/headers/preconditions.js';
import type { FilesComponents } from '../ports.js';
import { UploadProgress } from './upload-progress.js';
import { withoutDate } from './wanted.js';

/** A file to be stored. `body` is read once, at the pace of the disk. */
export interface UploadRequest extends Preconditions {
  /** As the client wrote it. */
  path: string;
  body: AsyncIterable<Uint8Array>;
  /** The media type, as the client says. */
  mediaType?: string;
  /** Bytes the client announced. */
  size?: number;
  /** Digests that the client announced. */
  digests?: Digests;
  /** Attributes of the file, beside its bytes. */
  attributes?: RecordAttributes;
  /** Those that follow from its bytes: asked for once all of them have come. */
  found?: () => RecordAttributes;
  signal?: AbortSignal;
}

/** The file as it is afterwards; `unchanged` where path and bytes were there already. */
export interface UploadOutcome {
  outcome: CommitOutcome;
  file: FileInfo;
}

/** The draft to be recorded once its bytes are on disk. */
export interface Upload extends Conditions {
  path: string;
  mediaType: string;
  stored: StoredContent;
  attributes: RecordAttributes;
}

/** A file whose bytes are on disk for good, and not recorded yet: `batch` is to be committed with it, or aborted. */
export interface Received {
  upload: Upload;
  batch: BlockBatch;
  progress: UploadProgress;
}

/**
 * One file: stream → chunks on disk → one unit of work (index, pin, record). Safe on this node when it resolves;
 * nothing of it is left when it rejects. Conditions that can be checked before the body comes are checked before its
 * first byte is asked for.
 * @throws DfsError `invalid-path`, `precondition-failed`, `digest-mismatch`, `incomplete-body`, `no-space`, `clock-skew`, …
 */
export async function upload(components: FilesComponents, request: UploadRequest): Promise<UploadOutcome> {
  const { upload, batch, progress } = await receive(components, request);
  try {
    const [done] = await commitUploads(components, [batch], [upload]);
    progress.finish(upload.stored.contentId);
    return done as UploadOutcome;
  } catch (error) {
    await batch.abort();
    throw progress.fail(error);
  }
}

/** The first half of an upload: nothing of it is left when it rejects. @throws as `upload` */
export async function receive(components: FilesComponents, request: UploadRequest): Promise<Received> {
  const path = normalisePath(request.path);
  const { digests: announced = {} } = request;
  const conditions = await admit(components, path, request);
  const batch = components.placement.offered(components.chunks.batch('local'));
  const progress = new UploadProgress(components.placement, path, request.size);
  try {
    const stored = await storeContent(batch, request.body, {
      digests: digestNames(announced),
      signal: progress.or(request.signal),
      onProgress: (bytes) => progress.arrived(bytes),
    });
    checkSize(request.size, stored.size);
    checkDigests(announced, stored.digests);
    batch.whole(stored);
    await batch.flush();
    const mediaType = mediaTypeFor(path, request.mediaType);
    const attributes = withDigest({ ...request.attributes, ...request.found?.() }, announced);
    return { upload: { path, mediaType, stored, attributes, ...conditions }, batch, progress };
  } catch (error) {
    await batch.abort();
    throw progress.fail(error);
  }
}

/**
 * Refuses what cannot become of the upload, whatever its bytes are.
 * @param path normalised
 * @returns what the commit is to ask for again
 * @throws DfsError as `upload`, but for what its bytes would be the cause of
 */
export async function admit(
  { catalogue, chunks }: FilesComponents,
  path: string,
  { size, ...want }: Pick<UploadRequest, 'size' | keyof Preconditions>,
): Promise<Conditions> {
  await catalogue.writable();
  const shown = await catalogue.byPath(path);
  const conditions = await withoutDate(catalogue, shown, want);
  await catalogue.conditions.checkUpload(path, conditions, size);
  if (shown === undefined || shown.deleted) await catalogue.refuseTaken(path);
  if (size === undefined) return conditions;
  // The content that the path has or had may be here: as many of the coming bytes may be the same, and then take no room.
  const fresh = size - (shown?.size ?? 0);
  if (fresh > 0) await chunks.requireRoom(fresh, 'local');
  return conditions;
}

/**
 * Records what flushed batches hold, all of it or nothing, and tells of the files as they are then.
 * @param alongside what else belongs to the same unit of work
 */
export async function commitUploads(
  { db, catalogue, placement }: Pick<FilesComponents, 'db' | 'catalogue' | 'placement'>,
  batches: readonly Pick<BlockBatch, 'commit'>[],
  uploads: readonly Upload[],
  alongside?: (tx: Tx, commits: readonly Commit[]) => Promise<void>,
): Promise<UploadOutcome[]> {
  const commits = await db.write(async (tx) => {
    for (const batch of batches) await batch.commit(tx);
    await placement.pinLocal(tx, distinct(uploads));
    const commits = await catalogue.commit(tx, uploads.map(draftOf));
    await alongside?.(tx, commits);
    return commits;
  });
  const files = await describe(
    placement,
    commits.map(({ entry }): Entry => entry),
  );
  return commits.map(({ outcome }, index) => ({ outcome, file: files[index] as FileInfo }));
}

/** The draft that records it. */
export function draftOf({ path, mediaType, stored, attributes, ifMatch, ifNoneMatch, strictly }: Upload): Draft {
  return {
    kind: 'file',
    path,
    contentId: stored.contentId,
    size: stored.size,
    mediaType,
    attributes,
    replaces: 'shown',
    ...(ifMatch ? { ifMatch } : {}),
    ...(ifNoneMatch ? { ifNoneMatch } : {}),
    ...(strictly ? { strictly } : {}),
  };
}

function distinct(uploads: readonly Upload[]): StoredContent[] {
  return [...new Map(uploads.map(({ stored }): [Cid, StoredContent] => [stored.contentId, stored])).values()];
}

function checkSize(announced: number | undefined, size: number): void {
  if (announced === undefined || announced === size) return;
  throw new DfsError('incomplete-body', `${announced} bytes were announced, ${size} arrived. Nothing was stored.`);
}

/** Attributes of a file: also its SHA-256, which was announced, and is right. */
export function withDigest(attributes: RecordAttributes = {}, { sha256 }: Digests): RecordAttributes {
  return sha256 === undefined ? attributes : { ...attributes, sha256 };
}
