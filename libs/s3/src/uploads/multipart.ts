import { createHash, randomBytes } from 'node:crypto';
import type { Conditions, Entry } from '@dfs/catalogue';
import { storeContent, storePart, storeRest, type ChunkStore } from '@dfs/chunks';
import type { Database } from '@dfs/database';
import { mediaTypeFor, type Caller, type Files } from '@dfs/files';
import { cidFromDigest, type RecordAttributes } from '@dfs/protocol';
import {
  DfsError,
  hour,
  minute,
  pages,
  Recurring,
  type Clock,
  type Log,
  type Ran,
  type WorkStatus,
} from '@dfs/runtime';
import { PARTS_TAG } from '../answers/etag.js';
import { s3Error } from '../errors.js';
import { MAX_PARTS, UPLOAD_TIME } from '../limits.js';
import { UploadTable, type S3Part, type S3Upload } from './upload-table.js';

/** Between two looks for what has expired. */
const SWEEP_EVERY = 10 * minute;
/** Uploads that are begun and not ended: beyond, somebody begins them for their own sake. */
const MAX_UPLOADS = 10_000;
/** The answer to a finished upload is repeated for so long. */
const ANSWER_TIME = 24 * hour;

/** The parts by which multipart uploads are kept and turned into files. */
export interface MultipartComponents {
  db: Pick<Database, 'query' | 'repository' | 'write'>;
  chunks: Pick<ChunkStore, 'batch' | 'get' | 'alsoKeep'>;
  files: Pick<Files, 'admit' | 'commit' | 'shownAt'>;
  clock: Clock;
  log: Log;
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
  private readonly table: UploadTable;
  /** At whose end a request is at work. */
  private readonly ending = new Set<string>();
  private readonly sweeping: Recurring;
  private stopped = false;

  constructor(private readonly components: MultipartComponents) {
    this.table = new UploadTable(components.db);
    this.sweeping = new Recurring(
      {
        name: 'give up multipart uploads that have expired',
        every: SWEEP_EVERY,
        failed: 'multipart uploads that have expired could not be given up',
        run: () => this.sweep(),
      },
      { log: components.log },
    );
    components.chunks.alsoKeep((ids) => this.table.needed(ids));
  }

  /** Gives up what has expired, now and then. */
  start(): void {
    this.sweeping.start(0);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.sweeping.stop();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.sweeping.status();
  }

  /** @returns its id @throws DfsError as an upload of files that is refused before its bytes come; `too-many-requests` */
  async begin({ key }: Caller, { path, mediaType, attributes }: BegunWith): Promise<string> {
    const admitted = await this.components.files.admit(path, {});
    if ((await this.table.countOpen()) >= MAX_UPLOADS) {
      throw new DfsError('too-many-requests', `${MAX_UPLOADS} uploads are begun already: end or give up some.`);
    }
    const now = this.components.clock.now();
    const id = randomBytes(16).toString('base64url');
    await this.components.db.write((tx) =>
      this.table.insert(tx, {
        ...{ id, owner: key ?? '', path: admitted.path, mediaType: mediaType ?? null, attributes },
        ...{ createdAt: now, expiresAt: now + UPLOAD_TIME },
      }),
    );
    return id;
  }

  /** @throws DfsError of S3 `NoSuchUpload` */
  async find({ key }: Caller, id: string, path: string): Promise<S3Upload> {
    const upload = await this.table.find(id);
    const isIts = upload?.owner === (key ?? '') && upload.path === path;
    if (upload && isIts && upload.expiresAt > this.components.clock.now()) return upload;
    throw noSuchUpload();
  }

  /** The uploads of a key that go on, by their paths. */
  open({ key }: Caller): Promise<S3Upload[]> {
    return this.table.open(key ?? '');
  }

  /** Parts in order, behind the one numbered `after`. */
  parts(upload: S3Upload, after: number, limit: number): Promise<S3Part[]> {
    return this.table.parts(upload, after, limit);
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
    const batch = chunks.batch('local');
    try {
      const part = await storePart(batch, body, { signal });
      if (part.rest.length > 0) part.chunks.push(await storeRest(batch, part.rest));
      const size = part.chunks.reduce((sum, chunk) => sum + chunk.size, 0);
      if (size !== body.size) throw s3Error('IncompleteBody', `${body.size} bytes were announced, ${size} arrived.`);
      await batch.flush();
      const storedAt = clock.now();
      const blocks = part.chunks.map(({ digest }) => cidFromDigest(digest));
      await db.write(async (tx) => {
        await batch.commit(tx);
        const row = { number, size, md5: body.md5, storedAt, blocks };
        if (!(await this.table.putPart(tx, upload, row, storedAt + UPLOAD_TIME))) throw noSuchUpload();
      });
      return storedAt;
    } catch (error) {
      await batch.abort();
      throw error;
    }
  }

  /**
   * Makes a file of the parts that are named. Of an upload that is finished it says again what became of it.
   * @throws DfsError as an upload of files; of S3 `InvalidPart`, `InvalidPartOrder`, `NoSuchUpload`
   */
  complete(upload: S3Upload, options: CompleteOptions): Promise<Entry> {
    return this.alone(upload, async () => {
      const fresh = await this.table.find(upload.id);
      if (!fresh) throw noSuchUpload();
      if (fresh.entry) return fresh.entry;
      const entry = await this.put(fresh, await this.named(fresh, options.parts), options);
      await this.table.removeParts(fresh);
      return entry;
    });
  }

  /** Gives an upload up. @throws DfsError of S3 */
  abort(upload: S3Upload): Promise<void> {
    return this.alone(upload, () => this.table.remove(upload));
  }

  private async put(upload: S3Upload, parts: readonly S3Part[], options: CompleteOptions): Promise<Entry> {
    const { chunks, clock, files } = this.components;
    const { path, mediaType, attributes } = upload;
    const { conditions, signal } = options;
    const size = parts.reduce((sum, part) => sum + part.size, 0);
    const admitted = await files.admit(path, conditions);
    const batch = chunks.batch('local');
    let made: Entry | undefined;
    try {
      const stored = await storeContent(batch, this.bytesOf(parts, options), { signal });
      if (stored.size !== size) throw s3Error('InvalidPart', 'A part was sent anew meanwhile: end the upload again.');
      await batch.flush();
      const said = { ...attributes, [PARTS_TAG]: tagOf(parts) };
      const draft = { path, stored, attributes: said, mediaType: mediaTypeFor(path, mediaType ?? undefined) };
      await files.commit(batch, { ...draft, ...admitted.conditions }, async (tx, { entry }) => {
        made = entry;
        await this.table.finish(tx, upload, entry, clock.now() + ANSWER_TIME);
      });
      return made as unknown as Entry;
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
      const blocks = pages(
        BLOCKS_A_PAGE,
        (after: number | null) => this.table.blocks(seq, after ?? -1),
        ({ number }) => number,
      );
      for await (const page of blocks) {
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
    const there = new Map((await this.table.parts(upload, 0, MAX_PARTS)).map((part) => [part.number, part]));
    return parts.map(({ number, tag }) => {
      const part = there.get(number);
      if (part && Buffer.from(part.md5).toString('hex') === tag) return part;
      throw s3Error('InvalidPart', `Part ${number} is not here, or has another ETag: send it again.`);
    });
  }

  private async sweep(): Promise<Ran> {
    for (let gone = 1; gone > 0;) {
      gone = 0;
      for (const upload of await this.table.expired(this.components.clock.now())) {
        if (this.stopped) return 'idle';
        if (this.ending.has(upload.id)) continue;
        await this.alone(upload, () => this.table.remove(upload));
        gone += 1;
      }
    }
    return 'idle';
  }

  /** @throws DfsError `upload-locked` */
  private async alone<T>({ id }: S3Upload, work: () => Promise<T>): Promise<T> {
    if (this.stopped) throw new DfsError('shutting-down', 'The node is shutting down: try again once it is up again.');
    if (this.ending.has(id)) {
      throw new DfsError('upload-locked', 'Another request is about to end this upload: wait until it has.', {
        retryAfter: 1,
      });
    }
    this.ending.add(id);
    try {
      return await work();
    } finally {
      this.ending.delete(id);
    }
  }
}

/** As `UploadTable.blocks` reads them. */
const BLOCKS_A_PAGE = 500;

/** The MD5 of those of the parts, and their number. */
function tagOf(parts: readonly S3Part[]): string {
  const hash = createHash('md5');
  for (const { md5 } of parts) hash.update(md5);
  return `${hash.digest('hex')}-${parts.length}`;
}

function noSuchUpload(): Error {
  return s3Error('NoSuchUpload', 'There is no such upload of this key: it was ended or given up, or has expired.');
}
