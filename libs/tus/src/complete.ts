import { cidFromDigest, cidToBytes, type Cid } from '@dfs/protocol';
import { DfsError, isDfsError, pages, type Clock, hour } from '@dfs/runtime';
import { storeManifest, type BlockBatch, type ChunkStore, type PartChunk } from '@dfs/chunks';
import type { Database, Reader, Tx } from '@dfs/database';
import { mediaTypeFor, type Files, type UploadOutcome } from '@dfs/files';
import { PAGE, UPLOAD_TIME } from './limits.js';
import type { UploadBlock, UploadRow, UploadTable } from './upload-table.js';

/** The answer to a finished upload is repeated for so long. */
const ANSWER_TIME = 24 * hour;

/** The file that a finished upload has become. */
export type Completed = UploadOutcome;

/** The parts by which an upload is ended. */
export interface Completing {
  db: Pick<Database, 'query' | 'repository' | 'write'>;
  table: UploadTable;
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
export async function complete(parts: Completing, upload: UploadRow, last: Last): Promise<Completed> {
  const { table, files, clock, db } = parts;
  const { path, mediaType, attributes, conditions } = upload;
  const stored = await storeManifest(last.batch, chunksOf(parts, upload, last.chunks));
  await last.batch.flush();
  const whole = last.sha256 ? { sha256: last.sha256 } : {};
  try {
    return await files.commit(
      last.batch,
      {
        ...{ path, stored, ...conditions },
        mediaType: mediaTypeFor(path, mediaType ?? undefined),
        attributes: { ...attributes, ...whole },
      },
      async (tx, { entry }) => {
        await requireWhole(parts, upload, tx);
        await table.finish(tx, upload, entry, clock.now() + ANSWER_TIME);
      },
    );
  } catch (error) {
    if (!isRefusal(error)) throw error;
    await db.write(async (tx) => {
      await last.batch.commit(tx);
      const expiresAt = clock.now() + UPLOAD_TIME;
      await table.advance(tx, upload, { offset: upload.size, expiresAt, chunks: last.chunks, keepPieces: false });
      await table.refuse(tx, upload, { code: error.code, detail: error.message });
    });
    throw error;
  }
}

/** Of the path, or of who writes: another path may be well. */
function isRefusal(error: unknown): error is DfsError {
  return isDfsError(error) && error.status < 500 && error.code !== 'aborted' && error.code !== 'upload-expired';
}

async function* chunksOf(
  { table, db }: Completing,
  upload: UploadRow,
  last: readonly PartChunk[],
): AsyncGenerator<PartChunk> {
  for await (const page of chunkPages(table, db, upload)) {
    for (const { id, size } of page) yield { digest: digestOf(id), size };
  }
  yield* last;
}

function chunkPages(
  table: UploadTable,
  reader: Reader,
  upload: UploadRow,
): AsyncGenerator<readonly UploadBlock[], void, undefined> {
  return pages(
    PAGE,
    (after: number | null) => table.chunks(reader, upload, after ?? -1),
    (block) => block.number,
  );
}

/** A binary CID ends with the digest. */
function digestOf(id: Cid): Uint8Array {
  const digest = cidToBytes(id).subarray(-32);
  if (cidFromDigest(digest) !== id) throw new Error('a chunk of an upload is named by no digest');
  return digest;
}

/** @throws DfsError `upload-expired`: what was found damaged since it came cannot be sent again by tus */
async function requireWhole({ table, chunks }: Completing, upload: UploadRow, tx: Tx): Promise<void> {
  for await (const page of chunkPages(table, tx, upload)) {
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
