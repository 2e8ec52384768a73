import { Directive, inject, DestroyRef, DOCUMENT, input, output, signal } from '@angular/core';
import { droppedFiles, type ChosenEntry } from './dropped-files.js';

/** Makes the whole window take files while the host is there. */
@Directive({ selector: '[dfsDropZone]', exportAs: 'dfsDropZone' })
export class DropZone {
  readonly #over = signal(false);
  /** Where dropped files go, with its `/`. */
  readonly folder = input.required<string>({ alias: 'dfsDropZone' });
  readonly dropped = output<ChosenEntry[]>();
  /** Files are being held over the window. */
  readonly over = this.#over.asReadonly();

  constructor() {
    const document = inject(DOCUMENT);
    const controller = new AbortController();
    const { signal: until } = controller;
    // Entering a child leaves its parent: the way out of the window is the one leave that goes nowhere.
    const withFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    document.addEventListener('dragenter', (event) => withFiles(event) && this.#over.set(true), { signal: until });
    document.addEventListener('dragleave', (event) => event.relatedTarget === null && this.#over.set(false), {
      signal: until,
    });
    document.addEventListener('dragover', (event) => withFiles(event) && event.preventDefault(), { signal: until });
    document.addEventListener('drop', (event) => void this.#take(event), { signal: until });
    inject(DestroyRef).onDestroy(() => controller.abort());
  }

  async #take(event: DragEvent): Promise<void> {
    this.#over.set(false);
    const data = event.dataTransfer;
    if (data === null || !data.types.includes('Files')) return;
    event.preventDefault();
    const entries = await droppedFiles(data, this.folder());
    if (entries.length > 0) this.dropped.emit(entries);
  }
}
