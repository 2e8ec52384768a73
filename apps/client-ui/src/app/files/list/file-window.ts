import { computed, signal } from '@angular/core';
import { toApiProblem, type ApiProblem, type FileQuery } from '@dfs/client-data';
import type { FileList, Replication } from '@dfs/contracts';
import type { Observable, Subscription } from 'rxjs';
import { isLevel, rowsOf, type FileView, type Row } from './rows.js';

/** Sizes of the window, in rows and pages. */
export interface FileWindowOptions {
  /** Rows asked for at once. */
  pageSize?: number;
  /** Pages whose rows are kept; others are read again when they come into view. */
  keptPages?: number;
}

/** How many there are, over all pages. */
export interface Totals {
  folders: number;
  files: number;
  /** There are more files than the node counted, or than were met beyond. */
  atLeast: boolean;
}

interface Page {
  /** Null until they are here for the first time. */
  rows: readonly Row[] | null;
  loading: Subscription | null;
  /** Its rows are shown, but something changed since. */
  stale: boolean;
  failed: boolean;
  /** When it was in view last, in steps of `#step`. */
  usedAt: number;
}

/** The engine begins no page further on. */
const MAX_OFFSET = 1_000_000;
const START: FileView = { prefix: '', q: '', sort: 'path', state: 'current', type: '', replication: '' };

/**
 * A window on a list of any length, as the node tells it: every row has its place from the beginning, so that one scrolls
 * over all of them. Holds a bounded number of pages however far one scrolls. The rows in view are read again when
 * something changed; until the answer is there, the rows that were stay.
 */
export class FileWindow {
  readonly #list: (query: FileQuery) => Observable<FileList>;
  readonly #pageSize: number;
  readonly #keptPages: number;
  readonly #view = signal<FileView>(START);
  readonly #version = signal(0);
  readonly #totals = signal<Totals | null>(null);
  readonly #problem = signal<ApiProblem | null>(null);
  readonly #pages = new Map<number, Page>();
  #seen = { first: 0, last: 0 };
  #step = 0;
  #shown = false;

  readonly view = this.#view.asReadonly();
  /** Null until the first answer. */
  readonly totals = this.#totals.asReadonly();
  /** Folders and files together; null until the first answer. Where there are more, one page more to scroll on to. */
  readonly length = computed(() => {
    const totals = this.#totals();
    const more = totals?.atLeast ? this.#pageSize : 0;
    return totals && Math.min(totals.folders + totals.files + more, MAX_OFFSET + this.#pageSize);
  });
  /** Why the last read failed; null when it did not. */
  readonly problem = this.#problem.asReadonly();
  /** All rows to scroll over, null for those not (or no longer) here. */
  readonly rows = computed<readonly (Row | null)[]>(() => {
    this.#version();
    const rows = new Array<Row | null>(this.length() ?? 0).fill(null);
    for (const [index, page] of this.#pages) {
      page.rows?.forEach((row, n) => {
        const at = index * this.#pageSize + n;
        if (at < rows.length) rows[at] = row;
      });
    }
    return rows;
  });
  /** The rows that are here, in their order. */
  readonly loadedRows = computed(() => this.rows().filter((row) => row !== null));

  constructor(components: { list(query: FileQuery): Observable<FileList> }, options: FileWindowOptions = {}) {
    this.#list = (query) => components.list(query);
    this.#pageSize = options.pageSize ?? 100;
    this.#keptPages = options.keptPages ?? 12;
  }

  /** Turns to another view; the same one again changes nothing. */
  show(view: FileView): void {
    if (this.#shown && JSON.stringify(view) === JSON.stringify(this.#view())) return;
    this.#shown = true;
    this.#view.set(view);
    this.#forget();
    this.#totals.set(null);
    this.#problem.set(null);
    this.#seen = { first: 0, last: 1 };
    this.#touch();
    this.#fill();
  }

  /** Tells which rows are in view (`last` excluded); reads what is missing there and a little beyond. */
  see(first: number, last: number): void {
    this.#seen = { first, last: Math.max(last, first + 1) };
    this.#fill();
  }

  /** Something changed: reads what is in view anew, in place; the rest is read when it comes there. */
  refresh(): void {
    if (!this.#shown) return;
    this.#problem.set(null);
    const [from, to] = this.#span(0);
    for (const [index, page] of this.#pages) {
      page.stale = true;
      page.failed = false;
      page.loading?.unsubscribe();
      page.loading = null;
      if (index < from || index > to) this.#pages.delete(index);
    }
    this.#fill();
  }

  /** Tries again what failed. */
  retry(): void {
    this.#problem.set(null);
    for (const page of this.#pages.values()) page.failed = false;
    this.#fill();
  }

  /** Copies of a file are counted anew. */
  patch(id: string, replication: Replication): void {
    for (const page of this.#pages.values()) {
      const at = page.rows?.findIndex((row) => row.key === id) ?? -1;
      const row = page.rows?.[at];
      if (!page.rows || row?.kind !== 'file') continue;
      page.rows = page.rows.with(at, { ...row, file: { ...row.file, replication } });
      return this.#touch();
    }
  }

  /** Whether a change of the copies of these files may change what a row of a folder says, or which rows there are. */
  turnsWith(paths: readonly string[]): boolean {
    const { prefix, replication } = this.#view();
    if (replication !== '') return true;
    if (!isLevel(this.#view())) return false;
    return paths.some((path) => path.startsWith(prefix) && path.includes('/', prefix.length));
  }

  /** Takes rows out at once; the next read says what is true. */
  take(keys: ReadonlySet<string>): void {
    for (const page of this.#pages.values()) page.rows &&= page.rows.filter((row) => !keys.has(row.key));
    this.#touch();
  }

  #fill(): void {
    this.#step += 1;
    const [from, to] = this.#span(Math.ceil(this.#pageSize / 4));
    for (let index = from; index <= to; index++) {
      const page = this.#pages.get(index) ?? newPage();
      this.#pages.set(index, page);
      page.usedAt = this.#step;
      if ((page.rows === null || page.stale) && page.loading === null && !page.failed) this.#load(index, page);
    }
    this.#letGo();
  }

  /** Pages in view and `margin` rows around it; before the first answer the first one alone. */
  #span(margin: number): [number, number] {
    const length = this.length();
    const last = length === null ? 0 : Math.max(0, Math.ceil(length / this.#pageSize) - 1);
    const page = (row: number) => Math.max(0, Math.min(last, Math.floor(row / this.#pageSize)));
    return [page(this.#seen.first - margin), page(this.#seen.last - 1 + margin)];
  }

  /** Keeps memory bounded: the pages longest out of view go, and reads that nobody waits for any more. */
  #letGo(): void {
    const idle = [...this.#pages].filter(([, page]) => page.usedAt < this.#step);
    for (const [index, page] of idle) {
      if (page.loading === null) continue;
      page.loading.unsubscribe();
      page.loading = null;
      if (page.rows === null) this.#pages.delete(index);
    }
    const tooMany = this.#pages.size - this.#keptPages;
    if (tooMany <= 0) return;
    idle.sort(([, a], [, b]) => a.usedAt - b.usedAt);
    for (const [index] of idle.slice(0, tooMany)) this.#pages.delete(index);
    this.#touch();
  }

  #load(index: number, page: Page): void {
    const view = this.#view();
    const { prefix, q, sort, state, type, replication } = view;
    const offset = index * this.#pageSize;
    page.stale = false;
    let answered = false;
    const reading = this.#list({
      ...{ prefix, q, sort, state, type, replication },
      ...{ limit: this.#pageSize, offset, level: isLevel(view) },
    }).subscribe({
      next: (list) => {
        answered = true;
        page.loading = null;
        page.rows = rowsOf(list);
        this.#problem.set(null);
        this.#totals.update((before) => totalsOf(list, before));
        this.#touch();
        this.#fill();
      },
      error: (error: unknown) => {
        answered = true;
        page.loading = null;
        page.failed = true;
        this.#problem.set(toApiProblem(error));
        this.#touch();
      },
    });
    if (!answered) page.loading = reading;
  }

  #forget(): void {
    for (const page of this.#pages.values()) page.loading?.unsubscribe();
    this.#pages.clear();
  }

  #touch(): void {
    this.#version.update((n) => n + 1);
  }
}

/** The length that a page further on told holds, where this one counts a part of it alone. */
function totalsOf(list: FileList, before: Totals | null): Totals {
  const atLeast = list.totalIsAtLeast ?? false;
  if (atLeast && before && before.files >= list.total) return before;
  return { folders: list.totalFolders ?? 0, files: list.total, atLeast };
}

function newPage(): Page {
  return { rows: null, loading: null, stale: false, failed: false, usedAt: 0 };
}
