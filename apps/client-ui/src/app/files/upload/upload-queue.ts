import { DestroyRef, Service, computed, inject, signal } from '@angular/core';
import { FilesApi, NodeApi, toApiProblem, type ApiProblem, type UploadSource } from '@dfs/client-data';
import type { Subscription } from 'rxjs';
import type { ChosenEntry } from './dropped-files.js';
import { READ_AHEAD_BYTES } from '../readable.js';
import { sendFiles, type SendResults } from './send-files.js';

/** Bytes. */
const MiB = 1024 * 1024;

/** How the queue shares the connection. */
const QUEUE = {
  /** Requests at once: enough to hide the time a node takes to commit, few enough that each is seen to move. */
  requests: 3,
  /** Files up to here travel many to a request. */
  smallBytes: READ_AHEAD_BYTES,
  /** A request of small files ends at either. */
  batchFiles: 200,
  batchBytes: 8 * MiB,
  /** Bytes that the wrapping of one file within a request costs, about. */
  wrapBytes: 300,
} as const;

/** `sending` ends with the last byte; the node then still has to make it durable. */
export type UploadState = 'waiting' | 'sending' | 'storing' | 'done' | 'failed' | 'cancelled';

/** One file on its way, or there, or not. */
export class UploadItem {
  readonly #state = signal<UploadState>('waiting');
  readonly #sent = signal(0);
  readonly #rate = signal(0);
  readonly #problem = signal<ApiProblem | null>(null);
  #since = 0;

  readonly state = this.#state.asReadonly();
  readonly sentBytes = this.#sent.asReadonly();
  /** Bytes a second since it began. */
  readonly rate = this.#rate.asReadonly();
  readonly problem = this.#problem.asReadonly();

  readonly path: string;
  /** Bytes; 0 of an entry that could not be read. */
  readonly size: number;
  /** The file to send; null for an entry that could not be read. */
  readonly source: UploadSource | null;

  constructor(
    readonly id: number,
    entry: ChosenEntry,
  ) {
    this.path = entry.path;
    this.source = 'file' in entry ? entry : null;
    this.size = this.source?.file.size ?? 0;
    if ('problem' in entry) this.end('failed', entry.problem);
  }

  /** It can be tried (again): there is something to send. */
  get sendable(): boolean {
    return this.source !== null;
  }

  begin(): void {
    this.#since = performance.now();
    this.#problem.set(null);
    this.progress(0);
  }

  progress(sentBytes: number): void {
    const sent = Math.min(this.size, sentBytes);
    const seconds = (performance.now() - this.#since) / 1000;
    this.#sent.set(sent);
    this.#rate.set(seconds > 0.2 ? sent / seconds : 0);
    this.#state.set(sent >= this.size && this.size > 0 ? 'storing' : 'sending');
  }

  end(state: 'waiting' | 'done' | 'failed' | 'cancelled', problem: ApiProblem | null = null): void {
    this.#state.set(state);
    this.#problem.set(problem);
    this.#sent.set(state === 'done' ? this.size : 0);
  }
}

interface Request {
  items: readonly UploadItem[];
  subscription: Subscription | null;
}

/** Everything a person put in, sent a few requests at a time; many small files share one. */
@Service()
export class UploadQueue {
  readonly #components = { files: inject(FilesApi), node: inject(NodeApi) };
  readonly #items = signal<readonly UploadItem[]>([]);
  readonly #requests = new Set<Request>();
  #waiting: UploadItem[] = [];
  #lastId = 0;

  readonly items = this.#items.asReadonly();
  readonly counts = computed(() => {
    const counts: Record<UploadState, number> = {
      waiting: 0,
      sending: 0,
      storing: 0,
      done: 0,
      failed: 0,
      cancelled: 0,
    };
    for (const item of this.#items()) counts[item.state()] += 1;
    return counts;
  });
  readonly active = computed(() => this.counts().waiting + this.counts().sending + this.counts().storing);
  readonly bytes = computed(() => {
    let total = 0;
    let sent = 0;
    for (const item of this.#items()) {
      if (item.state() === 'failed' || item.state() === 'cancelled') continue;
      total += item.size;
      sent += item.sentBytes();
    }
    return { total, sent };
  });

  constructor() {
    const warn = (event: BeforeUnloadEvent) => {
      if (this.active() > 0) event.preventDefault();
    };
    globalThis.addEventListener?.('beforeunload', warn);
    inject(DestroyRef).onDestroy(() => globalThis.removeEventListener?.('beforeunload', warn));
  }

  /** Puts entries in; those that could not be read are shown as failed, with their cause. */
  add(entries: readonly ChosenEntry[]): void {
    const items = entries.map((entry) => new UploadItem(++this.#lastId, entry));
    const kept = this.active() > 0 ? this.#items() : this.#items().filter((item) => item.state() === 'failed');
    this.#items.set([...kept, ...items]);
    this.#waiting.push(...items.filter((item) => item.sendable));
    this.#send();
  }

  /** Cuts it off; nothing of it is stored. Others of the same request go again. */
  cancel(item: UploadItem): void {
    const request = [...this.#requests].find((r) => r.items.includes(item));
    if (request) {
      request.subscription?.unsubscribe();
      this.#requests.delete(request);
      const others = request.items.filter((other) => other !== item);
      for (const other of others) other.end('waiting');
      this.#waiting.unshift(...others);
    }
    this.#waiting = this.#waiting.filter((other) => other !== item);
    item.end('cancelled');
    this.#send();
  }

  cancelAll(): void {
    for (const request of this.#requests) {
      request.subscription?.unsubscribe();
      for (const item of request.items) item.end('cancelled');
    }
    this.#requests.clear();
    for (const item of this.#waiting) item.end('cancelled');
    this.#waiting = [];
  }

  retry(items: readonly UploadItem[]): void {
    const again = items.filter((item) => item.sendable && (item.state() === 'failed' || item.state() === 'cancelled'));
    for (const item of again) item.end('waiting');
    this.#waiting.push(...again);
    this.#send();
  }

  /** Forgets what has ended; running ones stay. */
  clear(): void {
    this.#items.update((items) => items.filter((item) => ['waiting', 'sending', 'storing'].includes(item.state())));
  }

  #send(): void {
    while (this.#requests.size < QUEUE.requests && this.#waiting.length > 0) {
      const items = this.#nextItems();
      if (items.length === 0) return;
      this.#run(items);
    }
  }

  /** The next file; when that is a small one, those that can travel with it. */
  #nextItems(): UploadItem[] {
    const first = this.#waiting[0];
    if (first === undefined || first.size > QUEUE.smallBytes) return this.#waiting.splice(0, 1);
    const chosen: UploadItem[] = [];
    const left: UploadItem[] = [];
    let bytes = 0;
    for (const item of this.#waiting) {
      const fits =
        item.size <= QUEUE.smallBytes && chosen.length < QUEUE.batchFiles && bytes + item.size <= QUEUE.batchBytes;
      if (fits) bytes += item.size;
      (fits ? chosen : left).push(item);
    }
    this.#waiting = left;
    return chosen;
  }

  #run(items: readonly UploadItem[]): void {
    const request: Request = { items, subscription: null };
    this.#requests.add(request);
    for (const item of items) item.begin();
    const over = (end: () => void) => {
      if (!this.#requests.delete(request)) return;
      end();
      this.#send();
    };
    const sources = items.flatMap((item) => (item.source ? [item.source] : []));
    request.subscription = sendFiles(this.#components, sources).subscribe({
      next: (step) => {
        if (step.kind === 'progress') share(step.sentBytes, items);
        else over(() => settle(items, step.result));
      },
      error: (error: unknown) => over(() => items.forEach((item) => item.end('failed', toApiProblem(error)))),
    });
  }
}

/** A request sends its files one after another. */
function share(sentBytes: number, items: readonly UploadItem[]): void {
  let left = sentBytes;
  const wrap = items.length > 1 ? QUEUE.wrapBytes : 0;
  for (const item of items) {
    item.progress(Math.max(0, left - wrap));
    left -= item.size + wrap;
    if (left <= 0) return;
  }
}

function settle(items: readonly UploadItem[], results: SendResults): void {
  items.forEach((item, index) => {
    const problem = results[index] ?? null;
    item.end(problem === null ? 'done' : 'failed', problem);
  });
}
