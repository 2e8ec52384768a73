import { CdkTrapFocus } from '@angular/cdk/a11y';
import {
  Component,
  type ElementRef,
  computed,
  effect,
  inject,
  input,
  linkedSignal,
  signal,
  untracked,
  viewChild,
} from '@angular/core';
import { takeUntilDestroyed, toSignal } from '@angular/core/rxjs-interop';
import { BreakpointObserver } from '@angular/cdk/layout';
import { MatButton, MatIconButton } from '@angular/material/button';
import { MatMenu, MatMenuItem, MatMenuTrigger } from '@angular/material/menu';
import { Router } from '@angular/router';
import { EventStream, FilesApi } from '@dfs/client-data';
import type { EventType, FileSort } from '@dfs/contracts';
import {
  mdiClose,
  mdiDeleteOutline,
  mdiDownload,
  mdiFileUploadOutline,
  mdiFolderOutline,
  mdiFolderUploadOutline,
  mdiMagnify,
  mdiTrayArrowUp,
} from '@mdi/js';
import { auditTime, debounceTime, filter, map, merge, Subject } from 'rxjs';
import { EmptyState } from '../kit/empty-state.js';
import { Icon } from '../kit/icon.js';
import { visibleName } from '../kit/names.js';
import { Notice } from '../kit/notice.js';
import { reading } from '../kit/reading.js';
import { counted, formatBytes, formatCount } from '../kit/sizes.js';
import { Breadcrumbs } from './breadcrumbs.js';
import { Deletion } from './deletion.js';
import { Download } from './download.js';
import { chosenFiles, type ChosenEntry } from './upload/dropped-files.js';
import { DropZone } from './upload/drop-zone.js';
import { FileDetails } from './file-details.js';
import { FileList } from './file-list.js';
import type { FileRow } from './file-window.js';
import { FilesState } from './files-state.js';
import { UploadQueue } from './upload/upload-queue.js';

const SORTS: readonly FileSort[] = ['path', '-path', 'size', '-size', 'modifiedAt', '-modifiedAt'];
/** Newest first: what one just put in, or another did, is on top. */
const DEFAULT_SORT: FileSort = '-modifiedAt';
/** From the last key to the search, in milliseconds. */
const TYPING_MS = 200;
/** Folders offered at first, and so many more each time one asks. The engine's limit of a page bounds them. */
const FOLDERS_SHOWN = 24;
const MAX_FOLDERS = 1000;
/** Events of one moment cause one read. */
const SETTLE_MS = 300;
/** After these a folder may have come or gone. */
const FOLDER_EVENTS: ReadonlySet<EventType> = new Set([
  'file.uploaded',
  'file.deleted',
  'file.restored',
  'file.conflict',
]);
/** Below this width the details cover the list. */
const OVERLAY = '(max-width: 1100px)';

/** The files of the network: find, add, get, delete. Where one stands is in the address. */
@Component({
  selector: 'dfs-files-page',
  imports: [
    Breadcrumbs,
    CdkTrapFocus,
    DropZone,
    EmptyState,
    FileDetails,
    FileList,
    Icon,
    MatButton,
    MatIconButton,
    MatMenu,
    MatMenuItem,
    MatMenuTrigger,
    Notice,
  ],
  templateUrl: './files-page.html',
  styleUrl: './files-page.scss',
  host: { '(keydown.escape)': 'file() && openDetails(null)' },
})
export class FilesPage {
  /** From the address: the folder, with its `/`. */
  readonly in = input<string>();
  /** From the address: what is searched for. */
  readonly q = input<string>();
  /** From the address: the order. */
  readonly sort = input<string>();
  /** From the address: the file whose details are open. */
  readonly file = input<string>();

  readonly #router = inject(Router);
  readonly #api = inject(FilesApi);
  readonly #events = inject(EventStream);
  readonly #state = inject(FilesState);
  readonly #queue = inject(UploadQueue);
  readonly #deletion = inject(Deletion);
  readonly #download = inject(Download);
  readonly #typed = new Subject<string>();
  private readonly list = viewChild(FileList);
  private readonly fileInput = viewChild.required<ElementRef<HTMLInputElement>>('fileInput');
  private readonly folderInput = viewChild.required<ElementRef<HTMLInputElement>>('folderInput');
  #lastPicked: string | null = null;

  protected readonly window = this.#state.window;
  protected readonly view = computed(() => ({
    prefix: folderFrom(this.in()),
    q: this.q() ?? '',
    sort: SORTS.find((known) => known === this.sort()) ?? DEFAULT_SORT,
  }));
  protected readonly searchText = linkedSignal(() => this.view().q);
  protected readonly selected = signal<ReadonlyMap<string, FileRow>>(new Map());
  protected readonly selectedBytes = computed(() =>
    [...this.selected().values()].reduce((sum, row) => sum + row.size, 0),
  );
  protected readonly overlay = toSignal(
    inject(BreakpointObserver)
      .observe(OVERLAY)
      .pipe(map((state) => state.matches)),
    { initialValue: false },
  );
  /** How many folders are offered; a person may ask for more. */
  protected readonly foldersShown = linkedSignal({
    source: () => this.view().prefix,
    computation: () => FOLDERS_SHOWN,
  });
  /** Folders directly in this one, as the node tells them; none while one searches. */
  protected readonly folders = reading(
    ({ prefix, shown }: { prefix: string; shown: number }) => this.#api.folders(prefix, shown),
    computed(() => (this.view().q === '' ? { prefix: this.view().prefix, shown: this.foldersShown() } : undefined), {
      equal: (a, b) => a?.prefix === b?.prefix && a?.shown === b?.shown,
    }),
  );
  protected readonly moreFolders = computed(() => {
    const { folders, total } = this.folders.value() ?? { folders: [], total: 0 };
    return folders.length < MAX_FOLDERS ? total - folders.length : 0;
  });
  /** Placeholders where rows will be. */
  protected readonly bones: readonly null[] = new Array<null>(12).fill(null);
  protected readonly empty = computed(() => this.window.total() === 0 && this.window.rows().length === 0);
  protected readonly icons = {
    upload: mdiTrayArrowUp,
    files: mdiFileUploadOutline,
    folderUp: mdiFolderUploadOutline,
    folder: mdiFolderOutline,
    search: mdiMagnify,
    close: mdiClose,
    download: mdiDownload,
    delete: mdiDeleteOutline,
  };
  protected readonly formatBytes = formatBytes;
  protected readonly formatCount = formatCount;
  protected readonly counted = counted;
  protected readonly visibleName = visibleName;

  constructor() {
    effect(() => {
      const view = this.view();
      untracked(() => {
        this.window.show(view);
        this.list()?.toTop();
        this.clearSelection();
      });
    });
    const changes = this.#events.all.pipe(filter(({ type }) => FOLDER_EVENTS.has(type)));
    merge(changes, this.#events.live, this.#events.resync)
      .pipe(auditTime(SETTLE_MS), takeUntilDestroyed())
      .subscribe(() => this.folders.refresh());
    this.#typed.pipe(debounceTime(TYPING_MS), takeUntilDestroyed()).subscribe((q) => this.#go({ q: q || null }));
  }

  protected showMoreFolders(): void {
    this.foldersShown.update((shown) => Math.min(MAX_FOLDERS, shown * 8));
  }

  protected onSearch(text: string): void {
    this.searchText.set(text);
    this.#typed.next(text.trim());
  }

  protected enterFolder(prefix: string): void {
    this.#go({ in: prefix || null, q: null });
  }

  protected sortBy(sort: FileSort): void {
    this.#go({ sort: sort === DEFAULT_SORT ? null : sort });
  }

  protected openDetails(row: FileRow | null): void {
    const closed = this.file();
    this.#go({ file: row?.id ?? null });
    if (row === null && closed) this.#focusRow(closed);
  }

  protected choose(kind: 'files' | 'folder'): void {
    (kind === 'files' ? this.fileInput() : this.folderInput()).nativeElement.click();
  }

  protected chosen(target: EventTarget | null): void {
    if (!(target instanceof HTMLInputElement) || target.files === null) return;
    this.upload(chosenFiles(target.files, this.view().prefix));
    target.value = '';
  }

  protected upload(entries: readonly ChosenEntry[]): void {
    if (entries.length > 0) this.#queue.add(entries);
  }

  protected download(rows: readonly FileRow[]): void {
    this.#download.start(rows);
  }

  protected async remove(rows: readonly FileRow[]): Promise<void> {
    const gone = await this.#deletion.delete(rows);
    const ids = new Set(gone.map((row) => row.id));
    if (this.file() !== undefined && ids.has(this.file() ?? '')) this.openDetails(null);
    this.selected.update((selected) => new Map([...selected].filter(([id]) => !ids.has(id))));
  }

  protected pick({ row, range }: { row: FileRow; range: boolean }): void {
    const rows = this.window.loadedRows();
    const from = rows.findIndex(({ id }) => id === this.#lastPicked);
    const to = rows.findIndex(({ id }) => id === row.id);
    const selected = new Map(this.selected());
    if (range && from !== -1 && to !== -1) {
      for (const between of rows.slice(Math.min(from, to), Math.max(from, to) + 1)) selected.set(between.id, between);
    } else if (!selected.delete(row.id)) {
      selected.set(row.id, row);
    }
    this.#lastPicked = row.id;
    this.selected.set(selected);
  }

  protected pickAll(all: boolean): void {
    this.selected.set(new Map(all ? this.window.loadedRows().map((row) => [row.id, row]) : []));
  }

  protected clearSelection(): void {
    this.selected.set(new Map());
    this.#lastPicked = null;
  }

  protected selectedRows(): FileRow[] {
    return [...this.selected().values()];
  }

  #focusRow(id: string): void {
    const index = this.window.rows().findIndex((row) => row?.id === id);
    const row = document.querySelector<HTMLElement>(`[data-index="${index}"]`);
    row?.focus();
  }

  #go(change: Record<string, string | null>): void {
    // Another folder is a step one can go back from; typing and looking at details are not.
    const replaceUrl = !('in' in change) && ('q' in change || 'file' in change);
    void this.#router.navigate([], { queryParams: change, queryParamsHandling: 'merge', replaceUrl });
  }
}

function folderFrom(prefix: string | undefined): string {
  const folder = (prefix ?? '').replace(/^\/+/, '');
  return folder === '' || folder.endsWith('/') ? folder : `${folder}/`;
}
