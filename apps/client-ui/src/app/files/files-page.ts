import { CdkTrapFocus } from '@angular/cdk/a11y';
import { Clipboard } from '@angular/cdk/clipboard';
import { CdkContextMenuTrigger, CdkMenu, CdkMenuItem, CdkMenuTrigger } from '@angular/cdk/menu';
import { BreakpointObserver } from '@angular/cdk/layout';
import {
  Component,
  ElementRef,
  Injector,
  afterNextRender,
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
import { Router, RouterLink } from '@angular/router';
import type { FileListState, FileSort, FolderAct } from '@dfs/contracts';
import { debounceTime, map, Subject } from 'rxjs';
import { Dialogs } from '../kit/dialogs.js';
import { EmptyState } from '../kit/empty-state.js';
import { Icon } from '../kit/icon.js';
import { visibleName } from '../kit/words/names.js';
import { Notice } from '../kit/notice.js';
import { Quiet } from '../kit/quiet.js';
import { counted, formatBytes, formatCount } from '../kit/words/sizes.js';
import { Unloaded } from '../kit/parts/unloaded.js';
import { Tip } from '../kit/tip.js';
import { Toasts } from '../kit/toasts.js';
import { Download } from './acts/download.js';
import { FileActs } from './acts/file-acts.js';
import type { PlaceQuestion } from './acts/folder-picker.js';
import type { NameQuestion } from './acts/name-dialog.js';
import { placeQuestion } from './acts/places.js';
import { RowClipboard, isTyping } from './acts/row-clipboard.js';
import { Settle, type Side } from './acts/settle.js';
import { COPIES, STATES, TYPES, narrowedBy, usualSort, viewOf } from './address.js';
import { Breadcrumbs } from './breadcrumbs.js';
import { FileDetails } from './detail/file-details.js';
import { FILES_ICONS } from './files-icons.js';
import { FilesState } from './files-state.js';
import { FILES_WORDS, countOf } from './files-words.js';
import { changeQuery } from '../kit/parts/query.js';
import { focusInstead } from './focus-instead.js';
import { FileList } from './list/file-list.js';
import { actWithoutRows, type KeyAct } from './list/keys.js';
import type { Placing } from './list/row-drag.js';
import { isLevel, rawName, type Row } from './list/rows.js';
import { Selection } from './list/selection.js';
import { Look } from './look.js';
import { chosenFiles, type ChosenEntry } from './upload/dropped-files.js';
import { DropZone } from './upload/drop-zone.js';
import { UploadQueue } from './upload/upload-queue.js';

/** From the last key to the search, in milliseconds. */
const TYPING_MS = 200;
/** Below this width the details cover the list. */
const OVERLAY = '(max-width: 1100px)';

const nameDialog = () => import('./acts/name-dialog.js').then((part) => part.NameDialog);
const folderPicker = () => import('./acts/folder-picker.js').then((part) => part.FolderPicker);
const restoreDialog = () => import('./acts/restore-dialog.js').then((part) => part.RestoreDialog);

/** The files of the network: find, add, get, arrange, delete, bring back. Where one stands is in the address. */
@Component({
  selector: 'dfs-files-page',
  imports: [
    Breadcrumbs,
    CdkContextMenuTrigger,
    CdkMenu,
    CdkMenuItem,
    CdkMenuTrigger,
    CdkTrapFocus,
    DropZone,
    EmptyState,
    FileDetails,
    FileList,
    Icon,
    Notice,
    RouterLink,
    Tip,
    Unloaded,
  ],
  templateUrl: './files-page.html',
  styleUrl: './files-page.scss',
  host: {
    '(keydown.escape)': 'leave()',
    '(document:copy)': 'clipboard.copied($event)',
    '(document:cut)': 'clipboard.copied($event)',
    '(document:paste)': 'pasted($event)',
  },
})
export class FilesPage {
  /** From the address: the folder, with its `/`. */
  readonly in = input<string>();
  /** From the address: what is searched for. */
  readonly q = input<string>();
  /** From the address: the order. */
  readonly sort = input<string>();
  /** From the address: deleted files, or those in conflict. */
  readonly show = input<string>();
  /** From the address: the kind of files. */
  readonly type = input<string>();
  /** From the address: how safe the files are. */
  readonly copies = input<string>();
  /** From the address: the file whose details are open. */
  readonly file = input<string>();

  readonly #injector = inject(Injector);
  readonly #router = inject(Router);
  readonly #state = inject(FilesState);
  protected readonly queue = inject(UploadQueue);
  readonly #acts = inject(FileActs);
  readonly #download = inject(Download);
  readonly #settle = inject(Settle);
  readonly #dialogs = inject(Dialogs);
  readonly #toasts = inject(Toasts);
  readonly #typed = new Subject<string>();
  protected readonly clipboard = new RowClipboard(inject(Clipboard));
  private readonly list = viewChild(FileList);
  private readonly listElement = viewChild<FileList, ElementRef<HTMLElement>>(FileList, { read: ElementRef });
  private readonly nothing = viewChild<ElementRef<HTMLElement>>('nothing');
  private readonly pickedBar = viewChild<ElementRef<HTMLElement>>('picked');
  private readonly menuTrigger = viewChild(CdkContextMenuTrigger);
  private readonly rowItems = viewChild<CdkMenu>('rowItems');
  private readonly fileInput = viewChild.required<ElementRef<HTMLInputElement>>('fileInput');
  private readonly folderInput = viewChild.required<ElementRef<HTMLInputElement>>('folderInput');

  protected readonly quiet = inject(Quiet).reached;
  protected readonly look = inject(Look);
  protected readonly window = this.#state.window;
  protected readonly fresh = this.#state.fresh;
  protected readonly selection = new Selection();
  /** Keys of the rows acted on last. */
  protected readonly acted = signal<ReadonlySet<string>>(new Set());
  protected readonly view = computed(() =>
    viewOf({
      in: this.in(),
      q: this.q(),
      sort: this.sort(),
      show: this.show(),
      type: this.type(),
      copies: this.copies(),
    }),
  );
  protected readonly searchText = linkedSignal(() => this.view().q);
  protected readonly overlay = toSignal(
    inject(BreakpointObserver)
      .observe(OVERLAY)
      .pipe(map((state) => state.matches)),
    { initialValue: false },
  );
  protected readonly level = computed(() => isLevel(this.view()));
  protected readonly empty = computed(() => this.window.length() === 0);
  protected readonly count = computed(() => countOf(this.window.totals(), this.view()));
  private readonly all = computed(() => {
    const { folders, files } = this.window.totals() ?? { folders: 0, files: 0 };
    return folders + files;
  });
  protected readonly selectedCount = computed(() => (this.selection.all() ? this.all() : this.selection.rows().length));
  protected readonly canPaste = computed(() => this.clipboard.kept() !== null && this.view().state === 'current');
  protected readonly narrowed = computed(() => narrowedBy(this.view()));
  protected readonly words = FILES_WORDS;
  protected readonly states = STATES;
  protected readonly types = TYPES;
  protected readonly copiesChoices = COPIES;
  protected readonly icons = FILES_ICONS;
  protected readonly formatBytes = formatBytes;
  protected readonly formatCount = formatCount;
  protected readonly visibleName = visibleName;

  constructor() {
    effect(() => {
      const view = this.view();
      untracked(() => {
        this.window.show(view);
        this.list()?.toTop();
        this.selection.clear();
      });
    });
    focusInstead(this.empty, this.listElement, () => this.nothing()?.nativeElement.focus());
    focusInstead(
      () => !this.empty(),
      this.nothing,
      () => this.list()?.focusRow(0),
    );
    focusInstead(
      () => !this.selection.some(),
      this.pickedBar,
      () => this.list()?.focusBack(),
    );
    this.#typed.pipe(debounceTime(TYPING_MS), takeUntilDestroyed()).subscribe((q) => this.#go({ q: q || null }));
  }

  protected onSearch(text: string): void {
    this.searchText.set(text);
    this.#typed.next(text.trim());
  }

  protected enterFolder(prefix: string): void {
    this.#go({ in: prefix || null, q: null, file: null });
  }

  protected showState(state: FileListState): void {
    this.#go({ show: state === 'current' ? null : state, sort: null, file: null });
  }

  /** `type:image`, `copies:safe`, or empty for all. */
  protected narrow(choice: string): void {
    const [name = '', value = ''] = choice.split(':');
    this.#go({ type: name === 'type' ? value : null, copies: name === 'copies' ? value : null, file: null });
  }

  protected sortBy(sort: FileSort): void {
    this.#go({ sort: sort === usualSort(this.view()) ? null : sort });
  }

  protected opened(row: Row): void {
    if (row.kind === 'folder') this.enterFolder(row.path);
    else this.#go({ file: row.file.id });
  }

  protected closeDetails(): void {
    const closed = this.file();
    this.#go({ file: null });
    const index = this.window.rows().findIndex((row) => row?.key === closed);
    if (index === -1) this.list()?.focusBack();
    else this.list()?.focusRow(index);
  }

  /** Esc: what was opened or picked last goes first. */
  protected leave(): void {
    if (this.selection.some()) this.selection.clear();
    else if (this.file()) this.closeDetails();
  }

  protected pickRow({ row, range }: { row: Row; range: boolean }): void {
    this.selection.pick(row, { range, rows: this.window.loadedRows() });
  }

  protected pickAll(): void {
    this.selection.pickAll(this.window.loadedRows(), this.window.length() ?? 0);
  }

  /** The menu of a row: the browser’s own event opens it where the mouse is, elsewhere a place is given. */
  protected openMenu({ row, at }: { row: Row; at: { x: number; y: number } | null }): void {
    if (!this.selection.has(row)) this.selection.only(row);
    if (!at) return;
    this.menuTrigger()?.open(at);
    // A menu that is opened at a place does not take the focus by itself.
    afterNextRender(() => this.rowItems()?.focusFirstItem('keyboard'), { injector: this.#injector });
  }

  /** The focus would be nowhere without the menu that had it. */
  protected menuClosed(): void {
    if (document.activeElement?.closest('[role=menu]')) this.list()?.focusBack();
  }

  /** The row that the menu is about, when it is about one. */
  protected single(): Row | null {
    const rows = this.selection.rows();
    return rows.length === 1 ? (rows[0] ?? null) : null;
  }

  protected onKeyAct({ act, row }: { act: KeyAct; row: Row | null }): void {
    // A key is meant for what is picked; else for the row one stands on.
    const rows = this.selection.some() ? this.selection.rows() : row ? [row] : [];
    const all = this.selection.all();
    switch (act) {
      case 'delete':
        return void (all ? this.removeSelected() : this.remove(rows));
      case 'rename':
        return void (row && this.rename(row));
      case 'copy':
      case 'cut':
        return this.keep(rows, act === 'cut' ? 'move' : 'copy', true);
      case 'up':
        return this.enterFolder(this.view().prefix.replace(/[^/]*\/$/, ''));
      case 'undo':
        return void this.#acts.undoLast();
      case 'leave':
        return this.leave();
    }
  }

  /** Keys where there are no rows. */
  protected onEmptyKey(event: KeyboardEvent): void {
    const act = actWithoutRows(event);
    if (act === null) return;
    this.onKeyAct({ act, row: null });
    event.preventDefault();
    event.stopPropagation();
  }

  protected tellMissed(row: Row): void {
    this.#toasts.show({ text: $localize`“${visibleName(rawName(row))}:name:” is no longer here: nothing was done.` });
  }

  protected chooseFiles(kind: 'files' | 'folder'): void {
    (kind === 'files' ? this.fileInput() : this.folderInput()).nativeElement.click();
  }

  protected chosen(target: EventTarget | null): void {
    if (!(target instanceof HTMLInputElement) || target.files === null) return;
    this.upload(chosenFiles(target.files, this.view().prefix));
    target.value = '';
  }

  protected upload(entries: readonly ChosenEntry[]): void {
    if (entries.length > 0) this.queue.add(entries);
  }

  /** Files from other programs, else the rows that are kept. */
  protected pasted(event: ClipboardEvent): void {
    if (isTyping(event) || this.#dialogs.any) return;
    event.preventDefault();
    const files = event.clipboardData?.files ?? [];
    if (files.length > 0) this.upload(chosenFiles(files, this.view().prefix));
    else void this.paste();
  }

  protected async newFolder(): Promise<void> {
    const name = await this.#dialogs.load<string, NameQuestion>(nameDialog, {
      heading: $localize`New folder`,
      label: $localize`Name`,
      value: '',
      action: $localize`Create`,
    });
    if (name === undefined) return;
    const path = await this.#acts.makeFolder(this.view().prefix + name);
    if (path !== null && !this.level()) this.enterFolder(this.view().prefix);
  }

  protected async rename(row: Row): Promise<void> {
    const value = rawName(row);
    const name = await this.#dialogs.load<string, NameQuestion>(nameDialog, {
      heading: $localize`Rename “${visibleName(value)}:name:”`,
      label: $localize`Name`,
      value,
      action: $localize`Rename`,
    });
    if (name === undefined) return;
    this.#actOn([row]);
    if (await this.#acts.rename(row, name)) this.selection.clear();
  }

  protected async relocate(op: 'move' | 'copy'): Promise<void> {
    const rows = this.selection.rows();
    const question = placeQuestion(op, rows, this.view().prefix);
    const to = await this.#dialogs.load<string, PlaceQuestion>(folderPicker, question);
    if (to !== undefined) await this.place({ op, rows, to });
  }

  protected async place({ op, rows, to }: Placing): Promise<void> {
    this.#actOn(rows);
    if (await this.#acts[op](rows, to)) this.selection.clear();
  }

  /** Remembers rows for pasting. */
  protected keep(rows: readonly Row[], op: 'move' | 'copy', byKey = false): void {
    if (rows.length === 0 || this.view().state !== 'current') return;
    this.clipboard.keep({ op, rows }, byKey);
    this.#toasts.show({
      text: $localize`${counted(rows.length, 'item')}:item: ready: open a folder and paste.`,
      durationMs: 4000,
    });
  }

  protected async paste(): Promise<void> {
    const kept = this.canPaste() ? this.clipboard.take() : null;
    if (kept !== null) await this.place({ ...kept, to: this.view().prefix });
  }

  protected async remove(rows: readonly Row[]): Promise<void> {
    const keys = this.#actOn(rows);
    if (!(await this.#acts.remove(rows))) return;
    if (this.file() !== undefined && keys.has(this.file() ?? '')) this.closeDetails();
    this.selection.drop(keys);
  }

  protected async removeSelected(): Promise<void> {
    if (!this.selection.all()) return this.remove(this.selection.rows());
    this.#actOn(this.window.loadedRows());
    if (await this.#acts.remove({ view: this.view(), count: this.selectedCount() })) this.selection.clear();
  }

  protected async restoreSelected(): Promise<void> {
    const rows = this.selection.rows();
    this.#actOn(this.selection.all() ? this.window.loadedRows() : rows);
    const target = this.selection.all() ? { view: this.view(), count: this.selectedCount() } : rows;
    if (await this.#acts.restore(target)) this.selection.clear();
  }

  protected async restoreFolder(prefix: string): Promise<void> {
    const act = await this.#dialogs.load<FolderAct>(restoreDialog, { prefix });
    if (act === undefined) return;
    const text = $localize`${counted(act.files, 'file')}:files: brought back, ${counted(act.deleted, 'file')}:deleted: deleted.`;
    this.#acts.done(act.transfer ? $localize`${text}:text: The rest goes on by itself.` : text, [act.act]);
  }

  protected settle(side: Side): void {
    void this.#settle.all(this.view(), side);
  }

  protected downloadSelected(): void {
    if (this.selection.all()) this.#download.everything(this.view().prefix);
    else this.#download.start(this.selection.rows());
  }

  protected downloadRows(rows: readonly Row[]): void {
    this.#download.start(rows);
  }

  /** Rows that may leave the list by what is done now; answers their keys. */
  #actOn(rows: readonly Row[]): ReadonlySet<string> {
    const keys = new Set(rows.map(({ key }) => key));
    this.acted.set(keys);
    return keys;
  }

  #go(change: Record<string, string | null>): void {
    // Another place is a step one can go back from; typing and looking at details are not.
    const replaceUrl = !('in' in change || 'show' in change) && ('q' in change || 'file' in change);
    changeQuery(this.#router, change, replaceUrl);
  }
}
