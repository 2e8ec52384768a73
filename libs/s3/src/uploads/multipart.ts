import { createHash } from 'node:crypto';
import type { Conditions, Entry } from '@dfs/catalogue';
import { storeContent, storePart, storeRest, type ChunkStore } from '@dfs/chunks';
import { PartUploads, type Caller, type KeptPart, type PartUploadsComponents, type UploadInParts } from '@dfs/files';
import { cidFromDigest, type RecordAttributes } from '@dfs/protocol';
import type { WorkStatus } from '@dfs/runtime';
import { PARTS_TAG } from '../answers/etag.js';
import { s3Error } from '../errors.js';
import { MAX_PARTS } from '../limits.js';

/** A multipart upload, as it is kept. */
export type S3Upload = UploadInParts;
/** A part of one: it has a digest. */
export interface S3Part extends KeptPart {
  md5: Uint8Array;
}

/** The parts by which multipart uploads are kept and turned into files. */
export interface MultipartComponents extends PartUploadsComponents {
  chunks: Pick<ChunkStore, 'batch' | 'get' | 'alsoKeep'>;
}

/** The facts that an upload begins with. */
export interface BegunWith {
  path: string;
  mediaType?: string | undefined;
  attributes: RecordAttributes;
}

/** The bytes of a part, and the MD5 of all of them once they have come. */
export interface PartBody extends AsyncIterable<Uint8Array> {
  readonly size: number;
  readonly md5: Uint8Array;
}

/** A part as the client names it at the end. */
export interface NamedPart {
  number: number;
  /** Its MD5 in hexadecimal digits. */
  tag: string;
}

/** The facts that an upload is ended with. */
export interface CompleteOptions {
  parts: readonly NamedPart[];
  conditions: Conditions;
  signal: AbortSignal;
  /** Told of all bytes once more, in their order; throws where they are not what was announced. */
  onBytes?: (bytes: Uint8Array) => void;
  /** All have been told. */
  onEnd?: () => void;
}

/**
 * Uploads that come in parts, in any order and side by side. Each part is on disk for good when it is answered, and outlives the
 * process; at the end they are cut anew as one content, so that equal bytes are equal chunks however they came.
 */
export class MultipartUploads {
  private readonly uploads: PartUploads;

  constructor(private readonly components: MultipartComponents) {
    this.uploads = new PartUploads(components, { front: 's3', called: 'multipart uploads' });
  }

  /** Gives up what has expired, now and then. */
  start(): void {
    this.uploads.start();
  }

  /** Ends the requests at work. */
  stop(): Promise<void> {
    return this.uploads.stop();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.uploads.work();
  }

  /** @returns its id @throws DfsError as an upload of files that is refused before its bytes come; `too-many-requests` */
  async begin(caller: Caller, begin: BegunWith): Promise<string> {
    return (await this.uploads.begin(caller, { ...begin, size: null, metadata: '' })).id;
  }

  /** @throws DfsError of S3 `NoSuchUpload` */
  async find(caller: Caller, id: string, path: string): Promise<S3Upload> {
    const upload = await this.uploads.find(caller, id);
    if (upload?.path === path && !this.uploads.isExpired(upload)) return upload;
    throw noSuchUpload();
  }

  /** The uploads of a key that go on, by their paths. */
  open(caller: Caller): Promise<S3Upload[]> {
    return this.uploads.open(caller);
  }

  /** Parts in order, behind the one numbered `after`. */
  parts(upload: S3Upload, after: number, limit: number): Promise<S3Part[]> {
    return this.uploads.table.parts(upload, after, limit) as Promise<S3Part[]>;
  }

  /**
   * Takes a part, in place of the one that had its number. It is on disk for good when this resolves.
   * @returns when it was stored, ms since 1970
   * @throws DfsError as what brings it; as an upload of files; of S3 `NoSuchUpload`
   */
  async putPart(upload: S3Upload, number: number, body: PartBody, signal: AbortSignal): Promise<number> {
    const { chunks, clock, db, files } = this.components;
    if (upload.entry) throw noSuchUpload();
    await files.admit(upload.path, { size: body.size });
    return this.uploads.move(upload, [signal], async (moving) => {
      const batch = chunks.batch('local');
      try {
        const part = await storePart(batch, body, { signal: moving.signal, onProgress: moving.arrived });
        if (part.rest.length > 0) part.chunks.push(await storeRest(batch, part.rest));
        const size = part.chunks.reduce((sum, chunk) => sum + chunk.size, 0);
        moving.arrived(size);
        if (size !== body.size) throw s3Error('IncompleteBody', `${body.size} bytes were announced, ${size} arrived.`);
        await batch.flush();
        const storedAt = clock.now();
        const blocks = part.chunks.map(({ digest }) => cidFromDigest(digest));
        const row = { number, size, md5: body.md5, storedAt, blocks };
        const isOn = await db.write(async (tx) => {
          // Where it is over, nothing of the part stays.
          const isOn = await this.uploads.table.putPart(tx, upload, row, this.uploads.expiry());
          if (isOn) await batch.commit(tx);
          return isOn;
        });
        if (isOn) return storedAt;
        throw noSuchUpload();
      } catch (error) {
        await batch.abort();
        throw error;
      }
    });
  }

  /**
   * Makes a file of the parts that are named. Of an upload that is finished it says again what became of it.
   * @throws DfsError as an upload of files; of S3 `InvalidPart`, `InvalidPartOrder`, `NoSuchUpload`
   */
  complete(upload: S3Upload, options: CompleteOptions): Promise<Entry> {
    return this.uploads.alone(upload.id, async (end) => {
      const fresh = await this.uploads.table.find(upload.id);
      if (!fresh) throw noSuchUpload();
      if (fresh.entry) return fresh.entry;
      const parts = await this.named(fresh, options.parts);
      return this.uploads.move(fresh, [end, options.signal], ({ signal }) =>
        this.put(fresh, parts, { ...options, signal }),
      );
    });
  }

  /** Gives an upload up. @throws DfsError of S3 */
  abort(upload: S3Upload): Promise<void> {
    return this.uploads.alone(upload.id, () => this.uploads.drop(upload));
  }

  private async put(upload: S3Upload, parts: readonly S3Part[], options: CompleteOptions): Promise<Entry> {
    const { chunks, files } = this.components;
    const { conditions: wanted, signal } = options;
    const size = parts.reduce((sum, part) => sum + part.size, 0);
    const { conditions } = await files.admit(upload.path, wanted);
    const batch = chunks.batch('local');
    try {
      const stored = await storeContent(batch, this.bytesOf(parts, options), { signal });
      if (stored.size !== size) throw s3Error('InvalidPart', 'A part was sent anew meanwhile: end the upload again.');
      await batch.flush();
      const attributes = { ...upload.attributes, [PARTS_TAG]: tagOf(parts) };
      const { entry } = await this.uploads.commit(upload, batch, { stored, attributes, conditions });
      return entry;
    } catch (error) {
      await batch.abort();
      throw error;
    }
  }

  /** All bytes in order, each block held against its id. */
  private async *bytesOf(
    parts: readonly S3Part[],
    { onBytes, onEnd }: CompleteOptions,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    for (const { seq } of parts) {
      for await (const page of this.uploads.table.blocks(seq)) {
        for (const { id } of page) {
          const bytes = await this.components.chunks.get(id);
          onBytes?.(bytes);
          yield bytes;
        }
      }
    }
    onEnd?.();
  }

  /** @throws DfsError of S3 `InvalidPart`, `InvalidPartOrder` */
  private async named(upload: S3Upload, parts: readonly NamedPart[]): Promise<S3Part[]> {
    if (parts.some(({ number }, at) => at > 0 && number <= parts[at - 1]!.number)) {
      throw s3Error('InvalidPartOrder', 'The parts must be named in the order of their numbers, each once.');
    }
    const there = new Map((await this.parts(upload, 0, MAX_PARTS)).map((part) => [part.number, part]));
    return parts.map(({ number, tag }) => {
      const part = there.get(number);
      if (part && Buffer.from(part.md5).toString('hex') === tag) return part;
      throw s3Error('InvalidPart', `Part ${number} is not here, or has another ETag: send it again.`);
    });
  }
}

/** The MD5 of those of the parts, and their number. */
function tagOf(parts: readonly S3Part[]): string {
  const hash = createHash('md5');
  for (const { md5 } of parts) hash.update(md5);
  return `${hash.digest('hex')}-${parts.length}`;
}

function noSuchUpload(): Error {
  return s3Error('NoSuchUpload', 'There is no such upload of this key: it was ended or given up, or has expired.');
}
