import { DOCUMENT, DestroyRef, Directive, ElementRef, Service, inject, input, output, signal } from '@angular/core';
import { folderOf, visibleName } from '../../kit/words/names.js';
import { counted } from '../../kit/words/sizes.js';
import { rawName, type Row } from './rows.js';
import type { Selection } from './selection.js';

/** A drag of rows carries this kind of data, beside their paths as text. */
const KIND = 'application/x-dfs-rows';

/** Rows for a folder (`a/b/`, or empty for the top). */
export interface Placing {
  op: 'move' | 'copy';
  rows: readonly Row[];
  to: string;
}

/** The rows that are dragged within this window; none while nothing is dragged. */
@Service()
export class RowDrag {
  readonly #document = inject(DOCUMENT);
  #rows: readonly Row[] = [];

  begin(data: DataTransfer, rows: readonly Row[]): void {
    this.#rows = rows;
    data.effectAllowed = 'copyMove';
    data.setData(KIND, '');
    data.setData('text/plain', rows.map(({ path }) => path).join('\n'));
    const [only, ...others] = rows;
    const label = this.#document.createElement('div');
    label.className = 'dragged';
    label.textContent = only && others.length === 0 ? visibleName(rawName(only)) : counted(rows.length, 'item');
    this.#document.body.append(label);
    data.setDragImage(label, -12, -8);
    // The browser has drawn it by then.
    setTimeout(() => label.remove());
  }

  end(): void {
    this.#rows = [];
  }

  /** A drop into a folder would do this; null for nothing: not into itself, and not to where all of them are. */
  into(to: string, { ctrlKey, altKey, dataTransfer }: DragEvent): Placing | null {
    const rows = dataTransfer?.types.includes(KIND) ? this.#rows : [];
    const isWithin = rows.some(({ kind, path }) => kind === 'folder' && to.startsWith(path));
    const isThere = rows.every(({ path }) => folderOf(path.replace(/\/$/, '')) === to);
    return rows.length === 0 || isWithin || isThere ? null : { op: ctrlKey || altKey ? 'copy' : 'move', rows, to };
  }
}

/** A row that can be dragged, and with it all that are picked if it is. */
@Directive({
  selector: '[dfsDragsRow]',
  host: {
    '[attr.draggable]': 'row() && draggable() ? true : null',
    '(dragstart)': 'begin($event)',
    '(dragend)': 'drag.end()',
  },
})
export class DragsRow {
  readonly row = input.required<Row | null>({ alias: 'dfsDragsRow' });
  readonly picked = input.required<Selection>();
  /** Rows that are deleted stay where they are. */
  readonly draggable = input(true);
  protected readonly drag = inject(RowDrag);

  protected begin(event: DragEvent): void {
    const row = this.row();
    const picked = this.picked();
    // All of a list are moved by nothing: nobody knows them one by one.
    if (row === null || event.dataTransfer === null || picked.all()) return event.preventDefault();
    this.drag.begin(event.dataTransfer, picked.has(row) ? picked.rows() : [row]);
  }
}

/** A folder that takes rows: they move there, or, with Ctrl or Alt held, are copied. */
@Directive({
  selector: '[dfsTakesRows]',
  host: { '[class.takes-rows]': 'over()', '(dragenter)': 'enter($event)', '(drop)': 'drop($event)' },
})
export class TakesRows {
  /** With its `/`, or empty for the top; null for what is no folder. */
  readonly folder = input.required<string | null>({ alias: 'dfsTakesRows' });
  readonly placed = output<Placing>();
  readonly #drag = inject(RowDrag);
  readonly #over = signal(false);
  protected readonly over = this.#over.asReadonly();

  constructor() {
    const host = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;
    const controller = new AbortController();
    const { signal: until } = controller;
    // Many times a second: no view is looked over for it.
    host.addEventListener('dragover', (event) => this.#hover(event), { signal: until });
    host.addEventListener(
      'dragleave',
      ({ relatedTarget }) => !(relatedTarget instanceof Node && host.contains(relatedTarget)) && this.#over.set(false),
      { signal: until },
    );
    inject(DestroyRef).onDestroy(() => controller.abort());
  }

  protected enter(event: DragEvent): void {
    this.#over.set(this.#placing(event) !== null);
  }

  protected drop(event: DragEvent): void {
    this.#over.set(false);
    const placing = this.#placing(event);
    if (placing === null) return;
    event.preventDefault();
    this.#drag.end();
    this.placed.emit(placing);
  }

  #hover(event: DragEvent): void {
    const placing = this.#placing(event);
    if (placing === null || event.dataTransfer === null) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = placing.op;
  }

  #placing(event: DragEvent): Placing | null {
    const folder = this.folder();
    return folder === null ? null : this.#drag.into(folder, event);
  }
}
