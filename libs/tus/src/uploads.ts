import { randomBytes } from 'node:crypto';
import type { ChunkStore } from '@dfs/chunks';
import type { FinishUploadRequest, UploadInfo } from '@dfs/contracts';
import { normalisePath, type RecordAttributes } from '@dfs/protocol';
import { DfsError, isDfsError, Recurring, type Log, type Ran, type WorkStatus, second } from '@dfs/runtime';
import { sees, type Caller, type Preconditions, type UploadProgress } from '@dfs/files';
import { append, type Appended, type Checksum } from './append.js';
import { Body } from './body.js';
import { complete, lost, type Completed, type Completing } from './complete.js';
import { UPLOAD_TIME } from './limits.js';
import { UploadTable, type UploadRow } from './upload-table.js';

/** Between two looks for what has expired. */
const SWEEP_EVERY = 10 * 60 * second;
/** Uploads that are begun and not ended: beyond, somebody begins them for their own sake. */
const MAX_UPLOADS = 10_000;

/** The parts by which resumable uploads are kept and turned into files. */
export interface UploadsComponents extends Omit<Completing, 'table' | 'chunks'> {
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

interface Running {
  end: AbortController;
  done: Promise<void>;
}

/** Uploads that come in parts: each is of the key that began it, or of the node's own users. */
export class Uploads {
  private readonly table: UploadTable;
  private readonly parts: Completing;
  /** At which a request is at work. */
  private readonly running = new Map<string, Running>();
  /** In the list of transfers, since the first bytes of it that this process took. */
  private readonly transfers = new Map<string, UploadProgress>();
  private readonly sweeping: Recurring;
  private stopped = false;

  constructor(components: UploadsComponents) {
    this.table = new UploadTable(components.db);
    this.parts = { ...components, table: this.table };
    this.sweeping = new Recurring(
      {
        name: 'give up uploads that have expired',
        every: SWEEP_EVERY,
        failed: 'uploads that have expired could not be given up',
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

  /** Ends the requests at work, once what has come by them is durable. */
  async stop(): Promise<void> {
    this.stopped = true;
    const running = [...this.running.values()];
    for (const { end } of running) end.abort(shuttingDown());
    await Promise.all([this.sweeping.stop(), ...running.map(({ done }) => done)]);
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.sweeping.status();
  }

  /**
   * Begins an upload; one of no bytes is a file at once, and ends with this.
   * @throws DfsError as an upload of files that is refused before its bytes come; `too-many-requests`
   */
  async begin(caller: Caller, { size, metadata, mediaType, attributes, ...asked }: UploadBegin): Promise<UploadRow> {
    // Before anything is told of what there is.
    requireSeen(caller, normalisePath(asked.path));
    const { path, conditions } = await this.parts.files.admit(asked.path, { ...asked, size });
    if ((await this.table.countOpen()) >= MAX_UPLOADS) {
      throw new DfsError('too-many-requests', `${MAX_UPLOADS} uploads are begun already: end or finish some.`);
    }
    const now = this.parts.clock.now();
    const fresh = {
      id: randomBytes(16).toString('base64url'),
      owner: ownerOf(caller),
      ...{ path, metadata, size, attributes, conditions },
      mediaType: mediaType ?? null,
      createdAt: now,
      expiresAt: now + UPLOAD_TIME,
    };
    const seq = await this.parts.db.write((tx) => this.table.insert(tx, fresh));
    return { ...fresh, seq, offset: 0, refusal: null, entry: null };
  }

  /** @throws DfsError `upload-not-found`, `upload-expired` */
  async find(caller: Caller, id: string): Promise<UploadRow> {
    const upload = await this.table.find(id);
    if (!upload || upload.owner !== ownerOf(caller)) {
      throw new DfsError('upload-not-found', 'There is no such upload: it was ended, or has expired long ago.');
    }
    if (upload.expiresAt > this.parts.clock.now()) return upload;
    throw new DfsError('upload-expired', 'The upload has expired: begin it anew.');
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
    return this.exclusively(id, async (signal) => {
      const upload = await this.find(caller, id);
      if (part.offset !== upload.offset) throw elsewhere(upload);
      if (part.offset + (part.length ?? 0) > upload.size) {
        throw new DfsError('payload-too-large', 'More bytes are announced than the upload was begun with.');
      }
      if (upload.entry) return { offset: upload.size, done: await this.again(upload) };
      const ends = caller.ended ? [signal, caller.ended] : [signal];
      const progress = this.progressOf(upload);
      const body = new Body(part.body, upload.size - upload.offset, AbortSignal.any([...ends, progress.or(undefined)]));
      try {
        const appended = await append(this.parts, upload, body, part.checksum, (at) => progress.arrived(at));
        if (appended.done) this.endTransfer(id, (transfer) => transfer.finish(appended.done!.file.contentId));
        return appended;
      } catch (error) {
        throw await this.failed(upload, progress, error);
      } finally {
        await body.close();
      }
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
    return this.exclusively(id, async () => {
      const upload = await this.find(caller, id);
      if (upload.entry) return this.again(upload);
      if (upload.offset < upload.size || !upload.refusal) {
        throw new DfsError('conflict', `Of ${upload.size} bytes ${upload.offset} are here: send the others first.`);
      }
      requireSeen(caller, normalisePath(path ?? upload.path));
      const admitted = await this.parts.files.admit(path ?? upload.path, { ...want });
      const batch = this.parts.chunks.batch('local');
      try {
        const done = await complete(this.parts, { ...upload, ...admitted }, { batch, chunks: [] });
        this.endTransfer(id, (transfer) => transfer.finish(done.file.contentId));
        return done;
      } catch (error) {
        await batch.abort();
        throw error;
      }
    });
  }

  /** Gives an upload up, and ends the request that is at work at it. @throws DfsError as `find` */
  async remove(caller: Caller, id: string): Promise<void> {
    await this.find(caller, id);
    const running = this.running.get(id);
    running?.end.abort(givenUp());
    await running?.done;
    await this.exclusively(id, async () => this.drop(await this.find(caller, id)));
  }

  /** Gives up what has expired. */
  private async sweep(): Promise<Ran> {
    for (let gone = 1; gone > 0;) {
      gone = 0;
      for (const { id } of await this.table.expired(this.parts.clock.now())) {
        if (this.stopped) return 'idle';
        if (!this.running.has(id) && (await this.exclusively(id, () => this.dropExpired(id)))) gone += 1;
      }
    }
    return 'idle';
  }

  /** Unless a request has brought more of it in the meantime. */
  private async dropExpired(id: string): Promise<boolean> {
    const upload = await this.table.find(id);
    if (!upload || upload.expiresAt > this.parts.clock.now()) return false;
    await this.drop(upload);
    return true;
  }

  private async drop(upload: UploadRow): Promise<void> {
    await this.table.remove(upload);
    this.endTransfer(upload.id, (transfer) => void transfer.fail(givenUp()));
  }

  /** The error to be told. An upload that a person has cancelled is gone; one that is lost, too. */
  private async failed(upload: UploadRow, progress: UploadProgress, error: unknown): Promise<unknown> {
    if (progress.or(undefined).aborted) {
      await this.table.remove(upload);
      this.transfers.delete(upload.id);
      return progress.fail(error);
    }
    const isLost = isDfsError(error, 'upload-expired') || isDfsError(error, 'chunk-not-found');
    if (!isLost && !isDfsError(error, 'chunk-damaged')) return error;
    await this.drop(upload);
    return lost(error);
  }

  private async again({ entry }: UploadRow): Promise<Completed> {
    return { outcome: 'unchanged', file: await this.parts.files.told(entry!) };
  }

  private progressOf({ id, path, size }: UploadRow): UploadProgress {
    const progress = this.transfers.get(id) ?? this.parts.files.progress(path, size);
    this.transfers.set(id, progress);
    return progress;
  }

  private endTransfer(id: string, end: (transfer: UploadProgress) => void): void {
    const transfer = this.transfers.get(id);
    if (!this.transfers.delete(id)) return;
    end(transfer as UploadProgress);
  }

  /** @throws DfsError `upload-locked` */
  private async exclusively<T>(id: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.stopped) throw shuttingDown();
    if (this.running.has(id)) {
      throw new DfsError('upload-locked', 'Another request is sending bytes of this upload: wait until it has ended.', {
        retryAfter: 1,
      });
    }
    const end = new AbortController();
    const run = work(end.signal);
    const done = run.then(
      () => undefined,
      () => undefined,
    );
    this.running.set(id, { end, done });
    try {
      return await run;
    } finally {
      this.running.delete(id);
    }
  }
}

function ownerOf({ key }: Caller): string {
  return key ?? '';
}

function requireSeen(caller: Caller, path: string): void {
  if (!sees(caller, path)) throw new DfsError('file-not-found', 'There is no such path for the key that asks.');
}

function elsewhere({ offset }: UploadRow): DfsError {
  return new DfsError('offset-mismatch', `The upload goes on at ${offset}: ask for its offset by HEAD.`, {
    facts: { offset },
  });
}

function shuttingDown(): DfsError {
  return new DfsError('shutting-down', 'The node is shutting down: go on with the upload once it is up again.');
}

function givenUp(): DfsError {
  return new DfsError('upload-not-found', 'The upload was given up.');
}
