import type { CommitOutcome, Draft, Entry } from '@dfs/catalogue';
import { storeContent, type BlockBatch, type Digests, type StoredContent } from '@dfs/chunks';
import { DfsError, normalisePath, type Cid } from '@dfs/protocol';
import type { FileInfo } from '@dfs/contracts';
import { checkDigests, digestNames } from '../http/digest-header.js';
import { describe } from '../read/file-info.js';
import { mediaTypeFor } from '../read/media-type.js';
import { checkPreconditions, type Preconditions } from '../http/preconditions.js';
import type { FilesComponents } from '../ports.js';
import { UploadProgress } from './upload-progress.js';

export interface UploadRequest extends Preconditions {
  /** As the client wrote it. */
  path: string;
  body: AsyncIterable<Uint8Array>;
  /** What the client says the bytes are. */
  mediaType?: string;
  /** Bytes the client announced. */
  size?: number;
  /** What the client announced. */
  digests?: Digests;
  signal?: AbortSignal;
}

export interface UploadOutcome {
  outcome: CommitOutcome;
  file: FileInfo;
}

/** What is to be recorded once its bytes are on disk. */
export interface Upload extends Preconditions {
  path: string;
  mediaType: string;
  stored: StoredContent;
}

/**
 * One file: stream → chunks on disk → one unit of work (index, pin, record). Safe on this node when it resolves;
 * nothing of it is left when it rejects.
 * @throws DfsError `invalid-path`, `precondition-failed`, `digest-mismatch`, `incomplete-body`, `no-space`, `clock-skew`, …
 */
export async function upload(components: FilesComponents, request: UploadRequest): Promise<UploadOutcome> {
  const path = normalisePath(request.path);
  const { digests: announced = {} } = request;
  await components.catalogue.writable();
  checkPreconditions(await components.catalogue.byPath(path), request);
  const batch = components.chunks.batch('local');
  const progress = new UploadProgress(components.placement, path, request.size);
  try {
    const stored = await storeContent(batch, request.body, {
      digests: digestNames(announced),
      signal: progress.or(request.signal),
      onProgress: (bytes) => progress.arrived(bytes),
    });
    checkSize(request.size, stored.size);
    checkDigests(announced, stored.digests);
    await batch.flush();
    const { ifMatch, ifNoneMatch } = request;
    const mediaType = mediaTypeFor(path, request.mediaType);
    const [done] = await commitUploads(components, batch, [
      { path, mediaType, stored, ...(ifMatch ? { ifMatch } : {}), ...(ifNoneMatch ? { ifNoneMatch } : {}) },
    ]);
    progress.finish(stored.contentId);
    return done as UploadOutcome;
  } catch (error) {
    await batch.abort();
    throw progress.fail(error);
  }
}

/** Records what a flushed batch holds, all of it or nothing, and tells of the files as they are then. */
export async function commitUploads(
  { db, catalogue, placement }: Pick<FilesComponents, 'db' | 'catalogue' | 'placement'>,
  batch: Pick<BlockBatch, 'commit'>,
  uploads: readonly Upload[],
): Promise<UploadOutcome[]> {
  const commits = await db.write(async (tx) => {
    await batch.commit(tx);
    await placement.pinLocal(tx, distinct(uploads));
    return catalogue.commit(tx, uploads.map(draftOf));
  });
  const files = await describe(
    placement,
    commits.map(({ entry }): Entry => entry),
  );
  return commits.map(({ outcome }, index) => ({ outcome, file: files[index] as FileInfo }));
}

function draftOf({ path, mediaType, stored, ifMatch, ifNoneMatch }: Upload): Draft {
  return {
    kind: 'file',
    path,
    contentId: stored.contentId,
    size: stored.size,
    mediaType,
    replaces: 'shown',
    ...(ifMatch ? { ifMatch } : {}),
    ...(ifNoneMatch ? { ifNoneMatch } : {}),
  };
}

function distinct(uploads: readonly Upload[]): StoredContent[] {
  return [...new Map(uploads.map(({ stored }): [Cid, StoredContent] => [stored.contentId, stored])).values()];
}

function checkSize(announced: number | undefined, size: number): void {
  if (announced === undefined || announced === size) return;
  throw new DfsError('incomplete-body', `${announced} bytes were announced, ${size} arrived. Nothing was stored.`);
}
