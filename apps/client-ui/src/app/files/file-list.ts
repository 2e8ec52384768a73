import type { ListRange } from '@angular/cdk/collections';
import { BreakpointObserver } from '@angular/cdk/layout';
import { CdkFixedSizeVirtualScroll, CdkVirtualForOf, CdkVirtualScrollViewport } from '@angular/cdk/scrolling';
import { Component, ElementRef, computed, effect, inject, input, output, signal, viewChild } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { MatIconButton } from '@angular/material/button';
import { MatMenu, MatMenuItem, MatMenuTrigger } from '@angular/material/menu';
import { MatTooltip } from '@angular/material/tooltip';
import type { FileSort } from '@dfs/contracts';
import {
  mdiArrowDown,
  mdiArrowUp,
  mdiDeleteOutline,
  mdiDotsVertical,
  mdiDownload,
  mdiInformationOutline,
  mdiSourceBranch,
} from '@mdi/js';
import { map } from 'rxjs';
import { Clock } from '../kit/clock.js';
import { Icon } from '../kit/icon.js';
import { folderOf, nameOf, visibleName } from '../kit/names.js';
import { formatBytes, formatCount } from '../kit/sizes.js';
import { formatAgo, formatMoment } from '../kit/times.js';
import type { FileRow } from './file-window.js';
import { MediaIcon } from './media-icon.js';
import { viewOf } from './replication.js';
import { ReplicationChip } from './replication-chip.js';

/** CSS pixels; the virtual scroll must know them. Also in `file-list.scss`. */
const ROW = { wide: 40, narrow: 60 } as const;
const NARROW = '(max-width: 720px)';
/** How long a row that just arrived stays tinted, in milliseconds. */
const FRESH_MS = 2500;

type Column = 'path' | 'size' | 'modifiedAt';

/** The files as a table of which only the rows in view exist. */
@Component({
  selector: 'dfs-file-list',
  imports: [
    CdkFixedSizeVirtualScroll,
    CdkVirtualForOf,
    CdkVirtualScrollViewport,
    Icon,
    MatIconButton,
    MatMenu,
    MatMenuItem,
    MatMenuTrigger,
    MatTooltip,
    MediaIcon,
    ReplicationChip,
  ],
  templateUrl: './file-list.html',
  styleUrl: './file-list.scss',
  host: { '[class.narrow]': 'narrow()' },
})
export class FileList {
  readonly rows = input.required<readonly (FileRow | null)[]>();
  readonly total = input.required<number | null>();
  readonly sort = input.required<FileSort>();
  /** The folder that is shown, with its `/`: what rows need not repeat. */
  readonly folder = input('');
  readonly selected = input.required<ReadonlyMap<string, FileRow>>();
  /** The file whose details are open. */
  readonly open = input<string | null>(null);

  readonly sortChange = output<FileSort>();
  /** Rows in view, `end` excluded. */
  readonly seen = output<ListRange>();
  readonly pick = output<{ row: FileRow; range: boolean }>();
  readonly pickAll = output<boolean>();
  readonly opened = output<FileRow>();
  readonly enterFolder = output<string>();
  readonly download = output<FileRow>();
  readonly remove = output<FileRow>();

  readonly #clock = inject(Clock);
  readonly #host = inject<ElementRef<HTMLElement>>(ElementRef);
  readonly #active = signal(0);
  readonly viewport = viewChild.required(CdkVirtualScrollViewport);

  protected readonly narrow = toSignal(
    inject(BreakpointObserver)
      .observe(NARROW)
      .pipe(map((state) => state.matches)),
    { initialValue: false },
  );
  protected readonly rowHeight = computed(() => (this.narrow() ? ROW.narrow : ROW.wide));
  protected readonly active = computed(() => Math.min(this.#active(), Math.max(0, this.rows().length - 1)));
  protected readonly allSelected = computed(() => {
    const loaded = this.rows().filter((row) => row !== null);
    return loaded.length > 0 && loaded.every((row) => this.selected().has(row.id));
  });
  protected readonly columns: readonly { key: Column; name: string }[] = [
    { key: 'path', name: 'Name' },
    { key: 'size', name: 'Size' },
    { key: 'modifiedAt', name: 'Modified' },
  ];
  protected readonly icons = {
    up: mdiArrowUp,
    down: mdiArrowDown,
    download: mdiDownload,
    delete: mdiDeleteOutline,
    more: mdiDotsVertical,
    details: mdiInformationOutline,
    conflict: mdiSourceBranch,
  };
  protected readonly formatBytes = formatBytes;
  protected readonly formatCount = formatCount;
  protected readonly formatMoment = formatMoment;
  protected readonly nameOf = nameOf;
  protected readonly visibleName = visibleName;

  constructor() {
    effect((onCleanup) => {
      const subscription = this.viewport().renderedRangeStream.subscribe((range) => this.seen.emit(range));
      onCleanup(() => subscription.unsubscribe());
    });
    effect(() => {
      this.rowHeight();
      this.viewport().checkViewportSize();
    });
  }

  /** Back to the first row. */
  toTop(): void {
    this.viewport().scrollToIndex(0);
    this.#active.set(0);
  }

  protected trackRow(index: number, row: FileRow | null): string | number {
    return row?.id ?? index;
  }

  protected ago(row: FileRow): string {
    return formatAgo(row.modifiedAt, this.#clock.slow());
  }

  /** In narrow rows: how the copies are, when that needs a look, or else the time. */
  protected second(row: FileRow): string {
    const { tone, text } = viewOf(row.replication);
    return tone === 'ok' || tone === 'quiet' ? this.ago(row) : text;
  }

  protected isFresh(row: FileRow): boolean {
    return row.arrivedAt > 0 && this.#clock.now() - row.arrivedAt < FRESH_MS;
  }

  /** The part of its folder that the page does not say already. */
  protected restOfFolder(row: FileRow): string {
    return folderOf(row.path).slice(this.folder().length).replace(/\/$/, '');
  }

  protected ariaSort(column: Column): 'ascending' | 'descending' | null {
    if (this.sort() === column) return 'ascending';
    return this.sort() === `-${column}` ? 'descending' : null;
  }

  protected sortBy(column: Column): void {
    const first: FileSort = column === 'path' ? 'path' : `-${column}`;
    const second: FileSort = column === 'path' ? '-path' : column;
    this.sortChange.emit(this.sort() === first ? second : first);
  }

  protected onClick(event: MouseEvent, row: FileRow | null): void {
    // Controls in the row have their own meaning.
    const onControl = event.target instanceof Element && event.target.closest('button, input') !== null;
    if (row && !onControl) this.opened.emit(row);
  }

  protected onKey(event: KeyboardEvent, index: number, row: FileRow | null): void {
    if (event.target !== event.currentTarget && !['ArrowUp', 'ArrowDown'].includes(event.key)) return;
    const page = Math.max(1, Math.floor(this.viewport().getViewportSize() / this.rowHeight()) - 1);
    const steps: Partial<Record<string, number>> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -index,
      End: this.rows().length,
    };
    const step = steps[event.key];
    if (step !== undefined) this.#focus(index + step);
    else if (row && event.key === 'Enter') this.opened.emit(row);
    else if (row && event.key === ' ') this.pick.emit({ row, range: event.shiftKey });
    else if (row && event.key === 'Delete') this.remove.emit(row);
    else if (event.key === 'a' && (event.ctrlKey || event.metaKey)) this.pickAll.emit(true);
    else return;
    event.preventDefault();
  }

  protected onFocus(index: number): void {
    this.#active.set(index);
  }

  #focus(index: number): void {
    const to = Math.max(0, Math.min(this.rows().length - 1, index));
    this.#active.set(to);
    const viewport = this.viewport();
    const top = viewport.measureScrollOffset();
    const above = to * this.rowHeight() < top;
    const below = (to + 1) * this.rowHeight() > top + viewport.getViewportSize();
    if (above) viewport.scrollToOffset(to * this.rowHeight());
    if (below) viewport.scrollToOffset((to + 1) * this.rowHeight() - viewport.getViewportSize());
    // The row may only exist after the scroll was handled.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => this.#host.nativeElement.querySelector<HTMLElement>(`[data-index="${to}"]`)?.focus()),
    );
  }
}
