import { DOCUMENT, Service, inject } from '@angular/core';
import { MatSnackBar } from '@angular/material/snack-bar';
import { FilesApi } from '@dfs/client-data';
import type { FileRow } from './file-window.js';

/** Browsers take downloads of one page only so fast. Milliseconds. */
const APART_MS = 350;

/** Downloading by the browser's own means: it shows progress, and writes to disk as the bytes come. */
@Service()
export class Download {
  readonly #api = inject(FilesApi);
  readonly #document = inject(DOCUMENT);
  readonly #snackBar = inject(MatSnackBar);

  start(rows: readonly FileRow[]): void {
    const lost = rows.filter((row) => row.replication?.state === 'unavailable');
    const within = rows.filter((row) => row.replication?.state !== 'unavailable');
    within.forEach((row, index) => setTimeout(() => this.#save(row), index * APART_MS));
    if (lost.length > 0) {
      const text = 'No node that holds it can be reached right now. Start one of its holders, then try again.';
      this.#snackBar
        .open(text, 'Try anyway', { duration: 12_000 })
        .onAction()
        .subscribe(() => lost.forEach((row, index) => setTimeout(() => this.#save(row), index * APART_MS)));
    }
  }

  #save(row: FileRow): void {
    const link = this.#document.createElement('a');
    link.href = this.#api.contentUrl(row.id);
    link.download = '';
    link.rel = 'noreferrer';
    this.#document.body.append(link);
    link.click();
    link.remove();
  }
}
