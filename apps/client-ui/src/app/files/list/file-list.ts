import { BreakpointObserver } from '@angular/cdk/layout';
import { CdkFixedSizeVirtualScroll, CdkVirtualForOf, CdkVirtualScrollViewport } from '@angular/cdk/scrolling';
import {
  Component,
  DestroyRef,
  ElementRef,
  computed,
  effect,
  inject,
  input,
  output,
  signal,
  untracked,
  viewChild,
} from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import type { FileSort } from '@dfs/contracts';
import { mdiArrowDown, mdiArrowUp, mdiDotsVertical, mdiFolder, mdiSourceBranch } from '@mdi/js';
import { map } from 'rxjs';
import { LABELS } from '../../kit/words/labels.js';
import { Clock } from '../../kit/clock.js';
import { Copies } from '../../safety/copies.js';
import { Icon } from '../../kit/icon.js';
import { folderOf, visibleName } from '../../kit/words/names.js';
import { counted, formatBytes, formatCount } from '../../kit/words/sizes.js';
import { formatAgo, formatMoment } from '../../kit/words/times.js';
import { Tip } from '../../kit/tip.js';
import { PeersState } from '../../peers/peers-state.js';
import { MediaIcon, kindOf } from '../media-icon.js';
import { Thumbnail } from './thumbnail.js';
import { actOfKey, steps, TypeAhead, type KeyAct } from './keys.js';
import { isLevel, rawName, type FileView, type Row } from './rows.js';
import type { Selection } from './selection.js';

/** Heights of lines, and the least width of a card, in CSS pixels; the virtual scroll must know them. Also in the styles. */
const LINE = { roomy: 48, compact: 32, narrow: 60, grid: 196 } as const;
const CARD = 176;
const NARROW = '(max-width: 720px)';
/** How long a row that just arrived stays tinted, in milliseconds. */
const FRESH_MS = 2500;
/** How long a row that is scrolled to is waited for, in frames of the screen. */
const FRAMES = 120;
/** Placeholders before the first answer. */
const BONES = 12;

type Column = 'path' | 'size' | 'modifiedAt';

/** A list of any length, as a table or as cards, of which only the lines in view exist. */
@Component({
  selector: 'dfs-file-list',
  imports: [
    CdkFixedSizeVirtualScroll,
    CdkVirtualForOf,
    CdkVirtualScrollViewport,
    Copies,
    Icon,
    MediaIcon,
    Thumbnail,
    Tip,
  ],
  templateUrl: './file-list.html',
  styleUrls: ['./file-list.scss', './file-grid.scss'],
  host: {
    '[class.narrow]': 'narrow()',
    '[class.compact]': 'density() === "compact" && !narrow()',
    '[class.cards]': 'layout() === "grid"',
  },
})
export class FileList {
  readonly rows = input.required<readonly (Row | null)[]>();
  /** How many there are; null before the first answer. */
  readonly length = input.required<number | null>();
  readonly view = input.required<FileView>();
  readonly selection = input.required<Selection>();
  readonly layout = input<'table' | 'grid'>('table');
  readonly density = input<'roomy' | 'compact'>('roomy');
  /** When files arrived, by their ids. */
  readonly fresh = input<ReadonlyMap<string, number>>(new Map());
  /** The file whose details are open. */
  readonly open = input<string | null>(null);

  readonly sortChange = output<FileSort>();
  /** Rows in view, `end` excluded. */
  readonly seen = output<{ start: number; end: number }>();
  readonly opened = output<Row>();
  readonly pick = output<{ row: Row; range: boolean }>();
  readonly pickAll = output();
  readonly act = output<{ act: KeyAct; row: Row | null }>();
  /** The menu of a row is wanted, at a place in the window; null where the mouse asked for it. */
  readonly menu = output<{ row: Row; at: { x: number; y: number } | null }>();
  readonly enterFolder = output<string>();

  readonly #clock = inject(Clock);
  readonly #peers = inject(PeersState);
  readonly #host = inject<ElementRef<HTMLElement>>(ElementRef);
  readonly #active = signal(0);
  readonly #width = signal(0);
  readonly #typed = new TypeAhead();
  #activeKey: string | null = null;
  readonly viewport = viewChild.required(CdkVirtualScrollViewport);

  protected readonly labels = LABELS;
  protected readonly narrow = toSignal(
    inject(BreakpointObserver)
      .observe(NARROW)
      .pipe(map((state) => state.matches)),
    { initialValue: false },
  );
  protected readonly lineHeight = computed(() => {
    if (this.layout() === 'grid') return LINE.grid;
    return this.narrow() ? LINE.narrow : LINE[this.density()];
  });
  /** Rows on a line. */
  protected readonly across = computed(() =>
    this.layout() === 'grid' ? Math.max(2, Math.floor((this.#width() - 16) / CARD)) : 1,
  );
  protected readonly lines = computed(() =>
    Array.from({ length: Math.ceil((this.length() ?? BONES) / this.across()) }, (_, line) => line),
  );
  protected readonly cells = computed(() => Array.from({ length: this.across() }, (_, n) => n));
  protected readonly active = computed(() => Math.min(this.#active(), Math.max(0, this.rows().length - 1)));
  protected readonly allSelected = computed(() => {
    const length = this.length() ?? 0;
    return length > 0 && (this.selection().all() || this.selection().rows().length === length);
  });
  protected readonly flat = computed(() => !isLevel(this.view()));
  protected readonly columns = computed<readonly { key: Column; name: string }[]>(() => [
    { key: 'path', name: $localize`Name` },
    { key: 'size', name: $localize`Size` },
    { key: 'modifiedAt', name: this.view().state === 'deleted' ? $localize`Deleted` : $localize`Modified` },
  ]);
  protected readonly icons = {
    up: mdiArrowUp,
    down: mdiArrowDown,
    more: mdiDotsVertical,
    conflict: mdiSourceBranch,
    folder: mdiFolder,
  };
  protected readonly counted = counted;
  protected readonly formatBytes = formatBytes;
  protected readonly formatCount = formatCount;
  protected readonly formatMoment = formatMoment;
  protected readonly visibleName = visibleName;

  constructor() {
    effect((onCleanup) => {
      const across = this.across();
      const subscription = this.viewport().renderedRangeStream.subscribe(({ start, end }) =>
        this.seen.emit({ start: start * across, end: end * across }),
      );
      onCleanup(() => subscription.unsubscribe());
    });
    effect(() => {
      this.lineHeight();
      this.lines();
      this.viewport().checkViewportSize();
    });
    // The focus stays on its row, though rows before it come and go.
    effect(() => {
      const rows = this.rows();
      untracked(() => this.#follow(rows));
    });
    if (typeof ResizeObserver !== 'undefined') {
      const watch = new ResizeObserver(([entry]) => this.#width.set(entry?.contentRect.width ?? 0));
      watch.observe(this.#host.nativeElement);
      inject(DestroyRef).onDestroy(() => watch.disconnect());
    }
  }

  /** Back to the first row. */
  toTop(): void {
    this.viewport().scrollToIndex(0);
    this.#active.set(0);
    this.#activeKey = null;
  }

  /** Brings a row into view and the focus to it. */
  focusRow(index: number): void {
    this.#focus(index);
  }

  /** Brings the focus back to the row that had it, as far as that is in view. */
  focusBack(): void {
    const row = this.#host.nativeElement.querySelector<HTMLElement>(`[data-index="${this.active()}"]`);
    row?.focus({ preventScroll: true });
  }

  protected rowAt(line: number, cell: number): Row | null {
    return this.rows()[line * this.across() + cell] ?? null;
  }

  protected exists(line: number, cell: number): boolean {
    return line * this.across() + cell < (this.length() ?? BONES);
  }

  protected trackLine(line: number): number {
    return line;
  }

  protected nameOf(row: Row): string {
    return visibleName(rawName(row));
  }

  protected sizeOf(row: Row): string {
    return formatBytes(row.kind === 'file' ? row.file.size : row.folder.bytes);
  }

  protected timeOf(row: Row): string {
    const time = row.kind === 'file' ? row.file.modifiedAt : row.folder.newest;
    return time === null ? '–' : formatAgo(time, this.#clock.slow());
  }

  protected momentOf(row: Row): string {
    return formatMoment((row.kind === 'file' ? row.file.modifiedAt : row.folder.newest) ?? '');
  }

  protected kindOf(row: Row): string {
    return row.kind === 'folder' ? $localize`Folder` : kindOf(row.file.mediaType, row.path).label;
  }

  protected authorOf(row: Row): string {
    return row.kind === 'file' ? visibleName(this.#peers.nameOf(row.file.author)) : '';
  }

  protected isFresh(row: Row): boolean {
    const at = this.fresh().get(row.key);
    return at !== undefined && this.#clock.now() - at < FRESH_MS;
  }

  /** The part of its folder that the page does not say already. */
  protected restOfFolder(row: Row): string {
    return row.kind === 'file' ? folderOf(row.path).slice(this.view().prefix.length).replace(/\/$/, '') : '';
  }

  protected ariaSort(column: Column): 'ascending' | 'descending' | null {
    if (this.view().sort === column) return 'ascending';
    return this.view().sort === `-${column}` ? 'descending' : null;
  }

  protected sortBy(column: Column): void {
    const first: FileSort = column === 'path' ? 'path' : `-${column}`;
    const second: FileSort = column === 'path' ? '-path' : column;
    this.sortChange.emit(this.view().sort === first ? second : first);
  }

  protected onClick(event: MouseEvent, row: Row | null): void {
    // Controls in the row have their own meaning.
    const onControl = event.target instanceof Element && event.target.closest('button, input, a') !== null;
    if (row === null || onControl) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey) this.pick.emit({ row, range: event.shiftKey });
    else this.opened.emit(row);
  }

  protected onMenu(event: MouseEvent, row: Row | null): void {
    if (row === null) event.stopPropagation();
    else this.menu.emit({ row, at: null });
  }

  protected menuBelow(event: Event, row: Row): void {
    const place = (event.currentTarget as HTMLElement).getBoundingClientRect();
    this.menu.emit({ row, at: { x: place.left, y: place.bottom } });
  }

  protected onKey(event: KeyboardEvent, index: number): void {
    if (event.target !== event.currentTarget && !['ArrowUp', 'ArrowDown', 'Escape'].includes(event.key)) return;
    const row = this.rows()[index] ?? null;
    const perPage = Math.max(1, Math.floor(this.viewport().getViewportSize() / this.lineHeight()) - 1);
    const step = steps(event.key, { across: this.across(), perPage, index, length: this.rows().length });
    if (step !== undefined) {
      const to = this.#focus(index + step);
      const reached = this.rows()[to];
      if (event.shiftKey && row && reached) {
        if (!this.selection().has(row)) this.pick.emit({ row, range: false });
        this.pick.emit({ row: reached, range: true });
      }
    } else if (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) {
      if (row) this.menuBelow(event, row);
    } else if (row && event.key === 'Enter') this.opened.emit(row);
    else if (row && event.key === ' ') this.pick.emit({ row, range: event.shiftKey });
    else if (event.key === 'a' && (event.ctrlKey || event.metaKey)) this.pickAll.emit();
    else {
      const act = actOfKey(event);
      if (act !== null) this.act.emit({ act, row });
      else if (!this.#typeAhead(event, index)) return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  protected onFocus(index: number): void {
    this.#active.set(index);
    this.#activeKey = this.rows()[index]?.key ?? null;
  }

  #typeAhead(event: KeyboardEvent, index: number): boolean {
    const found = this.#typed.find(event, index, this.rows());
    if (found === undefined) return false;
    if (found !== null) this.#focus(found);
    return true;
  }

  #follow(rows: readonly (Row | null)[]): void {
    const at = this.#active();
    if (this.#activeKey === null || rows[at]?.key === this.#activeKey) return;
    const inside = this.#host.nativeElement.contains(document.activeElement);
    const now = rows.findIndex((row) => row?.key === this.#activeKey);
    if (now === -1) {
      this.#activeKey = rows[at]?.key ?? this.#activeKey;
      return;
    }
    if (inside) this.#focus(now);
    else this.#active.set(now);
  }

  #focus(index: number): number {
    const to = Math.max(0, Math.min(this.rows().length - 1, index));
    this.#active.set(to);
    this.#activeKey = this.rows()[to]?.key ?? null;
    const line = Math.floor(to / this.across());
    const viewport = this.viewport();
    const top = viewport.measureScrollOffset();
    const above = line * this.lineHeight() < top;
    const below = (line + 1) * this.lineHeight() > top + viewport.getViewportSize();
    if (above) viewport.scrollToOffset(line * this.lineHeight());
    if (below) viewport.scrollToOffset((line + 1) * this.lineHeight() - viewport.getViewportSize());
    this.#reach(to, FRAMES);
    return to;
  }

  /** The row may only exist some frames after the scroll; and by then another one may be wanted. */
  #reach(index: number, frames: number): void {
    requestAnimationFrame(() => {
      if (this.#active() !== index) return;
      const row = this.#host.nativeElement.querySelector<HTMLElement>(`[data-index="${index}"]`);
      row?.focus({ preventScroll: true });
      // The scroll takes rows out of the page and puts others in: the focus is right once that is over.
      if (frames > 0 && (row === null || document.activeElement !== row || frames > FRAMES - 3))
        this.#reach(index, frames - 1);
    });
  }
}
