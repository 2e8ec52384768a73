import type { ChunkStore } from '@dfs/chunks';
import type { FinishUploadRequest, UploadInfo } from '@dfs/contracts';
import { normalisePath, type RecordAttributes } from '@dfs/protocol';
import { DfsError, isDfsError, type Log, type WorkStatus } from '@dfs/runtime';
import { noSuchPath, PartUploads, sees, type Caller, type Preconditions } from '@dfs/files';
import { append, type Appended, type Checksum } from './append.js';
import { Body } from './body.js';
import { complete, lost, type Completed, type Completing } from './complete.js';
import type { TusUpload } from './tus-upload.js';

/** The parts by which resumable uploads are kept and turned into files. */
export interface UploadsComponents extends Omit<Completing, 'uploads' | 'chunks'> {
  chunks: Completing['chunks'] & Pick<ChunkStore, 'alsoKeep'>;
  log: Log;
}

/** The facts an upload begins with. */
export interface UploadBegin extends Preconditions {
  path: string;
  size: number;
  mediaType?: string;
  attributes: RecordAttributes;
  /** As the client sent it. */
  metadata: string;
}

/** The bytes of one request. */
export interface UploadPart {
  /** Where they begin. */
  offset: number;
  body: AsyncIterable<Uint8Array>;
  /** Bytes the client announced. */
  length?: number | undefined;
  checksum?: Checksum | undefined;
}

/** Uploads by tus: their bytes come in order, by one request at a time. */
export class Uploads {
  private readonly uploads: PartUploads;
  private readonly parts: Completing;

  constructor(components: UploadsComponents) {
    this.uploads = new PartUploads(components, { front: 'tus', called: 'uploads' });
    this.parts = { ...components, uploads: this.uploads };
  }

  /** Gives up what has expired, now and then. */
  start(): void {
    this.uploads.start();
  }

  /** Ends the requests at work, once what has come by them is durable. */
  stop(): Promise<void> {
    return this.uploads.stop();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.uploads.work();
  }

  /**
   * Begins an upload; one of no bytes is a file at once, and ends with this.
   * @throws DfsError as an upload of files that is refused before its bytes come; `too-many-requests`
   */
  async begin(caller: Caller, begin: UploadBegin): Promise<TusUpload> {
    // Before anything is told of what there is.
    requireSeen(caller, normalisePath(begin.path));
    return (await this.uploads.begin(caller, begin)) as TusUpload;
  }

  /** @throws DfsError `upload-not-found`, `upload-expired` */
  async find(caller: Caller, id: string): Promise<TusUpload> {
    const upload = await this.uploads.find(caller, id);
    if (!upload) {
      throw new DfsError('upload-not-found', 'There is no such upload: it was ended, or has expired long ago.');
    }
    if (this.uploads.isExpired(upload)) throw new DfsError('upload-expired', 'The upload has expired: begin it anew.');
    return upload as TusUpload;
  }

  /** @throws DfsError as `find` */
  async info(caller: Caller, id: string): Promise<UploadInfo> {
    const { path, size, offset, createdAt, expiresAt, refusal, entry } = await this.find(caller, id);
    return {
      ...{ id, path, size, offset },
      state: entry ? 'finished' : refusal ? 'complete' : 'running',
      createdAt: new Date(createdAt).toISOString(),
      expiresAt: new Date(expiresAt).toISOString(),
      ...(entry && { file: await this.parts.files.told(entry) }),
      ...(refusal && { refusal }),
    };
  }

  /**
   * Takes bytes; of a finished upload, at its end, none: then what became of it is said again.
   * @throws DfsError `upload-not-found`, `upload-expired`, `upload-locked`, `offset-mismatch`, `payload-too-large`; as `append`
   */
  append(caller: Caller, id: string, part: UploadPart): Promise<Appended> {
    return this.uploads.alone(id, async (end) => {
      const upload = await this.find(caller, id);
      if (part.offset !== upload.offset) throw elsewhere(upload);
      if (part.offset + (part.length ?? 0) > upload.size) {
        throw new DfsError('payload-too-large', 'More bytes are announced than the upload was begun with.');
      }
      if (upload.entry) return { offset: upload.size, done: await this.again(upload) };
      return this.uploads.move(upload, [end, caller.ended], async ({ signal, arrived }) => {
        const body = new Body(part.body, upload.size - upload.offset, signal);
        try {
          return await append(this.parts, upload, body, part.checksum, arrived);
        } catch (error) {
          throw await this.failed(upload, error);
        } finally {
          await body.close();
        }
      });
    });
  }

  /**
   * Makes a file of an upload that was refused when its bytes were all here.
   * @throws DfsError `conflict` while bytes are missing; as `find`, and as an upload of files
   */
  finish(
    caller: Caller,
    id: string,
    { path, ...want }: Pick<FinishUploadRequest, 'path'> & Preconditions,
  ): Promise<Completed> {
    return this.uploads.alone(id, async () => {
      const upload = await this.find(caller, id);
      if (upload.entry) return this.again(upload);
      if (upload.offset < upload.size || !upload.refusal) {
        throw new DfsError('conflict', `Of ${upload.size} bytes ${upload.offset} are here: send the others first.`);
      }
      requireSeen(caller, normalisePath(path ?? upload.path));
      const admitted = await this.parts.files.admit(path ?? upload.path, { ...want, strictly: true });
      const batch = this.parts.chunks.batch('local');
      try {
        return await complete(this.parts, { ...upload, ...admitted }, { batch, chunks: [] });
      } catch (error) {
        await batch.abort();
        throw error;
      }
    });
  }

  /** Gives an upload up, and ends the request that is at work at it. @throws DfsError as `find` */
  async remove(caller: Caller, id: string): Promise<void> {
    await this.find(caller, id);
    await this.uploads.end(id);
    await this.uploads.alone(id, async () => this.uploads.drop(await this.find(caller, id)));
  }

  /** The error to be told. An upload that is lost is gone. */
  private async failed(upload: TusUpload, error: unknown): Promise<unknown> {
    const isLost = isDfsError(error, 'upload-expired') || isDfsError(error, 'chunk-not-found');
    if (!isLost && !isDfsError(error, 'chunk-damaged')) return error;
    await this.uploads.drop(upload);
    return lost(error);
  }

  private async again({ entry }: TusUpload): Promise<Completed> {
    return { outcome: 'unchanged', file: await this.parts.files.told(entry!) };
  }
}

function requireSeen(caller: Caller, path: string): void {
  if (!sees(caller, path)) throw noSuchPath();
}

function elsewhere({ offset }: TusUpload): DfsError {
  return new DfsError('offset-mismatch', `The upload goes on at ${offset}: ask for its offset by HEAD.`, {
    facts: { offset },
  });
}
