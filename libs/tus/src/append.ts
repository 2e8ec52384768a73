import { createHash, timingSafeEqual, type Hash } from 'node:crypto';
import { storePart, storeRest, type BlockBatch, type PartChunk } from '@dfs/chunks';
import { DfsError, MiB, second } from '@dfs/runtime';
import type { Body } from './body.js';
import { complete, type Completed, type Completing } from './complete.js';
import type { TusUpload } from './tus-upload.js';

/** Of a request so many bytes are made durable at once, or what has come in so much time: what a crash can cost. */
const SEGMENT_BYTES = 64 * MiB;
/** A slow upload becomes durable this often. */
const SEGMENT_TIME = 15 * second;
/** Pieces behind the last cut; more of them are put together. */
const MAX_PIECES = 32;

/** The digest that the bytes of a request must have. */
export interface Checksum {
  algorithm: 'sha1' | 'sha256';
  digest: Uint8Array;
}

/** Until where an upload is durable now; and what became of it, where that is all of it. */
export interface Appended {
  offset: number;
  done?: Completed;
}

/**
 * Takes the bytes of one request behind those that are here. They are made durable segment by segment, and what was cut off is
 * kept; where they have a checksum all of them at once, or none.
 * @param onProgress told of the bytes of the request that have come
 * @throws DfsError `checksum-mismatch`, the fault of the body once what came before it is durable; as `complete`
 */
export async function append(
  parts: Completing,
  upload: TusUpload,
  body: Body,
  checksum: Checksum | undefined,
  onProgress: (bytes: number) => void,
): Promise<Appended> {
  const run = new Run(parts, upload, body, checksum, onProgress);
  await run.open();
  for (;;) {
    const appended = await run.segment();
    if (appended) return appended;
  }
}

class Run {
  private readonly hash: Hash | undefined;
  private readonly from: number;
  /** The bytes behind the last cut, and how many bytes and pieces of them the database knows. */
  private rest: Uint8Array = new Uint8Array(0);
  private known = 0;
  private pieces = 0;

  constructor(
    private readonly parts: Completing,
    private readonly upload: TusUpload,
    private readonly body: Body,
    private readonly checksum: Checksum | undefined,
    private readonly onProgress: (bytes: number) => void,
  ) {
    this.from = upload.offset;
    this.hash = checksum && createHash(checksum.algorithm);
  }

  /** @throws DfsError `upload-expired` where what is here cannot be read any more */
  async open(): Promise<void> {
    const pieces = await this.parts.uploads.table.pieces(this.upload);
    const bytes: Uint8Array[] = [];
    for (const { id } of pieces) bytes.push(await this.parts.chunks.get(id));
    this.rest = Buffer.concat(bytes);
    this.known = this.rest.length;
    this.pieces = pieces.length;
  }

  /** @returns undefined where more is to come */
  async segment(): Promise<Appended | undefined> {
    const batch = this.parts.chunks.batch('local');
    try {
      const part = await storePart(batch, this.source());
      if (this.body.isOver) this.check();
      const offset = this.from + this.body.bytes;
      if (offset < this.upload.size) return await this.keep(batch, part, offset);
      if (part.rest.length > 0) part.chunks.push(await storeRest(batch, part.rest));
      const done = await complete(this.parts, this.upload, { batch, chunks: part.chunks, sha256: this.whole() });
      return { offset, done };
    } catch (error) {
      await batch.abort();
      throw error;
    }
  }

  private async *source(): AsyncGenerator<Uint8Array> {
    if (this.rest.length > 0) yield this.rest;
    const limit = this.hash ? { bytes: Infinity, ms: Infinity } : { bytes: SEGMENT_BYTES, ms: SEGMENT_TIME };
    for await (const piece of this.body.segment(limit)) {
      this.hash?.update(piece);
      this.onProgress(this.body.bytes);
      yield piece;
    }
  }

  /** @throws DfsError `checksum-mismatch`; of bytes that have a checksum and did not come whole, their fault */
  private check(): void {
    const { hash, checksum, body } = this;
    if (!hash || !checksum) return;
    if (body.fault) throw body.fault;
    if (timingSafeEqual(hash.digest(), checksum.digest)) return;
    throw new DfsError(
      'checksum-mismatch',
      'The bytes that arrived are not those that Upload-Checksum announced. None of them was stored: send them again.',
    );
  }

  /** The digest of all of it, where one request brought it and it was right. */
  private whole(): Uint8Array | undefined {
    const { checksum } = this;
    return this.from === 0 && checksum?.algorithm === 'sha256' ? checksum.digest : undefined;
  }

  private async keep(
    batch: BlockBatch,
    { chunks, rest }: { chunks: PartChunk[]; rest: Uint8Array },
    offset: number,
  ): Promise<Appended | undefined> {
    const { isOver, fault } = this.body;
    // Between two segments the rest stays in memory, and the offset at the cut.
    const isCut = chunks.length > 0;
    const together = isCut || this.pieces >= MAX_PIECES;
    const fresh = rest.subarray(together ? 0 : this.known);
    const piece = isOver && fresh.length > 0 ? await storeRest(batch, fresh) : undefined;
    const durable = isOver ? offset : offset - rest.length;
    if (isCut || piece) {
      await batch.flush();
      const [now, expiresAt] = [this.parts.clock.now(), this.parts.uploads.expiry()];
      await this.parts.db.write(async (tx) => {
        await batch.commit(tx);
        const to = { offset: durable, now, expiresAt, chunks, keepPieces: !together, ...(piece && { piece }) };
        await this.parts.uploads.table.advance(tx, this.upload, to);
      });
    } else await batch.abort();
    this.rest = rest;
    if (isCut) [this.known, this.pieces] = [0, 0];
    if (!isOver) return undefined;
    if (fault) throw fault;
    return { offset: durable };
  }
}
