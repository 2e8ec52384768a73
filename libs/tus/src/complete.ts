import { cidFromDigest, cidToBytes, type Cid } from '@dfs/protocol';
import { DfsError, isDfsError, type Clock } from '@dfs/runtime';
import { storeManifest, type BlockBatch, type ChunkStore, type PartChunk } from '@dfs/chunks';
import type { Database, Tx } from '@dfs/database';
import type { Files, PartUploads, UploadOutcome } from '@dfs/files';
import type { TusUpload } from './tus-upload.js';

/** The file that a finished upload has become. */
export type Completed = UploadOutcome;

/** The parts by which an upload is ended. */
export interface Completing {
  db: Pick<Database, 'query' | 'repository' | 'write'>;
  uploads: PartUploads;
  chunks: Pick<ChunkStore, 'batch' | 'get' | 'has'>;
  files: Pick<Files, 'admit' | 'commit' | 'told' | 'progress'>;
  clock: Clock;
}

/** The last of its bytes: in the batch, and in no row yet. */
interface Last {
  batch: BlockBatch;
  chunks: PartChunk[];
  /** Of all its bytes, where that was announced and is right. */
  sha256?: Uint8Array | undefined;
}

/**
 * Makes a file of an upload whose bytes are all here, in one unit of work with its end. Where the path is not as it was asked
 * for, the bytes stay until the upload expires; where the node is to blame, the last of them are to be sent again.
 * @throws DfsError as `upload` of files; `upload-expired` where what had come is damaged
 */
export async function complete(parts: Completing, upload: TusUpload, last: Last): Promise<Completed> {
  const { uploads, clock, db } = parts;
  const { attributes, conditions } = upload;
  const stored = await storeManifest(last.batch, chunksOf(parts, upload, last.chunks));
  await last.batch.flush();
  const whole = last.sha256 ? { sha256: last.sha256 } : {};
  try {
    const { done } = await uploads.commit(upload, last.batch, {
      ...{ stored, conditions, attributes: { ...attributes, ...whole } },
      alongside: (tx) => requireWhole(parts, upload, tx),
    });
    return done;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    await db.write(async (tx) => {
      await last.batch.commit(tx);
      const [now, expiresAt] = [clock.now(), uploads.expiry()];
      const to = { offset: upload.size, now, expiresAt, chunks: last.chunks, keepPieces: false };
      await uploads.table.advance(tx, upload, to);
      await uploads.table.refuse(tx, upload, { code: error.code, detail: error.message });
    });
    throw error;
  }
}

/** Of the path, or of who writes: another path may be well. */
function isRefusal(error: unknown): error is DfsError {
  return isDfsError(error) && error.status < 500 && error.code !== 'aborted' && error.code !== 'upload-expired';
}

async function* chunksOf(
  { uploads, db }: Completing,
  upload: TusUpload,
  last: readonly PartChunk[],
): AsyncGenerator<PartChunk> {
  for await (const page of uploads.table.chunks(db, upload)) {
    for (const { id, size } of page) yield { digest: digestOf(id), size: size as number };
  }
  yield* last;
}

/** A binary CID ends with the digest. */
function digestOf(id: Cid): Uint8Array {
  const digest = cidToBytes(id).subarray(-32);
  if (cidFromDigest(digest) !== id) throw new Error('a chunk of an upload is named by no digest');
  return digest;
}

/** @throws DfsError `upload-expired`: what was found damaged since it came cannot be sent again by tus */
async function requireWhole({ uploads, chunks }: Completing, upload: TusUpload, tx: Tx): Promise<void> {
  for await (const page of uploads.table.chunks(tx, upload)) {
    const ids = page.map(({ id }) => id);
    const here = await chunks.has(ids, tx);
    if (!ids.every((id) => here.has(id))) throw lost();
  }
}

/** The bytes that had come are not here any more. */
export function lost(cause?: unknown): DfsError {
  return new DfsError(
    'upload-expired',
    'Part of what was uploaded can no longer be read on this node: begin the upload anew.',
    { cause },
  );
}
