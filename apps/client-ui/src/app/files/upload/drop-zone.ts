import { Directive, inject, DestroyRef, DOCUMENT, input, output, signal } from '@angular/core';
import { WorkBeacon } from '../../work/work-beacon.js';
import { droppedFiles, type TellEntries } from './dropped-files.js';

/** Reads what was dropped. */
export type Dropped = (tell: TellEntries) => Promise<void>;

/** Makes the whole window take files while the host is there. */
@Directive({ selector: '[dfsDropZone]', exportAs: 'dfsDropZone' })
export class DropZone {
  readonly #beacon = inject(WorkBeacon);
  readonly #over = signal(false);
  /** Where dropped files go, with its `/`. */
  readonly folder = input.required<string>({ alias: 'dfsDropZone' });
  readonly dropped = output<Dropped>();
  /** Files are being held over the window. */
  readonly over = this.#over.asReadonly();

  constructor() {
    const document = inject(DOCUMENT);
    const controller = new AbortController();
    const { signal: until } = controller;
    // Entering a child leaves its parent: the way out of the window is the one leave that goes nowhere.
    const withFiles = (event: DragEvent) => !isOwn && (event.dataTransfer?.types.includes('Files') ?? false);
    // A picture of this page that is dragged comes with a file, too.
    let isOwn = false;
    const begin = () => {
      isOwn = true;
      // There are none while something is dragged; the element that was dragged may be gone by its end.
      document.addEventListener('pointermove', () => (isOwn = false), { once: true, signal: until });
    };
    document.addEventListener('dragstart', begin, { signal: until });
    const enter = (event: DragEvent) => {
      if (!withFiles(event)) return;
      this.#over.set(true);
      this.#beacon.expect();
    };
    document.addEventListener('dragenter', enter, { signal: until });
    document.addEventListener('dragleave', (event) => event.relatedTarget === null && this.#over.set(false), {
      signal: until,
    });
    document.addEventListener('dragover', (event) => withFiles(event) && event.preventDefault(), { signal: until });
    document.addEventListener('drop', (event) => withFiles(event) && this.#take(event), { signal: until });
    inject(DestroyRef).onDestroy(() => controller.abort());
  }

  #take(event: DragEvent): void {
    this.#over.set(false);
    const data = event.dataTransfer;
    if (data === null) return;
    event.preventDefault();
    const read = droppedFiles(data, this.folder());
    // Looking through what was dropped takes the page's time: a person sees first that it was taken.
    this.dropped.emit(async (tell) => {
      await this.#beacon.drawn();
      await read(tell);
    });
  }
}
