import { computed, signal } from '@angular/core';
import { toApiProblem, type ApiProblem, type FileQuery } from '@dfs/client-data';
import type { FileEventItem, FileList, FileSort, Replication } from '@dfs/contracts';
import type { Observable, Subscription } from 'rxjs';

/** A file as the list shows it. */
export interface FileRow extends FileEventItem {
  conflict: boolean;
  /** Null while only an event has told of the file. */
  replication: Replication | null;
  /** When an event brought it; 0 for what was there already. Milliseconds since 1970. */
  arrivedAt: number;
}

/** Which files, in which order. */
export interface FileView {
  /** Of a folder, with its `/`; empty for all. */
  prefix: string;
  q: string;
  sort: FileSort;
}

/** The change of the list by an event. */
export type FileChange =
  | { kind: 'put'; file: FileEventItem; isNew: boolean; conflict: boolean; at: number }
  | { kind: 'gone'; id: string; path: string }
  | { kind: 'replication'; id: string; replication: Replication };

/** Sizes of the window, in rows and pages. */
export interface FileWindowOptions {
  /** Rows asked for at once. */
  pageSize?: number;
  /** Pages whose rows are kept; others are read again when they come into view. */
  keptPages?: number;
}

interface Page {
  /** Where it begins; null for the first. */
  cursor: string | null;
  /** Null when it is not kept. */
  rows: FileRow[] | null;
  /** Its first row, kept to know where an event belongs. */
  first: FileRow | null;
  /** How many rows it has, kept or not. */
  count: number;
  /** Where the next one begins; null when there is none. */
  next: string | null;
  loading: Loading | null;
  /** Its rows are shown, but it begins elsewhere by now: to be read again. */
  stale: boolean;
  failed: boolean;
  /** When it was in view last, in steps of `#step`. */
  usedAt: number;
}

/** A request under way, and what happened since it was sent: its answer may be older. */
interface Loading {
  subscription: Subscription | null;
  changes: FileChange[];
}

/** The engine's limit of a page. */
const MAX_LIMIT = 1000;

/**
 * A window on a list of any length. Holds a bounded number of pages however far one scrolls, reads pages by their
 * cursors as they come into view, and takes events in their right place without reading anything. The order events are
 * put in is this browser's idea of the engine's; every read corrects it.
 */
export class FileWindow {
  readonly #list: (query: FileQuery) => Observable<FileList>;
  readonly #pageSize: number;
  readonly #keptPages: number;
  readonly #view = signal<FileView>({ prefix: '', q: '', sort: '-modifiedAt' });
  readonly #version = signal(0);
  readonly #total = signal<number | null>(null);
  readonly #problem = signal<ApiProblem | null>(null);
  #pages: Page[] = [];
  #seen = { first: 0, last: 0 };
  #step = 0;

  readonly view = this.#view.asReadonly();
  /** How many files match, over all pages; null until the first answer. */
  readonly total = this.#total.asReadonly();
  /** Why the last read failed; null when it did not. */
  readonly problem = this.#problem.asReadonly();
  /** The rows to scroll over, null for those not (or no longer) here. */
  readonly rows = computed<readonly (FileRow | null)[]>(() => {
    this.#version();
    const rows = this.#pages.flatMap((page): (FileRow | null)[] => page.rows ?? empty(page.count));
    const tail = this.#pages.at(-1);
    if (tail === undefined || tail.next === null) return rows;
    return rows.concat(empty(Math.min(this.#pageSize, Math.max(1, (this.#total() ?? 0) - rows.length))));
  });
  /** The rows that are here. */
  readonly loadedRows = computed(() => this.rows().filter((row) => row !== null));

  constructor(components: { list(query: FileQuery): Observable<FileList> }, options: FileWindowOptions = {}) {
    this.#list = (query) => components.list(query);
    this.#pageSize = options.pageSize ?? 200;
    this.#keptPages = options.keptPages ?? 8;
  }

  /** Turns to another view; the same one again changes nothing. */
  show(view: FileView): void {
    const now = this.#view();
    const same = now.prefix === view.prefix && now.q === view.q && now.sort === view.sort;
    if (same && this.#pages.length > 0) return;
    this.#view.set(view);
    this.#total.set(null);
    this.#startOver();
  }

  /** Tells which rows are in view (`last` excluded); reads what is missing there and a little beyond. */
  see(first: number, last: number): void {
    this.#seen = { first, last };
    this.#fill();
  }

  /** Reads what is in view anew, in place; what is not in view is read when it comes there. */
  refresh(): void {
    if (this.#pages.length === 0) return this.#startOver();
    this.#problem.set(null);
    for (const { page, inView } of this.#placed(0)) {
      page.failed = false;
      if (inView || page.cursor === null) this.#load(page);
      else this.#drop(page);
    }
    this.#touch();
  }

  /** Tries again what failed. */
  retry(): void {
    this.#problem.set(null);
    for (const page of this.#pages) page.failed = false;
    this.#fill();
  }

  /** Puts what events told into its place. */
  apply(changes: readonly FileChange[]): void {
    for (const change of changes) {
      for (const page of this.#pages) page.loading?.changes.push(change);
      this.#applyOne(change, true);
    }
    for (const page of this.#pages) {
      // A flood of new files: what is far beyond a page is cut off, and read again when it is scrolled to.
      if (page.rows !== null && page.rows.length > 2 * this.#pageSize && page.loading === null) this.#load(page);
    }
    this.#touch();
  }

  #startOver(): void {
    this.#pages.forEach(cancel);
    this.#problem.set(null);
    this.#pages = [newPage(null)];
    this.#seen = { first: 0, last: 0 };
    this.#touch();
    this.#fill();
  }

  #fill(): void {
    this.#step += 1;
    const margin = Math.ceil(this.#pageSize / 2);
    for (const { page, inView } of this.#placed(margin)) {
      if (!inView) continue;
      page.usedAt = this.#step;
      if ((page.rows === null || page.stale) && page.loading === null && !page.failed) this.#load(page);
    }
    const tail = this.#placed(margin).at(-1);
    if (tail && tail.page.next !== null && tail.page.loading === null && this.#seen.last + margin > tail.end) {
      const page = newPage(tail.page.next);
      page.usedAt = this.#step;
      this.#pages.push(page);
      this.#load(page);
    }
    this.#letGo();
  }

  /** Keeps memory bounded: the pages longest out of view give up their rows. */
  #letGo(): void {
    const kept = this.#pages.filter((page) => page.rows !== null);
    const tooMany = kept.length - this.#keptPages;
    if (tooMany <= 0) return;
    const idle = kept.filter((page) => page.usedAt < this.#step).sort((a, b) => a.usedAt - b.usedAt);
    for (const page of idle.slice(0, tooMany)) this.#drop(page);
    this.#touch();
  }

  #drop(page: Page): void {
    page.rows = null;
  }

  /** The pages with where they lie, and whether any of it is within `margin` rows of what is in view. */
  #placed(margin: number): { page: Page; end: number; inView: boolean }[] {
    const from = this.#seen.first - margin;
    const to = this.#seen.last + margin;
    let start = 0;
    return this.#pages.map((page) => {
      const end = start + Math.max(1, page.count);
      const inView = end > from && start <= to;
      start += page.count;
      return { page, end: start, inView };
    });
  }

  #load(page: Page): void {
    cancel(page);
    const loading: Loading = { subscription: null, changes: [] };
    page.loading = loading;
    page.stale = false;
    const { prefix, q, sort } = this.#view();
    const limit = this.#limitOf(page);
    loading.subscription = this.#list({ prefix, q, sort, limit, cursor: page.cursor }).subscribe({
      next: (list) => {
        if (page.loading !== loading) return;
        page.loading = null;
        this.#take(page, list);
        for (const change of loading.changes) this.#applyOne(change, false);
        this.#touch();
        this.#fill();
      },
      error: (error: unknown) => {
        if (page.loading !== loading) return;
        page.loading = null;
        page.failed = true;
        this.#problem.set(toApiProblem(error));
        this.#touch();
      },
    });
  }

  #take(page: Page, list: FileList): void {
    const index = this.#pages.indexOf(page);
    const arrivals = new Map(page.rows?.map((row) => [row.id, row.arrivedAt]));
    const rows = list.items.map((file): FileRow => ({ ...file, arrivedAt: arrivals.get(file.id) ?? 0 }));
    const ids = new Set(rows.map((row) => row.id));
    for (const other of this.#pages) {
      if (other !== page && other.rows?.some((row) => ids.has(row.id))) {
        this.#setRows(
          other,
          other.rows.filter((row) => !ids.has(row.id)),
        );
      }
    }
    this.#setRows(page, rows);
    page.next = list.nextCursor;
    this.#anchor(index + 1, list.nextCursor);
    this.#total.set(list.total);
    this.#problem.set(null);
  }

  /** A page with others behind it is read as long as events made it, so that they still fit; a flooded one is cut. */
  #limitOf(page: Page): number {
    const isLast = page === this.#pages.at(-1);
    const fits = page.count > 0 && page.count <= 2 * this.#pageSize;
    return Math.min(MAX_LIMIT, fits && !isLast ? page.count : Math.max(this.#pageSize, fits ? page.count : 0));
  }

  /** Makes the page at `index` begin where the one before it turned out to end. */
  #anchor(index: number, cursor: string | null): void {
    const page = this.#pages[index];
    if (page === undefined || page.cursor === cursor) return;
    if (cursor === null) {
      this.#pages.splice(index).forEach(cancel);
      return;
    }
    page.cursor = cursor;
    page.stale = true;
    cancel(page);
  }

  #applyOne(change: FileChange, countIt: boolean): void {
    if (change.kind === 'replication') {
      const found = this.#find(change.id);
      if (found) found.rows[found.at] = { ...found.row, replication: change.replication };
      return;
    }
    const id = change.kind === 'put' ? change.file.id : change.id;
    const old = this.#find(id);
    if (old) {
      old.rows.splice(old.at, 1);
      this.#setRows(old.page, old.rows);
    }
    if (change.kind === 'gone') {
      if (countIt && this.#matches(change.path)) this.#total.update((total) => total && total - 1);
      return;
    }
    if (!this.#matches(change.file.path)) return;
    if (countIt && change.isNew && !old) this.#total.update((total) => (total === null ? null : total + 1));
    const sameContent = old?.row.contentId === change.file.contentId;
    this.#insert({
      ...change.file,
      conflict: change.conflict,
      replication: sameContent ? (old?.row.replication ?? null) : null,
      arrivedAt: change.at,
    });
  }

  #insert(row: FileRow): void {
    const compare = COMPARE[this.#view().sort];
    const page = this.#pages.findLast((p) => p.first !== null && compare(p.first, row) <= 0) ?? this.#pages[0];
    if (page === undefined || (page.count === 0 && page.loading !== null)) return;
    if (page.rows === null) {
      page.count += 1;
      return;
    }
    const at = page.rows.findIndex((other) => compare(row, other) < 0);
    const beyond = at === -1 && page.next !== null && page === this.#pages.at(-1);
    if (beyond) return;
    page.rows.splice(at === -1 ? page.rows.length : at, 0, row);
    this.#setRows(page, page.rows);
  }

  #setRows(page: Page, rows: FileRow[]): void {
    page.rows = rows;
    page.count = rows.length;
    page.first = rows[0] ?? null;
  }

  #find(id: string): { page: Page; rows: FileRow[]; at: number; row: FileRow } | null {
    for (const page of this.#pages) {
      const rows = page.rows;
      const at = rows?.findIndex((row) => row.id === id) ?? -1;
      const row = rows?.[at];
      if (rows && row) return { page, rows, at, row };
    }
    return null;
  }

  #matches(path: string): boolean {
    const { prefix, q } = this.#view();
    return path.startsWith(prefix) && (q === '' || path.toLowerCase().includes(q.toLowerCase()));
  }

  #touch(): void {
    this.#version.update((n) => n + 1);
  }
}

function newPage(cursor: string | null): Page {
  return {
    cursor,
    rows: null,
    first: null,
    count: 0,
    next: null,
    loading: null,
    stale: false,
    failed: false,
    usedAt: 0,
  };
}

function cancel(page: Page): void {
  page.loading?.subscription?.unsubscribe();
  page.loading = null;
}

function empty(count: number): null[] {
  return new Array<null>(count).fill(null);
}

function byPath(a: FileRow, b: FileRow): number {
  if (a.path === b.path) return 0;
  return a.path < b.path ? -1 : 1;
}

const bySize = (a: FileRow, b: FileRow) => a.size - b.size || byPath(a, b);
const byTime = (a: FileRow, b: FileRow) => Date.parse(a.modifiedAt) - Date.parse(b.modifiedAt) || byPath(a, b);

const COMPARE: Record<FileSort, (a: FileRow, b: FileRow) => number> = {
  path: byPath,
  '-path': (a, b) => byPath(b, a),
  size: bySize,
  '-size': (a, b) => bySize(b, a),
  modifiedAt: byTime,
  '-modifiedAt': (a, b) => byTime(b, a),
};
