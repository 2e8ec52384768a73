import { Service, computed, effect, inject, signal } from '@angular/core';
import {
  EventStream,
  FilesApi,
  FoldersApi,
  NodeApi,
  UploadsApi,
  retryPolicy,
  toApiProblem,
  type ApiProblem,
} from '@dfs/client-data';
import type { Subscription } from 'rxjs';
import { Dialogs } from '../../kit/dialogs.js';
import { WorkBeacon, type WorkSigns } from '../../work/work-beacon.js';
import { lookUpAll, nameBeside, type TakenChoice } from './admission.js';
import { causeOf, truly } from './cause.js';
import type { ChosenEntry, TellEntries } from './dropped-files.js';
import { chosenAgain } from './chosen-again.js';
import { askAfter, keepWhile } from './keep-while.js';
import { KeptUploads } from './kept-uploads.js';
import { NodeGate } from './node-gate.js';
import { nextItems, QUEUE, sharesOf } from './portions.js';
import type { Sent } from './send-files.js';
import { sendItems } from './send-items.js';
import type { TakenQuestion } from './taken-dialog.js';
import { ACTIVE, UploadItem, type UploadState } from './upload-item.js';

/** Entries are taken up as they are found, but not each by itself. Milliseconds. */
const GATHER_MS = 50;
const takenDialog = () => import('./taken-dialog.js').then((part) => part.TakenDialog);

interface Request {
  items: readonly UploadItem[];
  subscription: Subscription | null;
}

/**
 * Everything a person put in, until it is on the node: sent a few requests at a time, many small files by one, large ones in parts. The
 * queue repeats by itself an upload that failed by something that may pass; while the node is away, all uploads wait.
 */
@Service()
export class UploadQueue {
  readonly #components = { files: inject(FilesApi), folders: inject(FoldersApi), uploads: inject(UploadsApi) };
  readonly #node = inject(NodeApi);
  readonly #events = inject(EventStream);
  readonly #dialogs = inject(Dialogs);
  readonly #beacon = inject(WorkBeacon);
  readonly #keep = new KeptUploads();
  readonly #items = signal<readonly UploadItem[]>([]);
  readonly #gathering = signal(0);
  readonly #gate = new NodeGate(this.#events);
  readonly #requests = new Set<Request>();
  #waiting: UploadItem[] = [];
  #lastId = 0;
  #asking: Promise<unknown> = Promise.resolve();

  readonly items = this.#items.asReadonly();
  /** The page still looks through dropped files and folders. */
  readonly gathering = computed(() => this.#gathering() > 0);
  /** The node is away: when it is asked for again (milliseconds since 1970). */
  readonly away = this.#gate.shut;
  readonly counts = computed(() => {
    const counts: Record<UploadState, number> = {
      ...{ waiting: 0, sending: 0, storing: 0, paused: 0, unchosen: 0 },
      ...{ done: 0, failed: 0, cancelled: 0, skipped: 0 },
    };
    for (const item of this.#items()) counts[item.state()] += 1;
    return counts;
  });
  readonly active = computed(() => this.counts().waiting + this.counts().sending + this.counts().storing);
  readonly bytes = computed(() => {
    const bytes = { total: 0, sent: 0, stored: 0 };
    for (const item of this.#items()) {
      const state = item.state();
      if (state === 'failed' || state === 'cancelled' || state === 'skipped') continue;
      bytes.total += item.size;
      bytes.sent += item.sentBytes();
      bytes.stored += item.storedBytes();
    }
    return bytes;
  });

  readonly #signs = computed<WorkSigns>(() => ({
    active: this.active(),
    waiting: this.counts().failed + this.counts().unchosen,
    any: this.items().length > 0 || this.gathering(),
  }));

  constructor() {
    effect(() => this.#beacon.tell(this.#signs()));
    keepWhile(this.#keep, {
      items: this.items,
      active: this.active,
      changed: () => void [this.counts(), this.bytes()],
    });
    const left = this.#keep.adopt().map((kept) => new UploadItem(++this.#lastId, kept));
    this.#items.set(left);
    askAfter(this.#components.uploads, left);
  }

  /** Puts entries in as they are found; those that cannot be read are shown as failed, with their cause. */
  async take(read: (tell: TellEntries) => Promise<void>): Promise<void> {
    this.#gathering.update((n) => n + 1);
    this.#startAnew();
    // At once: whoever reads waits for the drawer that this brings.
    this.#beacon.tell(this.#signs());
    const taken: UploadItem[] = [];
    let found: ChosenEntry[] = [];
    let admitting: Promise<unknown> = Promise.resolve();
    const put = () => {
      const items = this.#put(found);
      found = [];
      admitting = Promise.all([admitting, this.#admit(items).then((more) => taken.push(...more))]);
    };
    const every = setInterval(() => found.length > 0 && put(), GATHER_MS);
    try {
      await read((entries) => found.push(...entries));
    } finally {
      clearInterval(every);
      put();
      this.#gathering.update((n) => n - 1);
    }
    await admitting;
    await this.#ask(taken);
  }

  /** Puts in what is there already. */
  add(entries: readonly ChosenEntry[]): void {
    void this.take((tell) => Promise.resolve(tell(entries)));
  }

  /** Files that a person chose again, for those that the browser did not keep. Answers how many of the files were such. */
  choose(files: Iterable<File>): number {
    const found = chosenAgain(this.#items(), files);
    for (const { item, file } of found) {
      item.give(file);
      item.wait();
    }
    this.#again(found.map(({ item }) => item));
    return found.length;
  }

  /** Cuts it off; nothing of it is stored. Others of the same request go again. */
  cancel(items: readonly UploadItem[]): void {
    this.#cut(items);
    for (const item of items) {
      this.#giveUp(item);
      item.end('cancelled');
    }
    this.#send();
  }

  /** Stops for now; what has arrived of a large file stays on the node. */
  pause(items: readonly UploadItem[]): void {
    const running = items.filter((item) => ACTIVE.has(item.state()));
    this.#cut(running);
    for (const item of running) item.end('paused');
    this.#send();
  }

  resume(items: readonly UploadItem[]): void {
    const paused = items.filter((item) => item.state() === 'paused');
    for (const item of paused) item.wait();
    this.#again(paused);
  }

  /** Reads anew from the disk the files that could not be read, and looks up anew the files at the paths. */
  retry(items: readonly UploadItem[]): void {
    const again = items.filter((item) => item.sendable && ['failed', 'cancelled', 'skipped'].includes(item.state()));
    const unread = again.filter((item) => item.again && item.problem()?.code === 'file-unreadable');
    for (const item of again) {
      item.failures = 0;
      if (item.problem()?.code === 'precondition-failed') item.admitted = false;
      item.wait();
    }
    this.#again(again.filter((item) => !unread.includes(item)));
    for (const item of unread) void this.#readAgain(item);
  }

  /** A person does not want to wait for the next try. */
  retryNow(): void {
    this.#events.retryNow();
    this.#gate.open();
  }

  /** Forgets what is over; of these, or of all. */
  clear(items: readonly UploadItem[] = this.#items()): void {
    const gone = new Set(items.filter((item) => !ACTIVE.has(item.state()) && item.state() !== 'paused'));
    for (const item of gone) this.#giveUp(item);
    this.#items.update((all) => all.filter((item) => !gone.has(item)));
  }

  #giveUp(item: UploadItem): void {
    if (item.upload === null || item.state() === 'done') return;
    this.#components.uploads.end(item.upload).subscribe({ error: () => undefined });
    item.forget();
  }

  /** Finished uploads leave the list when new ones come. */
  #startAnew(): void {
    if (this.active() > 0 || this.#gathering() > 1) return;
    const kept: ReadonlySet<UploadState> = new Set(['failed', 'paused', 'unchosen']);
    this.#items.update((items) => items.filter((item) => kept.has(item.state())));
  }

  #put(entries: readonly ChosenEntry[]): UploadItem[] {
    const open = new Map(
      this.#items().flatMap((item) => (item.state() === 'unchosen' ? [[item.path, item] as const] : [])),
    );
    const fresh: UploadItem[] = [];
    const going: UploadItem[] = [];
    for (const entry of entries) {
      const known = open.get(entry.path);
      const file = 'file' in entry ? entry.file : null;
      if (known && file && file.size === known.size && file.lastModified === known.modified) {
        known.give(file);
        known.wait();
        going.push(known);
      } else fresh.push(new UploadItem(++this.#lastId, entry));
    }
    if (fresh.length > 0) this.#items.update((items) => [...items, ...fresh]);
    return [...going, ...fresh.filter((item) => item.state() === 'waiting')];
  }

  /** Lets those through at whose path there is nothing; answers the others. Waits while the node is away. */
  async #admit(items: readonly UploadItem[]): Promise<UploadItem[]> {
    const going = items.filter((item) => item.isFolder || (item.upload !== null && item.admitted));
    this.#queue(going);
    const asked = items.filter((item) => !going.includes(item));
    while (asked.length > 0) {
      try {
        const { fresh, taken } = await lookUpAll(this.#components.files, asked);
        this.#queue(fresh);
        return taken;
      } catch (error) {
        const problem = toApiProblem(error);
        if (!problem.retryable) {
          for (const item of asked) item.end('failed', problem);
          return [];
        }
        await this.#gate.wait(problem);
      }
    }
    return [];
  }

  /** Asks what is to become of names that exist: once for all of them, and one question at a time. */
  async #ask(items: readonly UploadItem[]): Promise<void> {
    const open = () => items.filter((item) => item.state() === 'waiting');
    const asking = this.#asking.then(async () => {
      if (open().length === 0) return;
      const question: TakenQuestion = { paths: open().map(({ path }) => path) };
      const choice = (await this.#dialogs.load<TakenChoice, TakenQuestion>(takenDialog, question)) ?? 'skip';
      const meant = open();
      if (choice === 'skip') return meant.forEach((item) => item.end('skipped'));
      if (choice === 'both')
        await nameBeside(this.#components.files, meant, new Set(this.#items().map(({ path }) => path)));
      this.#queue(meant);
    });
    this.#asking = asking.catch((error: unknown) => open().forEach((item) => item.end('failed', toApiProblem(error))));
    await this.#asking;
  }

  #again(items: readonly UploadItem[]): void {
    void this.#admit(items).then((taken) => this.#ask(taken));
  }

  async #readAgain(item: UploadItem): Promise<void> {
    const found = (await item.again?.()) ?? [];
    const [entry, ...others] = found;
    const isAlone = others.length === 0 && entry?.path === item.path;
    if (isAlone && 'problem' in entry) return item.end('failed', entry.problem);
    if (isAlone && 'file' in entry) {
      item.give(entry.file);
      return this.#again([item]);
    }
    // A folder that could not be looked into: what is in it takes its place.
    this.#items.update((all) => all.filter((other) => other !== item));
    this.add(found);
  }

  #queue(items: readonly UploadItem[]): void {
    this.#waiting.push(...items.filter((item) => item.state() === 'waiting'));
    this.#send();
  }

  #send(): void {
    while (this.#gate.shut() === null && this.#requests.size < QUEUE.requests && this.#waiting.length > 0) {
      const { chosen, left } = nextItems(this.#waiting);
      this.#waiting = left;
      this.#run(chosen);
    }
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
    request.subscription = sendItems(this.#components, items).subscribe({
      next: (step) => {
        const [first] = items;
        if (step.kind === 'progress') sharesOf(step.sentBytes, items).forEach((sent, n) => items[n]?.progress(sent));
        else if (step.kind === 'begun' && first) first.upload = step.upload;
        else if (step.kind === 'stored' && first) stored(first, step.bytes);
        else if (step.kind === 'done') over(() => this.#settle(items, step.result));
      },
      error: (error: unknown) =>
        void causeOf(this.#node, items, error).then((problem) => over(() => this.#failed(items, problem))),
    });
  }

  #settle(items: readonly UploadItem[], results: readonly Sent[]): void {
    this.#gate.heard();
    items.forEach((item, n) => {
      const { file, problem } = results[n] ?? { file: null, problem: null };
      if (problem === null) item.done(file);
      else void truly(item, problem).then((true_) => item.end('failed', true_));
    });
  }

  /** A failure that may pass is followed by another try: when its time has come, or when the node is back. */
  #failed(items: readonly UploadItem[], problem: ApiProblem): void {
    if (problem.code === 'upload-not-found' || problem.code === 'upload-expired') {
      for (const item of items) item.forget();
      return this.#requeue(items);
    }
    if (problem.code === 'unreachable') {
      for (const item of items) {
        item.alone = true;
        item.wait(problem);
      }
      this.#waiting.unshift(...items);
      return void this.#gate.wait(problem).then(() => this.#send());
    }
    for (const item of items) {
      const delay = retryPolicy(++item.failures, problem);
      if (delay === null) {
        item.end('failed', problem);
        continue;
      }
      item.alone = true;
      item.wait(problem, Date.now() + delay);
      setTimeout(() => item.retryAt() !== null && item.state() === 'waiting' && this.#requeue([item]), delay);
    }
  }

  #requeue(items: readonly UploadItem[]): void {
    for (const item of items) item.wait();
    this.#waiting.unshift(...items);
    this.#send();
  }

  /** Takes it out of its request, or out of those that wait; others of the request go again. */
  #cut(items: readonly UploadItem[]): void {
    const gone = new Set(items);
    for (const request of this.#requests) {
      if (!request.items.some((item) => gone.has(item))) continue;
      request.subscription?.unsubscribe();
      this.#requests.delete(request);
      const others = request.items.filter((item) => !gone.has(item));
      for (const other of others) other.wait();
      this.#waiting.unshift(...others);
    }
    this.#waiting = this.#waiting.filter((item) => !gone.has(item));
  }
}

/** An upload that gets on is not given up for breaks of long ago. */
function stored(item: UploadItem, bytes: number): void {
  if (bytes > item.storedBytes()) item.failures = 0;
  item.store(bytes);
}
