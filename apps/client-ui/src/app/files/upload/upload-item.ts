import { signal } from '@angular/core';
import type { ApiProblem, Seen } from '@dfs/client-data';
import type { FileInfo, Replication } from '@dfs/contracts';
import type { ChosenEntry } from './dropped-files.js';

/**
 * `sending` ends with the last byte; the node then still has to make it durable (`storing`). `unchosen`: the page was loaded anew, and
 * the browser did not keep the file: a person chooses it again. `skipped`: there is a file of its name, and it stays.
 */
export type UploadState =
  'waiting' | 'sending' | 'storing' | 'paused' | 'unchosen' | 'done' | 'failed' | 'cancelled' | 'skipped';

/** States in which something is still to come by itself. */
export const ACTIVE: ReadonlySet<UploadState> = new Set(['waiting', 'sending', 'storing']);
/** States in which nothing more is to come. */
export const ENDED: ReadonlySet<UploadState> = new Set(['done', 'cancelled', 'skipped']);

/** The facts of an upload that outlive the page. */
export interface KeptUpload {
  path: string;
  size: number;
  /** When the file was changed last, in milliseconds since 1970. */
  modified: number;
  /** Of the node, where it comes in parts. */
  upload: string | null;
  /** Bytes of it that are on the node's disk. */
  stored: number;
}

/** One file on its way, or there, or not. */
export class UploadItem {
  readonly #state = signal<UploadState>('waiting');
  readonly #path = signal('');
  readonly #sent = signal(0);
  readonly #stored = signal(0);
  readonly #rate = signal(0);
  readonly #problem = signal<ApiProblem | null>(null);
  readonly #retryAt = signal<number | null>(null);
  readonly #made = signal<FileInfo | null>(null);
  readonly #replication = signal<Replication | null>(null);
  #file: File | null = null;
  #since = 0;
  #from = 0;

  readonly state = this.#state.asReadonly();
  readonly sentBytes = this.#sent.asReadonly();
  /** Bytes that are on the node's disk for good. */
  readonly storedBytes = this.#stored.asReadonly();
  /** Bytes a second since it began. */
  readonly rate = this.#rate.asReadonly();
  /** Why it failed; of a waiting one, the reason it waits. */
  readonly problem = this.#problem.asReadonly();
  /** When a waiting one is tried again (milliseconds since 1970); null when that is not a matter of time. */
  readonly retryAt = this.#retryAt.asReadonly();
  /** The file on the node; null until it is there, and for an empty folder. */
  readonly made = this.#made.asReadonly();
  /** Its copies, as last told. */
  readonly replication = this.#replication.asReadonly();

  /** An empty folder is to be made. */
  readonly isFolder: boolean;
  /** Bytes; 0 of an entry that could not be read. */
  size = 0;
  modified = 0;
  /** Reads the entry from the disk anew. */
  readonly again: (() => Promise<ChosenEntry[]>) | null;
  /** The expectation at its path, once it was looked up. */
  seen: Seen = null;
  /** The file at its path was looked up: an upload in parts that was begun needs no other look. */
  admitted = true;
  /** The node's upload in parts. */
  upload: string | null = null;
  /** A request that it shared with others got no answer: it goes alone, with what was seen at its path. */
  alone = false;
  /** Tries in a row that ended by something that may pass. */
  failures = 0;

  constructor(
    readonly id: number,
    entry: ChosenEntry | KeptUpload,
  ) {
    this.#path.set(entry.path);
    this.again = 'again' in entry ? (entry.again ?? null) : null;
    this.isFolder = 'folder' in entry;
    if ('upload' in entry) {
      this.size = entry.size;
      this.modified = entry.modified;
      this.upload = entry.upload;
      this.#stored.set(entry.stored);
      this.#sent.set(entry.stored);
      this.#state.set('unchosen');
    } else if ('file' in entry) this.give(entry.file);
    else if ('problem' in entry) this.end('failed', entry.problem);
  }

  get path(): string {
    return this.#path();
  }

  /** The file to send; null where there is none to be had. */
  get file(): File | null {
    return this.#file;
  }

  /** It can be tried (again): there is something to send, or it can be read anew. */
  get sendable(): boolean {
    return this.#file !== null || this.isFolder || this.again !== null;
  }

  /** Sends these bytes from now on. Parts of other bytes on the node are of no use then. */
  give(file: File): void {
    const isOther = file.size !== this.size || file.lastModified !== this.modified;
    if (isOther) this.forget();
    this.#file = file;
    this.size = file.size;
    this.modified = file.lastModified;
  }

  /** The upload in parts is gone: it begins anew. */
  forget(): void {
    this.upload = null;
    this.#stored.set(0);
    this.#sent.set(0);
  }

  /** Goes to another path than it was meant for. */
  rename(path: string): void {
    this.#path.set(path);
  }

  begin(): void {
    this.#since = performance.now();
    this.#from = this.#stored();
    this.#problem.set(null);
    this.#retryAt.set(null);
    this.progress(this.#stored());
  }

  progress(sentBytes: number): void {
    const sent = Math.min(this.size, sentBytes);
    const seconds = (performance.now() - this.#since) / 1000;
    this.#sent.set(sent);
    this.#rate.set(seconds > 0.2 ? Math.max(0, sent - this.#from) / seconds : 0);
    this.#state.set(sent >= this.size && this.size > 0 ? 'storing' : 'sending');
  }

  /** So many bytes are on the node's disk. */
  store(bytes: number): void {
    this.#stored.set(bytes);
    if (bytes > this.#sent()) this.#from += bytes - this.#sent();
    this.progress(bytes);
  }

  /** Of one that is to be chosen again: the node has so much of it. */
  remain(bytes: number): void {
    this.#stored.set(bytes);
    this.#sent.set(bytes);
  }

  /** It is on the node; null where there is nothing to tell of it. */
  done(made: FileInfo | null): void {
    this.#made.set(made);
    this.#replication.set(made?.replication ?? null);
    this.#stored.set(this.size);
    this.end('done');
  }

  /** Its copies are others now. */
  copied(replication: Replication): void {
    this.#replication.set(replication);
  }

  /** Waits its turn; for a time, and why, where something stands in its way. */
  wait(problem: ApiProblem | null = null, retryAt: number | null = null): void {
    this.#retryAt.set(retryAt);
    this.end('waiting', problem);
  }

  end(state: UploadState, problem: ApiProblem | null = null): void {
    this.#state.set(state);
    this.#problem.set(problem);
    this.#sent.set(this.#stored());
  }

  /** The upload as it is remembered; null where there is nothing more to do. */
  kept(): KeptUpload | null {
    if (ENDED.has(this.#state()) || this.isFolder || (this.#file === null && this.#state() !== 'unchosen')) return null;
    const { path, size, modified, upload } = this;
    return { path, size, modified, upload, stored: this.#stored() };
  }
}
