import { randomBytes } from 'node:crypto';
import type { Conditions, Entry } from '@dfs/catalogue';
import type { BlockBatch, ChunkStore, StoredContent } from '@dfs/chunks';
import type { Database, Tx } from '@dfs/database';
import type { RecordAttributes } from '@dfs/protocol';
import {
  day,
  DfsError,
  hour,
  isDfsError,
  minute,
  Recurring,
  type Clock,
  type Log,
  type Ran,
  type WorkStatus,
} from '@dfs/runtime';
import type { Files } from '../../files.js';
import type { Asker } from '../../ports.js';
import { mediaTypeFor } from '../../read/media-type.js';
import type { Preconditions } from '../../http/headers/preconditions.js';
import type { UploadOutcome } from '../upload.js';
import { ListedUpload } from './listed-upload.js';
import { PartTable, type UploadInParts } from './part-table.js';

/** An upload of which nothing more comes is given up after this: a laptop may be closed over a weekend. */
const UPLOAD_TIME = 7 * day;
/** The answer to a finished upload is repeated for so long. */
const ANSWER_TIME = 24 * hour;
/** Between two looks for what has expired. */
const SWEEP_EVERY = 10 * minute;
/** Uploads that are begun and not ended: beyond, somebody begins them for their own sake. */
const MAX_UPLOADS = 10_000;

/** The parts by which uploads that come in parts are kept and turned into files. */
export interface PartUploadsComponents {
  db: Pick<Database, 'query' | 'repository' | 'write'>;
  chunks: Pick<ChunkStore, 'alsoKeep'>;
  files: Pick<Files, 'admit' | 'commit' | 'progress'>;
  clock: Clock;
  log: Log;
}

/** A protocol by which uploads come in parts. */
export interface PartUploadsOptions {
  /** Its name, with which its uploads are kept: no other protocol finds them. */
  front: string;
  /** Its uploads, as a person is told of the work: `uploads`. */
  called: string;
}

/** The facts that an upload begins with. */
export interface PartUploadBegin extends Preconditions {
  path: string;
  mediaType?: string | undefined;
  attributes: RecordAttributes;
  /** Bytes; null where they are not announced. */
  size: number | null;
  /** As the client sent it; empty where the protocol knows none. */
  metadata: string;
}

/** The file that an upload ends as. */
export interface PartUploadEnd {
  stored: StoredContent;
  attributes: RecordAttributes;
  conditions: Conditions;
  /** In the unit of work that makes the file. */
  alongside?: (tx: Tx) => Promise<void>;
}

/** A request that brings bytes. */
export interface Moving {
  /** Aborted where the request, the node or a person ends it. */
  signal: AbortSignal;
  /** So many bytes of the request have come. */
  arrived: (bytes: number) => void;
}

/** A request at an upload. */
interface AtWork {
  end: AbortController;
  done: Promise<void>;
}

/**
 * Uploads that come in parts by one protocol, until they are a file, are given up, or expire: each is of the key that began it, or of
 * the node's own users. Keeps their blocks, lists them among the transfers, and gives up what nobody goes on with. The protocol says
 * how bytes become parts, and parts a content.
 */
export class PartUploads {
  readonly table: PartTable;
  /** Requests that have an upload for themselves. */
  private readonly alones = new Map<string, AtWork>();
  /** Requests that bring bytes, by the upload. */
  private readonly moving = new Map<string, Set<AtWork>>();
  /** In the list of transfers, since the first bytes that this process took. */
  private readonly listed = new Map<string, ListedUpload>();
  private readonly sweeping: Recurring;
  private stopped = false;

  constructor(
    private readonly components: PartUploadsComponents,
    { front, called }: PartUploadsOptions,
  ) {
    this.table = new PartTable(components.db, front);
    this.sweeping = new Recurring(
      {
        name: `give up ${called} that have expired`,
        every: SWEEP_EVERY,
        failed: `${called} that have expired could not be given up`,
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
    const atWork = [...this.alones.values(), ...[...this.moving.values()].flatMap((some) => [...some])];
    for (const { end } of atWork) end.abort(shuttingDown());
    await Promise.all([this.sweeping.stop(), ...atWork.map(({ done }) => done)]);
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.sweeping.status();
  }

  /** Until when an upload is kept of which something has come now, in ms since 1970. */
  expiry(): number {
    return this.components.clock.now() + UPLOAD_TIME;
  }

  /** @throws DfsError as an upload of files that is refused before its bytes come; `too-many-requests` */
  async begin(caller: Asker, begin: PartUploadBegin): Promise<UploadInParts> {
    const { size, metadata, mediaType, attributes, path: asked, ...want } = begin;
    const { path, conditions } = await this.components.files.admit(asked, {
      ...want,
      ...(size === null ? {} : { size }),
      // One whose answer was lost is told of by its id: nobody has to begin it again.
      strictly: true,
    });
    if ((await this.table.countOpen()) >= MAX_UPLOADS) {
      throw new DfsError('too-many-requests', `${MAX_UPLOADS} uploads are begun already: end or give up some.`);
    }
    const fresh = {
      id: randomBytes(16).toString('base64url'),
      owner: ownerOf(caller),
      ...{ path, metadata, size, attributes, conditions },
      mediaType: mediaType ?? null,
      createdAt: this.components.clock.now(),
      expiresAt: this.expiry(),
    };
    const seq = await this.components.db.write((tx) => this.table.insert(tx, fresh));
    return { ...fresh, seq, front: this.table.front, offset: 0, refusal: null, entry: null };
  }

  /** An upload of the caller, also one that is finished or has expired; undefined for any other. */
  async find(caller: Asker, id: string): Promise<UploadInParts | undefined> {
    const upload = await this.table.find(id);
    return upload?.owner === ownerOf(caller) ? upload : undefined;
  }

  /** The uploads of a caller that go on, by their paths. */
  open(caller: Asker): Promise<UploadInParts[]> {
    return this.table.open(ownerOf(caller));
  }

  isExpired({ expiresAt }: UploadInParts): boolean {
    return expiresAt <= this.components.clock.now();
  }

  /**
   * Has an upload for one request at a time.
   * @param work its signal is aborted where the node stops, or the upload is given up by `end`
   * @throws DfsError `upload-locked`, `shutting-down`; what `work` throws
   */
  async alone<T>(id: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.stopped) throw shuttingDown();
    if (this.alones.has(id)) {
      throw new DfsError('upload-locked', 'Another request is at work at this upload: wait until it has ended.', {
        retryAfter: 1,
      });
    }
    const end = new AbortController();
    const run = work(end.signal);
    this.alones.set(id, { end, done: settled(run) });
    try {
      return await run;
    } finally {
      this.alones.delete(id);
    }
  }

  /** Ends the request that has an upload for itself. Resolves once it has ended. */
  async end(id: string): Promise<void> {
    const alone = this.alones.get(id);
    alone?.end.abort(givenUp());
    await alone?.done;
  }

  /**
   * Lists an upload among the transfers while a request brings bytes of it; where a person cancels that, it is gone.
   * @param signals by which the request ends
   * @throws DfsError `conflict` where a person has cancelled it, `shutting-down`; what `work` throws
   */
  async move<T>(
    upload: UploadInParts,
    signals: readonly (AbortSignal | undefined)[],
    work: (moving: Moving) => Promise<T>,
  ): Promise<T> {
    if (this.stopped) throw shuttingDown();
    const listed = this.list(upload);
    const end = new AbortController();
    const ends = [...signals.filter((one) => one !== undefined), end.signal, listed.signal];
    const share = listed.share(upload.offset);
    const run = work({ signal: AbortSignal.any(ends), arrived: (bytes) => share.arrived(bytes) });
    const atWork = { end, done: settled(run) };
    const all = this.moving.get(upload.id) ?? new Set();
    this.moving.set(upload.id, all.add(atWork));
    try {
      const result = await run;
      share.end(true);
      return result;
    } catch (error) {
      share.end(false);
      const isCancelled = listed.signal.aborted;
      if (isCancelled) await this.table.remove(upload);
      else if (await this.goesOn(upload.id)) throw error;
      this.forget(upload.id, listed);
      throw listed.fail(isCancelled ? listed.signal.reason : error);
    } finally {
      all.delete(atWork);
      if (all.size === 0) this.moving.delete(upload.id);
    }
  }

  /**
   * Makes a file of an upload whose bytes are in the store, or in a batch that is flushed, in one unit of work with its end.
   * @throws DfsError as `commit` of files: then the batch is still to be committed, or aborted
   */
  async commit(
    upload: UploadInParts,
    batch: Pick<BlockBatch, 'commit'>,
    { stored, attributes, conditions, alongside }: PartUploadEnd,
  ): Promise<{ done: UploadOutcome; entry: Entry }> {
    const { files, clock, log } = this.components;
    const { path, mediaType } = upload;
    const draft = { path, stored, attributes, mediaType: mediaTypeFor(path, mediaType ?? undefined), ...conditions };
    const made: Entry[] = [];
    const done = await files.commit(batch, draft, async (tx, { entry }) => {
      await alongside?.(tx);
      made.push(entry);
      await this.table.finish(tx, upload, entry, clock.now() + ANSWER_TIME);
    });
    this.endTransfer(upload.id, (listed) => listed.finish(stored));
    // Parts that stay go with the row of the upload.
    await this.table.removeParts(upload).catch((error: unknown) => {
      log.warn({ err: error }, 'the parts of an upload that has become a file could not be removed yet');
    });
    return { done, entry: made[0] as Entry };
  }

  /** The upload is gone, bytes and all. */
  async drop(upload: UploadInParts): Promise<void> {
    await this.table.remove(upload);
    this.endTransfer(upload.id, (listed) => void listed.fail(givenUp()));
  }

  /** Gives up what has expired. */
  private async sweep(): Promise<Ran> {
    for (let gone = 1; gone > 0;) {
      gone = 0;
      for (const { id } of await this.table.expired(this.components.clock.now())) {
        if (this.stopped) return 'idle';
        if (!this.alones.has(id) && (await this.alone(id, () => this.dropExpired(id)))) gone += 1;
      }
    }
    return 'idle';
  }

  /** Unless a request has brought more of it in the meantime. */
  private async dropExpired(id: string): Promise<boolean> {
    const upload = await this.table.find(id);
    if (!upload || !this.isExpired(upload)) return false;
    await this.drop(upload);
    return true;
  }

  /** False where it ended while a request was at work at it. */
  private async goesOn(id: string): Promise<boolean> {
    const upload = await this.table.find(id);
    return upload !== undefined && !upload.entry && !this.isExpired(upload);
  }

  private list(upload: UploadInParts): ListedUpload {
    const known = this.listed.get(upload.id);
    if (known) return known;
    const listed = new ListedUpload(this.components.files.progress(upload.path, upload.size ?? undefined));
    this.listed.set(upload.id, listed);
    listed.signal.addEventListener('abort', () => void this.cancelled(upload, listed), { once: true });
    return listed;
  }

  /** A person has cancelled it. The requests that are at work see to it; without one it goes now. */
  private async cancelled(upload: UploadInParts, listed: ListedUpload): Promise<void> {
    if (this.moving.has(upload.id)) return;
    try {
      await this.alone(upload.id, async () => {
        await this.table.remove(upload);
        this.forget(upload.id, listed);
        listed.fail(listed.signal.reason);
      });
    } catch (error) {
      if (isDfsError(error, 'upload-locked') || isDfsError(error, 'shutting-down')) return;
      this.components.log.warn({ err: error }, 'an upload that was cancelled could not be removed');
    }
  }

  private endTransfer(id: string, end: (listed: ListedUpload) => void): void {
    const listed = this.listed.get(id);
    if (!listed) return;
    this.listed.delete(id);
    end(listed);
  }

  private forget(id: string, listed: ListedUpload): void {
    if (this.listed.get(id) === listed) this.listed.delete(id);
  }
}

function ownerOf({ key }: Asker): string {
  return key ?? '';
}

/** Resolves when a run has ended, well or not. */
function settled(run: Promise<unknown>): Promise<void> {
  return run.then(
    () => undefined,
    () => undefined,
  );
}

function shuttingDown(): DfsError {
  return new DfsError('shutting-down', 'The node is shutting down: go on with the upload once it is up again.');
}

function givenUp(): DfsError {
  return new DfsError('upload-not-found', 'The upload was given up.');
}
