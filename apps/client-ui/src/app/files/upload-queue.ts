import { DestroyRef, Service, computed, inject, signal } from '@angular/core';
import {
  FilesApi,
  problemOf,
  toApiProblem,
  type ApiProblem,
  type UploadSource,
  type UploadStep,
} from '@dfs/client-data';
import type { UploadResult } from '@dfs/contracts';
import { map, type Observable, type Subscription } from 'rxjs';

/** Bytes. */
const KiB = 1024;
const MiB = 1024 * KiB;

/** How the queue shares the connection. */
const QUEUE = {
  /** Requests at once: enough to hide the time a node takes to commit, few enough that each is seen to move. */
  requests: 3,
  /** Files up to here travel many to a request. */
  smallBytes: 512 * KiB,
  /** A request of small files ends at either. */
  batchFiles: 200,
  batchBytes: 8 * MiB,
  /** What the wrapping of one file within a request costs, about. */
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

  constructor(
    readonly id: number,
    readonly source: UploadSource,
  ) {}

  get path(): string {
    return this.source.path;
  }

  get size(): number {
    return this.source.file.size;
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
  readonly #api = inject(FilesApi);
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

  add(sources: readonly UploadSource[]): void {
    const items = sources.map((source) => new UploadItem(++this.#lastId, source));
    const kept = this.active() > 0 ? this.#items() : this.#items().filter((item) => item.state() === 'failed');
    this.#items.set([...kept, ...items]);
    this.#waiting.push(...items);
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
    const again = items.filter((item) => item.state() === 'failed' || item.state() === 'cancelled');
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
      const [only] = items;
      if (only === undefined) return;
      const answer = items.length === 1 ? asBatch(this.#api.upload(only.source), only.path) : this.#many(items);
      this.#run(items, answer);
    }
  }

  #many(items: readonly UploadItem[]) {
    return this.#api.uploadMany(items.map((item) => item.source));
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

  #run(items: readonly UploadItem[], answer: Observable<UploadStep<UploadResult[]>>): void {
    const request: Request = { items, subscription: null };
    this.#requests.add(request);
    for (const item of items) item.begin();
    const over = (end: () => void) => {
      if (!this.#requests.delete(request)) return;
      end();
      this.#send();
    };
    request.subscription = answer.subscribe({
      next: (step) => {
        if (step.kind === 'progress') share(step.sentBytes, items);
        else over(() => settle(items, step.result));
      },
      error: (error: unknown) => over(() => items.forEach((item) => item.end('failed', toApiProblem(error)))),
    });
  }
}

/** One file's answer in the form of many. */
function asBatch<T>(steps: Observable<UploadStep<T>>, path: string): Observable<UploadStep<UploadResult[]>> {
  return steps.pipe(
    map((step) => (step.kind === 'progress' ? step : { kind: 'done', result: [{ path, status: 200 }] })),
  );
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

function settle(items: readonly UploadItem[], results: readonly UploadResult[]): void {
  items.forEach((item, index) => {
    const result = results[index];
    if (result && result.status < 300) item.end('done');
    else item.end('failed', problemOf(result?.problem ?? null, result?.status ?? 0));
  });
}
