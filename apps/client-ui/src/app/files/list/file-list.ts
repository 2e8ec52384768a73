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
import { actOfKey, isCopied, steps, TypeAhead, type KeyAct } from './keys.js';
import { DragsRow, TakesRows, type Placing } from './row-drag.js';
import { isLevel, rawName, type FileView, type Row } from './rows.js';
import type { Selection } from './selection.js';
import { Standing } from './standing.js';

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

/** Acts on the row that is stood on, where none is picked. */
const ACTS_ON_ROWS: ReadonlySet<KeyAct> = new Set(['delete', 'rename', 'copy', 'cut']);

type Column = 'path' | 'size' | 'modifiedAt';

/** A list of any length, as a table or as cards, of which only the lines in view exist. */
@Component({
  selector: 'dfs-file-list',
  imports: [
    CdkFixedSizeVirtualScroll,
    CdkVirtualForOf,
    CdkVirtualScrollViewport,
    Copies,
    DragsRow,
    Icon,
    MediaIcon,
    TakesRows,
    Thumbnail,
    Tip,
  ],
  templateUrl: './file-list.html',
  styleUrls: ['./file-list.scss', './file-grid.scss'],
  host: {
    '[class.narrow]': 'narrow()',
    '[class.compact]': 'density() === "compact" && !narrow()',
    '[class.cards]': 'layout() === "grid"',
    // Of dialogs that were opened from here.
    'data-refocus': 'dfs-file-list [data-index][tabindex="0"]',
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
  /** Keys of the rows that this person acted on last: where they leave the list, the next row takes their place. */
  readonly acted = input<ReadonlySet<string>>(new Set());

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
  /** Rows were dropped into a folder. */
  readonly placed = output<Placing>();
  /** A key was meant for a row that has left the list meanwhile: nothing was done. */
  readonly missed = output<Row>();

  readonly #clock = inject(Clock);
  readonly #peers = inject(PeersState);
  readonly #host = inject<ElementRef<HTMLElement>>(ElementRef);
  readonly #standing = new Standing();
  readonly #width = signal(0);
  readonly #typed = new TypeAhead();
  /** The row on which the mouse button went down. */
  #pressed: Row | null = null;
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
  protected readonly active = computed(() => Math.min(this.#standing.place(), Math.max(0, this.rows().length - 1)));
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
    this.#standing.leave();
    if (!this.#isInside(document.activeElement)) return;
    // The rows are not here yet.
    this.#standing.stand(0, null);
    this.#show(0);
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
    // A row that is not fresh does not ask the clock: the list at rest is not looked over every second.
    if (at === undefined || Date.now() - at >= FRESH_MS) return false;
    return this.#clock.now() - at < FRESH_MS;
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

  /** A press is meant for the row that was there then, though another one may be there when the button goes up. */
  protected onPress(index: number): void {
    this.#pressed = this.rows()[index] ?? null;
    this.#standing.stand(index, this.#pressed);
  }

  protected onClick(event: MouseEvent, shown: Row | null): void {
    // Controls in the row have their own meaning.
    const onControl = event.target instanceof Element && event.target.closest('button, input, a') !== null;
    if (shown === null || onControl) return;
    const row = this.#meant(event, shown);
    if (row === null) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey) this.pick.emit({ row, range: event.shiftKey });
    else this.opened.emit(row);
  }

  protected onPick(event: MouseEvent, shown: Row): void {
    const row = this.#meant(event, shown);
    // The box belongs to the row that is shown: it stays as it was.
    if (row?.key !== shown.key) event.preventDefault();
    if (row !== null) this.pick.emit({ row, range: event.shiftKey });
  }

  protected onMenu(event: MouseEvent, shown: Row | null): void {
    const row = shown && this.#meant(event, shown);
    if (row === null) event.stopPropagation();
    else this.menu.emit({ row, at: null });
  }

  protected menuBelow(event: MouseEvent, shown: Row): void {
    const row = this.#meant(event, shown);
    if (row !== null) this.#menuAt(event, row);
  }

  protected onKey(event: KeyboardEvent, index: number): void {
    if (event.target !== event.currentTarget && !['ArrowUp', 'ArrowDown', 'Escape'].includes(event.key)) return;
    if (!this.#standing.hasStood) this.onFocus(index);
    const place = this.active();
    const perPage = Math.max(1, Math.floor(this.viewport().getViewportSize() / this.lineHeight()) - 1);
    const at = { across: this.across(), perPage, index: place, length: this.rows().length };
    const step = event.altKey ? undefined : steps(event.key, at);
    if (step !== undefined) this.#step(place + step, event.shiftKey);
    else if (event.key === 'a' && (event.ctrlKey || event.metaKey)) this.pickAll.emit();
    else if (!this.#actByKey(event) && !this.#typeAhead(event, place)) return;
    if (!isCopied(actOfKey(event))) event.preventDefault();
    event.stopPropagation();
  }

  protected onFocus(index: number): void {
    const { hasStood, place } = this.#standing;
    // It follows its row there; or comes back to it from a dialog.
    if (!hasStood || index !== place()) this.#standing.stand(index, this.rows()[index] ?? null);
  }

  /** Goes to a place; by Shift, picks what lies between. */
  #step(place: number, picks: boolean): void {
    const { row, isGone } = this.#standing;
    const reached = this.rows()[this.#focus(place)];
    if (!picks || !row || isGone || !reached) return;
    if (!this.selection().has(row)) this.pick.emit({ row, range: false });
    this.pick.emit({ row: reached, range: true });
  }

  /** Answers whether a key asks for something to be done. One that is held down asks once. */
  #actByKey(event: KeyboardEvent): boolean {
    const isMenu = event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey);
    const onRow = isMenu || event.key === 'Enter' || event.key === ' ';
    const act = onRow ? null : actOfKey(event);
    if (!onRow && act === null) return false;
    if (event.repeat) return true;
    const isOfPicked = this.selection().some() && act !== 'rename';
    const isOfRow = onRow || (act !== null && ACTS_ON_ROWS.has(act) && !isOfPicked);
    if (isOfRow && this.#isMissed()) return true;
    const { row } = this.#standing;
    if (act !== null) this.act.emit({ act, row });
    else if (row === null) return true;
    else if (isMenu) this.#menuAt(event, row);
    else if (event.key === 'Enter') this.opened.emit(row);
    else this.pick.emit({ row, range: event.shiftKey });
    return true;
  }

  #menuAt(event: Event, row: Row): void {
    const place = (event.currentTarget as HTMLElement).getBoundingClientRect();
    this.menu.emit({ row, at: { x: place.left, y: place.bottom } });
  }

  /** The row that a click is meant for: the one that was pressed, or that has the focus; null where that has left the list. */
  #meant(event: MouseEvent, shown: Row): Row | null {
    const pressed = this.#pressed;
    this.#pressed = null;
    // A click by a key or by a program has no press before it.
    if (pressed !== null && (event.detail > 0 || event.button === 2)) return pressed;
    const line = (event.currentTarget as Element).closest('[data-index]');
    if (!line?.contains(document.activeElement)) return shown;
    return this.#isMissed() ? null : (this.#standing.row ?? shown);
  }

  /** Whether the row that was stood on has left the list: says so, and goes on with the one in its place. */
  #isMissed(): boolean {
    const { row, isGone } = this.#standing;
    if (!isGone || row === null) return false;
    this.missed.emit(row);
    this.#standing.stand(this.active(), this.rows()[this.active()] ?? null);
    return true;
  }

  #typeAhead(event: KeyboardEvent, index: number): boolean {
    const found = this.#typed.find(event, index, this.rows());
    if (found === undefined) return false;
    if (found !== null) this.#focus(found);
    return true;
  }

  #follow(rows: readonly (Row | null)[]): void {
    const isInside = this.#isInside(document.activeElement);
    const hasMoved = this.#standing.follow(rows, this.acted());
    if (hasMoved && isInside) this.#show(this.#standing.place());
  }

  #isInside(element: Element | null): boolean {
    return this.#host.nativeElement.contains(element);
  }

  #focus(index: number): number {
    const to = Math.max(0, Math.min(this.rows().length - 1, index));
    this.#standing.stand(to, this.rows()[to] ?? null);
    this.#show(to);
    return to;
  }

  /** Scrolls to a row, and brings the focus to it. */
  #show(index: number): void {
    const line = Math.floor(index / this.across());
    const viewport = this.viewport();
    const top = viewport.measureScrollOffset();
    const above = line * this.lineHeight() < top;
    const below = (line + 1) * this.lineHeight() > top + viewport.getViewportSize();
    if (above) viewport.scrollToOffset(line * this.lineHeight());
    if (below) viewport.scrollToOffset((line + 1) * this.lineHeight() - viewport.getViewportSize());
    this.#reach(index, FRAMES, document.activeElement);
  }

  /** The row may only exist some frames after the scroll; by then another one may be wanted, or the focus be elsewhere by a person. */
  #reach(index: number, frames: number, from: Element | null): void {
    requestAnimationFrame(() => {
      const now = document.activeElement;
      const isFree = now === from || now === document.body || this.#isInside(now);
      if (this.#standing.place() !== index || !isFree) return;
      const row = this.#host.nativeElement.querySelector<HTMLElement>(`[data-index="${index}"]`);
      row?.focus({ preventScroll: true });
      // The scroll takes rows out of the page and puts others in: the focus is right once that is over.
      if (frames > 0 && (row === null || document.activeElement !== row || frames > FRAMES - 3))
        this.#reach(index, frames - 1, from);
    });
  }
}
